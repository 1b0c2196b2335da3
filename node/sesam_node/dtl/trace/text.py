"""Answers of `why` and `why_not` as text for a terminal: one line a step, indented, 100 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.trace.values import Node

WIDTH = 100
VALUE = 40
LEAST = 24
NAMED = 56
"""The least that is left of texts that name an entity: their path may go to the next line."""

MARK = "  "


def why_text(answer: dict[str, Any]) -> str:
    """An answer of `why`, ending in a line break.

    A step is a call, a property or a look-up, with its value; below it stands what it was made of.
    The JSON path of the rules is at the right.
    """
    path = preview_path(answer["path"])
    head = f"{path} = {preview(answer['value'], WIDTH - len(path) - 3)}"
    lines = [head, f"{MARK}of result {answer['result']} of {_source(answer)}"]
    for node in answer["because"]:
        lines.extend(node_lines(node, 1, answer["base"]))
    return "\n".join(lines) + "\n"


def why_not_text(answer: dict[str, Any]) -> str:
    """An answer of `why_not`, ending in a line break."""
    where = preview_path(answer["path"]) if answer["path"] != "$" else "nothing"
    verb = "is not there" if answer["path"] != "$" else "came out"
    lines = [f"{where} {verb}", f"{MARK}for {_source(answer)}"]
    lines.extend(_reason(answer))
    for other in answer.get("candidates", [])[1:]:
        if other["reason"] == "nothing-to-copy":
            continue
        lines.append(f"{MARK}also:")
        lines.extend(_reason({**other, "base": answer["base"]}, 2))
    return "\n".join(lines) + "\n"


def preview_path(path: str) -> str:
    return path if len(path) <= WIDTH // 2 else path[: WIDTH // 2 - 3] + "..."


def _source(answer: dict[str, Any]) -> str:
    source = answer["source"]
    entity_id = source.get("_id") if type(source) is dict else source
    version = f" version {answer['version']}" if answer["version"] is not None else ""
    return f"the source entity {preview(entity_id, VALUE)}{version}"


def _reason(answer: dict[str, Any], depth: int = 1) -> Iterator[str]:
    base = answer.get("base", "")
    yield from _sentence(answer["text"], answer.get("rule", ""), depth, base)
    for node in answer["because"]:
        yield from node_lines(node, depth + 1, base)


def node_lines(node: Node, depth: int, base: str) -> Iterator[str]:
    text = node["text"]
    if "error" in node:
        text += f" failed: {node['error']}"
    joint = " for " if node["kind"] == "lookup" else " = "
    value = joint + preview(node["value"], VALUE) if "value" in node else ""
    least = NAMED if node["kind"] in ("source", "entity", "rule", "lookup") else LEAST
    yield _line(text, node.get("path", ""), depth, base, value, least)
    for under in node.get("under", ()):
        yield _line(f"where {under['text']}", under.get("path", ""), depth + 1, base)
        for tested in under.get("from", ()):
            yield from node_lines(tested, depth + 2, base)
    for before in node.get("earlier", ()):
        value = f" = {preview(before['value'], VALUE)}" if "value" in before else ""
        yield _line(f"before that {before['text']}", before.get("path", ""), depth + 1, base, value)
    for inner in node.get("from", ()):
        yield from node_lines(inner, depth + 1, base)


def _sentence(text: str, path: str, depth: int, base: str) -> Iterator[str]:
    """The whole text, in several lines where it is long; the path stands in the last one."""
    start = MARK * depth
    short = path.removeprefix(f"{base}.")
    room = WIDTH - (len(short) + 2 if short and len(short) < WIDTH // 2 else 0)
    wrapped = textwrap.wrap(
        text, room, initial_indent=start, subsequent_indent=start + MARK, break_on_hyphens=False
    )
    yield from wrapped[:-1]
    yield _line(wrapped[-1].removeprefix(start), path, depth, base)


def _line(text: str, path: str, depth: int, base: str, value: str = "", least: int = LEAST) -> str:
    """One step: text and value on the left, shortened to leave room for the path on the right."""
    text = text.replace("\n", " ")
    line = MARK * min(depth, 16)
    short = path.removeprefix(f"{base}.") if base else path
    room = max(WIDTH - len(line) - len(value) - (len(short) + 2 if short else 0), least)
    room = min(room, WIDTH - len(line) - len(value))
    line += (text if len(text) <= room else text[: room - 3] + "...") + value
    if not short:
        return line
    if len(line) + 2 + len(short) <= WIDTH:
        return f"{line}{short:>{WIDTH - len(line)}}"
    end = short if len(short) < WIDTH else "..." + short[3 - WIDTH :]
    return f"{line}\n{end:>{WIDTH}}"
