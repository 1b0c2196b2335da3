"""The examples that stand beside each function are true."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from sesam_node.dtl import RuleContext, Runtime, run_rules
from sesam_node.dtl.functions import GROUPS
from sesam_node.dtl.registry import all_functions
from sesam_node.errors import DtlError
from sesam_node.model.values import sort_key

EXAMPLES = [
    pytest.param(entry, example, id=f"{entry.group}.{entry.name}.{number}")
    for entry in all_functions()
    for number, example in enumerate(entry.examples)
]


def outcome(entry, example):
    """What the example gives: a value, or the target (null where there is none)."""
    source = {"_id": "x", **copy.deepcopy(example.source or {})}
    if entry.kind == "transform":
        block = example.expression
        transforms = block if block and type(block[0]) is list else [block]
    else:
        name = "::result" if example.context.get("namespaced") else "result"
        transforms = [["add", name, example.expression]]
    rules = {"default": [["copy", "_id"], *transforms], **example.rules}
    context = RuleContext(**example.context)
    out = run_rules(
        rules,
        [source],
        datasets=example.datasets,
        context=context,
        runtime=Runtime(sleep=lambda seconds: None),
    )
    target = out[-1] if out else None
    return target if entry.kind == "transform" else target["result"]


def plain(value):
    """Decimals by number, so that trailing zeros do not matter."""
    if type(value) is str and value[:2] == "~f":
        return Decimal(value[2:])
    if type(value) in (list, tuple):
        return [plain(item) for item in value]
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return (type(value), value)


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_example(entry, example):
    if example.fails:
        with pytest.raises(DtlError, match=example.expect):
            outcome(entry, example)
        return
    found, wanted = outcome(entry, example), example.expect
    if example.approx is not None:
        assert found == pytest.approx(wanted, abs=example.approx)
        return
    if example.unordered:
        found, wanted = sorted(found, key=sort_key), sorted(wanted, key=sort_key)
    assert plain(found) == plain(wanted)


def test_every_function_has_a_doc_line_and_an_example():
    assert [e.name for e in all_functions() if not e.doc or not e.examples] == []


def test_every_registered_name_belongs_to_a_group():
    groups = {group.__name__.rpartition(".")[2] for group in GROUPS}
    assert {entry.group for entry in all_functions()} == groups
