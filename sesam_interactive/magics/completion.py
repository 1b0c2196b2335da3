"""Completion in the kernel: options and names in the lines of the magics, DTL in `%%dtl` cells.

A matcher of IPython's completer, so it works in JupyterLab, Notebook 7 and terminals. In a `%%dtl`
cell it is the only one: names of Python and of files mean nothing there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, completion_matcher

from sesam_interactive.magics.commands import COMMANDS as DTL_COMMANDS
from sesam_interactive.magics.dtl import DtlMagics
from sesam_interactive.magics.dtl_cell import DtlCell, dtl_cell
from sesam_interactive.magics.nodes import profile_names
from sesam_interactive.magics.reference import catalogue
from sesam_interactive.magics.sesam import COMMANDS as SESAM_COMMANDS
from sesam_interactive.magics.sesam import SesamMagics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.completer import CompletionContext

    from sesam_interactive.magics.knowledge import Knowledge

IDENTIFIER = "sesam_interactive"
PRIORITY = 1_000
LINE = re.compile(r"^\s*%(?P<magic>dtl|sesam)(?P<help>\?)?(?:\s+(?P<rest>.*))?$")
PARAMETER = re.compile(r"\{\{\s*(?:[^}\"]*[^\w}\"])?(\w*)$")
OF_NODE = ("run", "log", "pipes")
Found = dict[str, Any]


class Nothing(list[SimpleCompletion]):
    """No completions, which yet keep the other matchers away: IPython asks for the length."""

    def __len__(self) -> int:
        return 1


class Completer:
    """The matcher of one shell."""

    def __init__(self, shell: Any, knowledge: Knowledge) -> None:
        self.shell = shell
        self.knowledge = knowledge

    @property
    def variables(self) -> list[str]:
        """The names that the user has given to something."""
        hidden = self.shell.user_ns_hidden
        return [
            name for name in self.shell.user_ns if not name.startswith("_") and name not in hidden
        ]

    def match(self, context: CompletionContext) -> Found:
        """What can stand at the cursor; nothing, and no claim, outside of the magics."""
        lines = context.full_text.split("\n")[: context.cursor_line]
        offset = sum(len(line) + 1 for line in lines) + context.cursor_position
        cell = dtl_cell(context.full_text, offset)
        if cell is not None and cell.offset is not None:
            return self.in_rules(cell, cell.offset)
        before = context.text_until_cursor
        if cell is not None:
            return self.in_cell_line(before.split("%%dtl", 1)[-1])
        line = LINE.match(before)
        if line is None or (line["rest"] is None and not before.endswith(" ")):
            return {"completions": []}
        rest = line["rest"] or ""
        return self.in_sesam(rest) if line["magic"] == "sesam" else self.in_dtl(rest, line["help"])

    # -- rules -------------------------------------------------------------------------------------

    def in_rules(self, cell: DtlCell, offset: int) -> Found:
        text = cell.text
        parameter = PARAMETER.search(text, 0, offset)
        if parameter:
            return _found(_starting(parameter[1], self.variables), parameter[1], "variable")
        answer = self._completed(cell, offset)
        typed = text[answer["from"] : offset]
        behind = text[offset : answer["to"]]
        items = [(_insert(item["insert"], behind), item["kind"]) for item in answer["items"]]
        # What would change nothing is no choice: the cursor is within a whole word.
        choices = [(text, kind) for text, kind in items if not (behind and text == typed)]
        completions = [SimpleCompletion(text=text, type=kind) for text, kind in choices]
        return {
            "completions": completions or Nothing(),
            "matched_fragment": typed,
            "ordered": True,
            "suppress": True,
        }

    def _completed(self, cell: DtlCell, offset: int) -> Found:
        """What the node says, with the rules that cells have named; else what this kernel knows."""
        from sesam_node.dtl.complete import complete

        feed = self.knowledge.feed(cell.name, dataset=cell.names_a_dataset)
        asked = {"text": cell.text, "offset": offset, **feed}
        book = sorted(self.knowledge.book)
        answer: Found | None = self.knowledge.ask("/dtl/complete", asked)
        if answer is not None and not book:
            return answer
        names = self.knowledge.names().datasets
        own: Found = {**complete(cell.text, offset, datasets=names, rules=book)}
        if answer is None:
            return own
        labels = {item["label"] for item in answer["items"]}
        rules = [i for i in own["items"] if i["kind"] == "rule" and i["label"] not in labels]
        return {**answer, "items": [*rules, *answer["items"]]} if rules else answer

    # -- lines -------------------------------------------------------------------------------------

    def in_cell_line(self, line: str) -> Found:
        words, typed, previous = _words(line)
        there = self.knowledge.names()
        if previous in ("--save", "--diff"):
            name, at, profile = typed.partition("@")
            if at:
                profiles = _starting(profile, profile_names())
                return _found([f"{name}@{one}" for one in profiles], typed, "instance")
            return _found(_starting(typed, there.pipes), typed, "instance")
        if previous in ("--dataset", "-d"):
            return _found(_starting(typed, there.datasets), typed, "instance")
        if previous == "--from":
            names = [f"${name}" for name in self.variables]
            return _found(_starting(typed, names), typed, "variable")
        if previous == "--name":
            return _found(_starting(typed, self.knowledge.book), typed, "function")
        if previous in ("--expect", "--project"):
            return {"completions": []}
        if typed.startswith("-"):
            return _found(_options(DtlMagics.dtl, typed, words), typed, "keyword")
        return _found(_starting(typed, there.pipes | there.datasets), typed, "instance")

    def in_dtl(self, line: str, asks_help: str | None) -> Found:
        words, typed, _ = _words(line)
        if asks_help or words[:1] == ["help"]:
            return _found(_starting(typed, catalogue()), typed, "function")
        if not words:
            return _found(_starting(typed, DTL_COMMANDS), typed, "keyword")
        if typed.startswith("-"):
            return _found(_options(DtlMagics.dtl_line, typed, words), typed, "keyword")
        if words[0] == "rules":
            return _found(_starting(typed, self.knowledge.book), typed, "function")
        if words[0] == "node":
            return _found(_starting(typed, ["local", *profile_names()]), typed, "instance")
        if words[0] == "check":
            return _found(_starting(typed, self.knowledge.names().pipes), typed, "instance")
        return {"completions": []}

    def in_sesam(self, line: str) -> Found:
        words, typed, previous = _words(line)
        if previous == "--profile":
            return _found(_starting(typed, profile_names()), typed, "instance")
        if not words:
            return _found(_starting(typed, SESAM_COMMANDS), typed, "keyword")
        if typed.startswith("-"):
            return _found(_options(SesamMagics.sesam, typed, words), typed, "keyword")
        if words[0] in OF_NODE:
            return _found(_starting(typed, self.knowledge.names().pipes), typed, "instance")
        if words[0] == "datasets":
            return _found(_starting(typed, self.knowledge.names().datasets), typed, "instance")
        if words[0] == "connect":
            return _found(_starting(typed, ["local", *profile_names()]), typed, "instance")
        if words[0] == "node":
            return _found(_starting(typed, ["start", "stop"]), typed, "keyword")
        return {"completions": []}


def _words(line: str) -> tuple[list[str], str, str]:
    """The whole words of a line, what is being typed behind them, and the word before that."""
    words = line.split()
    typed = words.pop() if words and not line.endswith((" ", "\t")) else ""
    return words, typed, words[-1] if words else ""


def _starting(typed: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(typed))


def _options(magic: Any, typed: str, words: list[str]) -> list[str]:
    """The options of a magic that are not there yet; those that may be repeated still."""
    known = list(magic.parser._option_string_actions)  # noqa: SLF001 - argparse has no other way
    again = ("--entity", "-e")
    return sorted(
        name for name in known if name.startswith(typed) and (name not in words or name in again)
    )


def _insert(text: str, behind: str) -> str:
    """What is put in where the cursor is within a word: what stands behind it stays."""
    return text[: -len(behind)] if behind and text.endswith(behind) else text


def _found(names: list[str], typed: str, kind: str) -> Found:
    completions = [SimpleCompletion(text=name, type=kind) for name in names]
    return {
        "completions": completions or Nothing(),
        "matched_fragment": typed,
        "ordered": True,
        "suppress": True,
    }


def install(shell: Any, knowledge: Knowledge) -> None:
    """Add the matcher to a shell's completer, in place of an earlier one of this extension."""
    completer = Completer(shell, knowledge)

    @completion_matcher(identifier=IDENTIFIER, priority=PRIORITY, api_version=2)
    def matcher(context: CompletionContext) -> Found:
        return completer.match(context)

    remove(shell)
    shell.Completer.custom_matchers.append(matcher)


def remove(shell: Any) -> None:
    """Take the matcher out of a shell's completer."""
    matchers = shell.Completer.custom_matchers
    others = [m for m in matchers if getattr(m, "matcher_identifier", None) != IDENTIFIER]
    matchers[:] = others
