"""What a run will cost, estimated before it starts and compared after."""
