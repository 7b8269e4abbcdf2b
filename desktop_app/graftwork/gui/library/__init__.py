"""The pages of what there is already: earlier runs, and plugins."""
