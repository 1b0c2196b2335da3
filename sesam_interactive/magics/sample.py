"""Which source entities a cell runs on: the first ones, chosen ones, or those of a variable."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import ClientError
from sesam_interactive.frames import from_frame
from sesam_interactive.magics.cell import CellError, caret
from sesam_interactive.magics.condition import read_condition
from sesam_node.dtl.source_text import read_source
from sesam_node.errors import InputError, preview

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.draft import Draft
    from sesam_node.errors import Problem
    from sesam_node.model import Entity

LIMIT = 20
SEARCHED = 1_000
"""How many source entities are looked through where the source is no dataset."""

EXPECTED = 1_000
"""How many entities are run where the output is compared with what is expected."""

COPY = [["copy", "*"]]
FRAMES = ("polars", "pandas", "pyarrow")


@dataclass
class Sample:
    """The first `limit` source entities; or these `entities`, which may be known by their ids.

    `notes` say what a reader of the result should know of how they were chosen.
    """

    limit: int
    entities: list[Entity] | None = None
    stored: bool = False
    notes: list[str] = field(default_factory=list)

    def request(self) -> dict[str, Any]:
        """The sample as fields of `/api/dtl`."""
        if self.entities is None:
            return {"limit": self.limit}
        if self.stored:
            return {"ids": [entity["_id"] for entity in self.entities]}
        return {"entities": self.entities}


def choose(hub: Hub, draft: Draft, options: Namespace, evaluate: Callable[[str], Any]) -> Sample:
    """The sample that the options ask for. Raises CellError for ids that are not there."""
    default = EXPECTED if options.expect else LIMIT
    limit = default if options.limit is None else options.limit
    if limit < 1:
        raise CellError("--limit: expected 1 or more")
    asked = [name for name in ("given", "entity", "where") if getattr(options, name)]
    if len(asked) > 1:
        names = " and ".join("--from" if name == "given" else f"--{name}" for name in asked)
        raise CellError(f"{names} do not go together: each says which entities")
    if options.given:
        return _given(options.given, limit, evaluate)
    if options.entity:
        return _by_id(hub, draft, _ids(options.entity, evaluate))
    if options.where:
        return _fulfilling(hub, draft, options.where, limit, evaluate)
    return Sample(limit)


def _given(expression: str, limit: int, evaluate: Callable[[str], Any]) -> Sample:
    """The entities of a kernel variable: an entity, a list, a frame, a result, a dataset."""
    try:
        value = evaluate(expression.lstrip("$"))
    except Exception as error:  # noqa: BLE001 - whatever the user's expression raises
        raise CellError(f"--from {expression} fails: {type(error).__name__}: {error}") from None
    if isinstance(value, dict):
        return Sample(limit, [value])
    if hasattr(value, "collect_schema") and not hasattr(value, "iter_rows"):
        value = value.collect()
    if type(value).__module__.partition(".")[0] in FRAMES:
        value = from_frame(value)
    try:
        entities: list[Any] = []
        for item in value:
            if len(entities) == limit:
                return Sample(limit, entities, notes=[f"the first {limit} of {expression}"])
            entities.append(item)
    except TypeError:
        kind = type(value).__name__
        text = f"--from {expression}: expected an entity, a list of them or a frame, got a {kind}"
        raise CellError(text) from None
    wrong = next((item for item in entities if not isinstance(item, dict)), None)
    if wrong is not None:
        raise CellError(f"--from {expression}: expected entities, got {preview(wrong)}")
    return Sample(limit, entities)


def _ids(words: Iterable[str], evaluate: Callable[[str], Any]) -> list[str]:
    """The ids that are asked for; `$name` is a text or a list of texts of the kernel."""
    found: list[str] = []
    for word in words:
        if not re.fullmatch(r"\$[A-Za-z_][\w.]*", word):
            found.append(word)
            continue
        try:
            value = evaluate(word[1:])
        except Exception as error:  # noqa: BLE001 - whatever the user's expression raises
            raise CellError(f"--entity {word} fails: {type(error).__name__}: {error}") from None
        found.extend([value] if isinstance(value, str) else map(str, value))
    return list(dict.fromkeys(found))


def _by_id(hub: Hub, draft: Draft, ids: list[str]) -> Sample:
    """The source entities with these ids, in the order asked for."""
    if draft.feed:
        answer = _tried(hub, draft, COPY, {"ids": ids})
        results = answer["results"]
    else:
        results = _previewed(hub, draft, SEARCHED)
    found = {result["source"]["_id"]: result["source"] for result in results}
    missing = [entity_id for entity_id in ids if entity_id not in found]
    if missing:
        raise CellError(_missing(hub, draft, missing))
    return Sample(len(ids), [found[entity_id] for entity_id in ids], stored=bool(draft.feed))


def _missing(hub: Hub, draft: Draft, missing: list[str]) -> str:
    text = f"the source of {draft.title} has no entity {', '.join(map(preview, missing[:3]))}"
    if not draft.feed:
        return f"{text} (of the first {SEARCHED:,})"
    first = _tried(hub, draft, COPY, {"limit": 3})["results"]
    some = ", ".join(preview(result["source"]["_id"]) for result in first)
    return f"{text}; it has {some}, ..." if some else f"{text}; it is empty"


def _fulfilling(
    hub: Hub, draft: Draft, text: str, limit: int, evaluate: Callable[[str], Any]
) -> Sample:
    """The first source entities that fulfil a condition, which the node evaluates."""
    condition = read_condition(text, evaluate)
    dataset = _stored_source(hub, draft)
    if dataset is not None and "hops" not in str(condition):
        try:
            query = hub.datasets.make(dataset).query(condition, limit=limit)
            entities = list(query)
        except ClientError as error:
            raise _condition_error(text, condition, error, "$.where") from None
        return Sample(limit, entities, stored=True, notes=_none(hub, draft, condition, entities))
    rules = [["filter", condition], *COPY]
    try:
        if draft.feed:
            results = _tried(hub, draft, rules, {"limit": SEARCHED})["results"]
        else:
            changed = {"type": "dtl", "rules": {"default": rules}}
            results = _previewed(hub, draft, SEARCHED, {**draft.config, "transform": changed})
    except ClientError as error:
        raise _condition_error(text, condition, error, ".default[0][1]") from None
    entities = [result["source"] for result in results if result["emitted"]]
    of = f"of the first {SEARCHED:,} source entities"
    notes = [of] if len(results) == SEARCHED and len(entities) < limit else []
    notes += _none(hub, draft, condition, entities)
    return Sample(limit, entities[:limit], stored=bool(draft.feed), notes=notes)


def _none(hub: Hub, draft: Draft, condition: Any, entities: list[Entity]) -> list[str]:
    """What is to be said where nothing fulfils a condition: perhaps a property is misspelt."""
    if entities:
        return []
    body = {**draft.feed, "rules": [["filter", condition], *COPY]}
    found = hub.connection.json("POST", "/dtl/check", json=body)["problems"]
    hints = [f"{one['message']}; {one.get('hint', '')}".rstrip("; ") for one in found]
    return ["--where: no source entity fulfils it", *(f"  {hint}" for hint in hints)]


def _condition_error(
    text: str, condition: Any, error: ClientError, base: str
) -> CellError | ClientError:
    """The problems of a condition with their place in it."""
    problems = [problem for problem in error.problems if base in problem.path]
    if not problems:
        return error
    shown = [_condition_problem(text.strip(), condition, problem, base) for problem in problems]
    return CellError("--where", problems, "\n".join(["the condition of --where", *shown]))


def _condition_problem(text: str, condition: Any, problem: Problem, base: str) -> str:
    message = problem.message + (f"; {problem.hint}" if problem.hint else "")
    told = f"    {message}  [{problem.code}]"
    try:
        source = read_source(text)
    except InputError:
        return f"{told}\n      {text}\n    which is {preview(condition, 90)}"
    span = source.span(f"${problem.path.split(base, 1)[1]}")
    return f"{told}\n{caret(text, *span)}" if span else told


def _stored_source(hub: Hub, draft: Draft) -> str | None:
    """The dataset that has the source entities as they are, where there is one."""
    if "dataset" in draft.feed:
        return draft.feed["dataset"]
    source = hub.pipes.make(draft.feed["pipe"]).effective["source"] if draft.feed else {}
    plain = source.get("type") == "dataset" and not source.get("subset")
    return str(source["dataset"]) if plain else None


def _tried(hub: Hub, draft: Draft, rules: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    body = {**draft.feed, "rules": rules, **wanted}
    answer: dict[str, Any] = hub.connection.json("POST", "/dtl/preview", json=body)
    return answer


def _previewed(
    hub: Hub, draft: Draft, limit: int, config: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    from sesam_interactive.magics.running import preview_config

    plain = {name: value for name, value in draft.config.items() if name != "transform"}
    return list(preview_config(hub, config or plain, None, limit)["results"])
