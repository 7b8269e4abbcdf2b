"""Graftwork: teach a pretrained network your own image classes."""

__version__ = "0.1.0"
