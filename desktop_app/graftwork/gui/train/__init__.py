"""The page on which a network is chosen and trained."""
