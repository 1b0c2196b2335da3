"""Text of a rule set never becomes code: what is generated calls what it was given, and no more.

Every place of a rule set that text can stand in is filled with text that would like to be Python,
and the generated source is read: its nodes, names and attributes must be of the few that the
compiler writes.
"""

from __future__ import annotations

import ast
import copy
import json
import re

import pytest
from dtl.generation.garbage import garbage
from dtl.generation.programs import programs

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules, problems_of
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.errors import SesamError

HOLE = "HOLE"

TEXTS = (
    "__import__('os').system('id')",
    "'); __import__('os').abort() #",
    '"); raise SystemExit #',
    "'''",
    '"""',
    "\\",
    "\\'",
    "'\\",
    "a\nimport os\n",
    "a\rb",
    "a\x0b\x0cb",
    "\u2028\u2029\x85",
    "\x00",
    "\x020\x03",
    "\x02",
    "\x03",
    "'\x020\x03import os\x020\x03'",
    "{S}",
    "{runtime.secrets}",
    "{{}}",
    "{0.__class__}",
    "%(S)s",
    "%s%s%s",
    "\\N{BULLET}",
    "\\x27",
    "\\u0027",
    "\ud800",
    "🎈é",
    "__class__",
    "__builtins__",
    "runtime",
    "lookup",
    "S",
    "None",
    "T['x']",
    "a.__class__.__mro__",
    "lambda: 0",
    "#",
    "",
    " ",
    "x" * 300,
    "x" * 199 + "'\n" + "y" * 100,
)

SPEC = {"datasets": ["d o"], "where": [["eq", "_S.a", "o.a"]]}

PLACES = {
    "property read": [["add", "a", "_S.HOLE"]],
    "property read, quoted": [["add", "a", "_S.'HOLE'.b"]],
    "property of the target": [["add", "a", "_T.HOLE"], ["add", "b", "_R._T.HOLE"]],
    "parameter": [["add", "a", "_B.HOLE"]],
    "property written": [["add", "HOLE", 1], ["default", "HOLE", 1], ["add-if", "HOLE", 1]],
    "constant": [["add", "a", "HOLE"], ["add", "b", ["list", "HOLE", "_S.a"]]],
    "constant compared": [["add", "a", ["eq", "_S.a", "HOLE"]], ["filter", ["gt", "_S.a", "HOLE"]]],
    "constant dict": [["add", "a", {"HOLE": {"HOLE": ["HOLE"]}}], ["merge", {"HOLE": "HOLE"}]],
    "literal": [["add", "a", ["literal", ["HOLE", {"HOLE": 1}]]]],
    "pattern": [["copy", "HOLE"], ["copy", ["list", "HOLE"], "HOLE"], ["remove", "HOLE"]],
    "matches": [["add", "a", ["matches", "HOLE", "_S.a"]]],
    "rename": [["rename", "HOLE", "HOLE"], ["rename", "_S.a", "HOLE"]],
    "make-ni": [["make-ni", "HOLE", "HOLE"], ["make-ni", "HOLE", "HOLE", "HOLE"]],
    "ni": [["add", "a", ["ni", "HOLE", "_S.a"]], ["add", "b", ["apply-ns", "HOLE", "_S."]]],
    "format": [["add", "a", ["datetime-format", "HOLE", "_S.a"]]],
    "format read": [["add", "a", ["datetime-parse", "UTC", "HOLE", "_S.a"]]],
    "zone": [["add", "a", ["datetime-format", "HOLE", "%Y", "_S.a"]]],
    "separator": [["add", "a", ["join", "HOLE", "_S.a"]], ["add", "b", ["split", "HOLE", "_S.a"]]],
    "replace": [["add", "a", ["replace", "HOLE", "HOLE", "_S.a"]]],
    "replace by a dict": [["add", "a", ["replace", {"HOLE": "HOLE"}, "_S.a"]]],
    "strip": [["add", "a", ["strip", "HOLE", "_S.a"]], ["add", "b", ["url-quote", "HOLE", "_S.a"]]],
    "fill": [["add", "a", ["ljust", 5, "HOLE", "_S.a"]]],
    "message": [["if", ["eq", "_S.a", 7], [["fail!", "HOLE"]]]],
    "trip": [["if", ["eq", "_S.a", 7], [["trip!", "HOLE"]]], ["comment", "HOLE"]],
    "key": [["add", "a", ["encrypt", "HOLE", "_S.a"]]],
    "secret": [["add", "a", ["decrypt", "$SECRET(HOLE)", "_S.a"]]],
    "dict": [["add", "a", ["dict", "HOLE", "_S.a"]], ["add", "b", ["has-key", "HOLE", "_S."]]],
    "path": [
        ["add", "a", ["path", "HOLE", "_S."]],
        ["add", "b", ["path", ["list", "HOLE"], "_S."]],
    ],
    "case-eq": [["add", "a", ["case-eq", "_S.a", "HOLE", 1, "x", "HOLE", 2]]],
    "rule": [["add", "a", ["apply", "HOLE", "_S."]]],
    "dataset": [["add", "a", ["hops", SPEC | {"datasets": ["HOLE o"]}]]],
    "alias": [["add", "a", ["hops", {"datasets": ["d HOLE"], "where": ["eq", "_S.a", "HOLE.a"]}]]],
    "index": [["add", "a", ["hops", SPEC | {"where": [["eq", "_S.a", "o.HOLE"]]}]]],
    "index of a function": [
        ["add", "a", ["hops", SPEC | {"where": [["eq", "_S.a", ["join", "HOLE", "o.b"]]]}]]
    ],
    "where": [
        ["add", "a", ["hops", SPEC | {"where": [["eq", "_S.a", "o.a"], ["gt", "o.b", "HOLE"]]}]]
    ],
    "return": [["add", "a", ["hops", SPEC | {"return": "HOLE"}]]],
    "return by path": [["add", "a", ["hops", SPEC | {"return": "o.HOLE"}]]],
    "template": [["add", "a", ["hops", SPEC | {"return": {"HOLE": "o.a", "b": {"HOLE": 1}}}]]],
    "subset": [["add", "a", ["hops", SPEC | {"subsets": {"o": ["eq", "_S.HOLE", "HOLE"]}}]]],
    "equal look-ups": [
        ["add", name, ["hops", SPEC | {"where": ["eq", "_S.HOLE", "o.a"]}]] for name in "ab"
    ],
    "lookup-entity": [["add", "a", ["lookup-entity", "HOLE", "HOLE"]]],
    "completeness": [["add", "a", ["completeness", "HOLE", "HOLE"]]],
    "function": [["HOLE", "a", 1], ["add", "a", ["HOLE", 1]]],
    "function expression": [["add", "a", ["map", ["concat", "_.HOLE", "HOLE"], "_S.a"]]],
}  # fmt: skip

