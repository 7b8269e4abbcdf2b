"""What learns in a phase, and how: which weights, from where, and what the user chose of it."""
