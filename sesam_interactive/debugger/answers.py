"""Why a value is as it is, why there is none: the answer of a trace, and the way on from there."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sesam_interactive.debugger.errors import wrong
from sesam_interactive.display.html import pre
from sesam_node.dtl.trace import why_not_text, why_text
from sesam_node.dtl.trace.entity_text import entity_why_text
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.debugger.node import Node, Subject
    from sesam_node.dtl.trace.recording import Recording


class Answer(dict[str, Any]):
    """The answer of `why` or `why_not` of a trace (see `sesam_node.dtl.trace`), shown as text.

    `origins` are the stored entities that it leads to; `follow` asks the node for the pipe that
    made one of them, and on from there.
    """

    def __init__(
        self, told: dict[str, Any], recording: Recording, subject: Subject, node: Node | None
    ) -> None:
        super().__init__(told)
        self._recording = recording
        self._node = node
        self._subject = subject

    @property
    def text(self) -> str:
        """The answer for people."""
        return (why_text(self) if "value" in self else why_not_text(self)).rstrip()

    @property
    def rules(self) -> list[str]:
        """The JSON paths of the rules that it names, nearest first, each once."""
        found = [self["rule"]] if self.get("rule") else []
        found += [node["path"] for node in self._nodes() if node.get("path")]
        return list(dict.fromkeys(found))

    @property
    def origins(self) -> list[dict[str, Any]]:
        """The entities that the value was read from: `{"dataset", "id", "version", "property"}`.

        `dataset` is null for a source entity that is of no stored dataset.
        """
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for node in self._nodes():
            entity = node.get("entity") or (node if node["kind"] == "entity" else None)
            if node["kind"] == "rule":
                entity = self._recording.entity_of_frame(node["frame"])
            if not isinstance(entity, dict) or entity.get("id") is None:
                continue
            dataset = entity.get("dataset") or self._source_dataset()
            name = node["text"].split(" of ")[0] if node["kind"] == "source" else None
            one = {
                "dataset": dataset,
                "id": entity["id"],
                "version": entity.get("version"),
                "property": name,
            }
            known = [other for other in found.values() if other["id"] == one["id"]]
            if name is None and any(other["dataset"] == dataset for other in known):
                continue
            found.setdefault((dataset, one["id"], name), one)
        return list(found.values())

    def follow(self, number: int = 0, *, depth: int = 10) -> Origin:
        """How one of the `origins` came to be: the pipe that made it, its rules and sources.

        Raises DebuggerError where there is none of that number, or it is of no dataset.
        """
        origins = self.origins
        if not 0 <= number < len(origins):
            raise wrong(f"there is no origin {number}: the answer has {len(origins)}")
        origin = origins[number]
        if origin["dataset"] is None or self._node is None:
            raise wrong(
                f"the source entity {preview(origin['id'])} is of no stored dataset, or there is "
                "no node to ask"
            )
        asked = {"entity_id": origin["id"], "depth": depth}
        name = origin["property"]
        if name and "." not in name and "[" not in name:
            asked["property"] = name
        path = f"/datasets/{quote(origin['dataset'], safe='')}/why"
        return Origin(self._node.get(path, **asked))

    def _source_dataset(self) -> str | None:
        return self._subject.source_dataset

    def _nodes(self) -> Iterator[dict[str, Any]]:
        waiting = list(self.get("because", ()))[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            inner = [*node.get("under", ()), *node.get("earlier", ()), *node.get("from", ())]
            waiting.extend(inner[::-1])

    def data(self) -> dict[str, Any]:
        """As JSON: the answer with `text`, `rules` and `origins`."""
        more = {"text": self.text, "rules": self.rules, "origins": self.origins}
        return {**self, **more}

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return pre(escape(self.text))


class Origin(dict[str, Any]):
    """Why a stored entity is as it is: the node's answer, back through pipes to what came in."""

    def __repr__(self) -> str:
        return entity_why_text(self).rstrip()

    def _repr_html_(self) -> str:
        return pre(escape(repr(self)))