CONTEXTS = {
    "pipe": {"pipe_id": HOLE},
    "namespaces": {
        "namespaced": True,
        "identity_namespace": HOLE,
        "property_namespace": HOLE,
        "namespaces": {HOLE: HOLE},
        "source_dataset": HOLE,
    },
}

NODES = frozenset((
    "And", "Assign", "Attribute", "BoolOp", "Call", "Compare", "Constant", "Del", "Delete", "Dict",
    "Eq", "ExceptHandler", "Expr", "For", "FunctionDef", "Gt", "GtE", "If", "IfExp", "In", "Is",
    "IsNot", "Lambda", "List", "Load", "Lt", "LtE", "Module", "Name", "NamedExpr", "Not", "NotEq",
    "NotIn", "Or", "Pass", "Raise", "Return", "Slice", "Starred", "Store", "Subscript", "Try",
    "Tuple", "UnaryOp", "USub", "arg", "arguments", "keyword",
))  # fmt: skip
"""What generated code is made of: no imports, no f-strings, no comprehensions."""

ATTRIBUTES = frozenset((
    "add", "append", "entities", "entity", "extend", "find", "get", "items", "lookup", "new_uuid",
    "now", "parameters", "pop", "secrets", "sleep", "update", "value",
))  # fmt: skip
"""Methods of dicts, lists and sets, and what a runtime and a look-up have."""

BUILTINS = frozenset((
    "Exception", "bool", "dict", "float", "int", "len", "list", "range", "set", "str", "tuple",
    "type",
))  # fmt: skip


def filled(value, text):
    """JSON data with every hole filled: in texts and in keys."""
    if type(value) is str:
        return value.replace(HOLE, text)
    if type(value) is list:
        return [filled(item, text) for item in value]
    if type(value) is dict:
        return {filled(key, text): filled(item, text) for key, item in value.items()}
    return value


