"""Events to partner channels: the log of what they may know, and the ways it reaches them."""
