"""`%sesam`: connect, look at the node, run pipes, upload and compare a project, in one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from sesam_interactive.client import connect, current_hub
from sesam_interactive.display.html import table
from sesam_interactive.display.progress import in_notebook
from sesam_interactive.magics import nodes
from sesam_interactive.magics.arguments import parse
from sesam_interactive.magics.cell import CellError
from sesam_node.errors import preview

if TYPE_CHECKING:
    from argparse import Namespace

HELP = """%sesam connect [URL] [--profile NAME]   use this node
%sesam status                           the node at a glance
%sesam pipes | datasets | systems       what is there; with a name, that one
%sesam run PIPE ... [--all] [--full]    run and wait
%sesam log PIPE [-n 20]                 the last runs
%sesam upload [FOLDER]                  put a project folder on the node
%sesam diff [FOLDER]                    what an upload would change
%sesam node start | stop                the node of this kernel"""
SHOWN = 40


@magics_class
class SesamMagics(Magics):
    """The `%sesam` line magic."""

    @magic_arguments()
    @argument("command", nargs="?", help="connect, status, pipes, datasets, systems, run, log, ...")
    @argument("words", nargs="*", help="what with: see %%sesam help")
    @argument("--profile", help="of connect: a node of the file of profiles; of upload: variables")
    @argument("--all", action="store_true", help="of run: every pipe, in the order of their graph")
    @argument("--full", action="store_true", help="of run: from the beginning")
    @argument("--limit", "-n", type=int, default=10, help="of log: how many runs (10)")
    @argument("--force", action="store_true", help="of upload: load what is valid, mark the rest")
    @no_var_expand
    @line_magic
    def sesam(self, line: str) -> Any:
        """Work with the node in one line; `%sesam` alone lists the commands."""
        options = parse(self.sesam, line, "%sesam")
        command = COMMANDS.get(options.command or "help")
        if command is None:
            from sesam_node.errors import suggestion

            hint = suggestion(options.command, COMMANDS)
            told = f"there is no %sesam {options.command}{f'; {hint}' if hint else ''}"
            raise CellError(f"{told}; it takes one of these:\n{HELP}")
        return command(options)


class Listed(list[Any]):
    """Rows of one kind, shown as a table; a list for who goes on with it."""

    def __init__(self, rows: list[dict[str, Any]], title: str) -> None:
        super().__init__(rows)
        self.title = title

    def __repr__(self) -> str:
        if not self:
            return f"{self.title}: none"
        names = list(self[0])
        texts = [{name: _text(row.get(name)) for name in names} for row in self[:SHOWN]]
        widths = {name: max(len(name), *(len(row[name]) for row in texts)) for name in names}
        lines = ["  ".join(f"{name:<{widths[name]}}" for name in names)]
        lines += ["  ".join(f"{row[name]:<{widths[name]}}" for name in names) for row in texts]
        more = len(self) - SHOWN
        return "\n".join(line.rstrip() for line in [*lines, *_more(more)])

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's call
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return table(self[:SHOWN]) + "".join(_more(len(self) - SHOWN))


def _more(count: int) -> list[str]:
    return [f"... and {count} more"] if count > 0 else []


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else preview(value, 60)


class Shown:
    """Text for people."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _connect(options: Namespace) -> Any:
    if options.profile:
        return connect(profile=options.profile)
    return nodes.use(options.words[0]) if options.words else connect()


def _collection(noun: str) -> Any:
    def show(options: Namespace) -> Any:
        found = getattr(current_hub(), noun)
        if options.words:
            return found[_one(options, f"{noun} [NAME]")]
        return Listed(found._rows(), noun)  # noqa: SLF001 - what its own table shows

    return show


def _run(options: Namespace) -> Any:
    hub = current_hub()
    if options.all:
        if options.words:
            raise CellError("expected %sesam run PIPE ..., or run --all")
        hub.pipes.run_all()
        return nodes.Status(hub)
    if not options.words:
        raise CellError("expected %sesam run PIPE ..., or run --all")
    # All names are looked at before the first one runs.
    pipes = [hub.pipes[name] for name in options.words]
    # Elsewhere the last line of the progress would say what the result says.
    watched = in_notebook() or sys.stdout.isatty()
    runs = [pipe.run(full=options.full, progress=watched) for pipe in pipes]
    return runs[0] if len(runs) == 1 else runs


def _log(options: Namespace) -> Any:
    name = _one(options, "log PIPE")
    events = current_hub().pipes[name].log(options.limit)
    return Listed([_event(event) for event in events], f"runs of {name}")


def _event(event: dict[str, Any]) -> dict[str, Any]:
    counts = (event.get("metrics") or {}).get("entities") or {}
    message = event.get("original_error_message") or event.get("message") or ""
    seconds = event.get("total_time")
    return {
        "when": str(event.get("start_time") or event.get("_ts") or ""),
        "what": str(event.get("event_type") or "").removeprefix("pump-"),
        "read": counts.get("entities_last_run"),
        "changed": counts.get("changes_last_run"),
        "seconds": None if seconds is None else round(float(seconds), 3),
        "message": str(message)[:120],
    }


def _upload(options: Namespace) -> Any:
    project = current_hub().project(_folder(options), options.profile or "test")
    return project.upload(force=options.force)


def _diff(options: Namespace) -> Any:
    return current_hub().project(_folder(options), options.profile or "test").diff()


def _folder(options: Namespace) -> str:
    folder = options.words[0] if options.words else current_hub().folder
    if not folder:
        raise CellError("which folder? %sesam upload FOLDER, or diff FOLDER")
    return str(Path(folder).expanduser())


def _node(options: Namespace) -> Any:
    word = _one(options, "node start, or node stop")
    if word == "start":
        return nodes.Status(nodes.start())
    if word == "stop":
        return Shown(nodes.stop())
    raise CellError("expected %sesam node start, or node stop")


def _one(options: Namespace, usage: str) -> str:
    if len(options.words) != 1:
        raise CellError(f"expected %sesam {usage}")
    return str(options.words[0])


COMMANDS: dict[str, Any] = {
    "help": lambda _options: Shown(HELP),
    "connect": _connect,
    "status": lambda _options: nodes.Status(current_hub()),
    "pipes": _collection("pipes"),
    "datasets": _collection("datasets"),
    "systems": _collection("systems"),
    "run": _run,
    "log": _log,
    "upload": _upload,
    "diff": _diff,
    "node": _node,
}
