"""Which entities are worth recording for a condition: told by counters, and by rules cut short.

What is let pass is recorded and decided upon; what is not cannot fulfil any condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_rules
from sesam_node.dtl.watch import holds_of_results, outcome_of
from sesam_node.errors import DtlError, json_path
from sesam_node.model import Entity, encode

if TYPE_CHECKING:
    from sesam_node.dtl import RuleContext, Runtime
    from sesam_node.dtl.counting import CountedRules
    from sesam_node.dtl.watch import Watch

Gate = Callable[[Entity], bool]
"""May the condition hold of this source entity?"""

BLOCKS = ("if", "case", "case-eq")


class Early:
    """Tells what holds at a place of the default rule without a record of all that led there.

    What `_T` is at a transform of the default rule is what the transforms before it make of the
    source: they are compiled as a rule set of their own.
    """

    def __init__(
        self,
        rules: dict[str, Any],
        context: RuleContext,
        runtime: Runtime,
        path: tuple[str | int, ...],
    ) -> None:
        self.rules = rules
        self.context = replace(context, id_required=False)
        self.runtime = runtime
        self.default = json_path((*path, "default"))
        # A default rule that is applied has another source then.
        self.once = encode(rules).count(b'"default"') == 1

    def gate(self, watch: Watch, path: str) -> Gate | None:
        """The gate of a condition at a place; null where only a record can tell."""
        test = watch.test
        inside = path == self.default or path.startswith(f"{self.default}[")
        if test is None or not self.once or not inside or "_P" in watch.reads:
            return None
        if "_T" not in watch.reads:
            return lambda entity: test(entity, None, None)
        count = self._transforms_before(watch, path)
        return None if count is None else self._cut(count, watch)

    def _transforms_before(self, watch: Watch, path: str) -> int | None:
        """How many transforms have made the `_T` that is asked about."""
        match = re.match(r"\[(\d+)\]", path[len(self.default) :])
        if match is None:
            return None
        position = int(match[1])
        transform = self.rules["default"][position]
        inner = path[len(self.default) + len(match[0]) :]
        if not inner:
            return position if watch.before else position + 1
        # Within a transform nothing has been written since it began, but in branches of a block.
        is_branch = transform[0] in BLOCKS and not inner.startswith("[1]")
        return None if is_branch else position

    def _cut(self, count: int, watch: Watch) -> Gate | None:
        rules = {**self.rules, "default": self.rules["default"][:count]}
        try:
            run = compile_rules(rules, self.context).bind(self.runtime)
        except DtlError:
            return None
        test: Any = watch.test

        def gate(entity: Entity) -> bool:
            out: list[Entity] = []
            try:
                run(entity, out)
            except DtlError:
                return True
            # Nothing may have come out for want of an `_id`, too.
            return not out or "_filtered" in out[-1] or test(entity, out[-1], None)

        return gate


class Guess:
    """Tells which entities may fulfil a condition, by counters and by what came out.

    What it lets pass is recorded and decided upon; what it does not cannot fulfil any.
    """

    def __init__(self, counted: CountedRules, watches: list[Watch], early: Early) -> None:
        counters = counted.counters
        self.counted = counted
        self.ends = [w for w in watches if not w.paths and w.kind in ("if", "outcome")]
        self.raises = any(w.kind == "gives" and w.value == "error" for w in watches)
        self.gates: list[tuple[Callable[[], int], Gate | None]] = []
        for watch in watches:
            for path in watch.paths:
                gate = early.gate(watch, path)
                self.gates += [(count, gate) for count in self._counts(counters, watch, path)]
        self.seen = [count() for count, _ in self.gates]

    @staticmethod
    def _counts(counters: Any, watch: Watch, path: str) -> list[Callable[[], int]]:
        if watch.kind == "gives" and watch.value == "error":
            return []
        if watch.kind == "gives":
            return [counters.null_results(path)]
        if watch.kind != "gets":
            return [counters.evaluations(path)]
        nodes = [node["path"] for node in counters.nodes]
        position = counters.index[path]
        inner = [at for at in nodes if counters.parent(counters.index[at]) == position]
        # Arguments that are written out have no node: they are null each time.
        return [counters.null_results(at) for at in inner] or [counters.evaluations(path)]

    def may_hit(self, entity: Entity, out: list[Entity], *, failed: bool) -> bool:
        """Is the entity that was just run worth recording? To be asked after each."""
        found = failed and self.raises
        for position, (count, gate) in enumerate(self.gates):
            now = count()
            if now != self.seen[position]:
                self.seen[position] = now
                found = found or gate is None or gate(entity)
        if found:
            return True
        for watch in self.ends:
            if watch.kind == "outcome":
                became = "failed" if failed else outcome_of(out)
                if became == watch.value:
                    return True
            elif holds_of_results(watch, entity, out):
                return True
        return False
