"""Rules under work, and what feeds them: what the editor of rules asks the node.

hub.pipes["person-named"].edit()
hub.edit([["copy", "*"]], dataset="person")
"""

from __future__ import annotations

import difflib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.pipes import Pipe
from sesam_interactive.display.json_text import pretty
from sesam_interactive.display.lines import differing_lines
from sesam_node.dtl.format import format_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.widgets.dtl_editor import DtlEditor
    from sesam_node.model import Entity

WIDTH = 72
NEW: list[Any] = [["copy", "*"]]


@dataclass(frozen=True)
class Changes:
    """What saving would change: the lines of a pipe's configuration, and its output."""

    pipe: str
    lines: tuple[str, ...]
    output: Mapping[str, Any] | None

    @property
    def is_empty(self) -> bool:
        return not self.lines

    def __repr__(self) -> str:
        if self.is_empty:
            return f'nothing would change in "{self.pipe}"'
        output = f"\n\n{self.output!r}" if self.output is not None else ""
        return "\n".join(self.lines) + output

    def _repr_html_(self) -> str:
        if self.is_empty:
            return f"<p><i>nothing would change in {self.pipe}</i></p>"
        output: Any = self.output
        return differing_lines(self.lines) + (output._repr_html_() if output is not None else "")


class RulesDraft:
    """Rules of a pipe, or new ones over a pipe's source, a dataset or entities at hand.

    `transform` says which of the transforms of a pipe is meant; it is needed where there are
    several of type "dtl".
    """

    def __init__(
        self,
        connection: Connection,
        *,
        pipe: str | None = None,
        dataset: str | None = None,
        entities: Sequence[Entity] | None = None,
        transform: int | None = None,
    ) -> None:
        self._connection = connection
        self.pipe = pipe
        self.dataset = dataset
        self.entities = None if entities is None else list(entities)
        self.transform = transform
        self._seen: str | None = None

    @property
    def title(self) -> str:
        """What is edited, for people."""
        if self.pipe is not None:
            return self.pipe
        return f"rules over {self.dataset}" if self.dataset is not None else "rules"

    @property
    def url(self) -> str:
        return self._connection.url

    def text(self) -> str:
        """The deployed rules as text; those that copy all for a pipe that has none."""
        if self.pipe is None:
            return format_text(json.dumps(NEW))
        config = Pipe(self._connection, self.pipe).config
        transform = config.get("transform") or {}
        if isinstance(transform, list):
            transform = transform[self._position(transform)]
        if transform and transform.get("type", "dtl") != "dtl":
            raise ClientError(f'the transform of "{self.pipe}" is of type "{transform["type"]}"')
        return format_text(json.dumps(transform.get("rules", NEW), ensure_ascii=False), width=WIDTH)

    def _position(self, transforms: list[dict[str, Any]]) -> int:
        known = [n for n, one in enumerate(transforms) if one.get("type") == "dtl"]
        if self.transform is None and len(known) == 1:
            self.transform = known[0]
        if self.transform in known:
            return self.transform
        positions = ", ".join(map(str, known)) or "none"
        raise ClientError(
            f'say which transform of "{self.pipe}" is meant; of type dtl: {positions}'
        )

    # -- what the node says of a text --------------------------------------------------------------

    def live(
        self, text: str, entity: str = "", entities: Sequence[Entity] | None = None
    ) -> dict[str, Any]:
        """All that is to be shown of a text: `problems`, `shown` and `note`, as the node gives it.

        `entities` are the sample, where there is one: else `shown` has the `sources` that were
        taken. So it has where `entity` is not among them, which is fetched then. Places are UTF-16
        units.
        """
        sample = self.entities if entities is None else list(entities)
        known = sample is not None and (not entity or any(e["_id"] == entity for e in sample))
        asked = {
            "text": text,
            "entity": entity or None,
            "entities": sample,
            "transform": self.transform,
            "sources": None if known else True,
            "offsets": "utf-16",
        }
        given = {name: value for name, value in asked.items() if value is not None}
        found: dict[str, Any] = self._ask("live", **given, **self._place())
        return found

    def complete(self, text: str, offset: int) -> dict[str, Any]:
        """`items` for an offset in characters, to stand from `from` to `to`."""
        found: dict[str, Any] = self._ask("complete", text=text, offset=offset, **self._place())
        return found

    def hover(self, text: str, offset: int) -> dict[str, Any] | None:
        """What stands at an offset: `label`, `detail`, `doc`, `examples`; None for nothing."""
        asked = self._place() | {"text": text, "offset": offset}
        found: dict[str, Any] | None = self._ask("hover", **asked)
        return found

    def format(self, text: str) -> str:
        """The text in its one layout; comments stay."""
        laid_out: str = self._ask("format", text=text, width=WIDTH)["text"]
        return laid_out

    # -- what rules make of entities ---------------------------------------------------------------

    def sample(self, limit: int, ids: Sequence[str] | None = None) -> list[Entity]:
        """Some of the entities that the rules get; only those of `ids` where they are given.

        Of a transform behind others they are what those gave. Raises ClientError for an id that
        the source does not have.
        """
        if self.entities is not None:
            return [one for one in self.entities if ids is None or one["_id"] in ids]
        asked: dict[str, Any] = self._place() | {"limit": limit}
        if ids is not None:
            asked["ids"] = list(ids)
        if self.transform is not None:
            told = self._ask("trace", transform=self.transform, **asked)
            trace = told["trace"]
            found = [trace["values"][one["source"]] for one in trace["entities"]]
        else:
            # Rules that do nothing: the deployed ones may be wrong.
            told = self._ask("preview", rules=NEW, **asked)
            found = [one["source"] for one in told["results"]]
        if told.get("missing"):
            raise ClientError(f'the source has no entity "{told["missing"][0]}"', status=404)
        return found

    def preview(self, rules: Any, entities: Sequence[Entity]) -> list[dict[str, Any]]:
        """What rules make of each entity: `source`, `emitted`, `filtered`, `error`."""
        asked = self._place() | {"rules": rules, "entities": list(entities)}
        results: list[dict[str, Any]] = self._ask("preview", **asked)["results"]
        return results

    def debug(self, rules: Any, entity_id: str) -> Any:
        """The debugger's view of one entity in these rules. Raises ClientError."""
        from sesam_interactive.client.debug import debug

        about: dict[str, Any] = {"dataset": self.dataset, "transform": self.transform}
        if self.entities is None:
            session = debug(self._connection, self.pipe, (entity_id,), rules=rules, **about)
        else:
            given = [one for one in self.entities if one["_id"] == entity_id]
            session = debug(self._connection, self.pipe, (), entities=given, rules=rules, **about)
        return session.view()

    # -- saving ------------------------------------------------------------------------------------

    def changes(self, rules: Any, pipe: str | None = None) -> Changes:
        """What saving these rules as a pipe would change, there and in its sink."""
        name = self._name(pipe)
        before, self._seen = self._config(name)
        after = self._with_rules(before if before is not None else self._new(name), rules)
        old = pretty(before).splitlines() if before is not None else []
        first = f"{name} (deployed)" if before is not None else "no such pipe yet"
        titles = first, f"{name} (new)"
        lines = difflib.unified_diff(old, pretty(after).splitlines(), *titles, lineterm="")
        output = None
        if before is not None and before != after:
            with suppress(ClientError):
                output = Pipe(self._connection, name).diff(after)
        return Changes(name, tuple(lines), output)

    def save(self, rules: Any, pipe: str | None = None) -> str:
        """Put the rules on the node; gives the pipe's id.

        Raises ClientError where the pipe is not as `changes` told last: somebody else changed it.
        """
        name = self._name(pipe)
        before, tag = self._config(name)
        if tag != self._seen:
            text = f'"{name}" was changed meanwhile: nothing was saved, look at the changes again'
            raise ClientError(text, status=412)
        after = self._with_rules(before if before is not None else self._new(name), rules)
        seen = {"If-None-Match": "*"} if tag is None else {"If-Match": tag}
        path = f"/pipes/{segment(name)}/config"
        self._connection.json("PUT", path, json=after, headers=seen)
        self._seen = self._config(name)[1]
        return name

    def _name(self, pipe: str | None) -> str:
        name = pipe or self.pipe
        if name is None:
            raise ClientError('name the pipe to save the rules as: save("name")')
        return name

    def _config(self, name: str) -> tuple[dict[str, Any] | None, str | None]:
        """A pipe's configuration and its ETag; None for one that is not there."""
        try:
            answer = self._connection.request("GET", f"/pipes/{segment(name)}/config")
        except ClientError as error:
            if error.status == 404:
                return None, None
            raise
        return answer.json(), answer.headers.get("ETag")

    def _with_rules(self, config: dict[str, Any], rules: Any) -> dict[str, Any]:
        transform: Any = config.get("transform")
        if isinstance(transform, list):
            position = self._position(transform)
            changed: Any = [*transform]
            changed[position] = {**transform[position], "rules": rules}
        else:
            changed = {**(transform or {"type": "dtl"}), "rules": rules}
        return {**config, "transform": changed}

    def _new(self, name: str) -> dict[str, Any]:
        if self.pipe is not None:
            model = Pipe(self._connection, self.pipe).config
            return {
                "_id": name,
                "type": "pipe",
                **{k: v for k, v in model.items() if k in ("source", "pump")},
            }
        if self.dataset is None:
            raise ClientError("rules over entities at hand have no source to save them with")
        source = {"type": "dataset", "dataset": self.dataset}
        return {"_id": name, "type": "pipe", "source": source}

    # -- how it asks -------------------------------------------------------------------------------

    def _place(self) -> dict[str, Any]:
        named = {"pipe": self.pipe, "dataset": self.dataset}
        return {name: value for name, value in named.items() if value is not None}

    def _ask(self, operation: str, **fields: Any) -> Any:
        return self._connection.json("POST", f"/dtl/{operation}", json=fields)


def editor(draft: RulesDraft, rules: Any = None) -> DtlEditor:
    """An editor of a draft; `rules` (text, or JSON) in place of what is deployed."""
    from sesam_interactive.widgets.dtl_editor import DtlEditor

    if rules is None:
        text = draft.text()
    elif isinstance(rules, str):
        text = rules
    else:
        text = format_text(json.dumps(rules, ensure_ascii=False), width=WIDTH)
    return DtlEditor(draft, text)
