"""Interactive views of entities, rules and pipes, on anywidget: each is useful as text, too."""
