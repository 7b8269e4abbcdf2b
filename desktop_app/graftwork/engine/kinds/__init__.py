"""The kinds of phase, one generator of events each, and what several of them share."""
