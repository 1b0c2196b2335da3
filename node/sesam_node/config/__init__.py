"""Configuration: what was uploaded, whether it is right, and the form the rest works with."""
