"""One `%%dtl` cell carried out: what its options ask for, in their order."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.comparing import compare
from sesam_interactive.magics.draft import known, make_draft, own_rules
from sesam_interactive.magics.expecting import expectation
from sesam_interactive.magics.explaining import explain
from sesam_interactive.magics.result import outcome
from sesam_interactive.magics.rule_book import rule_book
from sesam_interactive.magics.running import check, run
from sesam_interactive.magics.sample import choose
from sesam_interactive.magics.saving import Saved, project_folder, save
from sesam_interactive.magics.tracing import TraceResult
from sesam_node.errors import Problem, preview

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.cell import Cell
    from sesam_interactive.magics.draft import Draft
    from sesam_interactive.magics.result import DtlResult
    from sesam_interactive.magics.sample import Sample

FAILED = 10


class CellRun:
    """A cell with its options; `result` is what came out, once it has run."""

    def __init__(
        self, hub: Hub, cell: Cell, options: Namespace, evaluate: Callable[[str], Any]
    ) -> None:
        self.hub = hub
        self.cell = cell
        self.options = options
        self.evaluate = evaluate
        self.result: DtlResult | None = None
        if options.pipe is None and not options.dataset and not cell.is_pipe:
            # What is compared or saved says itself what to run on, where it is there.
            self._borrow_pipe()

    def _borrow_pipe(self) -> None:
        options = self.options
        name = (options.diff or "").partition("@")[0] or options.save
        if name and name in self.there.pipes:
            options.pipe = name

    @cached_property
    def there(self) -> Any:
        return known(self.hub)

    @cached_property
    def draft(self) -> Draft:
        book = rule_book(self.hub)
        found = make_draft(self.cell, self.options, self.hub, book, self.there)
        if found is None:
            text = "name a pipe or dataset to run on: %%dtl NAME, or %%dtl --dataset NAME"
            raise CellError(text)
        return found

    @cached_property
    def sample(self) -> Sample:
        return choose(self.hub, self.draft, self.options, self.evaluate)

    def carry_out(self) -> Any:
        """What the cell shows: its result, trace, explanation, comparison, or named rule.

        Raises CellError.
        """
        options = self.options
        self._check_options()
        if options.name and not self._is_fed():
            return self._named()
        draft = self.draft
        warnings = self.warnings()
        if options.name:
            rule_book(self.hub).keep(options.name, self.cell)
        if options.explain:
            return explain(self.hub, draft)
        if options.diff:
            return self._compare(warnings)
        self.result = run(self.hub, draft, self.sample, options)
        self.result.warnings = warnings
        if not options.trace:
            return self.result
        self.result = TraceResult.of(self.result)
        return self.result

    def warnings(self) -> list[str]:
        """What the node finds questionable in the rules. Raises CellError for what is wrong."""
        draft = self.draft
        problems = check(self.hub, draft, self.there)
        return [draft.cell.shown(problem, draft.rules_at) for problem in problems]

    def _check_options(self) -> None:
        options = self.options
        exclusive = [name for name in ("trace", "explain", "diff") if getattr(options, name)]
        if len(exclusive) > 1:
            names = " and ".join(f"--{name}" for name in exclusive)
            raise CellError(f"{names} do not go together: each shows something else")
        if options.expect and exclusive and exclusive != ["trace"]:
            raise CellError(f"--expect needs a result, and --{exclusive[0]} gives none")
        if options.yes and not options.save:
            raise CellError("--yes is about --save PIPE")
        if options.name and self.cell.is_pipe:
            raise CellError("--name keeps rules, and the cell holds a whole pipe")

    def _is_fed(self) -> bool:
        return bool(self.options.pipe or self.options.dataset or self.cell.is_pipe)

    def _named(self) -> Any:
        """Rules that nothing feeds: checked, and kept under their name."""
        book = rule_book(self.hub)
        rules = book.complete(own_rules(self.cell, self.options.name))
        names = sorted(self.there.datasets | self.there.pipes)
        body = {"rules": rules, "datasets": names}
        found = self.hub.connection.json("POST", "/dtl/check", json=body)
        if not found["valid"]:
            problems = [
                Problem(p["path"], p["code"], p["message"], p.get("hint", ""))
                for p in found["problems"]
                if p["level"] == "error"
            ]
            raise self.cell.error(problems, "$.rules")
        return book.keep(self.options.name, self.cell)

    def _compare(self, warnings: list[str]) -> Any:
        name, _, profile = self.options.diff.partition("@")
        if not profile:
            found = compare(self.hub, self.draft, name, self.sample, self.options)
        else:
            from sesam_interactive.magics.nodes import other_hub

            with other_hub(profile) as hub:
                where = f"{profile} ({hub.url})"
                found = compare(hub, self.draft, name, self.sample, self.options, where=where)
        found.notes.extend(warnings)
        return found

    def verdict(self) -> CellError | None:
        """Why the cell fails though it ran: another output than expected, entities that fail."""
        options, result = self.options, self.result
        if result is None:
            return None
        if options.expect:
            expected = expectation(options.expect, self.project)
            if not expected.exists():
                text = f"{expected.file} is not there yet: %dtl accept keeps this output in it"
                if options.check or options.save:
                    return CellError(text)
                result.notes.append(text)
                return None
            difference = expected.difference(result)
            if difference:
                saved = "; not saved" if options.save else ""
                more = f"\n%dtl accept takes it as it is now{saved}"
                return CellError("not as expected", text=f"{difference}{more}")
        if options.check and result.errors:
            failed = [f"{preview(one['source']['_id'])} {outcome(one)}" for one in result.errors]
            text = "\n".join([result.summary(), *failed[:FAILED]])
            return CellError(f"{len(result.errors)} entities failed", text=text)
        return None

    @property
    def project(self) -> Path | None:
        return project_folder(self.hub, self.options.project)

    def save(self) -> Saved:
        """Save the cell as its options say. Raises CellError where it is not saved."""
        return save(self.hub, self.draft, self.sample, self.options)
