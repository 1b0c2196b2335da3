"""From an output value back to what made it: transform, functions, properties, hops, entities.

The answer is a tree of plain dicts. Each has `kind` and `text`; most have `path` (of the rules),
`event` (position) and `value`; `from` are the nodes that it was made of. Kinds:

    set        a transform wrote the property; `under` are the conditions it stood under,
               `earlier` what had been written before
    result     an entity that `create` emitted
    function   a call and what it gave
    source     a property read; `entity` where it is one of a dataset: dataset, id, version
    variable   a property of a target, read again
    rule       an applied rule that made the value
    lookup     a look-up in a dataset; `dataset`, `index`, `keys`, `found`
    entity     an entity that a look-up found; `dataset`, `id`, `version`
    constant   text or data in the rules
    more       parts left out: too many, shown before, or not in the recording

Focus: the rest of the asked path. It is followed through apply, hops, `_T` and functions that pass
values on, so that `$.orders[1].who` leads to the one order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.applied import Applied
from sesam_node.dtl.trace.places import MISSING, Part, at, parts_of, same, same_property
from sesam_node.dtl.trace.recording import Recording, rules_path
from sesam_node.dtl.trace.state import end_of, writers_of
from sesam_node.dtl.trace.values import MAX_DEPTH, MAX_SIBLINGS, Node
from sesam_node.dtl.trace.words import branch_text, call_text, transform_text
from sesam_node.errors import InputError, Problem, json_path, preview

if TYPE_CHECKING:
    from sesam_node.dtl.trace.document import Document

COPYING = ("copy", "rename", "make-ni")


def why(document: Document, entity: int = 0, result: int = 0, path: str = "$") -> dict[str, Any]:
    """What made the value at `path` of an output entity.

    Given a valid full document, the position of the recorded entity and of its result. Gives
    `{"entity", "result", "path", "base", "source", "version", "value", "because": [node..]}`:
    `base` is the path of the rule set; `because` is empty where the recording was cut before.

    Raises InputError for counters, and for positions or a path that are not there (`why_not` says
    why a property is missing).
    """
    recording = Recording(document, entity)
    value = result_value(recording, result)
    focus = parts_of(path)
    asked = at(value, focus)
    if asked is MISSING:
        where = json_path(focus)
        message = f"there is nothing at {where} of result {result}"
        problem = Problem(where, "nothing-there", message, "why_not says why")
        raise InputError(message, [problem])
    return {
        "entity": entity,
        "result": result,
        "path": json_path(focus),
        "base": rules_path(document),
        "source": recording.source,
        "version": recording.entity["version"],
        "value": asked,
        "because": Why(recording).result(result, focus),
    }


def result_value(recording: Recording, result: int) -> Any:
    """One of the results. Raises InputError where there is none of that position."""
    results = recording.results
    if type(result) is not int or not 0 <= result < len(results):
        held = "it has none" if not results else f"it has {len(results)}, counted from 0"
        message = f"entity {recording.position} has no result {result!r}: {held}"
        problem = Problem("$.results", "no-result", message, "why_not says what became of it")
        raise InputError(message, [problem])
    return results[result]


def emitted_by(recording: Recording, result: int) -> tuple[int, int] | None:
    """The `create` that emitted a result and the position in what it emitted; None: the target."""
    passed = 0
    for number in emitting(recording):
        emits = recording.events[number]["emits"]
        if result < passed + len(emits):
            return number, result - passed
        passed += len(emits)
    return None


def emitting(recording: Recording) -> list[int]:
    """The `create` events in the order of emitting: one within another is done before it."""
    found = [
        number
        for number, event in enumerate(recording.events)
        if event["name"] == "create" and "emits" in event
    ]
    return sorted(found, key=lambda number: (end_of(recording, number), -number))


def filtered_by(recording: Recording) -> int | None:
    """The filter or discard that ended the default rule, if any."""
    for number, event in enumerate(recording.events):
        if event["frame"] == 0 and "ends" in event:
            return number
    return None


class Why(Applied):
    """Builds the tree of one answer."""

    # -- results and properties --------------------------------------------------------------------

    def result(self, result: int, focus: list[Part]) -> list[Node]:
        emitted = emitted_by(self.recording, result)
        if emitted is not None:
            event, position = emitted
            text = f"emitted by {call_text(self.recording.raw(event))}"
            made = self.node("result", text, event)
            value = self.recording.events[event]["emits"][position]
            inside = self.inside(event, self.recording.values[value], focus)
            made.update(self.conditions(event))
            made["from"] = inside
            return [made]
        if not self.recording.frames:
            return []
        stopped = filtered_by(self.recording)
        if stopped is not None:
            return [self.stopped(stopped)]
        return self.of_target(0, focus)

    def stopped(self, event: int) -> Node:
        """The filter that ended the rule: why there is the mark of a filtered entity."""
        text = f"{self.recording.events[event]['ends']} by {call_text(self.recording.raw(event))}"
        made = self.node("set", text, event)
        made.update(self.conditions(event))
        tested = self.recording.children[event]
        if tested:
            made["from"] = self.limited([], [lambda n=n: self.value(n, []) for n in tested])
        return made

    def inside(self, event: int, item: Any, focus: list[Part]) -> list[Node]:
        """What made one of the values that the last argument of an event gave."""
        value = self.value_argument(event)
        if isinstance(value, dict):
            return [value]
        output = self.recording.output(value)
        if type(output) is list:
            for position, other in enumerate(output):
                if same(other, item):
                    return self.value(value, [position, *focus])
            return self.value(value, [])
        return self.value(value, focus)

    def of_target(self, frame: int, focus: list[Part]) -> list[Node]:
        """What made a place of the target that a frame gave."""
        if focus and isinstance(focus[0], str):
            return self.property(frame, focus[0], focus[1:])
        names: dict[str, None] = {}
        for number in self.recording.writers.get(frame, ()):
            names.update(dict.fromkeys(self.recording.events[number].get("sets", ())))
        last = [(writers_of(self.recording, frame, name)[-1], name) for name in names]
        kept = [
            (number, name)
            for number, name in sorted(last)
            if name in self.recording.events[number].get("sets", ())
        ]
        return self.limited([], [lambda p=pair: [self.summary(*p)] for pair in kept])

    def summary(self, number: int, name: str) -> Node:
        """A property and who set it, without why."""
        value = self.recording.values[self.recording.events[number]["sets"][name]]
        text = f"{preview(name)} set by {transform_text(self.recording.raw(number), name)}"
        return self.node("set", text, number, property=name, value=value)

    def property(
        self, frame: int, name: str, focus: list[Part], before: int | None = None
    ) -> list[Node]:
        """What set a property of a frame's target, as it was before an event or at the end."""
        writers = writers_of(self.recording, frame, name, before)
        setting = [n for n in writers if written(self.recording, n, name) is not None]
        if not setting:
            return [self.node("more", f"no recorded transform set {preview(name)}")]
        last = setting[-1]
        key = (last, (name, *focus))
        if key in self.told:
            writer = transform_text(self.recording.raw(last), name)
            text = f"{preview(name)} set by {writer}: shown above"
            return [self.node("more", text, last)]
        self.told.add(key)
        property_name = written(self.recording, last, name) or name
        value = self.recording.values[self.recording.events[last]["sets"][property_name]]
        made = self.node(
            "set",
            f"{preview(property_name)} set by "
            f"{transform_text(self.recording.raw(last), property_name)}",
            last,
            property=property_name,
            value=value,
        )
        made.update(self.conditions(last))
        earlier = [self.earlier(number, name) for number in writers if number < last]
        if earlier:
            made["earlier"] = earlier[-MAX_SIBLINGS:]
        made["from"] = self.written_from(last, property_name, focus)
        return [made]

    def earlier(self, number: int, name: str) -> Node:
        property_name = written(self.recording, number, name)
        if property_name is None:
            return self.node(
                "set", f"removed by {transform_text(self.recording.raw(number))}", number
            )
        value = self.recording.values[self.recording.events[number]["sets"][property_name]]
        return self.node(
            "set", f"set by {transform_text(self.recording.raw(number), name)}", number, value=value
        )

    def written_from(self, number: int, name: str, focus: list[Part]) -> list[Node]:
        """What the value that a transform wrote was made of."""
        event = self.recording.events[number]
        if self.depth >= MAX_DEPTH or self.left <= 0:
            return [self.node("more", "deeper than is told here")]
        if event["name"] in COPYING:
            return self.copied(number, name, focus)
        if event["name"] in ("merge", "merge-union"):
            return self.merged(number, name, focus)
        if event["name"] == "create-child" and focus and isinstance(focus[0], int):
            children = self.recording.values[event["sets"][name]]
            if focus[0] < len(children):
                return self.inside(number, children[focus[0]], focus[1:])
        made = self.value_argument(number)
        return [made] if isinstance(made, dict) else self.value(made, focus)

    def value_argument(self, number: int) -> int | Node:
        """The event of the last argument of a transform, or the constant that stands there."""
        raw = self.recording.raw(number)
        if type(raw) is not list or len(raw) < 2:
            return self.node("more", "not in the rules of this document")
        found = self.recording.argument(number, len(raw) - 1)
        if found is not None:
            return found
        if self.recording.entity["truncated"] and type(raw[-1]) is list:
            return self.node("more", "not recorded: the limit of events was reached")
        return self.node("constant", "a constant of the rules", value=raw[-1])

    def copied(self, number: int, name: str, focus: list[Part]) -> list[Node]:
        """copy, rename, make-ni: which property of the source it was."""
        recording = self.recording
        frame = recording.events[number]["frame"]
        source = recording.values[recording.frames[frame]["source"]]
        old = name
        nodes: list[Node] = []
        if recording.events[number]["name"] != "copy":
            old, nodes = self.renamed(number, source)
        return [*self.source(frame, [old], focus), *nodes]

    def renamed(self, number: int, source: Any) -> tuple[str, list[Node]]:
        """The source property that a rename or make-ni read, and what computed its name."""
        position = 2 if self.recording.events[number]["name"] == "make-ni" else 1
        raw = self.recording.raw(number)
        old = raw[position] if type(raw) is list and len(raw) > position else ""
        computed = self.recording.argument(number, position)
        nodes: list[Node] = []
        if computed is not None:
            old = self.recording.output(computed)
            nodes = self.value(computed, [])
        plain = old if type(old) is str else ""
        if type(source) is dict and plain not in source:
            plain = next((name for name in source if same_property(plain, name)), plain)
        return plain, nodes

    def merged(self, number: int, name: str, focus: list[Part]) -> list[Node]:
        """merge: the last of the dicts that has the property."""
        value = self.value_argument(number)
        if isinstance(value, dict):
            return [value]
        output = self.recording.output(value)
        if self.recording.events[number]["name"] == "merge":
            if type(output) is dict and name in output:
                return self.value(value, [name, *focus])
            if type(output) is list:
                having = [n for n, item in enumerate(output) if type(item) is dict and name in item]
                if having:
                    return self.value(value, [having[-1], name, *focus])
        return self.value(value, [])

    def conditions(self, number: int) -> dict[str, list[Node]]:
        """The branches that a transform stands under, outermost first."""
        under: list[Node] = []
        for around in self.recording.ancestors(number):
            event = self.recording.events[around]
            if event["kind"] == "rule":
                break
            if "branch" in event:
                under.append(self.branch(around))
        return {"under": under[::-1]} if under else {}

    def branch(self, number: int) -> Node:
        """An if, case or case-eq with the branch that it took and the conditions it tested."""
        recording = self.recording
        tested = [
            self.node(
                "function", call_text(recording.raw(child)), child, value=recording.output(child)
            )
            for child in recording.children[number]
            if recording.events[child]["kind"] in ("function", "path")
        ]
        branch = recording.events[number]["branch"]
        name = branch_text(recording.raw(number), branch)
        made = self.node("set", f"{recording.events[number]['name']} took {name}", number)
        made["branch"] = branch
        if tested:
            made["from"] = tested[-MAX_SIBLINGS:]
        return made


def written(recording: Recording, number: int, name: str) -> str | None:
    """The property that an event set, of those that a name means."""
    sets = recording.events[number].get("sets", {})
    if name in sets:
        return name
    return next((other for other in sets if same_property(name, other)), None)
