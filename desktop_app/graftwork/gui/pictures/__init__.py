"""Small pictures of image files, read in the background."""
