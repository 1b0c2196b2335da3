"""What each component was, revision by revision: kept in the store's settings, a bounded number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.hub.active import json_bytes
from sesam_node.pipes.runs import now_text

if TYPE_CHECKING:
    from sesam_node.config.diff import Difference
    from sesam_node.hub.active import Active
    from sesam_node.store.api import Settings

HISTORY_KEPT = 100


def history_of(
    settings: Settings,
    component_id: str,
    *,
    since: int | None = None,
    limit: int | None = None,
    reverse: bool = False,
) -> list[dict[str, Any]]:
    """The revisions of a component after `since`; `config` is null where it was deleted."""
    stored = settings.items(_key(component_id))
    versions = [json.loads(text) for _, text in sorted(stored.items(), reverse=reverse)]
    if since is not None:
        versions = [item for item in versions if item["revision"] > since]
    return versions[:limit]


def history_values(
    settings: Settings, difference: Difference, new: Active, author: str
) -> dict[str, bytes | None]:
    """What a new revision writes about the components that it changes, and what it drops."""
    values: dict[str, bytes | None] = {}
    for name in (*difference.added, *difference.changed, *difference.removed):
        prefix = _key(name)
        for key in sorted(settings.items(prefix))[: -HISTORY_KEPT + 1]:
            values[key] = None
        values[f"{prefix}{new.revision:012}"] = json_bytes(
            {
                "_id": name,
                "_updated": new.revision,
                "_deleted": name not in new.document.by_id,
                "revision": new.revision,
                "time": now_text(),
                "user": author,
                "config": new.document.by_id.get(name),
            }
        )
    return values


def _key(component_id: str) -> str:
    return f"history/{component_id}/"
