"""The store of runs: what was trained, how it went, what can be done with it."""
