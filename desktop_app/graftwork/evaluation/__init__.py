"""Says how good a classifier is, and how sure that figure is."""
