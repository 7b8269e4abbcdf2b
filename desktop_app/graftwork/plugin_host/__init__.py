"""Finds, loads and checks plugins, and keeps what failed."""
