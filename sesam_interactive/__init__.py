"""The notebook side of Sesam Interactive."""
