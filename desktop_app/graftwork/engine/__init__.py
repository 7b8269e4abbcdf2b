"""Trains: a job goes in, plain-data events and a folder with the best weights come out."""
