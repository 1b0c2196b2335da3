"""`sesam-node dtl check`, `explain`, `format` and `reference`."""

from __future__ import annotations

import io
import json
import sys

import pytest

from sesam_node.cli.main import main

WRONG = """\
// rules of people
{
  "default": [
    ["copy", "*"],
    ["add", "name", ["uper", "_S.name"]],
    ["apply", "other"]
  ],
  "unused": []
}
"""
GOOD = '[["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]'


@pytest.fixture
def file(tmp_path):
    """`file(text, name)` writes a file."""

    def write(text, name="rules.json"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def dtl(capsys, monkeypatch):
    """`dtl(*arguments, stdin=…)`: exit code, standard output, standard error."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["dtl", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


# -- check -------------------------------------------------------------------------------------


def test_every_problem_is_shown_in_its_line(dtl, file):
    path = file(WRONG)
    code, out, errors = dtl("check", path)
    assert (code, errors) == (1, "")
    assert out.splitlines()[:4] == [
        f'{path}:5:22: error: unknown function "uper"; did you mean "upper"? [unknown-function]',
        "  $.default[1][2][0]",
        '        ["add", "name", ["uper", "_S.name"]],',
        "                         ^^^^^^",
    ]
    assert f"{path}:6:6: error:" in out
    assert "[unused-rule]" in out
    assert out.splitlines()[-1] == f"{path}: 2 errors, 1 warning"


def test_the_problems_as_json_have_their_place(dtl, file):
    path = file(WRONG)
    code, out, _ = dtl("check", path, "--json")
    found = json.loads(out)
    assert code == 1
    (problem,) = [p for p in found if "uper" in p["message"]]
    assert problem == {
        "file": str(path),
        "line": 5,
        "column": 22,
        "start": WRONG.index('"uper"'),
        "end": WRONG.index('"uper"') + 6,
        "path": "$.default[1][2][0]",
        "level": "error",
        "code": "unknown-function",
        "message": 'unknown function "uper"',
        "hint": 'did you mean "upper"?',
    }


def test_warnings_fail_only_if_strict(dtl):
    rules = '[["copy", "*"], ["add", "x", "_X.name"]]'
    code, out, _ = dtl("check", "-e", rules)
    assert code == 0
    assert "-e:1:30: warning: " in out
    assert out.endswith("-e: 0 errors, 1 warning\n")
    assert dtl("check", "-e", rules, "--strict")[0] == 1


def test_rules_without_problems(dtl, file):
    path = file(GOOD)
    assert dtl("check", path) == (0, f"{path}: 0 errors, 0 warnings\n", "")
    assert dtl("check", path, "--json", "--strict") == (0, "[]\n", "")


def test_a_sample_tells_which_properties_there_are(dtl, file):
    sample = file('{"_id": "1", "nam": "ada"}\n', "sample.jsonl")
    code, out, _ = dtl("check", "-e", GOOD, "--sample", sample)
    assert code == 0
    assert '"name"; did you mean "nam"? [unknown-property]' in out
    assert dtl("check", "-e", GOOD, "--sample", sample, "--strict")[0] == 1
    assert dtl("check", "-e", GOOD, "--sample", sample.parent / "no")[0] == 2


def test_only_datasets_in_a_folder_may_be_named(dtl, file):
    rules = '[["add", "x", ["lookup-entity", "odrers", "_S._id"]]]'
    assert dtl("check", "-e", rules)[0] == 0
    folder = file("[]", "orders.jsonl").parent
    file('{"_id": "more", "source": {"type": "embedded", "entities": []}}', "x.conf.json")
    code, out, _ = dtl("check", "-e", rules, "--datasets", folder)
    assert code == 1
    assert 'unknown dataset "odrers"; did you mean "orders"?' in out
    assert dtl("check", "-e", rules.replace("odrers", "more"), "--datasets", folder)[0] == 0


def test_every_transform_of_a_pipe_is_checked(dtl, file):
    transforms = [{"type": "dtl", "rules": {"default": [[name]]}} for name in ("on", "off")]
    path = file(json.dumps({"_id": "p", "source": {}, "transform": transforms}, indent=1))
    _, out, _ = dtl("check", path)
    assert "$.transform[0].rules.default[0][0]" in out
    assert "$.transform[1].rules.default[0][0]" in out
    _, out, _ = dtl("check", path, "--transform", 1)
    assert "$.transform[0]" not in out


def test_text_that_is_no_json(dtl, file):
    path = file('[["copy" "*"]]')
    code, out, errors = dtl("check", path)
    assert (code, errors) == (1, "")
    assert f'{path}:1:10: error: expected "," or "]", got \'"\' [broken-json]' in out
    code, out, _ = dtl("check", path, "--json")
    assert code == 1
    assert [(p["line"], p["column"], p["code"]) for p in json.loads(out)] == [
        (1, 10, "broken-json")
    ]


def test_a_long_line_is_cut_around_the_place(dtl):
    rules = json.dumps([*[["add", f"a{n}", 1] for n in range(50)], ["uper"], ["copy", "*"]])
    _, out, _ = dtl("check", "-e", rules)
    line, mark = out.splitlines()[2:4]
    assert len(line) < 110
    assert line[mark.index("^") : mark.rindex("^") + 1] == '"uper"'


def test_check_cannot_without_a_file(dtl, tmp_path):
    assert dtl("check", tmp_path / "no.json")[0] == 2
    assert dtl("check")[0] == 2
    assert dtl("check", "-e", GOOD, "more.json")[0] == 2


# -- explain -----------------------------------------------------------------------------------


def test_explain_tells_what_rules_write(dtl):
    code, out, _ = dtl("explain", "-e", GOOD)
    assert code == 0
    assert "upper(_S.name)" in out


def test_explain_as_json_and_source(dtl, file):
    path = file(GOOD)
    explanation = json.loads(dtl("explain", path, "--json")[1])
    assert explanation["format"] == "sesam-dtl-explanation"
    source = dtl("explain", path, "--source")[1]
    assert source == explanation["source"]
    compile(source, "source", "exec")


def test_explain_shows_no_keys(dtl):
    rules = '[["add", "x", ["encrypt", "open sesame", "_S.x"]]]'
    for arguments in ([], ["--source"], ["--json"]):
        code, out, _ = dtl("explain", "-e", rules, *arguments)
        assert code == 0
        assert "sesame" not in out


def test_explain_of_rules_with_problems_shows_them(dtl, file):
    code, out, errors = dtl("explain", file(WRONG))
    assert (code, out) == (2, "")
    assert 'unknown function "uper"' in errors


# -- format ------------------------------------------------------------------------------------

LAID_OUT = '[\n  ["copy", "_id"],\n  ["add", "name", ["upper", "_S.name"]]\n]\n'


def test_format_from_standard_input_to_output(dtl):
    assert dtl("format", stdin=GOOD) == (0, LAID_OUT, "")
    assert dtl("format", "-", stdin=LAID_OUT) == (0, LAID_OUT, "")


def test_format_in_place(dtl, file):
    path, done = file(GOOD), file(LAID_OUT, "done.json")
    path.chmod(0o640)
    assert dtl("format", path, done) == (0, f"laid out {path}\n", "")
    assert path.read_text() == LAID_OUT
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in path.parent.iterdir()) == ["done.json", "rules.json"]


def test_format_check_names_files_and_changes_nothing(dtl, file):
    path, done = file(GOOD), file(LAID_OUT, "done.json")
    assert dtl("format", "--check", path, done) == (1, f"{path}\n", "")
    assert path.read_text() == GOOD
    assert dtl("format", "--check", done) == (0, "", "")


def test_format_diff_shows_what_would_change(dtl, file):
    path = file(GOOD)
    code, out, _ = dtl("format", "--diff", path)
    assert code == 1
    assert f"--- {path}\n+++ {path} (laid out)\n" in out
    assert '+  ["copy", "_id"],\n' in out
    assert path.read_text() == GOOD


def test_format_goes_on_behind_a_broken_file(dtl, file):
    broken, path = file("[[", "broken.json"), file(GOOD)
    code, out, errors = dtl("format", broken, path)
    assert (code, out) == (2, f"laid out {path}\n")
    assert f"{broken}:1:3: error: " in errors
    assert broken.read_text() == "[["


def test_format_follows_a_link_and_keeps_it(dtl, file, tmp_path):
    path = file(GOOD)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    assert dtl("format", link)[0] == 0
    assert link.is_symlink()
    assert path.read_text() == LAID_OUT


def test_format_refuses_a_width_that_makes_no_sense(dtl):
    assert dtl("format", "--width", 5, stdin=GOOD)[0] == 2


# -- reference ---------------------------------------------------------------------------------


def test_reference_writes_checks_and_removes_pages(dtl, tmp_path):
    folder = tmp_path / "docs"
    code, out, _ = dtl("reference", folder)
    assert code == 0
    assert out.endswith(" written\n")
    assert dtl("reference", "--check", folder) == (0, "", "")

    page = (folder / "lists.md").read_text()
    (folder / "lists.md").write_text(f"{page}more\n")
    (folder / "sets.md").unlink()
    (folder / "gone.md").write_text(page)
    (folder / "mine.md").write_text("# Written by hand\n")
    code, out, _ = dtl("reference", "--check", folder)
    assert (code, out.splitlines()) == (
        1,
        [
            f"{folder}/gone.md: no page has this name any more",
            f"{folder}/lists.md: is not current",
            f"{folder}/sets.md: is missing",
        ],
    )

    assert dtl("reference", folder)[0] == 0
    assert dtl("reference", "--check", folder) == (0, "", "")
    assert (folder / "mine.md").exists()
    assert not (folder / "gone.md").exists()


def test_reference_cannot_write_into_a_file(dtl, file):
    code, _, errors = dtl("reference", file("x"))
    assert code == 2
    assert errors.startswith("sesam-node dtl: ")


# -- as newcomers meet it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transforms", "warned"),
    [
        ([{"type": "dtl"}], True),
        ([{"type": "http", "url": "u"}, {"type": "dtl"}], False),
        ({"type": "conditional", "alternatives": {"a": {"type": "dtl"}}}, True),
    ],
)
def test_a_sample_is_what_the_first_transform_gets(dtl, file, transforms, warned):
    """A dtl transform behind one of another type gets what that one made."""
    text = json.dumps({"_id": "p", "type": "pipe", "transform": transforms})
    rules = {"default": [["copy", "*"], ["add", "x", "_S.made"]]}
    whole = json.dumps({"type": "dtl", "rules": rules})
    path = file(text.replace('{"type": "dtl"}', whole), "pipe.json")
    sample = file('{"_id": "1"}', "sample.json")
    code, out, _ = dtl("check", path, "--sample", sample)
    assert code == 0
    assert ("[unknown-property]" in out) is warned


def test_every_alternative_is_checked(dtl, file):
    alternatives = {name: {"type": "dtl", "rules": {"default": [[name]]}} for name in ("cpy", "ad")}
    transform = {"type": "conditional", "alternatives": alternatives}
    path = file(json.dumps({"_id": "p", "type": "pipe", "transform": transform}))
    code, out, _ = dtl("check", path)
    assert code == 1
    assert "$.transform.alternatives.cpy.rules.default[0][0]" in out
    assert "$.transform.alternatives.ad.rules.default[0][0]" in out


def test_the_help_is_as_wide_as_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        main(["dtl", "run", "--help"])
    head, _, example = capsys.readouterr().out.partition("example:")
    assert max(map(len, head.splitlines())) <= 60
    assert '-e \'[["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]\'' in example


def test_the_rule_that_is_begun_with_is_not_called_unused(dtl, file):
    rules = {
        "default": [["copy", "_id"]],
        "one": [["copy", "_id"], ["add", "x", ["apply", "two", "_S.d"]]],
        "two": [["copy", "a"]],
        "three": [["cpy"]],
    }
    path = file(json.dumps(rules))
    code, out, _ = dtl("check", path, "--rule", "one")
    assert (code, out) == (0, f"{path}: 0 errors, 0 warnings\n")
    out = dtl("explain", path, "--rule", "one")[1]
    assert "never applied" not in out
    assert "Rule two" in out
