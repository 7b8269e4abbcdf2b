"""What computes the stages that do not change in a phase, once, and keeps what they gave."""
