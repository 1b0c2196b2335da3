"""What %%dtl shows beside results: traces, explanations, differences; and what it leaves out."""

import json

import pytest

from sesam_interactive import ClientError
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.config_diff import changes
from sesam_node.dtl.trace import validate

RULES = """[
  ["copy", "_id"],
  ["add", "name", ["lower", "_S.name"]],
  ["if", ["eq", "_S.dept", "x"], ["add", "t", ["first", ["hops", {
    "datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title"}]]]],
  ["filter", ["neq", "_S.name", "Bo"]],
]"""


@pytest.fixture
def loaded(hub):
    for name in ("person", "dept", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub


# -- traces --------------------------------------------------------------------------------------


def test_a_trace_has_values_beside_expressions_and_what_each_transform_set(shell, loaded):
    result = shell.run_cell_magic("dtl", "person-named --trace --entity 1", RULES)
    text = repr(result)
    steps = [
        line.split(None, 1)[1] if "default" in line else line.strip() for line in text.splitlines()
    ]
    for line in (
        '["add", "name", ["lower", "_S.name"]]',
        '["lower", "_S.name"] = "ada"',
        '_S.name = "Ada"',
        'sets name = "ada"',
        'looks into dept by _id ["x"] = 1 found',
        'd.title = "Mathematics"',
        'sets t = "Mathematics"',
    ):
        assert line in steps
    assert "takes THEN" in text
    assert 'entity "1", version 0' in text
    assert '→ {"_id": "1", "name": "ada", "t": "Mathematics"}' in text


def test_a_trace_is_a_bundle_that_views_can_take(shell, loaded):
    result = shell.run_cell_magic("dtl", "person-named --trace --limit 2", RULES)
    bundle = result._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.sesam.trace+json"}
    validate(bundle["application/vnd.sesam.trace+json"])
    assert bundle["application/vnd.sesam.trace+json"] == result.trace
    assert "the entity is filtered" in bundle["text/html"]
    assert len(result.entities) == 1


def test_any_result_has_its_trace_when_it_is_asked_for(shell, loaded):
    result = shell.run_cell_magic("dtl", "person --entity 3", RULES)
    validate(result.trace)
    assert [e["results"] for e in result.trace["entities"]] != []


@pytest.mark.parametrize(
    "source",
    [
        {"type": "dataset", "dataset": "person"},
        {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]},
    ],
)
def test_a_whole_pipe_is_traced_whatever_its_source(shell, loaded, source):
    pipe = {
        "source": source,
        "transform": {
            "type": "dtl",
            "rules": {
                "default": json.loads('[["copy", "_id"], ["add", "name", ["lower", "_S.name"]]]')
            },
        },
    }
    result = shell.run_cell_magic("dtl", "--trace --limit 1", json.dumps(pipe))
    assert 'sets name = "ada"' in repr(result)


def test_a_later_transform_is_traced_with_what_comes_to_it(shell, loaded):
    transforms = [
        {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "a", "from the first"]]}},
        {"type": "dtl", "rules": {"default": [["copy", "*"]]}},
    ]
    source = {"type": "dataset", "dataset": "person"}
    loaded.pipes.make("two").save(
        {"_id": "two", "source": source, "transform": transforms, "pump": {"mode": "manual"}}
    )
    with pytest.raises(CellError, match="transforms at 0, 1; say --transform N"):
        shell.run_cell_magic("dtl", "two", "[]")
    cell = '[["copy", "_id"], ["add", "b", ["upper", "_S.a"]]]'
    result = shell.run_cell_magic("dtl", "two --transform 1 --trace --limit 1", cell)
    assert result.entities == [{"_id": "1", "b": "FROM THE FIRST"}]
    assert '_S.a = "from the first"' in repr(result)
    with pytest.raises(CellError) as caught:
        shell.run_cell_magic("dtl", "two --transform 1", '[["add", "b", ["uper", 1]]]')
    assert "line 1, column 16" in str(caught.value)


