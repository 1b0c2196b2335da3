"""The language as the node knows it: `hub.dtl.check(rules)`, `hub.dtl.explain(pipe="x")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import problem_of
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.json_text import pretty
from sesam_interactive.display.problems import problems_html, problems_text
from sesam_interactive.display.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.client.connection import Connection
    from sesam_node.errors import Problem
    from sesam_node.model import Entity

EXAMPLES = 5

Rules = dict[str, Any] | list[Any]
"""Rules by name, or the transforms of the rule `default`."""


class Checked(dict[str, Any]):
    """What is wrong with rules: `valid`, `problems`, and the datasets they look into."""

    @property
    def valid(self) -> bool:
        return bool(self["valid"])

    @property
    def problems(self) -> list[Problem]:
        return [problem_of(item) for item in self["problems"]]

    def __bool__(self) -> bool:
        return self.valid

    def __repr__(self) -> str:
        if not self["problems"]:
            names = ", ".join(self.get("datasets", ())) or "no dataset"
            return f"valid; looks into {names}"
        return problems_text(self.problems)

    def _repr_html_(self) -> str:
        if not self["problems"]:
            return f"<p>{self!r}</p>"
        return problems_html(self.problems)


class Function(dict[str, Any]):
    """One function or transform: `name`, `signature`, `doc`, `examples`."""

    def __repr__(self) -> str:
        lines = [f"{self['name']}({self.get('signature', '')})", "", self.get("doc", "")]
        examples = (
            f"  {pretty(example.get('expression'))}  →  {pretty(example['expect'])}"
            for example in self.get("examples", ())[:EXAMPLES]
        )
        return "\n".join([*lines, *examples])

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


class Explanation(dict[str, Any]):
    """How rules are carried out: what they write, look up and track, and the code they become."""

    @property
    def text(self) -> str:
        """The explanation for people."""
        return str(self.get("text", ""))

    def __repr__(self) -> str:
        return self.text.rstrip()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


class Dtl:
    """What the node can say of rules, and what it makes of entities with them; nothing is written.

    `pipe` and `dataset` say whose entities feed the rules; with one of them the properties that
    there are are known. Names may also be objects: `hub.dtl.explain(pipe=hub.pipes["x"])`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def functions(self, name: str | None = None) -> Rows:
        """The functions and transforms; those with `name` in their name.

        Each has `name`, `signature`, `doc`, `examples`, ….
        """
        found = self._connection.get("/dtl/functions")
        chosen = [item for item in found if name is None or name in item["name"]]
        return Rows(chosen, ("name", "signature", "doc"), f'no function has "{name}" in its name')

    def function(self, name: str) -> Function:
        """One function or transform. Raises ClientError (404) with what was probably meant."""
        return Function(self._connection.get("/dtl/functions", name=name)[0])

    def check(
        self,
        rules: Rules | None = None,
        *,
        text: str | None = None,
        pipe: Any = None,
        dataset: Any = None,
        datasets: Sequence[str] | None = None,
    ) -> Checked:
        """All problems of rules, or of a `text` of them (JSON with comments) with line and column.

        `datasets` are those that may be named.
        """
        names = None if datasets is None else list(datasets)
        fields = {"rules": rules, "text": text, "datasets": names, **_fed(pipe, dataset)}
        return Checked(self._connection.ask("/dtl/check", **fields))

    def format(self, text: str, *, width: int = 100, style: str = "compact") -> str:
        """A text of rules or configuration in its one layout; comments stay."""
        found = self._connection.ask("/dtl/format", text=text, width=width, style=style)
        return str(found["text"])

    def complete(
        self, text: str, offset: int | None = None, *, pipe: Any = None, dataset: Any = None
    ) -> Rows:
        """What may stand at an offset of a text, at its end without one; the best first."""
        at = len(text) if offset is None else offset
        fields = {"text": text, "offset": at, **_fed(pipe, dataset)}
        found = self._connection.ask("/dtl/complete", **fields)
        return Rows(found["items"], ("label", "kind", "detail"))

    def hover(
        self, text: str, offset: int, *, pipe: Any = None, dataset: Any = None
    ) -> dict[str, Any] | None:
        """What stands at an offset of a text: a function, variable, property; None for nothing."""
        fields = {"text": text, "offset": offset, **_fed(pipe, dataset)}
        found: dict[str, Any] | None = self._connection.ask("/dtl/hover", **fields)
        return found

    def symbol(self, text: str, offset: int, *, rename: str | None = None) -> dict[str, Any] | None:
        """The rule, alias or dataset that is named at an offset, with all its places; or None.

        With `rename` there are `changes` of the text that give it another name, or a `problem`
        where it cannot have that.
        """
        fields = {"text": text, "offset": offset, "rename": rename}
        found: dict[str, Any] | None = self._connection.ask("/dtl/symbols", **fields)
        return found

    def explain(
        self, rules: Rules | None = None, *, pipe: Any = None, dataset: Any = None
    ) -> Explanation:
        """How rules, or those of a pipe, are carried out."""
        fields = {"rules": rules, **_fed(pipe, dataset)}
        return Explanation(self._connection.ask("/dtl/explain", **fields))

    def preview(
        self,
        rules: Rules | None = None,
        *,
        pipe: Any = None,
        dataset: Any = None,
        entities: Sequence[Entity] | None = None,
        ids: Sequence[str] | None = None,
        limit: int = 10,
    ) -> list[dict[str, Any]]:
        """What rules make of source entities: `source`, `emitted`, `filtered`, `error` of each.

        Of the given `entities`, those with these `ids`, or the first `limit`. Raises ClientError
        where an id is not found.
        """
        fields = {"rules": rules, **_fed(pipe, dataset), **_wanted(entities, ids, limit)}
        found = self._connection.ask("/dtl/preview", **fields)
        _check_missing(found)
        results: list[dict[str, Any]] = found["results"]
        return results

    def trace(
        self,
        rules: Rules | None = None,
        *,
        pipe: Any = None,
        dataset: Any = None,
        entities: Sequence[Entity] | None = None,
        ids: Sequence[str] | None = None,
        limit: int = 10,
        transform: int | None = None,
        counters: bool = False,
    ) -> dict[str, Any]:
        """The record of what rules do, a trace document as `docs/trace-format.md` describes it.

        With `counters` only how often and how long each part ran. `pipe.debug()` reads it for you.
        """
        fields = {"rules": rules, **_fed(pipe, dataset), **_wanted(entities, ids, limit)}
        strength = "counters" if counters else "full"
        found = self._connection.ask("/dtl/trace", **fields, transform=transform, strength=strength)
        _check_missing(found)
        trace: dict[str, Any] = found["trace"]
        return trace

    def live(
        self,
        text: str,
        *,
        pipe: Any = None,
        dataset: Any = None,
        entities: Sequence[Entity] | None = None,
        entity: str | None = None,
        limit: int = 20,
        transform: int | None = None,
    ) -> dict[str, Any]:
        """All that an editor shows of a text of rules: `problems`, and `shown` where they run.

        `shown` has the `trace` of one `entity` of a sample, and what becomes of the others.
        `hub.edit()` is the editor.
        """
        fields = {**_fed(pipe, dataset), **_wanted(entities, None, limit), "transform": transform}
        found: dict[str, Any] = self._connection.ask(
            "/dtl/live", text=text, entity=entity, **fields
        )
        return found

    def scan(
        self,
        *when: dict[str, Any],
        rules: Rules | None = None,
        pipe: Any = None,
        dataset: Any = None,
        since: Any = None,
        hits: int = 1,
    ) -> dict[str, Any]:
        """The next source entities of which a condition holds, such as `{"gives": "error"}`.

        As many `hits` as wanted with their `trace`, as far as one call goes; `next` of the answer
        is the `since` to go on from. `pipe.debug()` has breakpoints that go on by themselves.
        """
        fields = {"rules": rules, **_fed(pipe, dataset), "since": since, "hits": hits}
        found: dict[str, Any] = self._connection.ask("/dtl/scan", when=list(when), **fields)
        return found

    def __repr__(self) -> str:
        return f"<Dtl of {self._connection.url}: {len(self.functions())} functions and transforms>"


def _fed(pipe: Any, dataset: Any) -> dict[str, Any]:
    """Which pipe and dataset are meant, by their names."""
    return {
        "pipe": getattr(pipe, "name", pipe),
        "dataset": getattr(dataset, "name", dataset),
    }


def _wanted(
    entities: Sequence[Entity] | None, ids: Sequence[str] | None, limit: int
) -> dict[str, Any]:
    return {
        "entities": None if entities is None else list(entities),
        "ids": None if ids is None else list(ids),
        "limit": limit,
    }


def _check_missing(found: dict[str, Any]) -> None:
    if found.get("missing"):
        names = ", ".join(f'"{name}"' for name in found["missing"])
        raise ClientError(f"there is no source entity {names}", status=404)
