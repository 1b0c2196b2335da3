"""Rule sets carried out node by node: the oracle of the compiled rules, and what records traces.

walked = walk_rules({"default": [["copy", "*"]]})
run = walked.bind(Runtime(lookup))
run({"_id": "x"}, out)

Plain functions are those of the registry; every other form has an implementation of its own here,
so that what is compiled can be compared with something that was not made from it. It is slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sesam_node.dtl.functions  # noqa: F401 - fills the registry
from sesam_node.dtl.failures import failure
from sesam_node.dtl.limits import begin
from sesam_node.dtl.plan import Plan, plan_rules
from sesam_node.dtl.runtime import Runtime
from sesam_node.dtl.syntax import RuleContext
from sesam_node.dtl.walk import encryption, expressions, hops, transforms
from sesam_node.dtl.walk.machine import Walk
from sesam_node.dtl.walk.recorder import SILENT, Recorder
from sesam_node.dtl.walk.stack import room
from sesam_node.errors import PipeError, StoreError, json_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.errors import Problem
    from sesam_node.model.values import Entity

__all__ = ["FORMS", "Recorder", "WalkedRules", "walk_rules"]

FORMS = (encryption, expressions, hops, transforms)
"""The modules that hold the walk of each form."""

INFRASTRUCTURE = (StoreError, PipeError)
"""What a look-up may raise that is no fault of the entity: it ends the run as it is."""


@dataclass(frozen=True)
class WalkedRules:
    """A checked and planned rule set; see `bind`."""

    plan: Plan
    warnings: tuple[Problem, ...]

    def bind(
        self,
        runtime: Runtime | None = None,
        recorder: Recorder | None = None,
        *,
        planned: bool = False,
    ) -> Callable[[Entity, list[Entity]], None]:
        """The function `run(source, out)`, which does what that of the compiled rules does.

        Appends each emitted entity to `out`, or raises DtlError with the JSON path of the rule that
        fails and leaves `out` as it was. Hops try every combination of entities, unless `planned`
        or a recorder asks for the look-ups of the plan: the same rows, maybe in another order.
        """
        made = runtime or Runtime()
        planned = planned or recorder is not None
        if recorder is not None:
            recorder.attach(self.plan, made.lookup)

        def run(source: Entity, out: list[Entity]) -> None:
            size = len(out)
            begin()
            recording = SILENT if recorder is None else recorder.begin_entity(source)
            walk = Walk(self.plan, made, out, recording, planned=planned)
            try:
                with room():
                    walk.run(source)
            except Exception as error:
                del out[size:]
                failed = failure(error, json_path(walk.at), source)
                recording.close([], failed)
                if isinstance(error, INFRASTRUCTURE):
                    raise
                raise failed from error
            recording.close(out[size:])

        return run


def walk_rules(
    rules: Any,
    context: RuleContext = RuleContext(),  # noqa: B008 - immutable
    *,
    path: tuple[str | int, ...] = ("rules",),
) -> WalkedRules:
    """Check and plan a rule set. Raises DtlError with every Problem, their paths below `path`."""
    planned, warnings = plan_rules(rules, context, path)
    return WalkedRules(planned, tuple(warnings))
