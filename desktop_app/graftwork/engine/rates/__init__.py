"""How fast stages learn at each step, and how to find out how fast they can."""
