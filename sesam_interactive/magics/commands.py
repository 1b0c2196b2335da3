"""`%dtl COMMAND`: help, functions, named rules, the node, check, format, accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import current_hub
from sesam_interactive.magics import nodes
from sesam_interactive.magics.cell import Cell, CellError, read_cell
from sesam_interactive.magics.expecting import expectation
from sesam_interactive.magics.reference import function_help, search
from sesam_interactive.magics.rule_book import rule_book
from sesam_interactive.magics.saving import project_folder
from sesam_node.dtl.format import format_text
from sesam_node.errors import Problem

if TYPE_CHECKING:
    from argparse import Namespace

    from sesam_interactive.magics.cell_run import CellRun
    from sesam_interactive.magics.dtl import DtlMagics

HELP = """%dtl help concat            what a function does (also: %dtl? concat)
%dtl functions text         functions that have to do with a word
%dtl rules [NAME]           rules that cells have named; --forget NAME
%dtl check [PIPE | FILE]    problems of a pipe, a file, or the last cell
%dtl format [FILE]          lay out the last cell as the next one, or a file (--write)
%dtl accept [FILE]          keep the last cell's output as what is expected
%dtl node [local | URL | PROFILE]    which node, or connect to another one
%dtl status                 the node at a glance
%%dtl?                      the options of a cell"""


class Shown:
    """Text for people."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Commands:
    """The commands of `%dtl`, each with the words behind it."""

    def __init__(self, magics: DtlMagics, options: Namespace) -> None:
        self.magics = magics
        self.options = options
        self.words: list[str] = options.words

    def carry_out(self) -> Any:
        """What the command shows. Raises CellError, ClientError."""
        return COMMANDS[self.options.command or "help"](self)

    def _one(self, usage: str) -> str:
        if len(self.words) != 1:
            raise CellError(f"expected %dtl {usage}")
        return self.words[0]

    @property
    def _last(self) -> CellRun:
        if self.magics.last is None:
            raise CellError("no %%dtl cell has run yet")
        return self.magics.last

    # -- the language ------------------------------------------------------------------------------

    def help(self) -> Any:
        return function_help(self._one("help FUNCTION")) if self.words else Shown(HELP)

    def functions(self) -> Any:
        return search(" ".join(self.words))

    def rules(self) -> Any:
        book = rule_book(current_hub())
        if self.options.forget:
            book.forget(self.options.forget)
            return Shown(f'the rule "{self.options.forget}" is forgotten')
        return book.get_rule(self._one("rules NAME")) if self.words else book

    # -- texts -------------------------------------------------------------------------------------

    def check(self) -> Any:
        """Problems of a deployed pipe, of a file, or of the last cell, each with its place."""
        hub = current_hub()
        if not self.words:
            return Shown(_verdict(self._last.warnings()))
        name = self._one("check PIPE or FILE")
        if _is_file(name):
            cell, feed = _read(Path(name)), {}
        else:
            config = hub.pipes[name].config
            cell, feed = read_cell(json.dumps(config, indent=2), _no_kernel), {"pipe": name}
        body = {**feed, "text": cell.source.text}
        found = hub.connection.json("POST", "/dtl/check", json=body)["problems"]
        problems = [
            Problem(p["path"], p["code"], p["message"], p.get("hint", ""), p["level"])
            for p in found
        ]
        whole = Cell(cell.source, {"source": None})
        shown = [whole.shown(problem) for problem in problems]
        if any(problem.level == "error" for problem in problems):
            raise CellError("problems", problems, _verdict(shown))
        return Shown(_verdict(shown))

    def format(self) -> Any:
        """The last cell in its one layout, as the next input; or a file."""
        if not self.words:
            cell = self._last.cell
            text = f"%%dtl {cell.line.strip()}\n{format_text(cell.source.text)}".rstrip()
            self.magics.shell.set_next_input(text)  # type: ignore[union-attr]
            return Shown(text)
        file = Path(self._one("format FILE"))
        text = _read(file).source.text
        laid_out = format_text(text)
        if not self.options.write:
            return Shown(laid_out.rstrip())
        if laid_out == text:
            return Shown(f"{file} is laid out already")
        partial = file.with_suffix(".part")
        partial.write_text(laid_out, "utf-8")
        partial.replace(file)
        return Shown(f"{file} is laid out")

    def accept(self) -> Any:
        """Keep the output of the last cell as what is expected of it."""
        run = self._last
        if run.result is None:
            raise CellError("the last cell gave no result to accept")
        if run.result.errors:
            raise CellError(
                f"not accepted: {len(run.result.errors)} entities of the last cell failed"
            )
        options = run.options
        pipe = options.save or options.pipe or run.draft.id
        project = project_folder(run.hub, self.options.project or options.project)
        name = self._one("accept FILE") if self.words else options.expect or f"{pipe}.json"
        if not self.words and not options.expect and project is None:
            raise CellError("say which file: %dtl accept FILE, or name a --project")
        return Shown(expectation(name, project).write(run.hub, run.result, pipe))

    # -- the node ----------------------------------------------------------------------------------

    def node(self) -> Any:
        hub = nodes.use(self._one("node local, URL or PROFILE")) if self.words else current_hub()
        others = [name for name in nodes.profile_names() if self.words == []]
        more = f"\nprofiles: {', '.join(others)}" if others else ""
        return Shown(f"connected to {hub.url}{more}")

    def status(self) -> Any:
        return nodes.Status(current_hub())


COMMANDS = {
    "help": Commands.help,
    "functions": Commands.functions,
    "rules": Commands.rules,
    "check": Commands.check,
    "format": Commands.format,
    "accept": Commands.accept,
    "node": Commands.node,
    "status": Commands.status,
}


def _verdict(shown: list[str]) -> str:
    if not shown:
        return "no problems"
    return "\n".join([f"{len(shown)} problem{'' if len(shown) == 1 else 's'}", *shown])


def _is_file(name: str) -> bool:
    return name.endswith((".json", ".dtl", ".jsonc")) or Path(name).is_file()


def _read(file: Path) -> Cell:
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise CellError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CellError(f"{file} is no UTF-8 text") from None
    return read_cell(text, _no_kernel)


def _no_kernel(_expression: str) -> Any:
    raise ValueError("a file has no values of the kernel")
