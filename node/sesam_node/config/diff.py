"""What a new configuration changes, by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.config.document import Document, same_content

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Difference:
    """Ids of components that are new, different and gone, each sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def diff(old: Document | Mapping[str, Any], new: Document | Mapping[str, Any]) -> Difference:
    """Compare two documents, or two sets of effective components by id.

    Content counts: the order of components and of keys does not, `1` and `1.0` differ.
    """
    before = old.by_id if isinstance(old, Document) else old
    after = new.by_id if isinstance(new, Document) else new
    return Difference(
        tuple(sorted(after.keys() - before.keys())),
        tuple(
            sorted(
                name
                for name in after.keys() & before.keys()
                if not same_content(before[name], after[name])
            )
        ),
        tuple(sorted(before.keys() - after.keys())),
    )
