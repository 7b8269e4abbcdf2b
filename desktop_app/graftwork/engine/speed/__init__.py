"""What makes training steps fast without changing what they compute, and spreads them out."""
