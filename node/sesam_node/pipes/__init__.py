"""Pipes: source, transforms and sink, and the pump that drives them."""
