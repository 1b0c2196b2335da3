"""What a folder, or file, of components changes in the configuration in force.

Only what it brings or has brought is touched, and of that only what differs from the last time: a
component that was changed by the API since stays so until its file changes, too. What was applied
is remembered by content, so a restart applies nothing twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, Problem
from sesam_node.hub.active import json_bytes
from sesam_node.model import content_hash, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.document import Document
    from sesam_node.hub.active import Active


@dataclass(frozen=True, slots=True)
class Applied:
    """A configuration and its variables with a folder taken over, and what to remember of it."""

    document: Document
    env: dict[str, Any]
    record: bytes


def apply_to(
    active: Active,
    stored: bytes | None,
    digest: str,
    document: Document,
    env: Mapping[str, Any],
) -> Applied | None:
    """Take a folder over; null where it is as it was when it was last applied.

    `stored` is the record of that time. Raises ConfigError for a folder that has become empty:
    that is an accident more often than a wish, and everything it had brought would go.
    """
    before: dict[str, Any] = json.loads(stored) if stored else {}
    if before.get("digest") == digest:
        return None
    known: dict[str, str | None] = before.get("contents") or dict.fromkeys(before.get("ids", ()))
    if known and not document.by_id:
        message = f"there are no components any more, {len(known)} were there before"
        hint = "delete them by the API, or PUT an empty configuration, where that is meant"
        raise ConfigError(message, [Problem("$", "empty-folder", message, hint)])
    contents = {name: _content(component) for name, component in document.by_id.items()}
    changed = [
        component for name, component in document.by_id.items() if known.get(name) != contents[name]
    ]
    variables: dict[str, str] = before.get("variables") or {}
    values = {name: _content(value) for name, value in env.items()}
    kept = {k: v for k, v in active.env.items() if k not in variables or k in values}
    news = {name: value for name, value in env.items() if variables.get(name) != values[name]}
    record = {"digest": digest, "contents": contents, "variables": values}
    return Applied(
        active.document.without(set(known) - set(contents)).with_components(changed),
        {**kept, **news},
        json_bytes(record),
    )


def _content(value: Any) -> str:
    return content_hash(encode(value)).hex()
