"""The pages of the reference, as Markdown: one a group of functions, one a problem code.

Everything comes from the registry and from `codes`, in their order, so the same code gives the same
pages. The examples are those that run as tests; the errors are what the compiler says of the rules.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.codes import CODES
from sesam_node.dtl.compile import compile_rules, problems_of
from sesam_node.dtl.format import format_text
from sesam_node.dtl.functions import GROUPS
from sesam_node.dtl.reference.guide import BEFORE, GUIDE
from sesam_node.dtl.registry import all_functions
from sesam_node.dtl.runtime import Runtime
from sesam_node.dtl.schema import Schema
from sesam_node.dtl.source_text import read_source
from sesam_node.dtl.syntax import RuleContext
from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from sesam_node.dtl.codes import Code
    from sesam_node.dtl.registry import Example, Function

LINE = 92
MOST_LINES = 40
SIGNS = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided-by",
    "%": "remainder",
    "^": "power",
}
PYTHON = re.compile(r"(too large or too deep to compile): .*(?= \[)", re.DOTALL)
FOUND = {
    "check": "found before anything runs",
    "compile": "found before anything runs",
    "run": "found while an entity goes through",
    "text": "found in the text of rules",
    "schema": "found in a schema",
}
GROUP_NAME = re.compile(r'^Group "([^"]+)": ')
GENERATED = "<!-- Written by `sesam-node dtl reference`; changes are made beside the code. -->\n"


def pages() -> dict[str, str]:
    """Path below docs/dtl/ to Markdown text: README.md, a page a group, problems/."""
    found = {"README.md": _index()}
    for group in GROUPS:
        found[_page(group)] = _group(group)
    found["problems/README.md"] = _problem_index()
    for name, code in CODES.items():
        found[f"problems/{name}.md"] = _problem(name, code)
    return {path: GENERATED + text for path, text in sorted(found.items())}


# -- the index ---------------------------------------------------------------------------------


def _index() -> str:
    rows = [
        f"| [{_title(group)}]({_page(group)}) | {', '.join(_links(group))} |" for group in GROUPS
    ]
    entries = all_functions()
    transforms = sum(entry.kind == "transform" for entry in entries)
    count = f"{len(entries) - transforms} functions and {transforms} transforms"
    table = "\n".join(["| group | names |", "| --- | --- |", *rows])
    before = BEFORE.replace("COUNT", count)
    return f"{before}\n{table}\n\n{GUIDE}"


def _name(group: ModuleType) -> str:
    return group.__name__.rpartition(".")[2]


def _page(group: ModuleType) -> str:
    return f"{_name(group).replace('_', '-')}.md"


def _title(group: ModuleType) -> str:
    found = GROUP_NAME.match(inspect.getdoc(group) or "")
    title = found[1] if found else _name(group).replace("_", " ")
    return title[:1].upper() + title[1:]


def _entries(group: ModuleType) -> list[Function]:
    return [entry for entry in all_functions() if entry.group == _name(group)]


def _links(group: ModuleType) -> list[str]:
    names = dict.fromkeys(entry.name for entry in _entries(group))
    return [f"[`{_cell(name)}`]({_page(group)}#{_anchor(name)})" for name in names]


def _anchor(name: str) -> str:
    """The anchor that a heading with this name gets: signs have words of their own."""
    if name in SIGNS:
        return SIGNS[name]
    return re.sub(r"[^a-z0-9]+", "-", name.replace("!", "").lower()).strip("-") or "sign"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- a group -----------------------------------------------------------------------------------


def _group(group: ModuleType) -> str:
    intro = GROUP_NAME.sub("", inspect.getdoc(group) or "").partition("\n\n")[0]
    lines = [f"# {_title(group)}", "", intro[:1].upper() + intro[1:], ""]
    lines += [" · ".join(_links(group)).replace(f"{_page(group)}#", "#"), ""]
    named: set[str] = set()
    for entry in _entries(group):
        # A transform and an expression of one name share the anchor of the first.
        if entry.name not in named:
            lines += [f'<a id="{_anchor(entry.name)}"></a>', ""]
        named.add(entry.name)
        lines += _function(entry)
    lines.append("[All functions](README.md)")
    return "\n".join(lines) + "\n"


def _function(entry: Function) -> list[str]:
    kind = " (transform)" if entry.kind == "transform" else ""
    forms = [f'["{entry.name}", {form}]' for form in entry.signature.text.split(" | ")]
    lines = [f"## `{entry.name}`{kind}", "", "```text", *forms, "```", "", entry.doc, ""]
    notes = list(_notes(entry))
    if notes:
        lines += [*(f"- {note}" for note in notes), ""]
    if entry.examples:
        examples = "\n\n".join(_example(example) for example in entry.examples)
        lines += ["```text", examples, "```", ""]
    return lines


def _notes(entry: Function) -> Iterable[str]:
    if entry.boolean:
        yield "Gives true, false or null."
    if not entry.pure and entry.kind != "transform":
        yield "Depends on more than its arguments: it is run for each entity and makes no index."
    if entry.context:
        yield "Depends on the namespaces of the pipe."


def _example(example: Example) -> str:
    lines = [_dtl(example.expression)]
    if example.source is not None:
        lines.append(f"  of _S      {_json(example.source, 13)}")
    for name, entities in example.datasets.items():
        lines.append(f"  dataset    {name}: {_json(list(entities), 13)}")
    for name, rule in example.rules.items():
        lines.append(f'  rule       "{name}": {_dtl(rule, 13)}')
    for name, value in example.context.items():
        lines.append(f"  with       {name} {_json(value, 13)}")
    if example.fails:
        lines.append(f"  fails      {example.expect}")
    else:
        about = f", give or take {example.approx:g}" if example.approx is not None else ""
        about += ", in any order" if example.unordered else ""
        lines.append(f"  gives      {_json(example.expect, 13)}{about}")
    if example.note:
        lines.append(f"  note       {example.note}")
    return "\n".join(lines)


def _dtl(value: Any, indent: int = 0) -> str:
    """Rules or an expression, as the formatter lays them out; later lines are indented."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) + indent > LINE:
        text = format_text(text, width=LINE - indent).rstrip().replace("\n", "\n" + " " * indent)
    return text.replace("```", "``\u200b`")


