"""What the REST system, source, sink and transform share: templates, operations, pages, tokens."""
