"""Search engines: asking their servers, and documents made of entities."""