def _json(value: Any, indent: int = 0) -> str:
    """JSON on one line where it fits, else over several; later lines are indented."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) + indent > LINE and isinstance(value, list | dict) and value:
        text = _lines(value).replace("\n", "\n" + " " * indent)
    return text.replace("```", "``\u200b`")


def _lines(value: Any, room: int = LINE - 16) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= room or not isinstance(value, list | dict) or not value:
        return text
    inner = room - 2
    if isinstance(value, list):
        head = f"{json.dumps(value[0])}, " if isinstance(value[0], str) else ""
        items = [_lines(item, inner) for item in (value[1:] if head else value)]
        body = ",\n".join(items).replace("\n", "\n  ")
        return f"[{head.strip()}\n  {body}\n]" if items else text
    parts = [f"{json.dumps(name)}: {_lines(item, inner)}" for name, item in value.items()]
    return "{\n  " + ",\n".join(parts).replace("\n", "\n  ") + "\n}"


# -- problems ----------------------------------------------------------------------------------


def _problem_index() -> str:
    lines = [
        "# Problem codes",
        "",
        "What the compiler says of a rule set, in `sesam-node dtl check`, in the API and in",
        "notebooks: each problem has a path, a message, often a hint, and one of these codes.",
        "",
        "| code | what it says |",
        "| --- | --- |",
        *(f"| [`{name}`]({name}.md) | {_cell(code.title)} |" for name, code in CODES.items()),
        "",
        "[All functions](../README.md)",
    ]
    return "\n".join(lines) + "\n"


def _problem(name: str, code: Code) -> str:
    levels = " or ".join(code.levels)
    lines = [f"# `{name}`", "", f"{_sentence(code.title)} ({levels}, {FOUND[code.found]})", ""]
    lines += [code.explanation, "", "## Wrong", "", *_code(code.wrong), ""]
    lines += ["```text", *_said(code), "```", ""]
    if code.entity is not None:
        lines += ["The source entity is:", "", *_code(code.entity), ""]
    lines += ["## Right", "", *_code(code.right), "", "[All codes](README.md)"]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def _code(value: Any) -> list[str]:
    """A block of code; what is long by its nature is cut."""
    text = value if isinstance(value, str) else _dtl(value)
    if text.count("\n") > MOST_LINES:
        text = f"{json.dumps(value, ensure_ascii=False)[: 2 * LINE]} …"
    return ["```json", *text.splitlines(), "```"]


def _said(code: Code) -> list[str]:
    """The problems of the wrong example, as the compiler or the run tells them."""
    context = RuleContext(**code.context)
    try:
        if code.found == "text":
            read_source(code.wrong)
        elif code.found == "schema":
            Schema.from_json(code.wrong)
        elif code.found == "check":
            return [str(problem) for problem in problems_of(code.wrong, context)]
        else:
            run = compile_rules(code.wrong, context).bind(Runtime(sleep=lambda _seconds: None))
            run(code.entity or {}, [])
    except SesamError as error:
        # Why Python takes no more is told in other words by each of its versions.
        return [PYTHON.sub(r"\1: …", str(problem)) for problem in error.problems]
    raise AssertionError(f"the example of {code.code} is not wrong")
