"""`%sesam`: connect, look at the hub, run a pipe, in one line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class

from sesam_interactive.client import ClientError, connect, current_hub

if TYPE_CHECKING:
    from collections.abc import Callable

HELP = """%sesam connect [URL | --profile NAME]   use this node
%sesam status                           the hub at a glance
%sesam pipes | datasets | systems       what is there
%sesam run PIPE | run --all             run and wait
%sesam log PIPE                         the last runs"""


@magics_class
class SesamMagics(Magics):
    """The `%sesam` line magic."""

    @line_magic
    def sesam(self, line: str) -> Any:
        """Work with the node in one line; `%sesam` alone lists the commands."""
        words = shlex.split(line)
        command = COMMANDS.get(words[0]) if words else None
        if command is None:
            raise ClientError(f"%sesam takes one of these:\n{HELP}")
        return command(words[1:])


def _connect(words: list[str]) -> Any:
    if words[:1] == ["--profile"]:
        return connect(profile=words[1])
    return connect(*words[:2])


def _run(words: list[str]) -> Any:
    if words == ["--all"]:
        return current_hub().pipes.run_all()
    return current_hub().pipes[_one(words, "run PIPE")].run()


def _log(words: list[str]) -> Any:
    return current_hub().pipes[_one(words, "log PIPE")].log()


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise ClientError(f"expected %sesam {usage}")
    return words[0]


COMMANDS: dict[str, Callable[[list[str]], Any]] = {
    "connect": _connect,
    "status": lambda _words: current_hub(),
    "pipes": lambda _words: current_hub().pipes,
    "datasets": lambda _words: current_hub().datasets,
    "systems": lambda _words: current_hub().systems,
    "run": _run,
    "log": _log,
}
