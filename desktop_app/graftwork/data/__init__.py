"""From a folder to pixels: reading, checking, decoding, splitting and caching images."""
