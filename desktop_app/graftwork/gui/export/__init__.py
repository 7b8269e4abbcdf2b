"""The page on which the trained network is taken away."""
