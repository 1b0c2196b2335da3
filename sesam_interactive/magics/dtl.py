"""`%%dtl`: run a cell's transforms on real entities, look at the result, save it as a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments
from IPython.display import display

from sesam_interactive.client import current_hub
from sesam_interactive.magics.arguments import bound, parse
from sesam_interactive.magics.cell import read_cell
from sesam_interactive.magics.cell_run import CellRun
from sesam_interactive.magics.commands import COMMANDS, Commands

if TYPE_CHECKING:
    from argparse import Namespace


@magics_class
class DtlMagics(Magics):
    """`%%dtl` and `%dtl`."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.last: CellRun | None = None

    @magic_arguments("%dtl")
    @argument("pipe", nargs="?", help="a pipe, to run other rules on its source; or a dataset")
    @argument("--dataset", "-d", help="a dataset whose entities the rules run on")
    @argument("--limit", "-n", type=int, help="how many source entities (20)")
    @argument("--entity", "-e", action="append", help="run on the entity with this _id, or $ids")
    @argument("--where", "-w", help="run on entities that fulfil this: 'age > 30', or DTL as JSON")
    @argument("--from", dest="given", help="$variable: an entity, a list of them, or a frame")
    @argument("--transform", type=int, help="which transform of a pipe with several, from 0")
    @argument("-o", "--out", help="bind the result to this variable and show nothing")
    @argument("--name", help="keep the rules under this name, for apply in other cells")
    @argument("--trace", action="store_true", help="show each step and every value")
    @argument("--explain", action="store_true", help="what is written, looked up, run again")
    @argument("--diff", metavar="PIPE[@PROFILE]", help="what would change in this pipe's output")
    @argument("--save", metavar="PIPE", help="save as this pipe, on the node and in the project")
    @argument("--yes", "-y", action="store_true", help="save over an existing pipe")
    @argument("--project", help="the project folder to save to (default: the workbench's)")
    @argument("--expect", metavar="FILE", help="compare with the entities in this file")
    @argument("--check", action="store_true", help="fail when an entity fails (for CI)")
    @argument("--side-effects", action="store_true", help="run transforms that call services too")
    @no_var_expand
    @cell_magic
    def dtl(self, line: str, cell: str) -> Any:
        """Run the DTL in this cell on real entities; nothing is written without --save.

        `%%dtl PIPE` runs it in place of that pipe's transforms, on the pipe's source; `%%dtl
        --dataset NAME` runs it on the entities of a dataset.
        The cell holds a list of transforms, a dict of rules or a whole pipe, with comments if you
        like. "{{expression}}" puts a value of the kernel in. `out << NAME` binds like -o.
        """
        name, rest = bound(line)
        options: Namespace = parse(self.dtl, rest, "%%dtl")
        out = name or options.out
        run = CellRun(current_hub(), read_cell(cell, self._evaluate, line), options, self._evaluate)
        self.last = run
        shown = run.carry_out()
        failure = run.verdict()
        if out:
            self.shell.user_ns[out] = shown  # type: ignore[union-attr]
        elif failure is not None or options.save:
            display(shown)
        else:
            return shown
        if failure is not None:
            raise failure
        if options.save:
            display(run.save())
        return None

    def _evaluate(self, expression: str) -> Any:
        return eval(expression, self.shell.user_ns)  # type: ignore[union-attr]  # noqa: S307 - the user's own kernel

    @magic_arguments()
    @argument("command", nargs="?", choices=COMMANDS, help="what to do")
    @argument("words", nargs="*", help="what with: see %%dtl help")
    @argument("--forget", metavar="RULE", help="of rules: forget this named rule")
    @argument("--write", action="store_true", help="of format: write the file")
    @argument("--project", help="of accept: the project folder (default: the workbench's)")
    @no_var_expand
    @line_magic("dtl")  # type: ignore[arg-type]
    def dtl_line(self, line: str) -> Any:
        """Work with DTL in one line: help, functions, rules, node, check, format, accept."""
        options = parse(self.dtl_line, line, "%dtl")
        return Commands(self, options).carry_out()

    @line_magic("dtl?")  # type: ignore[arg-type]
    def dtl_help(self, line: str) -> Any:
        """`%dtl? concat`: what a function does."""
        words = ["help", *line.split()]
        return Commands(self, parse(self.dtl_line, " ".join(words), "%dtl")).carry_out()
