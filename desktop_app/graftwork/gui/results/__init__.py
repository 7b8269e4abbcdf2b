"""The page that shows how far the trained network can be trusted."""
