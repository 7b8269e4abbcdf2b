"""Heads that are computed from a matrix of features, without a phase of training steps."""
