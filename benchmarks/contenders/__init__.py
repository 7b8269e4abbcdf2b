"""The programs that `peers.py` times against each other, each in a process of its own."""
