"""Short ways to write a configuration."""

from __future__ import annotations

from sesam_node.config import Document

QUIET = {"_id": "node", "type": "metadata", "task_manager": {"disable_user_pipes": True}}
"""Metadata with which nothing runs by itself."""


def document(*components, quiet=True):
    return Document.from_list([*([QUIET] if quiet else []), *components])


def pipe(pipe_id, source=None, *rules, **more):
    """A pipe: `source` is the id of a dataset, a list of entities, or a source."""
    if isinstance(source, list):
        source = {"type": "embedded", "entities": source}
    elif isinstance(source, str):
        source = {"type": "dataset", "dataset": source}
    found = {"_id": pipe_id, "type": "pipe", "source": source or {"type": "empty"}, **more}
    if rules:
        found["transform"] = {"type": "dtl", "rules": {"default": list(rules)}}
    return found