def test_an_entity_that_fails_says_where_in_the_cell_and_in_the_trace(shell, loaded):
    cell = '[\n  ["copy", "_id"],\n  ["fail!", "not today"]\n]'
    assert "line 3, column 3" in repr(shell.run_cell_magic("dtl", "person --limit 1", cell))
    traced = repr(shell.run_cell_magic("dtl", "person --limit 1 --trace", cell))
    assert "failed: not today" in traced


# -- explanations --------------------------------------------------------------------------------


def test_an_explanation_says_what_is_written_looked_up_and_run_again(shell, loaded):
    found = shell.run_cell_magic("dtl", "person-named --explain", RULES)
    for text in (
        "name ← lower(_S.name)",
        "dept d: _id = _S.dept  (primary key)",
        "a changed dept entity re-runs the person entities whose dept is its _id",
        "person by dept",
        "Normal form",
        '["add", "name", ["lower", "_S.name"]],',
    ):
        assert text in repr(found)
        assert text.strip(",") in found._repr_html_().replace("&quot;", '"') or "Normal" in text
    assert "def " in found.python


# -- differences ---------------------------------------------------------------------------------


def test_a_difference_is_of_the_configuration_and_of_what_comes_out(shell, loaded):
    found = shell.run_cell_magic("dtl", "--diff person-named", RULES)
    assert found.counts == {"added": 0, "changed": 2, "deleted": 1, "unchanged": 0, "errors": 0}
    assert list(found.output["properties"]) == ["name", "t"]
    upper, lower = '["upper", "_S.name"]', '["lower", "_S.name"]'
    place = "$.transform.rules.default[1][2]"
    assert str(found.changes[0]) == f"~ {place}  {upper} → {lower}"
    text = repr(found)
    assert 'name: 2 changed; 1: "ADA" → "ada"' in text
    assert '- "2" deleted' in text
    assert "ada" in found._repr_html_()


def test_chosen_entities_are_compared_with_what_the_deployed_pipe_makes(shell, loaded):
    found = shell.run_cell_magic("dtl", "person-named --diff person-named --entity 1", RULES)
    assert found.counts == {"added": 0, "changed": 1, "deleted": 0, "unchanged": 0, "errors": 0}
    assert 'against what the deployed pipe "person-named" makes' in repr(found)


def test_a_receiver_is_compared_by_running_both(shell, loaded):
    loaded.connection.json("POST", "/receivers/inbox/entities", json=[{"_id": "a", "n": 1}])
    found = shell.run_cell_magic("dtl", "inbox --diff inbox", '[["copy", "*"], ["add", "m", 2]]')
    assert found.counts["changed"] == 1
    assert "both run over the sample instead" in repr(found)


def test_no_difference_is_said(shell, loaded):
    rules = '[["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]'
    found = shell.run_cell_magic("dtl", "--diff person-named", rules)
    assert found.is_empty
    assert "the configuration is the same" in repr(found)


