"""Every code of a problem is explained, by examples that give it and that do not."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from sesam_node import dtl
from sesam_node.dtl import RuleContext, compile_rules, problems_of
from sesam_node.dtl.codes import CODES
from sesam_node.dtl.schema import Schema
from sesam_node.dtl.source_text import read_source
from sesam_node.errors import DtlError, InputError

ALL = pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
LANGUAGE = Path(dtl.__file__).parent
REPORTING = (
    "check/checker.py",
    "check/properties.py",
    "hop_specs.py",
    "parse.py",
    "schema.py",
    "source_text.py",
    "execute.py",
)


def run(code, rules):
    return compile_rules(rules, RuleContext(**code.context)).bind()(code.entity, [])


def problems(code, given):
    """What comes of an example, by the way in which such a code is found."""
    if code.found == "check":
        return problems_of(given, RuleContext(**code.context), path=())
    way = {
        "compile": lambda: compile_rules(given, RuleContext(**code.context)),
        "run": lambda: run(code, given),
        "text": lambda: read_source(given),
        "schema": lambda: Schema.from_json(given),
    }[code.found]
    try:
        way()
    except (DtlError, InputError) as error:
        return list(error.problems)
    return []


@ALL
def test_the_wrong_example_gives_exactly_its_code(code):
    (found,) = problems(code, code.wrong)
    assert found.code == code.code
    assert found.level in code.levels
    assert found.message


@ALL
def test_the_right_example_gives_no_problem_at_all(code):
    assert problems(code, code.right) == []
    if code.found in ("check", "compile", "run"):
        context = RuleContext(**code.context)
        assert problems_of(code.right, context) == []
        assert compile_rules(code.right, context).warnings == ()


@ALL
def test_what_fails_later_is_without_errors_before(code):
    if code.found in ("compile", "run"):
        assert problems_of(code.wrong, RuleContext(**code.context)) == []


@ALL
def test_an_explanation_is_a_few_sentences(code):
    assert code.code in CODES
    assert CODES[code.code] is code
    assert 2 <= code.explanation.count(". ") + 1 <= 6
    assert code.explanation.endswith(".")
    assert not code.title.endswith(".")
    assert code.title[0].islower() or code.title[0] == '"'
    assert set(code.levels) <= {"error", "warning"}


@ALL
def test_the_examples_are_json(code):
    assert json.loads(json.dumps([code.wrong, code.right])) == [code.wrong, code.right]


def written_codes(file):
    """The words in a module that stand where a code is given: arguments that are such words."""
    names = {"Problem": 1, "report": 1, "warn": 1, "problem": 1, "Malformed": 2}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        position = names.get(called)
        if position is None or len(node.args) <= position:
            continue
        given = node.args[position]
        parts = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_every_code_in_the_source_is_explained_and_the_other_way_round():
    files = [LANGUAGE / name for name in REPORTING]
    assert all(file.exists() for file in files)
    files += sorted((LANGUAGE / "functions").rglob("*.py"))
    written = {
        code
        for file in files
        for code in written_codes(file)
        if code.replace("-", "").isalpha() and code.islower()
    }
    # Given through a variable: `code = "empty-list" if ...`, and what an exception becomes.
    assert written | {"empty-list", "wrong-shape", "failed"} == set(CODES)
