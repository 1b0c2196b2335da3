"""The editor of rules as Python sees it: what the page asks, against a real node."""

import pytest

from sesam_interactive import ClientError
from sesam_interactive.display.json_text import content
from sesam_node.errors import InputError


@pytest.fixture
def loaded(hub):
    for name in ("person", "dept", "person-named"):
        hub.pipes[name].run(progress=False)
    return hub


def ask(view, name, **args):
    """A request as the page makes it."""
    return view._answer({"name": name, "args": args})


def test_the_editor_of_a_pipe_holds_its_rules_laid_out(loaded):
    editor = loaded.pipes["person-named"].edit()
    assert editor.rules == loaded.pipes["person-named"].config["transform"]["rules"]
    assert '  ["add", "name", ["upper", "_S.name"]]' in editor.text
    assert repr(editor).startswith("<DtlEditor of person-named: ")


def test_a_text_is_run_on_a_sample_and_the_chosen_entity_is_traced(loaded):
    editor = loaded.pipes["person-named"].edit()
    text = '[\n  // shouting\n  ["copy", "_id"],\n  ["add", "é𝄞", ["lower", "_S.name"]]\n]'
    shown = ask(editor, "live", text=text, entity="3")["result"]["shown"]
    assert shown["result"]["emitted"] == [{"_id": "3", "é𝄞": "cy"}]
    assert shown["deployed"]["emitted"] == [{"_id": "3", "name": "CY"}]
    assert shown["sample"] == [
        {"id": name, "outcome": "emitted", "differs": True} for name in ("1", "2", "3")
    ]
    start, end = shown["spans"]["$.rules.default[1][2]"]
    units = text.encode("utf-16-le")
    assert units[2 * start : 2 * end].decode("utf-16-le") == '["lower", "_S.name"]'
    assert editor.text == text


def test_every_problem_has_its_place_and_nothing_is_shown(loaded):
    editor = loaded.pipes["person-named"].edit()
    text = '[["cpy", "_id"], ["add", "x", ["uper", "_S.name"]]]'
    answer = ask(editor, "live", text=text)["result"]
    assert answer["shown"] is None
    told = [(text[p["from"] : p["to"]], p["hint"], p["level"]) for p in answer["problems"]]
    assert told == [
        ('"cpy"', 'did you mean "copy"?', "error"),
        ('"uper"', 'did you mean "upper"?', "error"),
    ]


def test_an_entity_that_fails_marks_the_place_and_the_others_are_run_all_the_same(loaded):
    editor = loaded.pipes["person-named"].edit()
    text = '[["copy", "_id"], ["if", ["eq", "_S.name", "Bo"], ["fail!", "no Bo"]]]'
    answer = ask(editor, "live", text=text, entity="2")["result"]
    (problem,) = answer["problems"]
    assert (problem["message"], problem["line"]) == ("no Bo", 1)
    assert text[problem["from"] : problem["to"]] == '["fail!", "no Bo"]'
    outcomes = [one["outcome"] for one in answer["shown"]["sample"]]
    assert outcomes == ["emitted", "failed", "emitted"]


def test_an_entity_outside_of_the_sample_is_fetched_by_its_id(loaded):
    editor = loaded.pipes["person-named"].edit()
    told = ask(editor, "live", text=editor.text, entity="nobody")["result"]
    assert told["shown"] is None
    assert told["note"] == 'the source has no entity "nobody"'


def test_rules_over_entities_at_hand_and_over_a_dataset(loaded):
    rules = [["copy", "_id"], ["add", "n", ["+", "_S.n", 1]]]
    at_hand = loaded.edit(rules, entities=[{"_id": "a", "n": 1}])
    assert at_hand.preview()[0]["emitted"] == [{"_id": "a", "n": 2}]
    over = loaded.edit(dataset="person")
    assert [content(one["source"])["name"] for one in over.preview()] == ["Ada", "Bo", "Cy"]


def test_saving_shows_what_would_change_and_saves_only_when_told_to(loaded):
    editor = loaded.pipes["person-named"].edit()
    before = loaded.pipes["person-named"].config
    editor.text = '{"default": [["copy", "_id"]]}'
    changes = editor.save()
    assert any(line.startswith("-") and "upper" in line for line in changes.lines)
    assert changes.output.counts["changed"] == 3
    assert "3 changed" in repr(changes)
    assert loaded.pipes["person-named"].config == before
    editor.save(yes=True)
    assert loaded.pipes["person-named"].config == before | {
        "transform": {"type": "dtl", "rules": {"default": [["copy", "_id"]]}}
    }
    assert editor.changes().is_empty


def test_a_pipe_that_somebody_else_changed_is_not_overwritten(loaded):
    pipe = loaded.pipes["person-named"]
    editor = pipe.edit([["copy", "_id"]])
    ask(editor, "changes_of", text=editor.text)
    pipe.save(pipe.config | {"description": "by somebody else"})
    error = ask(editor, "save_text", text=editor.text)["error"]
    assert "was changed meanwhile" in error["message"]
    assert "transform" in pipe.config
    assert pipe.config["description"] == "by somebody else"
    assert "upper" in str(pipe.config["transform"])


def test_new_rules_are_saved_as_a_new_pipe(loaded):
    editor = loaded.edit([["copy", "_id"]], dataset="person")
    with pytest.raises(ClientError, match="name the pipe"):
        editor.save(yes=True)
    editor.save("short", yes=True)
    assert loaded.pipes["short"].config["source"] == {"type": "dataset", "dataset": "person"}


def test_rules_that_are_no_rules_are_told_so(loaded):
    editor = loaded.edit("{}", dataset="person")
    with pytest.raises(InputError, match='one called "default"'):
        _ = editor.rules


def test_the_still_picture_has_the_values_beside_the_rules_and_no_script(loaded):
    editor = loaded.pipes["person-named"].edit()
    html = editor.still()
    assert "name = &quot;ADA&quot;" in html
    editor.text = '[["copy", "</pre><script>"'
    assert "<script" not in editor.still()
    assert "line 1, column 27: expected" in editor.still()


def test_completion_counts_as_the_page_does(loaded):
    editor = loaded.pipes["person-named"].edit()
    text = '[["add", "𝄞", "_S.na"]]'
    offset = len(text[: text.index("na") + 2].encode("utf-16-le")) // 2
    found = ask(editor, "complete", text=text, offset=offset)["result"]
    assert found["items"][0]["insert"] == "name"
    assert (found["from"], found["to"]) == (offset - 2, offset)
