"""What each transform of a rule does to the target, from what, under which conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.explain.wording import reads, words
from sesam_node.dtl.names import patterns_of, written_name
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.runtime import VARIES, as_list
from sesam_node.dtl.syntax import Block, Call
from sesam_node.errors import json_path, preview
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.scope import Scope
    from sesam_node.dtl.syntax import Node

Entry = dict[str, Any]

STOPS = {"filter": "filtered", "discard": "discarded"}
ARROW = "\u2190"


class RuleReader:
    """Reads one rule: `entries` are its transforms in order, those in branches included.

    `scope` tells constants from what varies. An entry has `path`, `transform`, `text`; where there
    are any also `properties` that it writes, `patterns` that it copies or removes, `reads` (see
    `wording.Reads`), `under` (the conditions around it, as texts) and `overwrites` (paths of
    earlier entries that set the same property).
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.entries: list[Entry] = []
        self.written: dict[str, list[str]] = {}

    def read(self, node: Node, under: tuple[str, ...] = ()) -> None:
        """Add the entries of a transform or a list of them."""
        if isinstance(node, Block):
            for item in node.items:
                self.read(item, under)
        elif isinstance(node, Call) and node.name in ("if", "case", "case-eq"):
            for condition, then in self.branches(node):
                self.read(then, (*under, condition))
        elif isinstance(node, Call) and node.name != "comment":
            self.entries.append(self.entry(node, under))

    def bound(self, call: Call) -> dict[str, Any]:
        return TRANSFORMS[call.name].signature.bind(call.arguments)

    def branches(self, call: Call) -> Iterator[tuple[str, Node]]:
        """Each branch of if, case or case-eq, with the condition that it is taken under."""
        bound = self.bound(call)
        if call.name == "if":
            condition = words(bound["CONDITION"])
            yield condition, bound["THEN"]
            if bound["ELSE"] is not None:
                yield f"not {condition}", bound["ELSE"]
            return
        if call.name == "case":
            conditions = [words(condition) for condition in bound["CONDITION"]]
        else:
            value = words(bound["VALUE"])
            conditions = [f"{value} is {words(other)}" for other in bound["OTHER"]]
        for position, (condition, then) in enumerate(zip(conditions, bound["THEN"], strict=True)):
            yield (f"{condition}, and nothing above" if position else condition), then
        if bound["ELSE"] is not None:
            yield "none of the conditions above", bound["ELSE"]

    def result(self) -> list[str]:
        """The properties that the rule may give, in order of writing; patterns of copies as such.

        What is removed after it was written, whatever happens, is left out.
        """
        found: dict[str, None] = {}
        for entry in self.entries:
            patterns = entry.get("patterns", []) if entry["transform"] == "copy" else []
            found.update(dict.fromkeys([*patterns, *entry.get("properties", ())]))
            if entry["transform"] == "remove" and "under" not in entry:
                for pattern in entry["patterns"]:
                    found.pop(written_name(pattern, self.scope.context), None)
            elif entry["transform"] in ("merge", "merge-union"):
                found[f"those of {entry['transform']}"] = None
        return list(found)

    # -- one transform -----------------------------------------------------------------------------

    def entry(self, call: Call, under: tuple[str, ...]) -> Entry:
        path = json_path(call.at)
        made: Entry = {"path": path, "transform": call.name}
        method = getattr(self, "on_" + call.name.rstrip("!").replace("-", "_"), None)
        found = method(call) if method is not None else {"text": preview(call.raw)}
        made.update(found)
        evaluated = [
            argument
            for argument, slot in zip(
                call.arguments,
                TRANSFORMS[call.name].signature.slots(len(call.arguments)),
                strict=True,
            )
            if not slot.is_constant
        ]
        read = reads(*evaluated).as_json()
        if read:
            made["reads"] = read
        if under:
            made["under"] = list(under)
        overwritten = [p for name in made.get("properties", ()) for p in self.written.get(name, ())]
        if overwritten:
            made["overwrites"] = list(dict.fromkeys(overwritten))
        for name in made.get("properties", ()):
            self.written.setdefault(name, []).append(path)
        return made

    def names(self, node: Node) -> list[str] | None:
        """The properties that a name stands for; None where it is computed."""
        constant = self.scope.value(node)
        if constant is VARIES:
            return None
        names = [text_of(name) for name in as_list(constant) if is_text(name) and name]
        return [written_name(name, self.scope.context) for name in names]

    def setting(self, call: Call, value: str) -> Entry:
        name = self.bound(call)["NAME"]
        names = self.names(name)
        if names is None:
            return {"text": f"the property named {words(name)} {ARROW} {value}"}
        return {"properties": names, "text": f"{', '.join(names)} {ARROW} {value}"}

    def on_add(self, call: Call) -> Entry:
        return self.setting(call, words(self.bound(call)["VALUE"]))

    def on_add_if(self, call: Call) -> Entry:
        bound = self.bound(call)
        value = words(bound["VALUE"])
        if bound["CONDITION"] is None:
            return self.setting(call, f"{value}, unless it is null")
        return self.setting(call, f"{value}, where {words(bound['CONDITION'])}")

    def on_default(self, call: Call) -> Entry:
        return self.setting(call, f"{words(self.bound(call)['VALUE'])}, where it is not there yet")

    def on_copy(self, call: Call) -> Entry:
        include = patterns_of(call.constant(0))
        made: Entry = {"patterns": include, "text": f"copy {_patterns(include)}"}
        if len(call.arguments) > 1:
            made["except"] = patterns_of(call.constant(1))
            made["text"] += f" but not {_patterns(made['except'])}"
        return made

    def on_remove(self, call: Call) -> Entry:
        patterns = patterns_of(call.constant(0))
        return {"patterns": patterns, "text": f"remove {_patterns(patterns)}"}

    def on_rename(self, call: Call) -> Entry:
        bound = self.bound(call)
        old, new = self.scope.value(bound["FROM"]), self.names(bound["TO"])
        source = f"_S.{old}" if is_text(old) else f"the property named {words(bound['FROM'])}"
        made: Entry = {}
        if is_text(old):
            made["renames"] = old
        if new is None:
            return {**made, "text": f"the property named {words(bound['TO'])} {ARROW} {source}"}
        return {**made, "properties": new, "text": f"{', '.join(new)} {ARROW} {source}"}

    def on_make_ni(self, call: Call) -> Entry:
        namespace, old = call.constant(0), call.constant(1)
        plain = split_name(old)[1] if self.scope.context.namespaced else old
        new = call.constant(2) if len(call.arguments) > 2 else f"{plain}-ni"
        name = written_name(new, self.scope.context)
        text = f"{name} {ARROW} identifiers ~:{namespace}: of _S.{old}"
        return {"properties": [name], "renames": old, "text": text}

    def on_merge(self, call: Call) -> Entry:
        return {"text": f"all properties {ARROW} {words(call.arguments[0])}"}

    def on_merge_union(self, call: Call) -> Entry:
        return {"text": f"all properties, values united {ARROW} {words(call.arguments[0])}"}

    def on_create(self, call: Call) -> Entry:
        return {"text": f"emit {words(call.arguments[0])}"}

    def on_create_child(self, call: Call) -> Entry:
        text = f"$children {ARROW} further {words(call.arguments[0])}"
        return {"properties": ["$children"], "text": text}

    def on_filter(self, call: Call) -> Entry:
        return self.stopping(call)

    def on_discard(self, call: Call) -> Entry:
        return self.stopping(call)

    def stopping(self, call: Call) -> Entry:
        how = STOPS[call.name]
        if not call.arguments:
            return {"ends": how, "text": f"end here: {how}"}
        return {"ends": how, "text": f"only where {words(call.arguments[0])}; else {how}"}

    def on_fail(self, call: Call) -> Entry:
        return {"text": f"fail: {preview(call.constant(0))}"}

    def on_trip(self, call: Call) -> Entry:
        return {"text": f"fail, and trip the circuit breaker: {preview(call.constant(0))}"}

    def on_sleep(self, call: Call) -> Entry:
        return {"text": f"pause for {call.constant(0)} s"}


def _patterns(patterns: list[Any]) -> str:
    return ", ".join(str(pattern) for pattern in patterns)
