"""The command line: everything that the window does, for a terminal and for scripts."""
