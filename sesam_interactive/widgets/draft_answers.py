"""What the editor of rules asks: every problem of a text, completion, what the rules make.

The page sends the text with each pause in typing (`live`) and gets back every problem with its
place and, where the rules run, what they make of the sample: the trace of the chosen entity (values
beside the code) and what became of the others, compared with what the deployed rules make of them.
The node gives all of it in one answer. Places are UTF-16 units, as the page counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.widgets.answering import Answering, request
from sesam_node.dtl import functions
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.dtl.symbols import counted, symbol_in_text
from sesam_node.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity

SAMPLE = 20
FAILED = "entity-failed"
"""The code of a problem that only the chosen entity has: the rules run all the same."""


class Draft(Protocol):
    """What the editor asks of the side of the node."""

    @property
    def title(self) -> str: ...
    @property
    def pipe(self) -> str | None: ...
    def text(self) -> str: ...
    def live(
        self, text: str, entity: str = "", entities: Sequence[Entity] | None = None
    ) -> dict[str, Any]: ...
    def complete(self, text: str, offset: int) -> dict[str, Any]: ...
    def hover(self, text: str, offset: int) -> dict[str, Any] | None: ...
    def format(self, text: str) -> str: ...
    def sample(self, limit: int, ids: Sequence[str] | None = None) -> list[Entity]: ...
    def preview(self, rules: Any, entities: Sequence[Entity]) -> list[dict[str, Any]]: ...
    def debug(self, rules: Any, entity_id: str) -> Any: ...
    def changes(self, rules: Any, pipe: str | None = None) -> Any: ...
    def save(self, rules: Any, pipe: str | None = None) -> str: ...


class DraftAnswers(Answering):
    """The answers for one draft; its sample is kept, so that it stays the same while one types."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._sample: list[Entity] | None = None

    @request(apart=True)
    def live(self, text: str, entity: str = "") -> dict[str, Any]:
        """Everything about a text: `problems`, and `shown` where it runs on an entity."""
        found = self._draft.live(text, entity, self._sample)
        sources = (found["shown"] or {}).pop("sources", None)
        if sources is not None:
            self._sample = sources
        return found

    @request(apart=True)
    def complete(self, text: str, offset: int) -> dict[str, Any]:
        source = SourceText(text)
        found = self._draft.complete(text, source.from_utf16(offset))
        places = {end: source.utf16(found[end]) for end in ("from", "to")}
        return {**places, "close": found["close"], "items": found["items"][:200]}

    @request(apart=True)
    def hover(self, text: str, offset: int) -> dict[str, Any] | None:
        source = SourceText(text)
        found = self._draft.hover(text, source.from_utf16(offset))
        if found is None:
            return None
        return found | {end: source.utf16(found[end]) for end in ("from", "to")}

    @request
    def symbol(self, text: str, offset: int, rename: str | None = None) -> dict[str, Any] | None:
        """The rule, alias or dataset that is named at a place; it is in the text alone."""
        source = SourceText(text)
        found = symbol_in_text(text, offset=source.from_utf16(offset), rename=rename)
        return None if found is None else counted(found, source.utf16)

    @request
    def format(self, text: str) -> str:
        return self._draft.format(text)

    @request
    def deployed_text(self) -> str:
        """The text to go back to."""
        return self._draft.text()

    @request
    def resample(self) -> int:
        """Take the sample anew; gives how many entities there are."""
        self._sample = None
        return len(self._sampled())

    @request(apart=True)
    def changes_of(self, text: str, pipe: str | None = None) -> dict[str, Any]:
        """What saving a text would change."""
        changes = self._draft.changes(rules_of(read_source(text)), pipe)
        output = changes.output
        counts = None if output is None else {**output["counts"], "read": output["read"]}
        return {"pipe": changes.pipe, "lines": list(changes.lines), "counts": counts}

    @request
    def save_text(self, text: str, pipe: str | None = None) -> str:
        """Save a text as it was shown by `changes_of`; gives the pipe's id."""
        return self._draft.save(rules_of(read_source(text)), pipe)

    # -- entities ----------------------------------------------------------------------------------

    def _sampled(self) -> list[Entity]:
        if self._sample is None:
            self._sample = self._draft.sample(SAMPLE)
        return self._sample


def vocabulary() -> dict[str, list[str]]:
    """The names of the language."""
    known = functions()
    return {
        "functions": [one["name"] for one in known if one["kind"] != "transform"],
        "transforms": [one["name"] for one in known if one["kind"] == "transform"],
    }


def rules_of(source: SourceText) -> Any:
    """The rule set of a text. Raises InputError where it is something else."""
    value = source.value
    if isinstance(value, list):
        return {"default": value}
    if isinstance(value, dict) and "default" in value:
        return value
    message = 'expected a list of transforms, or rules by name with one called "default"'
    raise InputError(message, [Problem("$", "wrong-type", message)])
