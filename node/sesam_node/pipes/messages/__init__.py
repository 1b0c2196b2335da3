"""Messages that are sent for entities, by mail or to phones: who gets what, once, and how many."""
