"""Names in a text of rules: where they stand, and what the text is with other ones."""

from __future__ import annotations

import json
import random
import re

import pytest
from dtl.generation.outcomes import compiled
from dtl.generation.programs import programs

from sesam_node.dtl.symbols import renamed, symbol_at
from sesam_node.dtl.symbols.scopes import Scopes
from sesam_node.dtl.written_text import written_text
from sesam_node.errors import InputError

HOPS = """{
  "default": [
    ["add", "lines", ["apply-hops", "line", {
      "datasets": ["lines l", "orders o"],
      "where": [["eq", "_S._id", "o.customer"], ["eq", "o._id", "l.order"]],
      "subsets": {"l": ["eq", "l.kind", "x"]},
      "return": "o, l"
    }]],
    ["add", "text", ["concat", "l.order", ["apply", "line", "_S.a"]]],
    ["add", "nested", ["hops", {
      "datasets": ["lines l"],
      "where": ["eq", "_S._id", "l.order"],
      "return": ["list", "l.a", ["hops", {
        "datasets": ["orders l", "x y"],
        "where": [["eq", "l.a", "_S.b"], ["eq", "y._id", "l.a"]]
      }]]
    }]]
  ],
  "line": [["copy", "*"]]
}"""


def changed(text, changes):
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def found(text, part, number=0):
    """The symbol at the beginning of the number-th place of a part of the text."""
    places = [match.start() for match in re.finditer(re.escape(part), text)]
    return symbol_at(text, places[number])


def lines_of(text, symbol):
    """The lines that a symbol stands in, each as often as it does."""
    return [text.count("\n", 0, one.start) + 1 for one in symbol.occurrences]


@pytest.mark.parametrize(
    ("part", "number", "kind", "lines"),
    [
        # The outer alias, in subsets (its key and its path) and in a list of what is returned.
        ('l", "orders o"', 0, "alias", [4, 5, 6, 6, 7]),
        ("o.customer", 0, "alias", [4, 5, 5, 7]),
        # The alias of the hop within has the same name and is another one.
        ("l.order", 2, "alias", [11, 12, 13]),
        ('l", "x y"', 0, "alias", [14, 15, 15]),
        ('line", {', 0, "rule", [3, 9, 19]),
        ('line": [', 0, "rule", [3, 9, 19]),
        ("lines l", 0, "dataset", [4, 11]),
    ],
)
def test_a_name_is_found_where_it_means_the_same(part, number, kind, lines):
    symbol = found(HOPS, part, number)
    assert (symbol.kind, lines_of(HOPS, symbol)) == (kind, lines)


def test_text_that_reads_like_a_path_is_no_alias():
    assert found(HOPS, "l.order", 1) is None


def test_a_rule_is_renamed_wherever_it_is_named():
    text = changed(HOPS, renamed(found(HOPS, 'line": ['), 'a "new" one'))
    rules = json.loads(text)
    assert list(rules) == ["default", 'a "new" one']
    assert rules["default"][0][2][1] == rules["default"][1][2][2][1] == 'a "new" one'


def test_an_alias_is_renamed_in_its_hops_alone():
    text = changed(HOPS, renamed(found(HOPS, "o.customer"), "order"))
    spec = json.loads(text)["default"][0][2][2]
    assert spec["datasets"] == ["lines l", "orders order"]
    assert spec["where"] == [["eq", "_S._id", "order.customer"], ["eq", "order._id", "l.order"]]
    assert spec["return"] == "order, l"
    assert text.count("order._id") == 1


@pytest.mark.parametrize(
    ("part", "number", "name", "says"),
    [
        ("o.customer", 0, "l", "taken"),
        ("o.customer", 0, "a.b", "without dots"),
        ("o.customer", 0, "_S", "begin with"),
        ("y._id", 0, "l", "taken"),
        ('line": [', 0, "default", "taken"),
        ('line": [', 0, " ", "a name"),
        ('default": [', 0, "main", "begins with"),
        ("lines l", 0, "others", "pipe that writes it"),
    ],
)
def test_a_name_that_would_mean_something_else_is_refused(part, number, name, says):
    with pytest.raises(InputError, match=says):
        renamed(found(HOPS, part, number), name)


def test_a_name_that_would_make_a_path_of_text_is_refused():
    where = '[["eq", "_S.x", "a.x"], ["eq", "a.y", "b.c"]]'
    text = f'[["add", "x", ["hops", {{"datasets": ["a a"], "where": {where}}}]]]'
    with pytest.raises(InputError, match="taken"):
        renamed(found(text, "a.x"), "b")


def test_a_rule_that_is_named_elsewhere_is_found_but_not_renamed():
    text = '[["add", "x", ["apply", "tidy", "_S."]]]'
    symbol = found(text, "tidy")
    assert (symbol.kind, symbol.definition) == ("rule", None)
    with pytest.raises(InputError, match="not defined"):
        renamed(symbol, "other")


def test_rules_in_configurations_have_names_of_their_own():
    pipe = {"_id": "p", "type": "pipe", "transform": {"type": "dtl", "rules": json.loads(HOPS)}}
    text = json.dumps([pipe, {**pipe, "transform": [pipe["transform"]]}], indent=1)
    symbol = found(text, '"line": [', 1)
    assert len(symbol.occurrences) == 3
    assert text.count('"line"') == 6


def test_names_written_with_escapes_are_renamed_too():
    text = r'{"default": [["add", "x", ["apply", "\u006cine", "_S."]]], "line": [["copy", "*"]]}'
    renamed_text = changed(text, renamed(found(text, 'line"'), "ny"))
    assert json.loads(renamed_text)["default"][0][2][1] == "ny"


def test_what_is_not_finished_has_names_too():
    text = '{"line": [["copy", "*"]], "default": [["add", "x", ["apply", "line", "_S.'
    assert lines_of(text, found(text, "line")) == [1, 1]


def test_renaming_keeps_what_rules_do():
    """Rules by chance, each name in turn: the same comes out, and back again is the same text."""
    chance = random.Random(3)
    count = 0
    for program in programs(70, 3):
        text = json.dumps(program.rules, ensure_ascii=chance.random() < 0.5)
        symbols = Scopes(written_text(text).source()).symbols
        mine = [one for one in symbols if one.kind != "dataset" and one.name != "default"]
        defined = [one for one in mine if one.definition is not None]
        if not defined:
            continue
        symbol = chance.choice(defined)
        new = "renamed"
        other = changed(text, renamed(symbol, new))
        before = compiled(program).text()
        program.rules = json.loads(other)
        assert compiled(program).text() == before, (text, symbol.kind, symbol.name)
        again = next(
            one
            for one in Scopes(written_text(other).source()).symbols
            if one.name == new and one.kind == symbol.kind
        )
        assert len(again.occurrences) == len(symbol.occurrences)
        assert json.loads(changed(other, renamed(again, symbol.name))) == json.loads(text)
        count += 1
    assert count > 10
