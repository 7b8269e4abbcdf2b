"""What training calls an error: the loss, what rare classes weigh, and which images it is fed."""
