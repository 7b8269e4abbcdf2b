"""What a run will cost, estimated before it and compared after; what fits into memory at once."""
