"""What the editor of rules asks: every problem of a text, completion, what the rules make.

The page sends the text with each pause in typing (`live`) and gets back every problem with its
place and, where the rules run, what they make of the sample: the trace of the chosen entity (values
beside the code) and what became of the others, compared with what the deployed rules make of them.
Places are UTF-16 units, as the page counts.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.display.json_text import content
from sesam_interactive.widgets.answering import Answering, request
from sesam_node.dtl import functions
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.dtl.trace.recording import rules_path
from sesam_node.errors import InputError, Problem, SesamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity

SAMPLE = 20
FAILED = "entity-failed"
"""The code of a problem that only the chosen entity has: the rules run all the same."""

NONE: list[dict[str, Any] | None] = [None]


class Draft(Protocol):
    """What the editor asks of the side of the node."""

    @property
    def title(self) -> str: ...
    @property
    def pipe(self) -> str | None: ...
    def text(self) -> str: ...
    def check(self, text: str) -> dict[str, Any]: ...
    def complete(self, text: str, offset: int) -> dict[str, Any]: ...
    def hover(self, text: str, offset: int) -> dict[str, Any] | None: ...
    def format(self, text: str) -> str: ...
    def sample(self, limit: int, ids: Sequence[str] | None = None) -> list[Entity]: ...
    def preview(self, rules: Any, entities: Sequence[Entity]) -> list[dict[str, Any]]: ...
    def trace(self, rules: Any, entity: Entity) -> dict[str, Any]: ...
    def deployed(self, entities: Sequence[Entity]) -> list[dict[str, Any]] | None: ...
    def changes(self, rules: Any, pipe: str | None = None) -> Any: ...
    def save(self, rules: Any, pipe: str | None = None) -> str: ...


class DraftAnswers(Answering):
    """The answers for one draft; the sample, and what the deployed rules make of it, are kept."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._sample: list[Entity] | None = None
        self._deployed: list[dict[str, Any]] | None = None
        self._compared = False

    @request(apart=True)
    def live(self, text: str, entity: str = "") -> dict[str, Any]:
        """Everything about a text: `problems`, and `shown` where it runs on an entity."""
        source = SourceText(text)
        # What the rules make is asked for while they are checked: mostly they are right.
        with ThreadPoolExecutor(1) as beside:
            checking = beside.submit(self._draft.check, text)
            shown, note = self._tried(text, entity)
            problems = [_placed(source, one) for one in checking.result()["problems"]]
        if shown is not None:
            problems += _failure(source, shown)
        if any(problem["level"] == "error" for problem in problems if problem["code"] != FAILED):
            shown, note = None, ""
        return {"problems": problems, "shown": shown, "note": note}

    def _tried(self, text: str, entity: str) -> tuple[dict[str, Any] | None, str]:
        try:
            return self._shown(read_source(text), entity), ""
        except SesamError as error:
            return None, "; ".join([error.message, *(p.hint for p in error.problems if p.hint)])

    @request(apart=True)
    def complete(self, text: str, offset: int) -> dict[str, Any]:
        source = SourceText(text)
        found = self._draft.complete(text, source.from_utf16(offset))
        places = {end: source.utf16(found[end]) for end in ("from", "to")}
        return {**places, "items": found["items"][:200]}

    @request(apart=True)
    def hover(self, text: str, offset: int) -> dict[str, Any] | None:
        source = SourceText(text)
        found = self._draft.hover(text, source.from_utf16(offset))
        if found is None:
            return None
        return found | {end: source.utf16(found[end]) for end in ("from", "to")}

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
        self._sample, self._compared = None, False
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
        saved = self._draft.save(rules_of(read_source(text)), pipe)
        self._saved()
        return saved

    # -- entities ----------------------------------------------------------------------------------

    def _saved(self) -> None:
        self._compared = False

    def _sampled(self) -> list[Entity]:
        if self._sample is None:
            self._sample = self._draft.sample(SAMPLE)
        return self._sample

    def _shown(self, source: SourceText, wanted: str) -> dict[str, Any]:
        """The trace of the wanted entity, where its paths stand, what became of the sample.

        Raises SesamError where nothing feeds the rules, or they do not run.
        """
        rules = rules_of(source)
        sample = self._sampled()
        if wanted and all(one["_id"] != wanted for one in sample):
            sample[:0] = self._draft.sample(1, [wanted])
            self._compared = False
        if not sample:
            raise InputError("the source has no entities yet: run the pipe that fills it")
        if not self._compared:
            self._deployed = self._draft.deployed(sample)
            self._compared = True
        position = next((n for n, one in enumerate(sample) if one["_id"] == wanted), 0)
        with ThreadPoolExecutor(1) as beside:
            previewing = beside.submit(self._draft.preview, rules, sample)
            trace = self._draft.trace(rules, sample[position])
            results = previewing.result()
        deployed: Sequence[dict[str, Any] | None] = self._deployed or NONE * len(sample)
        return {
            "trace": trace,
            "spans": _spans(source, trace),
            "chosen": position,
            "result": results[position] if position < len(results) else None,
            "deployed": deployed[position],
            "sample": [_outcome(*pair) for pair in zip(results, deployed, strict=False)],
        }


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


def _spans(source: SourceText, trace: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Where the places that are evaluated stand in the text."""
    base = rules_path(trace)
    if isinstance(source.value, list):
        base += ".default"
    found = {}
    for path in {node["path"] for node in trace["nodes"]}:
        span = source.span(f"${path.removeprefix(base)}")
        if span is not None:
            found[path] = (source.utf16(span[0]), source.utf16(span[1]))
    return found


def _failure(source: SourceText, shown: dict[str, Any]) -> list[dict[str, Any]]:
    """What the chosen entity fails with, as a problem at the place that fails."""
    error = shown["trace"]["entities"][0]["error"] if shown["trace"]["entities"] else None
    if error is None:
        return []
    place = shown["spans"].get(error["path"], (0, 0))
    line, column = source.position(source.from_utf16(place[0]))
    told = {"path": error["path"], "code": FAILED, "level": "error", "message": error["message"]}
    return [{**told, "from": place[0], "to": place[1], "line": line, "column": column}]


def _placed(source: SourceText, problem: dict[str, Any]) -> dict[str, Any]:
    """A problem with its place as the page counts; one without a place is at the beginning."""
    start, end = problem.get("start", 0), problem.get("end", 0)
    return problem | {"from": source.utf16(start), "to": source.utf16(end)}


def _outcome(result: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """What became of one entity of the sample, in a word, and whether that is news."""
    if result["error"]:
        word = "failed"
    elif result["filtered"]:
        word = "filtered"
    else:
        word = "emitted" if result["emitted"] else "nothing"
    told: dict[str, Any] = {"id": str(result["source"].get("_id")), "outcome": word}
    if before is not None:
        told["differs"] = _made(result) != _made(before)
    return told


def _made(result: dict[str, Any]) -> str:
    emitted = [content(one) for one in result["emitted"]]
    return json.dumps([emitted, result["filtered"], bool(result["error"])], sort_keys=True)
