"""The functions of the language, as the registry of this kernel has them: found, shown."""

from __future__ import annotations

import json
import textwrap
from functools import cache
from html import escape
from typing import Any

from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.look import code, heading, page, rows_table
from sesam_node.errors import preview, suggestion

WIDTH = 96
EXAMPLES = 6
Entry = dict[str, Any]


class FunctionHelp:
    """One function or transform: signature, what it does, examples with their results."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @property
    def signature(self) -> str:
        name, arguments = self.entry["name"], self.entry["signature"]
        return f'["{name}"{f", {arguments}" if arguments else ""}]'

    def examples(self) -> list[tuple[str, str, str]]:
        """Call, result and remark of each example; failing ones last."""
        found = sorted(self.entry["examples"], key=lambda one: bool(one.get("fails")))
        return [_example(one) for one in found[:EXAMPLES]]

    def __repr__(self) -> str:
        entry = self.entry
        lines = [f"{entry['name']} ({entry['kind']}, {entry['group']})"]
        lines += textwrap.wrap(
            self.signature, WIDTH, initial_indent="  ", subsequent_indent="      "
        )
        lines += ["", *_wrapped(entry["doc"]), ""]
        for call, result, remark in self.examples():
            lines.append(f"  {call}\n      → {result}{f'   ({remark})' if remark else ''}")
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        entry = self.entry
        rows = [
            (code(call), code(result), escape(remark)) for call, result, remark in self.examples()
        ]
        doc = "".join(f"<p>{escape(part)}</p>" for part in entry["doc"].split("\n\n"))
        examples = rows_table(("example", "gives", ""), rows, ("50%", "30%", "20%")) if rows else ""
        title = heading(entry["name"], f"{entry['kind']}, {entry['group']}")
        return page(title, code(self.signature), doc, examples)


class FunctionList:
    """Functions that fit a word."""

    def __init__(self, word: str, entries: list[Entry]) -> None:
        self.word = word
        self.entries = entries

    def __repr__(self) -> str:
        width = max((len(entry["name"]) for entry in self.entries), default=0)
        lines = [f"{entry['name']:<{width}}  {_first(entry)}" for entry in self.entries]
        about = f' for "{self.word}"' if self.word else ""
        head = f"{len(lines)} functions and transforms{about}; %dtl help NAME tells more"
        return "\n".join([head, *lines])

    def _repr_html_(self) -> str:
        rows = [(code(entry["name"]), escape(_first(entry))) for entry in self.entries]
        about = f' for "{self.word}"' if self.word else ""
        title = heading(f"{len(rows)} functions and transforms{about}", "%dtl help NAME tells more")
        return page(title, rows_table(("name", "does"), rows, ("22%", "78%")))


@cache
def catalogue() -> dict[str, Entry]:
    """Every function and transform by name, in their order."""
    from sesam_node.dtl import functions

    return {entry["name"]: entry for entry in functions()}


def function_help(name: str) -> FunctionHelp:
    """Raises CellError, with the name that was probably meant, where there is no such function."""
    name = name.strip().strip('"[],')
    found = catalogue().get(name)
    if found is None:
        hint = suggestion(name, catalogue()) or "%dtl functions lists them"
        raise CellError(f'there is no function "{name}"; {hint}')
    return FunctionHelp(found)


def search(word: str) -> FunctionList:
    """The functions whose name, group or text has the word: those with it in their name first."""
    lowered = word.lower()
    found = [
        (lowered not in entry["name"], entry["name"], entry)
        for entry in catalogue().values()
        if lowered in f"{entry['name']} {entry['group']} {entry['doc']}".lower()
    ]
    if not found:
        hint = suggestion(word, catalogue())
        raise CellError(f'no function has to do with "{word}"{f"; {hint}" if hint else ""}')
    return FunctionList(word, [entry for _, _, entry in sorted(found, key=lambda one: one[:2])])


def _example(one: dict[str, Any]) -> tuple[str, str, str]:
    call = json.dumps(one["expression"], ensure_ascii=False)
    if "source" in one:
        call += f"   of {preview(one['source'], 60)}"
    result = f"fails: {one['fails']}" if one.get("fails") else preview(one["expect"], 80)
    return call, result, str(one.get("note") or "")


def _first(entry: Entry) -> str:
    return str(entry["doc"]).split("\n\n", 1)[0].replace("\n", " ")


def _wrapped(text: str) -> list[str]:
    return [
        line
        for part in text.split("\n\n")
        for line in textwrap.wrap(part, WIDTH, initial_indent="  ", subsequent_indent="  ")
    ]
