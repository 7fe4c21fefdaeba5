"""Read models are built anew beside those that serve, checked against them, and take their place."""
