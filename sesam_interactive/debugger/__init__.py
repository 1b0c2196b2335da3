"""Debug sessions over recorded traces: plain Python, no browser needed."""
