"""The command line `sesam-node`."""
