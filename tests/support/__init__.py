"""What the tests share: a tiny real network, and images that they make."""
