"""`sesam-node dtl trace` and `bench`."""

from __future__ import annotations

import io
import json
import sys

import pytest

from sesam_node.cli.main import main
from sesam_node.dtl.trace import validate

RULES = """\
[
  ["copy", "_id"],
  ["if", ["is-not-null", "_S.name"],
    ["add", "name", ["upper", "_S.name"]],
    [["add", "name", "?"], ["add", "odd", true]]
  ],
  ["add", "of", ["hops", {
    "datasets": ["orders o"], "where": ["eq", "_S._id", "o.by"], "return": "o.amount"
  }]]
]
"""
PEOPLE = '{"_id": "1", "name": "ada"}\n{"_id": "2", "name": "bo"}\n'
ORDERS = '[{"_id": "a", "by": "1", "amount": 7, "_updated": 3}]'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.json").write_text(RULES)
    (tmp_path / "people.jsonl").write_text(PEOPLE)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.json").write_text(ORDERS)
    return tmp_path


@pytest.fixture
def dtl(capsys, monkeypatch, folder):
    """`dtl(action, *options)`: exit code, standard output, standard error, on the files above."""

    def run(action, *options, rules=None, entities="people.jsonl"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        files = ["-e", rules] if rules else [folder / "rules.json"]
        arguments = [action, *files, folder / entities, "--datasets", folder / "data", *options]
        code = main(["dtl", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def table(text):
    """The rows of a table by their last column, the path."""
    return {line.split()[-1]: line.split() for line in text.splitlines() if "$" in line}


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_the_table_has_every_part_of_the_rules(dtl, strength):
    code, out, errors = dtl("trace", "--strength", strength)
    assert (code, errors) == (0, "")
    assert out.splitlines()[0] == "2 entities: 2 came out, 0 filtered, 0 failed"
    rows = table(out)
    # The paths are those of the file, which holds a bare list.
    assert rows["$[1][2][2]"][0] == "2"
    assert rows["$[1][3][1]"][0] == "0"
    assert rows["$[2][2]"][-3:-1] == ["function", "hops"]


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_the_trace_as_json_and_as_file(dtl, folder, strength):
    document = json.loads(dtl("trace", "--strength", strength, "--json")[1])
    validate(document)
    assert document["strength"] == strength
    code, out, _ = dtl("trace", "--strength", strength, "-o", folder / "trace.json")
    assert code == 0
    assert out == f"{folder}/trace.json: 2 entities: 2 came out, 0 filtered, 0 failed\n"
    validate(json.loads((folder / "trace.json").read_text()))


def test_only_some_entities(dtl):
    document = json.loads(dtl("trace", "--entity", "2", "--json")[1])
    assert [document["values"][e["source"]]["_id"] for e in document["entities"]] == ["2"]
    document = json.loads(dtl("trace", "--limit", 1, "--json")[1])
    assert [document["values"][e["source"]]["_id"] for e in document["entities"]] == ["1"]
    code, _, errors = dtl("trace", "--entity", "9")
    assert (code, errors) == (2, "sesam-node dtl: no source entity has the id 9\n")


def test_why_a_value_is_there(dtl):
    code, out, _ = dtl("trace", "--entity", "1", "--why", "$.name")
    assert code == 0
    assert out.startswith('$.name = "ADA"\n')
    assert '["upper", "_S.name"]' in out
    assert '= "ada"' in out


def test_why_a_value_of_another_dataset_is_there(dtl):
    answer = json.loads(dtl("trace", "--entity", "1", "--why", "$.of", "--json")[1])
    assert answer["value"] == [7]
    assert '"dataset": "orders"' in json.dumps(answer)


def test_why_a_value_is_not_there(dtl):
    code, out, _ = dtl("trace", "--entity", "1", "--why", "$.odd")
    assert code == 0
    assert out.startswith("$.odd is not there\n")
    assert "[1]" in out


def test_why_needs_everything(dtl):
    code, _, errors = dtl("trace", "--why", "$.name", "--strength", "counters")
    assert (code, errors) == (2, "sesam-node dtl: --why needs a trace of the strength full\n")
    assert dtl("trace", "--why", "$[")[0] == 2


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_coverage_names_what_never_ran(dtl, strength):
    code, out, _ = dtl("trace", "--coverage", "--strength", strength)
    assert code == 0
    assert "1   1  100 %  rules" in out
    never = out.partition("never ran")[2]
    assert set(table(never)) == {"$[1][3][0]", "$[1][3][1]"}
    found = json.loads(dtl("trace", "--coverage", "--json", "--strength", strength)[1])
    assert found["$.default[1][3][1]"]["fired"] == 0


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_an_entity_that_fails_is_in_the_trace_and_in_the_exit_code(dtl, strength):
    rules = '[["copy", "_id"], ["if", ["eq", "_S._id", "2"], ["fail!", "not this one"]]]'
    code, out, _ = dtl("trace", "--strength", strength, rules=rules)
    assert code == 1
    assert "2 entities: 1 came out, 0 filtered, 1 failed" in out


def test_a_line_that_is_no_entity_ends_it(dtl, folder):
    (folder / "bad.jsonl").write_text('{"_id": "1"}\n{"a": 1}\n')
    code, out, errors = dtl("trace", entities="bad.jsonl")
    assert (code, out) == (2, "")
    problem = '_id: expected a string, got null; every entity needs an "_id"'
    assert errors == f"sesam-node dtl: line 2: {problem}\n"


def test_rules_with_problems(dtl):
    code, out, errors = dtl("trace", rules='[["uper"]]')
    assert (code, out) == (2, "")
    assert "-e:1:3: error: " in errors


def test_a_trace_that_cannot_be_written(dtl, folder):
    assert dtl("trace", "-o", folder / "no" / "trace.json")[0] == 2


def test_no_key_and_nothing_decrypted_is_shown(dtl, folder, capsys):
    rules = '[["copy", "_id"], ["add", "x", ["encrypt", "open sesame", "4711-12"]]]'
    main(["dtl", "run", "-e", rules, str(folder / "people.jsonl")])
    (folder / "shut.jsonl").write_text(capsys.readouterr().out)
    rules = '[["copy", "_id"], ["add", "y", ["decrypt", "open sesame", "_S.x"]]]'
    for options in (["--json"], ["--why", "$.y"], ["--strength", "counters", "--json"]):
        code, out, _ = dtl("trace", *options, rules=rules, entities="shut.jsonl")
        assert code == 0
        assert "sesame" not in out
        assert "4711" not in out


# -- bench -------------------------------------------------------------------------------------


def test_bench_tells_of_three_ways_and_the_paths(dtl):
    code, out, _ = dtl("bench", "--seconds", "0.05")
    assert code == 0
    assert "2 different entities" in out
    assert [line.split()[-1] for line in out.splitlines()[3:6]] == ["plain", "counters", "full"]
    assert any("function hops" in line for line in out.splitlines())


def test_bench_as_json(dtl):
    figures = json.loads(dtl("bench", "--seconds", "0.05", "--json")[1])
    assert list(figures["ways"]) == ["plain", "counters", "full"]
    assert figures["ways"]["plain"]["ratio"] == 1
    assert all(way["entities"] > 0 for way in figures["ways"].values())
    assert "$.default[2][2]" in figures["paths"]


def test_bench_counts_entities_that_fail(dtl):
    rules = '[["copy", "_id"], ["if", ["eq", "_S._id", "2"], ["fail!", "not this one"]]]'
    code, out, _ = dtl("bench", "--seconds", "0.05", rules=rules)
    assert code == 0
    assert out.splitlines()[-1].endswith(" entities failed")


def test_bench_cannot_without_entities_or_with_a_time_that_makes_no_sense(dtl, folder):
    (folder / "none.jsonl").write_text("")
    assert dtl("bench", entities="none.jsonl")[0] == 2
    assert dtl("bench", "--seconds", "0")[0] == 2


def test_why_of_what_is_no_path_or_of_nobody(dtl, folder):
    code, out, errors = dtl("trace", "--why", "$..name")
    assert (code, out) == (2, "")
    expected = "expected the path of a value, such as '$.name', got '$..name'"
    assert errors == f"sesam-node dtl: --why: {expected}\n"
    (folder / "none.jsonl").write_text("")
    code, out, errors = dtl("trace", "--why", "$.name", entities="none.jsonl")
    assert (code, out, errors) == (2, "", "sesam-node dtl: there are no source entities\n")


def test_one_entity_is_one_entity(dtl):
    out = dtl("trace", "--limit", 1)[1]
    assert out.startswith("1 entity: 1 came out, 0 filtered, 0 failed\n")
