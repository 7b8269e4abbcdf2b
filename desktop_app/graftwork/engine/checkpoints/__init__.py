"""Checkpoints: all that a run needs to go on after it was killed, as if it had not been."""
