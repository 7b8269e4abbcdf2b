"""The page on which a data set is opened and looked at."""
