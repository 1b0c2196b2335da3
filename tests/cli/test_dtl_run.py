"""`sesam-node dtl run` and what all actions share: rule files, entities, surroundings."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sesam_node.cli.main import main

UPPER = [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]
COMMAND = [sys.executable, "-m", "sesam_node", "dtl"]
PEOPLE = [{"_id": "1", "name": "ada"}, {"_id": "2", "name": "bo"}]
SHOUTED = [{"_id": "1", "name": "ADA"}, {"_id": "2", "name": "BO"}]


@pytest.fixture
def files(tmp_path):
    """`files(name=value)` writes files: JSON of a value, lines of a tuple, text as it is."""

    def write(**contents):
        for name, content in contents.items():
            if isinstance(content, tuple):
                text = "".join(f"{json.dumps(item)}\n" for item in content)
            elif isinstance(content, str):
                text = content
            else:
                text = json.dumps(content)
            (tmp_path / name.replace("__", ".")).write_text(text)
        return tmp_path

    return write


@pytest.fixture
def dtl(capsysbinary, monkeypatch):
    """`dtl(*arguments, stdin=…)`: exit code, entities written, lines of standard error."""

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(["dtl", *map(str, arguments)])
        out, err = capsysbinary.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err.decode().splitlines()

    return run


def lines(*entities):
    return b"".join(json.dumps(entity).encode() + b"\n" for entity in entities)


# -- rule files --------------------------------------------------------------------------------

RULES = {
    "a list of transforms": UPPER,
    "rules by name": {"default": UPPER},
    "a transform": {"type": "dtl", "rules": {"default": UPPER}},
    "a transform without its type": {"rules": {"default": UPPER}},
    "a pipe": {
        "_id": "person",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "people"},
        "transform": {"type": "dtl", "rules": {"default": UPPER}},
    },
    "a pipe with a list of transforms": {
        "_id": "person",
        "source": {"type": "embedded", "entities": []},
        "transform": [
            {"type": "rest", "system": "x"},
            {"type": "dtl", "rules": {"default": UPPER}},
        ],
    },
}


@pytest.mark.parametrize("given", RULES.values(), ids=RULES)
def test_what_a_rule_file_may_hold(dtl, files, given):
    folder = files(rules__json=given)
    assert dtl("run", folder / "rules.json", stdin=lines(*PEOPLE)) == (0, SHOUTED, [])


def test_a_rule_file_may_have_comments(dtl, files):
    folder = files(rules__dtl='// shout\n[["copy", "_id"], /* loud */ ["add", "n", 1],]\n')
    assert dtl("run", folder / "rules.dtl", stdin=lines({"_id": "1"}))[1] == [{"_id": "1", "n": 1}]


def test_rules_from_standard_input(dtl, files):
    folder = files(people__jsonl=tuple(PEOPLE))
    given = json.dumps(UPPER).encode()
    assert dtl("run", "-", folder / "people.jsonl", stdin=given) == (0, SHOUTED, [])


def test_rules_and_entities_cannot_both_be_standard_input(dtl):
    code, out, errors = dtl("run", "-", stdin=b"[]")
    assert (code, out) == (2, [])
    assert "cannot both be read from standard input" in errors[0]


def test_the_pipe_brings_its_namespaces(dtl, files):
    pipe = {
        "_id": "person",
        "namespaced_identifiers": True,
        "namespaces": {"property": "p"},
        "source": {"type": "dataset", "dataset": "people"},
        "transform": {"type": "dtl", "rules": {"default": [["add", "a", 1], ["add", "_id", "7"]]}},
    }
    folder = files(pipe__json=pipe)
    out = dtl("run", folder / "pipe.json", stdin=lines({"_id": "x:1"}))[1]
    assert out == [{"p:a": 1, "_id": "person:7"}]


def test_namespaces_of_the_options(dtl):
    out = dtl(
        *["run", "-e", '[["copy", "_id"], ["add", "a", 1]]', "--namespaced"],
        *["--property-namespace", "q", "--identity-namespace", "i"],
        stdin=lines({"_id": "i:1"}),
    )[1]
    assert out == [{"_id": "i:1", "q:a": 1}]


def test_a_pipe_with_two_dtl_transforms_is_asked_for_one(dtl, files):
    transforms = [{"type": "dtl", "rules": {"default": [["add", "n", n]]}} for n in (0, 1)]
    folder = files(pipe__json={"_id": "p", "source": {}, "transform": transforms})
    code, _, errors = dtl("run", folder / "pipe.json", stdin=lines({"_id": "1"}))
    assert code == 2
    assert "2 dtl transforms; choose one with --transform: 0, 1" in errors[0]
    rules = [["copy", "_id"], ["add", "n", 1]]
    transforms[1]["rules"]["default"] = rules
    folder = files(pipe__json={"_id": "p", "source": {}, "transform": transforms})
    out = dtl("run", folder / "pipe.json", "--transform", 1, stdin=lines({"_id": "1"}))[1]
    assert out == [{"_id": "1", "n": 1}]
    assert dtl("run", folder / "pipe.json", "--transform", 2, stdin=b"")[0] == 2


def test_a_rule_of_several_is_run_by_its_name(dtl, files):
    rules = {"default": [["discard"]], "shout": UPPER}
    folder = files(rules__json=rules)
    out = dtl("run", folder / "rules.json", "--rule", "shout", stdin=lines(*PEOPLE))
    assert out == (0, SHOUTED, [])
    code, _, errors = dtl("run", folder / "rules.json", "--rule", "shot", stdin=b"")
    assert (code, errors) == (
        2,
        ['sesam-node dtl: there is no rule "shot"; did you mean "shout"?'],
    )


WRONG_FILES = {
    "no JSON": ("[[", "is no JSON"),
    "one value": ("1", "holds no rules"),
    "a pipe without rules": ('{"_id": "p", "source": {}}', "is a pipe without a dtl transform"),
    "a number without end": (f"[{'9' * 5000}]", "is no JSON"),
    "nothing": ("", "the text ends here"),
    "deep": ("[" * 5000, "levels deep"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_holds_no_rules(dtl, files, text, message):
    code, out, errors = dtl("run", files(rules__json=text) / "rules.json", stdin=b"")
    assert (code, out) == (2, [])
    assert message in "\n".join(errors)


def test_files_that_are_not_there_or_too_many(dtl, tmp_path):
    assert dtl("run", tmp_path / "no.json")[0] == 2
    assert dtl("run", "-e", "[]", tmp_path / "no.jsonl")[0] == 2
    assert dtl("run", tmp_path)[0] == 2
    assert dtl("run", "-e", "[]", "a", "b")[2] == ["sesam-node dtl: one file too many: b"]
    assert dtl("run")[2] == ["sesam-node dtl: name a file of rules, or give them with -e"]


def test_rules_with_problems_are_shown_in_their_lines(dtl, files):
    folder = files(rules__json='[\n  ["add", "x", ["uper", "_S.y"]]\n]')
    code, _, errors = dtl("run", folder / "rules.json", stdin=b"")
    assert code == 2
    unknown = 'unknown function "uper"; did you mean "upper"? [unknown-function]'
    assert errors[1:] == [
        f"{folder}/rules.json:2:17: error: {unknown}",
        "  $[0][2][0]",
        '      ["add", "x", ["uper", "_S.y"]]',
        "                    ^^^^^^",
    ]


# -- entities ----------------------------------------------------------------------------------

INPUTS = {
    "lines": lines(*PEOPLE),
    "an array": json.dumps(PEOPLE).encode(),
    "an array over lines": json.dumps(PEOPLE, indent=1).encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + lines(*PEOPLE),
    "with empty lines": b"\n \n" + lines(*PEOPLE) + b"\n",
    "with other line ends": lines(*PEOPLE).replace(b"\n", b"\r\n"),
    "without a last line end": lines(*PEOPLE)[:-1],
}


@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
def test_how_entities_may_come(dtl, tmp_path, given):
    assert dtl("run", "-e", json.dumps(UPPER), stdin=given) == (0, SHOUTED, [])
    (tmp_path / "people").write_bytes(given)
    assert dtl("run", "-e", json.dumps(UPPER), tmp_path / "people") == (0, SHOUTED, [])


def test_one_entity_over_several_lines(dtl):
    given = json.dumps(PEOPLE[0], indent=2).encode()
    assert dtl("run", "-e", json.dumps(UPPER), stdin=given) == (0, SHOUTED[:1], [])


def test_typed_values_are_read_and_written_as_transit(dtl):
    given = {"_id": "1", "at": "~t2026-01-31T12:00:00.500Z", "text": "~~t2026-01-31"}
    out = dtl("run", "-e", '[["copy", "*"]]', stdin=lines(given))[1]
    assert out == [{"_id": "1", "at": "~t2026-01-31T12:00:00.5Z", "text": "~~t2026-01-31"}]


def test_filtered_entities_are_written_if_asked_for(dtl):
    rules = '[["copy", "_id"], ["if", ["eq", "_S._id", "1"], ["filter"]]]'
    given = lines(*PEOPLE)
    assert dtl("run", "-e", rules, stdin=given)[1] == [{"_id": "2"}]
    assert dtl("run", "-e", rules, "--all", stdin=given)[1] == [
        {"_id": "1", "_filtered": True},
        {"_id": "2"},
    ]


def test_a_limit_counts_source_entities(dtl):
    rules = '[["create", {"_id": "a"}], ["create", {"_id": "b"}], ["discard"]]'
    out = dtl("run", "-e", rules, "--limit", 1, stdin=lines(*PEOPLE))[1]
    assert out == [{"_id": "a"}, {"_id": "b"}]


FAILING = '[["copy", "_id"], ["if", ["eq", "_S._id", "1"], ["fail!", "not this one"]]]'


def test_an_entity_that_fails_ends_the_run_with_its_line(dtl):
    code, out, errors = dtl("run", "-e", FAILING, stdin=lines({"_id": "0"}, *PEOPLE))
    assert (code, out) == (1, [{"_id": "0"}])
    assert errors == ['line 2: the entity "1" failed at $[1][2]: not this one']


def test_keep_going_tells_of_all_that_fail_and_exits_1(dtl):
    given = lines({"_id": "1"}, {"_id": "0"}) + b'{"x": 1}\n{"_id":\n' + lines({"_id": "3"})
    code, out, errors = dtl("run", "-e", FAILING, "--keep-going", stdin=given)
    assert (code, out) == (1, [{"_id": "0"}, {"_id": "3"}])
    assert [error.partition(": ")[0] for error in errors] == [
        *["line 1", "line 3", "line 4, column 8"]
    ]
    assert errors[1:] == [
        'line 3: _id: expected a string, got null; every entity needs an "_id"',
        "line 4, column 8: Input data was truncated",
    ]


def test_what_one_entity_became_is_written_before_the_next_is_read():
    """Standard input is a stream: nobody waits for its end."""
    run = subprocess.Popen(
        [*COMMAND, "run", "-e", '[["copy", "*"]]'], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with run:
        for _ in range(2):
            run.stdin.write(b'{"_id": "1"}\n')
            run.stdin.flush()
            assert run.stdout.readline() == b'{"_id":"1"}\n'
        run.stdin.close()
        assert run.wait(30) == 0


# -- surroundings ------------------------------------------------------------------------------

HOP = [
    ["copy", "_id"],
    [
        "add",
        "of",
        ["hops", {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.by"], "return": "o._id"}],
    ],
]


def test_datasets_for_hops(dtl, files):
    folder = files(
        orders__json=[{"_id": "a", "by": "1"}, {"_id": "b", "by": "2"}, {"_id": "c", "by": "1"}],
        other__jsonl=({"_id": "x"},),
        readme__txt="not a dataset",
    )
    out = dtl("run", "-e", json.dumps(HOP), "--datasets", folder, stdin=lines(*PEOPLE))[1]
    assert out == [{"_id": "1", "of": ["a", "c"]}, {"_id": "2", "of": ["b"]}]


def test_a_pipe_with_embedded_entities_is_a_dataset(dtl, files):
    source = {"type": "embedded", "entities": [{"_id": "a", "by": "1"}]}
    folder = files(
        orders__conf__json={"_id": "orders", "type": "pipe", "source": source},
        more__conf__json={"_id": "more", "source": {"type": "csv"}},
    )
    out = dtl("run", "-e", json.dumps(HOP), "--datasets", folder, stdin=lines(*PEOPLE))[1]
    assert out == [{"_id": "1", "of": ["a"]}, {"_id": "2", "of": []}]


def test_datasets_that_cannot_be_read(dtl, files):
    folder = files(orders__jsonl='{"_id": "a"}\n{"_id": 1}\n')
    assert dtl("run", "-e", "[]", "--datasets", folder / "no", stdin=b"")[0] == 2
    code, _, errors = dtl("run", "-e", "[]", "--datasets", folder, stdin=b"")
    assert code == 2
    assert "orders.jsonl, line 2: _id: expected a string, got 1" in errors[0]


def test_time_and_chance_are_handed_in(dtl):
    rules = '[["copy", "_id"], ["add", "at", ["now"]], ["add", "id", ["uuid"]]]'
    arguments = ["run", "-e", rules, "--now", "2026-01-31", "--seed-uuid", 7]
    first, second = (dtl(*arguments, stdin=lines(*PEOPLE)) for _ in range(2))
    assert first == second
    assert [entity["at"] for entity in first[1]] == ["~t2026-01-31T00:00:00Z"] * 2
    assert len({entity["id"] for entity in first[1]}) == 2
    assert dtl("run", "-e", rules, "--now", "noon", stdin=b"")[0] == 2


def test_parameters_of_the_request(dtl):
    rules = '[["copy", "_id"], ["add", "who", "_B.who"]]'
    out = dtl("run", "-e", rules, "--parameter", "who=a=b", stdin=lines({"_id": "1"}))[1]
    assert out == [{"_id": "1", "who": "a=b"}]
    assert dtl("run", "-e", rules, "--parameter", "who", stdin=b"")[0] == 2


def test_secrets_are_read_from_a_file_and_never_shown(dtl, files):
    folder = files(secrets__json={"key": "open sesame"}, broken__json='{"key": "open sesame"')
    rules = '[["copy", "_id"], ["add", "x", ["encrypt", "$SECRET(key)", "_S.name"]]]'
    shut = dtl("run", "-e", rules, "--secrets", folder / "secrets.json", stdin=lines(*PEOPLE))[1]
    rules = '[["copy", "_id"], ["add", "name", ["decrypt", "$SECRET(key)", "_S.x"]]]'
    out = dtl("run", "-e", rules, "--secrets", folder / "secrets.json", stdin=lines(*shut))[1]
    assert out == PEOPLE
    code, _, errors = dtl("run", "-e", rules, "--secrets", folder / "broken.json", stdin=b"")
    assert code == 2
    assert "sesame" not in "\n".join(errors)


# -- as a process ------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(tmp_path):
    (tmp_path / "many.jsonl").write_text('{"_id": "1"}\n' * 50_000)
    run = subprocess.Popen(
        [*COMMAND, "run", "-e", '[["copy", "*"]]', tmp_path / "many.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with run:
        assert run.stdout.readline() == b'{"_id":"1"}\n'
        run.stdout.close()
        assert (run.stderr.read(), run.wait(30)) == (b"", 0)


def test_a_full_disk_is_told_of(tmp_path):
    (tmp_path / "one.jsonl").write_text('{"_id": "1"}\n')
    for action in ("run", "trace"):
        with Path("/dev/full").open("wb") as full:
            ended = subprocess.run(
                [*COMMAND, action, "-e", '[["copy", "*"]]', tmp_path / "one.jsonl"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
                timeout=60,
            )
        assert ended.stderr == b"sesam-node dtl: cannot go on: No space left on device\n"
        assert ended.returncode == 2


def test_ctrl_c_ends_it_with_one_line():
    run = subprocess.Popen(
        [*COMMAND, "run", "-e", '[["copy", "*"]]'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with run:
        # An entity has come through: it runs, and waits for the next.
        run.stdin.write(b'{"_id": "1"}\n')
        run.stdin.flush()
        assert run.stdout.readline() == b'{"_id":"1"}\n'
        run.send_signal(signal.SIGINT)
        assert run.stderr.read().splitlines() == [b"sesam-node dtl: interrupted"]
        assert run.wait(30) == 130


@pytest.mark.parametrize(
    "action", ["run", "check", "explain", "trace", "format", "reference", "bench"]
)
def test_every_action_has_help_with_an_example(action, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["dtl", action, "--help"])
    assert ended.value.code == 0
    assert (
        f"example:\n  {'echo' if action == 'run' else 'sesam-node dtl'}" in capsys.readouterr().out
    )


@pytest.mark.parametrize("limit", ["-1", "x", "1.5", "²", "9" * 30])
def test_a_limit_that_is_no_number(limit, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["dtl", "run", "-e", "[]", "--limit", limit])
    assert ended.value.code == 2
    assert "not negative" in capsys.readouterr().err


# -- as newcomers meet it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"a;b\n", "line 1, column 1: invalid character; an entity is a JSON object: one a line"),
        (b'  {"_id": "1",}\n', "line 1, column 15: "),
        (b'"x"\n', 'line 1: expected an entity, got "x"'),
    ],
)
def test_a_line_that_is_no_entity_is_told_once_and_with_its_place(dtl, text, error):
    code, out, errors = dtl("run", "-e", '[["copy", "*"]]', stdin=text)
    assert (code, out, len(errors)) == (1, [], 1)
    assert errors[0].startswith(error)


def test_a_closed_standard_stream_is_a_message(capsys, monkeypatch):
    for stream, name in (("stdin", "input"), ("stdout", "output")):
        with monkeypatch.context() as patch:
            patch.setattr(sys, stream, None)
            assert main(["dtl", "run", "-e", "[]"]) == 2
        assert capsys.readouterr().err == f"sesam-node dtl: standard {name} is closed\n"


CONDITIONAL = {
    "type": "conditional",
    "condition": "$ENV(rules)",
    "alternatives": {
        name: {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "is", name]]}}
        for name in ("lenient", "strict")
    },
}


def test_an_alternative_of_a_conditional_transform_is_chosen_by_its_name(dtl, files):
    pipe = {"_id": "p", "source": {"type": "dataset", "dataset": "d"}, "transform": CONDITIONAL}
    path = files(pipe__json=pipe) / "pipe.json"
    given = lines({"_id": "1"})
    code, _, errors = dtl("run", path, stdin=given)
    assert code == 2
    assert errors[0].endswith("choose one with --transform: lenient, strict")
    out = dtl("run", path, "--transform", "strict", stdin=given)[1]
    assert out == [{"_id": "1", "is": "strict"}]
    code, _, errors = dtl("run", path, "--transform", "strickt", stdin=given)
    assert code == 2
    assert errors[0].endswith("has no dtl transform strickt; there are lenient, strict")


def test_a_pipe_of_a_project_has_the_namespaces_of_its_node(dtl, tmp_path, monkeypatch):
    metadata = {"_id": "node", "type": "metadata", "namespaced_identifiers": True}
    (tmp_path / "node-metadata.conf.json").write_text(json.dumps(metadata))
    (tmp_path / "pipes").mkdir()
    rules = {"default": [["copy", "_id"], ["add", "a", 1]]}
    pipe = {"_id": "p", "type": "pipe", "transform": {"type": "dtl", "rules": rules}}
    file = tmp_path / "pipes" / "p.conf.json"
    file.write_text(json.dumps(pipe))
    assert dtl("run", file, stdin=lines({"_id": "p:1"}))[1] == [{"_id": "p:1", "p:a": 1}]
    monkeypatch.chdir(tmp_path / "pipes")
    assert dtl("run", file.name, stdin=lines({"_id": "p:1"}))[1] == [{"_id": "p:1", "p:a": 1}]
    monkeypatch.chdir(tmp_path)
    out = dtl("run", "-e", json.dumps(pipe), stdin=lines({"_id": "p:1"}))[1]
    assert out == [{"_id": "p:1", "a": 1}]
    file.write_text(json.dumps({**pipe, "namespaced_identifiers": False}))
    assert dtl("run", file, stdin=lines({"_id": "p:1"}))[1] == [{"_id": "p:1", "a": 1}]


def test_a_system_or_the_metadata_holds_no_rules(dtl, files):
    for kind in ("system:url", "metadata"):
        path = files(s__json={"_id": "s", "type": kind}) / "s.json"
        code, _, errors = dtl("run", path, stdin=b"")
        assert (code, len(errors)) == (2, 1)
        assert errors[0].endswith(f's.json holds no rules: it is of the type "{kind}"')