def test_another_node_is_named_by_a_profile(shell, loaded, node, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "sesam-interactive" / "profiles.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"prod": {"node": node.url, "jwt": node.token}}))
    found = shell.run_cell_magic("dtl", "person-named --diff person-named@prod", RULES)
    assert "on prod (" in repr(found)
    assert found.counts["changed"] == 2
    assert node.token not in repr(found)
    with pytest.raises(ClientError, match=r'no profile "prd" .*did you mean "prod"'):
        shell.run_cell_magic("dtl", "person-named --diff person-named@prd", RULES)


def test_a_difference_with_a_pipe_that_is_not_there_says_what_was_meant(shell, loaded):
    with pytest.raises(CellError, match=r'no pipe "person-name" .*did you mean "person-named"'):
        shell.run_cell_magic("dtl", "person --diff person-name", RULES)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 2}, ["~ $.a  1 → 2"]),
        ({"a": 1}, {"b": 1}, ["+ $.b = 1", "- $.a = 1"]),
        ([["add", "a", 1]], [["copy", "x"], ["add", "a", 1]], ['+ $[0] = ["copy", "x"]']),
        ([["add", "a", 1], 2], [2], ['- $[0] = ["add", "a", 1]']),
        ([["add", "a", ["f", 1]]], [["add", "a", ["f", 2]]], ["~ $[0][2][1]  1 → 2"]),
        ([["add", "a", 1]], [["copy", "x"]], ['~ $[0]  ["add", "a", 1] → ["copy", "x"]']),
        ({"a": 1}, {"a": True}, ["~ $.a  1 → true"]),
        (
            [["add-if", "r", 1], ["comment", "x"], ["if", ["f"], 1]],
            [["if", ["f"], 2], ["filter", ["g"]]],
            [
                '- $[0] = ["add-if", "r", 1]',
                '- $[1] = ["comment", "x"]',
                "~ $[0][2]  1 → 2",
                '+ $[1] = ["filter", ["g"]]',
            ],
        ),
        (
            [["add", "a", 1], ["add", "b", 2]],
            [["add", "b", 3], ["add", "c", 4]],
            ['- $[0] = ["add", "a", 1]', "~ $[0][2]  2 → 3", '+ $[1] = ["add", "c", 4]'],
        ),
        (
            [{"_id": "a", "n": 1}, {"_id": "b"}],
            [{"_id": "a", "n": 2}, {"_id": "b"}],
            ["~ $[0].n  1 → 2"],
        ),
        ({"a": [1, 2]}, {"a": [1, 2]}, []),
    ],
)
def test_places_that_differ_are_found_with_lists_aligned(old, new, found):
    assert [str(change) for change in changes(old, new)] == found


# -- side effects and warnings -------------------------------------------------------------------


HTTP = {
    "source": {"type": "embedded", "entities": [{"_id": "1"}]},
    "transform": [
        {"type": "dtl", "rules": {"default": [["copy", "*"]]}},
        {"type": "http", "system": "web", "url": "x"},
    ],
}


def test_a_transform_with_side_effects_is_skipped_and_that_is_said(shell, loaded):
    system = {"_id": "web", "type": "system:url", "base_url": "http://127.0.0.1:9/"}
    loaded.connection.json("POST", "/systems", json=[system])
    result = shell.run_cell_magic("dtl", "", json.dumps(HTTP))
    assert [entity["_id"] for entity in result.entities] == ["1"]
    assert 'transform [1] ("http") has side effects and was skipped' in repr(result)
    acting = shell.run_cell_magic("dtl", "--side-effects", json.dumps(HTTP))
    assert "skipped" not in repr(acting)
    assert "Connection refused" in str(acting.errors[0]["error"])


def test_a_misspelt_property_is_a_warning_of_the_result(shell, loaded):
    result = shell.run_cell_magic("dtl", "person", '[["copy", "_id"], ["add", "n", "_S.nam"]]')
    assert 'did you mean "name"?' in repr(result)
    assert "    warning: none of the 3 entities seen has" in repr(result)
    assert "^^^^^^" in repr(result)
    assert "did you mean" in result._repr_html_()


def test_a_whole_pipe_is_warned_of_too(shell, loaded):
    rules = {"default": [["copy", "_id"], ["add", "n", "_S.nam"]]}
    pipe = {"source": {"type": "dataset", "dataset": "person"}}
    pipe["transform"] = {"type": "dtl", "rules": rules}
    result = shell.run_cell_magic("dtl", "", json.dumps(pipe, indent=2))
    assert 'did you mean "name"?' in repr(result)
    assert '"_S.nam"' in result.warnings[0]
    pipe["transform"]["rules"]["default"][1][2] = ["uper", "_S.name"]
    with pytest.raises(CellError, match='did you mean "upper"') as caught:
        shell.run_cell_magic("dtl", "", json.dumps(pipe, indent=2))
    assert "line " in str(caught.value)


def test_huge_values_are_cut_where_they_are_shown(shell, loaded):
    shell.user_ns["big"] = [{"_id": "1", "text": "x" * 100_000, "list": list(range(50_000))}]
    result = shell.run_cell_magic("dtl", "person --from $big", '[["copy", "*"]]')
    assert len(repr(result)) < 20_000
    assert len(result._repr_html_().split("<details>")[0]) < 20_000
    assert len(result.entities[0]["text"]) == 100_000
