"""Which properties a rule set reads to write which: read from the checked rules, nothing runs.

A `RuleLineage` answers for one property at a time, in both directions, because `copy "*"` stands
for names that the rules do not know. What is read is a property of the source entity, or of the
entities of a hopped dataset; `*` is all of an entity. Kinds: a value is "copied" as it is, or
"computed" (conditions around it included); what hops compare and return is "joined"; filters have
a part in every property: "filtered-by".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl.calls import function_of
from sesam_node.dtl.explain.folding import reading_scope
from sesam_node.dtl.explain.wording import specs_of
from sesam_node.dtl.joins import HOPPING
from sesam_node.dtl.names import Selection, patterns_of, read_name, written_name
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.runtime import VARIES, as_list
from sesam_node.dtl.syntax import Block, Call, Path
from sesam_node.errors import json_path
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.dtl.calls import Slots
    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.scope import Scope
    from sesam_node.dtl.syntax import Node

ALL = "*"
COPIED, COMPUTED, JOINED, FILTERED = "copied", "computed", "joined", "filtered-by"


class Read(NamedTuple):
    """A property that is read: of the source entity where `dataset` is None.

    With `anywhere` it is that identifier in every namespace; `joined` says that hops read it.
    """

    dataset: str | None
    name: str
    anywhere: bool = False
    joined: bool = False

    def meets(self, name: str) -> bool:
        """Is a property of that name read?"""
        if self.anywhere:
            return split_name(name)[1] == self.name
        return self.name in (ALL, name)


Reads = frozenset[Read]
NOTHING: Reads = frozenset()


class Origin(NamedTuple):
    """One read that has a part in a property: how, and by which place of the rules."""

    read: Read
    kind: str
    path: str


@dataclass(slots=True)
class Copy:
    """A copy by patterns of what `reads` are all of; `without` are names written anew later."""

    selection: Selection
    reads: Reads
    path: str
    without: set[str] = field(default_factory=set)
    removed: list[Selection] = field(default_factory=list)

    def takes(self, name: str) -> bool:
        return (
            self.selection[name]
            and name not in self.without
            and not any(removed[name] for removed in self.removed)
        )


@dataclass(slots=True)
class Frame:
    """What a rule writes into its target, so far."""

    variables: dict[str, Reads]
    rule: str
    lines: dict[str, list[Origin]] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    filters: list[Origin] = field(default_factory=list)

    def reads(self) -> Reads:
        """Everything that has a part in the target."""
        found = {origin.read for origins in self.lines.values() for origin in origins}
        found.update(origin.read for origin in self.filters)
        for copy in self.copies:
            found |= copy.reads
        return frozenset(found)


class RuleLineage:
    """The lineage of the properties that a rule set writes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._applied: list[str] = []
        self._scopes: dict[str, Scope] = {}
        source = frozenset([Read(None, ALL)])
        self._frame = self._run("default", {"_S": source})

    def names(self) -> list[str]:
        """The properties that are written by name; copies by pattern may bring others."""
        return sorted(self._frame.lines)

    def upstream(self, name: str) -> list[Origin]:
        """What has a part in a property; for ALL in any."""
        frame = self._frame
        found: dict[Origin, None] = {}
        for to, origins in frame.lines.items():
            if ALL in (name, to) or to == name:
                found.update(dict.fromkeys(origins))
        for copy in frame.copies:
            if name == ALL or copy.takes(name):
                for read in copy.reads:
                    exact = read._replace(name=name) if read.name == ALL else read
                    found[Origin(exact, JOINED if read.joined else COPIED, copy.path)] = None
        found.update(dict.fromkeys(frame.filters))
        return list(found)

    def downstream(self, dataset: str | None, name: str) -> list[tuple[str, str, str]]:
        """The properties that one has a part in, each with kind and path; ALL for filters."""
        frame = self._frame
        found: dict[tuple[str, str, str], None] = {}
        for to, origins in frame.lines.items():
            for origin in origins:
                if origin.read.dataset == dataset and origin.read.meets(name):
                    found[to, origin.kind, origin.path] = None
        for copy in frame.copies:
            for read in copy.reads:
                if read.dataset == dataset and read.meets(name) and copy.takes(name):
                    found[name, JOINED if read.joined else COPIED, copy.path] = None
        for origin in frame.filters:
            if origin.read.dataset == dataset and origin.read.meets(name):
                found[ALL, FILTERED, origin.path] = None
        return list(found)

    # -- rules -------------------------------------------------------------------------------------

    def _run(self, rule: str, variables: dict[str, Reads]) -> Frame:
        frame = Frame(variables, rule)
        block = self._plan.rules.rules.get(rule)
        if isinstance(block, Block) and rule not in self._applied:
            self._applied.append(rule)
            self._block(block, frame, NOTHING)
            self._applied.pop()
        return frame

    def _block(self, node: Node, frame: Frame, under: Reads) -> None:
        """The transforms of a block; `under` is what the conditions around it read."""
        if isinstance(node, Block):
            for item in node.items:
                self._block(item, frame, under)
        elif isinstance(node, Call) and node.name in ("if", "case", "case-eq"):
            slots = TRANSFORMS[node.name].signature.slots(len(node.arguments))
            pairs = list(zip(node.arguments, slots, strict=True))
            conditions = [item for item, slot in pairs if slot.kind != "transforms"]
            around = under | self._all(conditions, frame)
            for item, slot in pairs:
                if slot.kind == "transforms":
                    self._block(item, frame, around)
        elif isinstance(node, Call):
            self._transform(node, frame, under)

    def _transform(self, call: Call, frame: Frame, under: Reads) -> None:
        path = json_path(call.at)
        name = call.name
        if name in ("filter", "discard"):
            reads = self._all(call.arguments, frame) | under
            frame.filters.extend(Origin(read, FILTERED, path) for read in sorted(reads, key=str))
        elif name in ("add", "add-if", "default"):
            self._set(call, frame, under, path)
        elif name == "copy":
            exclude = patterns_of(call.constant(1)) if len(call.arguments) > 1 else []
            chosen = self._selection(patterns_of(call.constant(0)), exclude)
            frame.copies.append(Copy(chosen, self._source(frame), path))
        elif name == "remove":
            if not under:
                self._remove(self._selection(patterns_of(call.constant(0)), []), frame)
        elif name in ("rename", "make-ni"):
            self._rename(call, frame, under, path)
        elif name in ("merge", "merge-union", "create", "create-child"):
            self._merge(call, frame, under, path)

    def _set(self, call: Call, frame: Frame, under: Reads, path: str) -> None:
        bound: dict[str, Any] = TRANSFORMS[call.name].signature.bind(call.arguments)
        value = bound["VALUE"]
        condition = bound.get("CONDITION")
        extra = under | (NOTHING if condition is None else self._reads(condition, frame))
        names = self._names(bound["NAME"], frame)
        if names is None:
            extra |= self._reads(bound["NAME"], frame)
            names = [ALL]
        plain = isinstance(value, Path) and len(value.names) == 1
        origins = self._origins(self._reads(value, frame), COPIED if plain else COMPUTED, path)
        origins += self._origins(extra, COMPUTED, path)
        always = call.name == "add" and not under
        for name in names:
            self._write(frame, name, origins, overwrites=always)

    def _rename(self, call: Call, frame: Frame, under: Reads, path: str) -> None:
        context = self._plan.context
        if call.name == "rename":
            bound: dict[str, Any] = TRANSFORMS[call.name].signature.bind(call.arguments)
            old: Any = self._scope(frame).value(bound["FROM"])
            names = self._names(bound["TO"], frame) or [ALL]
            kind = COPIED
        else:
            old, kind = call.constant(1), COMPUTED
            plain = split_name(old)[1] if context.namespaced else old
            new = call.constant(2) if len(call.arguments) > 2 else f"{plain}-ni"
            names = [written_name(new, context)]
        reads = self._source(frame)
        if is_text(old):
            reads = self._step(reads, text_of(old))
        origins = [*self._origins(reads, kind, path), *self._origins(under, COMPUTED, path)]
        for name in names:
            self._write(frame, name, origins, overwrites=not under)

    def _merge(self, call: Call, frame: Frame, under: Reads, path: str) -> None:
        """What an expression gives as properties of the target, or as entities of their own."""
        value = call.arguments[0]
        made = self._dicts(value, frame)
        for inner in made:
            for name, origins in inner.lines.items():
                self._write(frame, name, origins, overwrites=False)
            frame.copies.extend(inner.copies)
            frame.filters.extend(inner.filters)
        to = "$children" if call.name == "create-child" else ALL
        if not made or to != ALL:
            reads = self._reads(value, frame) | under
            self._write(frame, to, self._origins(reads, COMPUTED, path), overwrites=False)

    def _dicts(self, node: Node, frame: Frame) -> list[Frame]:
        """The properties of the dicts that an expression gives, where that can be seen."""
        if not isinstance(node, Call):
            return []
        if node.name == "list":
            return [made for item in node.arguments for made in self._dicts(item, frame)]
        if node.name == "map":
            return self._dicts(node.arguments[0], frame)
        if node.name == "dict" and node.arguments:
            made = Frame(frame.variables, frame.rule)
            for key, value in zip(node.arguments[::2], node.arguments[1::2], strict=False):
                for name in self._names(key, frame) or [ALL]:
                    origins = self._origins(
                        self._reads(value, frame), COMPUTED, json_path(value.at)
                    )
                    self._write(made, name, origins, overwrites=True)
            return [made]
        if node.name in ("apply", "apply-hops"):
            return [self._applied_frame(node, frame)[0]]
        return []

    # -- writing -----------------------------------------------------------------------------------

    @staticmethod
    def _write(frame: Frame, name: str, origins: list[Origin], *, overwrites: bool) -> None:
        if overwrites and name != ALL:
            frame.lines[name] = list(origins)
            for copy in frame.copies:
                copy.without.add(name)
        else:
            frame.lines.setdefault(name, []).extend(origins)

    @staticmethod
    def _remove(gone: Selection, frame: Frame) -> None:
        for name in [name for name in frame.lines if name != ALL and gone[name]]:
            del frame.lines[name]
        for copy in frame.copies:
            copy.removed.append(gone)

    def _selection(self, include: list[str], exclude: list[str]) -> Selection:
        return Selection(include, exclude, self._plan.context)

    def _names(self, node: Node, frame: Frame) -> list[str] | None:
        """The properties that a name stands for; None where it is computed."""
        constant = self._scope(frame).value(node)
        if constant is VARIES:
            return None
        names = [text_of(name) for name in as_list(constant) if is_text(name) and name]
        return [written_name(name, self._plan.context) for name in names]

    def _scope(self, frame: Frame) -> Scope:
        if frame.rule not in self._scopes:
            self._scopes[frame.rule] = reading_scope(self._plan, frame.rule)
        return self._scopes[frame.rule]

    @staticmethod
    def _origins(reads: Iterable[Read], kind: str, path: str) -> list[Origin]:
        ordered = sorted(reads, key=str)
        return [Origin(read, JOINED if read.joined else kind, path) for read in ordered]

    # -- reading -----------------------------------------------------------------------------------

    @staticmethod
    def _source(frame: Frame) -> Reads:
        return frame.variables.get("_S", NOTHING)

    def _all(self, nodes: Iterable[Node], frame: Frame) -> Reads:
        found: Reads = NOTHING
        for node in nodes:
            found |= self._reads(node, frame)
        return found

    def _reads(self, node: Node, frame: Frame) -> Reads:
        if isinstance(node, Path):
            return self._path(node, frame)
        if not isinstance(node, Call):
            return NOTHING
        if node.name in ("apply", "apply-hops"):
            made, more = self._applied_frame(node, frame)
            return made.reads() | more
        if node.name in HOPPING:
            value, keys = self._hops(node, frame)
            return value | keys
        if node.name == "lookup-entity":
            found = frozenset([Read(str(node.constant(0)), ALL, joined=True)])
            return found | self._all(node.arguments[1:], frame)
        if node.name == "path" and len(node.arguments) == 2:
            return self._walked(node, frame)
        slots = function_of(node)
        if slots is None:
            return NOTHING
        if any(slot.kind == "function-expression" for slot in slots[1]):
            return self._itemwise(node, slots[1], frame)
        given = zip(node.arguments, slots[1], strict=True)
        return self._all([item for item, slot in given if not slot.is_constant], frame)

    def _itemwise(self, node: Call, slots: Slots, frame: Frame) -> Reads:
        """A function-expression over items, which it knows as `_`.

        What `map` gives is what it makes of the items; others give the items themselves.
        """
        given = list(zip(node.arguments, slots, strict=True))
        items = self._all(
            [
                item
                for item, slot in given
                if slot.kind != "function-expression" and not slot.is_constant
            ],
            frame,
        )
        inner = Frame({**frame.variables, "_": items}, frame.rule, frame.lines, frame.copies)
        made = self._all(
            [item for item, slot in given if slot.kind == "function-expression"], inner
        )
        if node.name != "map" or not made:
            return made | items
        return made | frozenset(read for read in items if read.name != ALL)

    def _walked(self, node: Call, frame: Frame) -> Reads:
        """`path` with a constant name reads that of what it is given."""
        reads = self._reads(node.arguments[1], frame)
        steps = self._scope(frame).value(node.arguments[0])
        first: Any = as_list(steps)[0] if steps is not VARIES and as_list(steps) else None
        if not is_text(first):
            return reads | self._reads(node.arguments[0], frame)
        return self._step(reads, text_of(first))

    def _path(self, node: Path, frame: Frame) -> Reads:
        if node.variable == "_T":
            if not node.names:
                return frame.reads()
            name = node.names[0]
            found = {origin.read for origin in frame.lines.get(self._own(name), ())}
            for copy in frame.copies:
                if copy.takes(name):
                    found |= self._step(copy.reads, name)
            return frozenset(found)
        variables, names = frame.variables, list(node.names)
        variable = node.variable
        while variable.rpartition(".")[2] in ("_P", "_R") and names:
            variable = f"{variable}.{names.pop(0)}"
        reads = variables.get(variable, NOTHING)
        return self._step(reads, names[0]) if names else reads

    def _own(self, name: str) -> str:
        return written_name(name, self._plan.context)

    def _step(self, reads: Reads, name: str) -> Reads:
        """A property of what is read; of what is one already nothing further is said."""
        exact = read_name(name, self._plan.context)
        return frozenset(
            read._replace(name=exact or name, anywhere=exact is None) if read.name == ALL else read
            for read in reads
        )

    def _applied_frame(self, call: Call, frame: Frame) -> tuple[Frame, Reads]:
        """The frame of a rule that is applied, and what is read to find what it is applied to."""
        if call.name == "apply":
            value, keys = self._all(call.arguments[1:], frame), NOTHING
        else:
            value, keys = self._hops(call, frame)
        variables = {f"_P.{name}": reads for name, reads in frame.variables.items()}
        variables["_P._T"] = frame.reads()
        variables |= {name: r for name, r in frame.variables.items() if name.startswith("_R.")}
        variables.setdefault("_R._S", self._source(frame))
        variables["_S"] = value
        return self._run(str(call.constant(0)), variables), keys

    def _hops(self, call: Call, frame: Frame) -> tuple[Reads, Reads]:
        """What hops give, and what they compare to find it."""
        value: Reads = NOTHING
        keys: Reads = NOTHING
        inner = Frame(dict(frame.variables), frame.rule, frame.lines, frame.copies)
        for spec in specs_of(call):
            for alias, dataset in spec.aliases.items():
                inner.variables[alias] = frozenset([Read(dataset, ALL, joined=True)])
            keys |= frozenset(read._replace(joined=True) for read in self._all(spec.where, inner))
            if isinstance(spec.returned, tuple):
                value = frozenset().union(*(inner.variables[alias] for alias in spec.returned))
            else:
                value = self._reads(spec.returned, inner)
                value = frozenset(read._replace(joined=True) for read in value)
            # From the second on, `_S` is what the one before found.
            inner.variables["_S"] = value
        return value, keys
