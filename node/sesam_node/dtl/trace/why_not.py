"""Why a property is missing from what came out: the transforms that would have written it.

The answer is a plain dict: `reason` (a word), `text` (the sentence), `rule` (a JSON path of the
rules) and `event` where one place is to blame, `because` (nodes as in `why`), and `candidates`:
each transform that could have written the property, with its own reason. Reasons:

    filtered, discarded   the target was not emitted
    failed                a rule raised
    removed               it was written and taken away again
    null                  add-if got null, or its condition did not hold
    absent                what copy, rename, make-ni, merge or default read or found did not have it
    excluded              a pattern of copy excludes it
    nothing-to-copy       copy would have taken it, but the source has none (candidates only)
    not-copied            the source has it, no pattern of copy includes it
    not-taken             it stands in a branch that was not taken
    not-reached           the rule ended before
    not-run               it stands in a rule that was not applied to this value
    never-written         no transform writes such a property
    not-in-value          the value around it came without it
    not-recorded          the limit of events was reached
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.claims import WRITING, copies, fits, has, patterns, writes
from sesam_node.dtl.trace.places import (
    MISSING,
    Part,
    argument_of,
    at,
    below,
    parts_of,
    same_property,
)
from sesam_node.dtl.trace.recording import Recording, raw_at, rules_path
from sesam_node.dtl.trace.state import writers_of
from sesam_node.dtl.trace.why import Why, emitted_by, written
from sesam_node.dtl.trace.words import branch_position, branch_text, call_text, place_text
from sesam_node.errors import InputError, Problem, json_path, preview, suggestion

if TYPE_CHECKING:
    from sesam_node.dtl.trace.document import Document
    from sesam_node.dtl.trace.values import Node

MERGING = ("merge", "merge-union")
BRANCHING = ("if", "case", "case-eq")
STOPPED = ("filtered", "discarded")
ORDER = (
    "removed",
    "excluded",
    "null",
    "absent",
    "not-taken",
    "not-reached",
    "not-recorded",
    "nothing-to-copy",
)


def why_not(
    document: Document, entity: int = 0, path: str = "$", *, result: int | None = None
) -> dict[str, Any]:
    """Why there is nothing at `path` of what a recorded entity gave.

    Given a valid full document. `result` is the position of the result that is asked about; by
    default the target, which is the last one. `path` `$` asks why nothing came out at all. Raises
    InputError for counters, for positions that are not there, and where there is a value.
    """
    recording = Recording(document, entity)
    focus = parts_of(path)
    answer: dict[str, Any] = {
        "entity": entity,
        "path": json_path(focus),
        "base": rules_path(document),
        "source": recording.source,
        "version": recording.entity["version"],
    }
    asked = WhyNot(recording)
    answer.update(asked.answer(focus, result))
    return answer


class WhyNot:
    """Looks for the reason of one missing property."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.why = Why(recording)

    def reason(
        self,
        reason: str,
        text: str,
        event: int | None = None,
        because: list[Node] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        made: dict[str, Any] = {"reason": reason, "text": text}
        if event is not None:
            made["rule"] = self.recording.path(event)
            made["event"] = event
        made["because"] = because or []
        return {**made, **more}

    # -- the result as a whole ---------------------------------------------------------------------

    def answer(self, focus: list[Part], result: int | None) -> dict[str, Any]:
        recording = self.recording
        stopped = self.stopped(0)
        if result is None and (recording.entity["error"] or stopped is not None):
            return self.ended(stopped)
        results = recording.results
        position = len(results) - 1 if result is None else result
        if type(position) is not int or not 0 <= position < len(results):
            if result is None:
                return self.nothing()
            problem = Problem("$.results", "no-result", f"there is no result {result!r}")
            raise InputError(f"entity {recording.position} has no such result", [problem])
        if at(results[position], focus) is not MISSING:
            value = at(results[position], focus)
            what = "null" if value is None else "a value"
            message = f"there is {what} at {json_path(focus)} of result {position}"
            problem = Problem(json_path(focus), "not-missing", message, "why says where it is from")
            raise InputError(message, [problem])
        emitted = emitted_by(recording, position)
        if emitted is not None:
            event = emitted[0]
            because = self.why.result(position, [])
            return self.reason("not-in-value", "the created entity came without it", event, because)
        return self.missing(0, focus)

    def stopped(self, frame: int) -> int | None:
        """The filter or discard that ended a frame."""
        for number, event in enumerate(self.recording.events):
            if event["frame"] == frame and event.get("ends") in STOPPED:
                return number
        return None

    def ended(self, stopped: int | None) -> dict[str, Any]:
        """Nothing was emitted: a rule raised, or a filter or discard ended it."""
        error = self.recording.entity["error"]
        if error:
            raised = [n for n, e in enumerate(self.recording.events) if "error" in e]
            where = raised[-1] if raised else None
            text = f"the entity failed: {error['message']}"
            because = self.why.value(where, []) if where is not None else []
            return self.reason("failed", text, where, because, rule=error["path"])
        if stopped is None:
            return self.nothing()
        event = self.recording.events[stopped]
        word = "filtered" if event["ends"] == "filtered" else "discarded"
        text = f"the entity was {word} by {call_text(self.recording.raw(stopped))}"
        return self.reason(event["ends"], text, stopped, self.condition(stopped))

    def nothing(self) -> dict[str, Any]:
        if self.recording.entity["truncated"]:
            text = "the limit of events was reached before it"
            return self.reason("not-recorded", text)
        return self.reason("absent", 'the target had no usable "_id": nothing was emitted')

    def condition(self, event: int) -> list[Node]:
        """What a filter, or an if and its like, tested, with what it was made of."""
        nodes: list[Node] = []
        for child in self.recording.children[event]:
            if self.recording.events[child]["kind"] in ("function", "path"):
                nodes.extend(self.why.value(child, []))
        return nodes

    # -- one property ------------------------------------------------------------------------------

    def missing(self, frame: int, focus: list[Part]) -> dict[str, Any]:
        """Why a frame's target has nothing at a place: the first part of it that is missing."""
        if not focus or not isinstance(focus[0], str):
            return self.reason("not-in-value", "a target has properties, no positions")
        name, rest = focus[0], focus[1:]
        writers = writers_of(self.recording, frame, name)
        setting = [n for n in writers if written(self.recording, n, name) is not None]
        if not setting or setting[-1] != writers[-1]:
            return self.property(frame, name)
        last = setting[-1]
        value = self.why.value_argument(last) if rest else {}
        if isinstance(value, int):
            inner, left = self.frame_at(value, rest)
            if inner is not None and left:
                return self.missing(inner, left)
        because = self.why.property(frame, name, [])
        text = f"{preview(name)} is there, but nothing at {place_text(rest)} of it"
        return self.reason("not-in-value", text, last, because)

    def frame_at(self, value: int, focus: list[Part]) -> tuple[int | None, list[Part]]:
        """The frame that gave a place of a value, through the functions that passed it on.

        What is missing is not there to be followed: it is its nearest owner that is.
        """
        owner = focus[:1] if focus and isinstance(focus[0], int) else []
        rest = focus[len(owner) :]
        while self.recording.events[value]["name"] not in ("apply", "apply-hops"):
            passed = self.why.passed(value, owner) if self.is_function(value) else None
            if passed is None:
                return None, focus
            value, owner = passed
        return self.why.frame_at(value, [*owner, *rest])

    def is_function(self, event: int) -> bool:
        return bool(self.recording.events[event]["kind"] == "function")

    def property(self, frame: int, name: str) -> dict[str, Any]:
        recording = self.recording
        held = recording.frames[frame]
        rule_event = recording.rule_events.get(frame)
        rule = recording.path(rule_event) if rule_event is not None else ""
        candidates = self.candidates(frame, name, rule)
        candidates.sort(key=weight)
        if candidates and candidates[0]["reason"] != "nothing-to-copy":
            return {**candidates[0], "candidates": candidates}
        source = recording.values[held["source"]]
        if has(source, name):
            text = (
                f"no transform writes {preview(name)}; the source has it, but no copy includes it"
            )
            return self.reason("not-copied", text, candidates=[])
        elsewhere = self.other_rules(name, rule)
        if elsewhere:
            text = f"{preview(name)} is written in a rule that did not run for this"
            return self.reason("not-run", text, candidates=[], rule=elsewhere[0])
        hint = suggestion(name, self.known_names(frame))
        text = f"no transform writes {preview(name)}"
        if candidates:
            text += ", and the source has none that could be copied"
        text += f"; {hint}" if hint else ""
        return self.reason("never-written", text, candidates=candidates)

    def known_names(self, frame: int) -> list[str]:
        names: dict[str, None] = {}
        for number in self.recording.writers.get(frame, ()):
            names.update(dict.fromkeys(self.recording.events[number].get("sets", ())))
        return list(names)

    def other_rules(self, name: str, rule: str) -> list[str]:
        return [
            node["path"]
            for node in self.recording.document["nodes"]
            if node["kind"] == "transform"
            and not below(node["path"], rule)
            and writes(raw_at(self.recording.document, node["path"]), name)
        ]

    def candidates(self, frame: int, name: str, rule: str) -> list[dict[str, Any]]:
        """The transforms of a rule that could have written a property, each with its reason."""
        recording = self.recording
        found: list[dict[str, Any]] = []
        ran: dict[str, list[int]] = {}
        for number, event in enumerate(recording.events):
            if event["frame"] == frame and event["kind"] == "transform":
                ran.setdefault(recording.path(number), []).append(number)
        for node in recording.document["nodes"]:
            path = node["path"]
            if node["kind"] != "transform" or not below(path, rule):
                continue
            raw = raw_at(recording.document, path)
            events = ran.get(path, [])
            for number in events:
                made = self.of_event(number, raw, name)
                if made is not None:
                    found.append(made)
            source = recording.values[recording.frames[frame]["source"]]
            if not events and (writes(raw, name) or copies(raw, name, source)):
                found.append(self.not_run(frame, path, ran))
        return found

    def of_event(self, number: int, raw: Any, name: str) -> dict[str, Any] | None:
        """Why a transform that ran did not leave the property there; None: it is not its matter."""
        recording = self.recording
        event = recording.events[number]
        removed = [n for n in event.get("removes", ()) if n == name or same_property(name, n)]
        if removed:
            before = self.why.property(event["frame"], name, [], number)
            return self.reason("removed", f"removed by {call_text(raw)}", number, before)
        if written(recording, number, name) is not None or type(raw) is not list:
            return None
        if event["name"] == "copy" and len(raw) > 1:
            return self.not_copied(number, raw, name)
        if event["name"] in MERGING:
            return None
        if not writes(raw, name):
            return None
        text, reason = call_text(raw), "absent"
        if event["name"] == "add-if":
            reason = "null"
            value = recording.argument(number, len(raw) - 1)
            null = value is not None and recording.output(value) is None
            why = "its value is null" if null else "its condition did not hold"
            text = f"{call_text(raw)}: {why}"
        elif event["name"] in ("rename", "make-ni"):
            old = raw[1 if event["name"] == "rename" else 2]
            text = f"{call_text(raw)}: the source has no {preview(old)} that it could take"
        elif event["name"] in WRITING:
            text = f"{call_text(raw)}: it wrote nothing"
        return self.reason(reason, text, number, self.condition(number))

    def not_copied(self, number: int, raw: list[Any], name: str) -> dict[str, Any] | None:
        recording = self.recording
        source = recording.values[recording.frames[recording.events[number]["frame"]]["source"]]
        include = [pattern for pattern in patterns(raw[1]) if fits(pattern, name)]
        exclude = [p for p in patterns(raw[2]) if fits(p, name)] if len(raw) > 2 else []
        if not include:
            return None
        if not has(source, name):
            text = f"{call_text(raw)}: what it copies from has no {preview(name)}"
            asked_for = any("*" not in pattern for pattern in include)
            return self.reason("absent" if asked_for else "nothing-to-copy", text, number)
        if not exclude:
            return None
        text = f"{call_text(raw)}: its pattern {preview(exclude[0])} excludes it"
        return self.reason("excluded", text, number)

    def not_run(self, frame: int, path: str, ran: dict[str, list[int]]) -> dict[str, Any]:
        """Why a transform was not reached: a branch not taken, the end of the rule, the limit."""
        recording = self.recording
        raw = raw_at(recording.document, path)
        for around, events in ran.items():
            if around != path and below(path, around) and events:
                event = recording.events[events[-1]]
                if event["name"] not in BRANCHING or "branch" not in event:
                    continue
                whole = recording.raw(events[-1])
                if argument_of(path, around) == branch_position(whole, event["branch"]):
                    continue
                taken = branch_text(whole, event["branch"])
                other = f"{taken} was taken" if event["branch"] >= 0 else "no condition held"
                text = f"{call_text(raw)} stands in another branch: {other}"
                because = self.condition(events[-1])
                return self.reason("not-taken", text, events[-1], because, writer=path)
        stopped = self.stopped(frame)
        if stopped is not None:
            text = f"{call_text(raw)} was not reached: {call_text(recording.raw(stopped))} ended"
            because = self.condition(stopped)
            return self.reason("not-reached", text, stopped, because, writer=path)
        reason = "not-recorded" if recording.entity["truncated"] else "not-reached"
        text = f"{call_text(raw)} is not in the recording"
        return self.reason(reason, text, None, [], writer=path)


def weight(candidate: dict[str, Any]) -> tuple[int, int]:
    """The order of candidates: by reason; of several removals the last one counts."""
    order = ORDER.index(candidate["reason"])
    return order, -candidate["event"] if candidate["reason"] == "removed" else 0
