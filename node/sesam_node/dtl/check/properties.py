"""Properties that are read but that nothing has: of the source by its schema, of the target.

A rule set is walked in the order in which it runs, with what `_T` can have at each point and, in
`default`, with the dicts that `_S` was seen to hold. A rule that is applied gets no schema: its
`_S` may be anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sesam_node.dtl.calls import function_of, transform_of
from sesam_node.dtl.check.hints import Suggestions
from sesam_node.dtl.check.reachability import (
    BRANCHING,
    branches_of,
    constant_of,
    items_of,
    rules_called,
)
from sesam_node.dtl.hop_specs import hop_specs
from sesam_node.dtl.joins import HOPPING
from sesam_node.dtl.names import (
    Everywhere,
    Selection,
    patterns_of,
    read_name,
    written_name,
)
from sesam_node.dtl.runtime import VARIES, as_list
from sesam_node.dtl.schema import Shape, names_in
from sesam_node.dtl.syntax import VARIABLES, Call, Malformed, Node, Path
from sesam_node.dtl.wildcards import has_wildcards
from sesam_node.errors import Problem, json_path, preview
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.dtl.schema import Property
    from sesam_node.dtl.syntax import At, RuleContext, Rules

RESERVED = ("_", "$")
"""How names begin that the node sets itself; none of them is ever reported."""


class Target:
    """The properties that `_T` may have; `open`: others too.

    A branch has a target of its own over the one before it, and is added to that at its end.
    """

    def __init__(self, before: Target | None = None) -> None:
        self.before = before
        self.names: set[str] = set()
        self.identifiers: set[str] = set()
        self.open: bool = before is not None and before.open

    def add(self, name: str) -> None:
        self.names.add(name)
        self.identifiers.add(split_name(name)[1])

    def join(self, branch: Target) -> None:
        self.names |= branch.names
        self.identifiers |= branch.identifiers
        self.open = self.open or branch.open

    def chain(self) -> Iterator[Target]:
        """The target itself and those before it."""
        target: Target | None = self
        while target is not None:
            yield target
            target = target.before

    def may_have(self, name: str | None, identifier: str) -> bool:
        """A property of this name, or with this identifier in any namespace where that is None."""
        if name is None:
            return any(identifier in one.identifiers for one in self.chain())
        return any(name in one.names for one in self.chain())


@dataclass(frozen=True)
class Reading:
    """Where an expression stands: what `_S` and the source entity look like, and the aliases."""

    source: Shape | None
    root: Shape | None
    aliases: frozenset[str] = frozenset()


class Properties:
    """Walks the rules and collects warnings."""

    def __init__(self, context: RuleContext) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.suggestions = Suggestions()

    def warn(self, at: At, message: str, hint: str) -> None:
        self.problems.append(Problem(json_path(at), "unknown-property", message, hint, "warning"))

    def rules(self, rules: Rules) -> None:
        schema = self.context.schema
        root = schema.root if schema is not None and schema.entities else None
        start = root
        if any("default" in rules_called(rule) for rule in rules.rules.values() if root):
            start = None  # a rule that applies "default" gives it other entities
        for name, rule in rules.rules.items():
            if not isinstance(rule, Malformed):
                source = start if name == "default" else None
                self.block(rule, Reading(source, root), Target())

    # -- transforms --------------------------------------------------------------------------------

    def block(self, block: Node, reading: Reading, target: Target) -> None:
        for item in items_of(block):
            found = transform_of(item) if isinstance(item, Call) else None
            if not isinstance(item, Call) or found is None:
                target.open = True
            elif item.name in BRANCHING:
                self.branches(item, reading, target)
            else:
                for argument, slot in zip(item.arguments, found[1], strict=True):
                    if not slot.is_constant:
                        self.expression(argument, reading, target)
                self.write(item, reading, target)

    def branches(self, node: Call, reading: Reading, target: Target) -> None:
        branches = branches_of(node)
        tests = [test for test, _ in branches if test is not None]
        for test in [*node.arguments[: node.name == "case-eq"], *tests]:
            self.expression(test, reading, target)
        after = [Target(target) for _ in branches]
        for (_, then), branch in zip(branches, after, strict=True):
            self.block(then, reading, branch)
        for branch in after:
            target.join(branch)

    def write(self, node: Call, reading: Reading, target: Target) -> None:
        """What a transform may add to the target; what it names of the source is looked up."""
        name = node.name
        if name in ("add", "add-if", "default"):
            self.add(constant_of(node.arguments[0], VARIABLES), target)
        elif name == "copy":
            self.copy(node, reading, target)
        elif name == "rename":
            old, new = (constant_of(argument, VARIABLES) for argument in node.arguments)
            self.rename(old, new, node.arguments[0], reading, target)
        elif name == "make-ni":
            given = [node.constant(position) for position in range(1, len(node.arguments))]
            default = f"{given[0]}-ni" if type(given[0]) is str else None
            old, new = given if len(given) == 2 else (given[0], default)
            self.rename(old, new, node.arguments[1], reading, target)
        elif name in ("merge", "merge-union"):
            target.open = True

    def add(self, names: object, target: Target) -> None:
        if names is VARIES:
            target.open = True
            return
        for name in as_list(names):
            if is_text(name):
                target.add(written_name(text_of(name), self.context))

    def rename(self, old: object, new: object, at: Node, reading: Reading, target: Target) -> None:
        if not isinstance(old, str) or not is_text(old):
            target.open = target.open or old is VARIES
        elif reading.source is not None:
            self.named(text_of(old), at.at, reading.source)
        qualified = not self.context.namespaced or ":" in str(new) or str(new)[:1] in RESERVED
        if not isinstance(new, str) or not qualified:
            target.open = True
        else:
            target.add(written_name(text_of(new), self.context))

    def copy(self, node: Call, reading: Reading, target: Target) -> None:
        include = list(placed_patterns(node, 0))
        exclude = list(placed_patterns(node, 1)) if len(node.arguments) == 2 else []
        source = reading.source
        if source is not None:
            for pattern, at in (*include, *exclude):
                self.named(pattern, at, source)
        for pattern, _ in include:
            exact = read_name(pattern, self.context)
            if exact is not None and not has_wildcards(exact):
                target.add(exact)
            elif source is None or source.open:
                target.open = True
            else:
                selection = Selection([pattern], [], self.context)
                for name in filter(selection.__getitem__, source.by_name):
                    target.add(name)

    def named(self, pattern: str, at: At, source: Shape) -> None:
        """Warn of a name or pattern that no property of the source has."""
        plain = pattern.removeprefix(":").removeprefix(":")
        if source.open or plain[:1] in RESERVED or pattern in ("", "*"):
            return
        if has_wildcards(pattern):
            selection = Selection([pattern], [], self.context)
            found = any(selection[name] for name in source.by_name)
            what = f"a property that matches {preview(pattern)}"
        else:
            found = bool(self.read(pattern, [source]))
            what = f"the property {preview(pattern)}"
        if not found:
            self.warn(at, _none_has(source.seen, what), self.near(pattern, [source]))

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, node: Node, reading: Reading, target: Target) -> None:
        if isinstance(node, Path):
            self.path(node, reading, target)
        if not isinstance(node, Call):
            return
        found = function_of(node)
        if found is None:
            return
        for argument, slot in zip(node.arguments, found[1], strict=True):
            if not slot.is_constant:
                self.expression(argument, reading, target)
        if node.name in HOPPING:
            self.hops(node, reading, target)
        if node.name == "path":
            self.computed(node, reading)

    def hops(self, node: Call, reading: Reading, target: Target) -> None:
        within = reading
        for reader in hop_specs(node, 0 if node.name == "hops" else 1):
            spec = reader.spec
            if spec is None:
                return
            if spec.recurse:
                within = replace(within, source=None)
            inner = replace(within, aliases=within.aliases | frozenset(spec.aliases))
            for expression in spec.where:
                self.expression(expression, inner, target)
            if not isinstance(spec.returned, tuple):
                self.expression(spec.returned, inner, target)
            within = replace(within, source=None)  # `_S` is now what this one has found

    def computed(self, node: Call, reading: Reading) -> None:
        """`path` with constant names, from `_S`."""
        names = [text_of(n) for n in as_list(self.constant(node.arguments[0])) if is_text(n)]
        start = node.arguments[1]
        if isinstance(start, Path) and start.variable == "_S" and reading.source is not None:
            self.walk((*start.names, *names), node.arguments[0].at, reading.source)

    def constant(self, node: Node) -> object:
        value = constant_of(node, VARIABLES)
        return None if value is VARIES else value

    def path(self, node: Path, reading: Reading, target: Target) -> None:
        if node.problem or "" in node.names:
            return
        if node.variable == "_T" and node.names:
            self.written(node.names[0], node.at, reading, target)
        elif node.variable == "_S" and reading.source is not None:
            self.walk(node.names, node.at, reading.source)
        elif node.variable == "_R" and node.names[:1] == ("_S",) and reading.root is not None:
            self.walk(node.names[1:], node.at, reading.root)

    def written(self, name: str, at: At, reading: Reading, target: Target) -> None:
        if target.open or name[:1] in RESERVED:
            return
        if target.may_have(read_name(name, self.context), name):
            return
        hint = self.suggestions.near(name, set[str]().union(*(t.names for t in target.chain())))
        source = reading.source
        if source is not None and self.read(name, [source]):
            hint = f'the source has one: "_S.{name}"'
        message = f"nothing before this gives the target a property {preview(name)}"
        self.warn(at, message, hint)

    def walk(self, names: Sequence[str], at: At, root: Shape) -> None:
        """Warn where a path leaves what the schema knows."""
        shapes = [root]
        for depth, name in enumerate(names):
            reserved = name == "$ids" or (depth == 0 and name[:1] in RESERVED)
            if reserved or any(shape.open for shape in shapes):
                return
            found = self.read(name, shapes)
            if not found:
                seen = sum(shape.seen for shape in shapes)
                place = "" if depth == 0 else f" under {preview('.'.join(names[:depth]))}"
                what = f"the property {preview(name)}{place}"
                told = _none_has(root.seen, what) if depth == 0 else _no_dict_has(seen, what)
                self.warn(at, told, self.near(name, shapes))
                return
            shapes = [property_.shape for property_ in found if property_.shape is not None]
            if not shapes:
                self.leaf(names, depth, found, at)
                return

    def leaf(self, names: Sequence[str], depth: int, found: list[Property], at: At) -> None:
        if depth + 1 == len(names) or not all(one.holds_values_only for one in found):
            return
        types = {name for one in found for name, _ in (*one.types, *one.items)}
        held = " or ".join(sorted(types - {"null", "list"}))
        place = preview(".".join(names[: depth + 1]))
        message = f"{place} has no properties: in the entities seen it holds {held}"
        self.warn(at, message, "")

    def read(self, name: str, shapes: Iterable[Shape]) -> list[Property]:
        """The properties that a name reads from these dicts."""
        exact = read_name(name, self.context)
        found: list[Property] = []
        for shape in shapes:
            names = Everywhere(name).names(dict(shape.by_name)) if exact is None else [exact]
            found.extend(shape.by_name[one] for one in names if one in shape.by_name)
        return found

    def near(self, name: str, shapes: list[Shape]) -> str:
        known = names_in(shapes)
        if self.context.namespaced and ":" not in name:
            known = list(dict.fromkeys(split_name(one)[1] for one in known))
        folded = {one.casefold(): one for one in known}
        if name.casefold() in folded:
            return f'did you mean "{folded[name.casefold()]}"?'
        return self.suggestions.near(name, known)


def placed_patterns(node: Call, position: int) -> Iterator[tuple[str, At]]:
    """The patterns of an argument of `copy`, each with its place; what is no text is left out."""
    raw, argument = node.constant(position), node.arguments[position]
    patterns = patterns_of(raw)
    if type(raw) is not list or (len(patterns) == 1 and patterns[0] is raw):
        yield from ((pattern, argument.at) for pattern in patterns if type(pattern) is str)
        return
    first = len(raw) - len(patterns)
    for number, pattern in enumerate(patterns, start=first):
        if type(pattern) is str:
            yield pattern, (*argument.at, number)


def _none_has(seen: int, what: str) -> str:
    entities = (
        "the one entity seen does not have"
        if seen == 1
        else f"none of the {seen} entities seen has"
    )
    return f"{entities} {what}"


def _no_dict_has(seen: int, what: str) -> str:
    dicts = "the one dict seen does not have" if seen == 1 else f"none of the {seen} dicts seen has"
    return f"{dicts} {what}"


def unknown_properties(rules: Rules, context: RuleContext) -> list[Problem]:
    """A warning for each property that is read but that the source or the target cannot have."""
    walker = Properties(context)
    walker.rules(rules)
    return walker.problems
