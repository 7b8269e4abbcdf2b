"""The kinds of phase beside training by gradients, one generator of events each."""