def assigned(tree):
    """The names that a source gives a value to."""
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.ExceptHandler) and node.name):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def intruders(compiled):
    """What a generated source has that the compiler does not write."""
    tree = ast.parse(compiled.source)
    assert [type(node) for node in tree.body] == [ast.FunctionDef]
    given = set(compiled.make.__globals__) - {"__builtins__"}
    known = given | assigned(tree) | BUILTINS
    for node in ast.walk(tree):
        if type(node).__name__ not in NODES:
            yield type(node).__name__
        if isinstance(node, ast.Attribute) and node.attr not in ATTRIBUTES:
            yield f".{node.attr}"
        if isinstance(node, ast.Name) and node.id not in known:
            yield node.id
        name = getattr(node, "id", getattr(node, "arg", getattr(node, "name", None)))
        # The functions of rules have what is plain of the rule's name, behind `rule_`.
        if name and "__" in name and not re.fullmatch(r"rule_\w*_\d+", name, re.ASCII):
            yield name


def run(compiled, text):
    """Run it over an entity and a dataset that have the text everywhere."""
    entity = {"_id": "1", "a": text, text: text, "b": [text]}
    lookup = MemoryLookup({"d": [dict(entity)], text: [dict(entity)]}, compile_index)
    out = []
    try:
        compiled.bind(Runtime(lookup, parameters={text: text}))(entity, out)
    except SesamError:
        assert out == []
    return out


def outcome(rules, context, text):
    try:
        compiled = compile_rules(rules, RuleContext(**context))
    except SesamError as error:
        return None if error.problems else pytest.fail("refused without a word")
    assert list(intruders(compiled)) == []
    run(compiled, text)
    return compiled


@pytest.mark.parametrize("place", PLACES)
def test_text_stays_text(place):
    compiled = 0
    for text in TEXTS:
        block = [["copy", "_id"], *filled(copy.deepcopy(PLACES[place]), text)]
        rules = {"default": block, text: [["add", "x", text]]}
        compiled += outcome(rules, {}, text) is not None
        compiled += outcome(rules, filled(CONTEXTS["namespaces"], text), text) is not None
    # Formats, zones and functions are mostly refused; everything else has text that it takes.
    assert compiled or place in ("zone", "function"), place


@pytest.mark.parametrize("context", CONTEXTS)
def test_text_of_the_pipe_stays_text(context):
    rules = {
        "default": [
            ["copy", "*"],
            ["add", "a", ["ni", ["uri", "http://example.org/a/b"]]],
            ["add", "b", ["hops", {"datasets": ["d o"], "where": ["eq", "_S.a", "o.b"]}]],
            ["add", "c", ["path", "_S.a", "_S."]],
        ]
    }
    for text in TEXTS:
        outcome(rules, filled(CONTEXTS[context], text), text)


def test_what_is_generated_by_chance_is_of_the_same_few_parts():
    for program in programs(300, 5):
        compiled = compile_rules(program.rules, RuleContext(**program.context))
        assert list(intruders(compiled)) == []


def test_what_is_generated_of_broken_rules_is_of_the_same_few_parts():
    for program in garbage(600, 5):
        context = RuleContext(**program.context)
        if not any(p.level == "error" for p in problems_of(program.rules, context)):
            assert list(intruders(compile_rules(program.rules, context))) == []


def test_an_intruder_would_be_seen():
    """The test can fail: it knows what does not belong there."""

    class Made:
        source = "def bind(runtime):\n    return runtime.secrets.__class__\n"
        make = type(compile_rules)(compile("0", "x", "eval"), {})

    assert list(intruders(Made)) == [".__class__"]


def test_an_index_id_is_data():
    """An index id comes back from the store; what is no expression is refused."""
    for text in (
        *TEXTS,
        *map(json.dumps, TEXTS),
        '["__import__", "os"]',
        '{"expression": 1, "pipe": 2}',
    ):
        try:
            keys = compile_index(text)
        except SesamError:
            continue
        keys({"_id": "1"})


def test_generated_code_knows_no_other_built_in_names():
    """Were there a hole, there would be nothing to reach through it."""
    run = compile_rules({"default": [["copy", "*"]]}).bind()
    assert set(run.__globals__["__builtins__"]) == BUILTINS
