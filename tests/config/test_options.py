"""A component is held against the options that its type declares."""

from __future__ import annotations

import pytest

from sesam_node.config.options import (
    REQUIRED,
    ComponentSpec,
    Option,
    check_options,
    complete,
)

CASES = [
    (Option("a", "string"), "x", None),
    (Option("a", "string"), 5, "expected a string, got 5 [wrong-type]"),
    (Option("a", "string"), None, "expected a string, got null [wrong-type]"),
    (Option("a", "string", None), None, None),
    (Option("a", "string", "x"), None, None),
    (Option("a", "string"), ["x"], 'expected a string, got list ["x"] [wrong-type]'),
    (Option("a", "integer"), 5, None),
    (Option("a", "integer"), 5.0, None),
    (Option("a", "integer"), 5.5, "expected an integer, got 5.5 [wrong-type]"),
    (Option("a", "integer"), True, "expected an integer, got true [wrong-type]"),
    (Option("a", "integer"), "5", 'expected an integer, got string "5" [wrong-type]'),
    (Option("a", "integer", least=1), 0, "expected at least 1, got 0 [out-of-range]"),
    (Option("a", "integer", least=1), 1, None),
    (Option("a", "number"), 0.5, None),
    (Option("a", "number"), False, "expected a number, got false [wrong-type]"),
    (Option("a", "boolean"), True, None),
    (Option("a", "boolean"), 1, "expected true or false, got 1 [wrong-type]"),
    (Option("a", "boolean"), "no", 'expected true or false, got string "no" [wrong-type]'),
    (Option("a", "object"), {}, None),
    (Option("a", "object"), [], "expected an object, got list [] [wrong-type]"),
    (Option("a", "array"), [1], None),
    (Option("a", "string-list"), ["x"], None),
    (Option("a", "string-list"), [1], "expected a list of strings, got list [1] [wrong-type]"),
    (Option("a", ("string", "string-list")), ["x"], None),
    (
        Option("a", ("string", "string-list")),
        5,
        "expected a string or a list of strings, got 5 [wrong-type]",
    ),
    (Option("a", "any"), {"x": [1]}, None),
    (Option("a", "integer"), "$SECRET(port)", None),
    (Option("a", "integer"), "$SECRET(port)0", "wrong-type"),
    (
        Option("a", "string", choices=("on", "off")),
        "of",
        'expected "on" or "off", got string "of"; did you mean "off"? [wrong-choice]',
    ),
    (
        Option("a", "integer", choices=(1, 2, 3)),
        4,
        "expected 1, 2 or 3, got 4 [wrong-choice]",
    ),
    (
        Option("a", "string", secret=True),
        12345,
        "expected a string, got a value that is not shown [wrong-type]",
    ),
]


@pytest.mark.parametrize(("option", "value", "message"), CASES)
def test_a_value_fits_its_option_or_the_problem_says_why_not(option, value, message):
    found = [str(problem) for problem in check_options([option], {"a": value})]
    if message is None:
        assert found == []
    elif message == "wrong-type":
        assert [text[-12:] for text in found] == ["[wrong-type]"]
    else:
        assert found == [f"$.a: {message}"]


def test_an_unknown_option_is_a_warning_with_the_nearest_name():
    [problem] = check_options([Option("dataset", "string", None)], {"datset": 1}, ("source",))
    assert problem.level == "warning"
    assert str(problem) == (
        '$.source.datset: unknown option "datset"; did you mean "dataset"? [unknown-option]'
    )


def test_a_missing_option_says_what_it_is():
    [problem] = check_options(
        [Option("url", "string", doc="where the file is")], {}, ("source",), where="it"
    )
    assert str(problem) == (
        '$.source: "url" is missing in it; it is a string: where the file is [missing-option]'
    )


def test_objects_are_checked_inside():
    fields = (Option("image", "string"), Option("port", "integer", 80))
    options = [
        Option("docker", "object", fields=fields),
        Option("operations", "object", None, each=fields),
        Option("columns", "array", None, each=fields),
    ]
    config = {
        "docker": {"image": 1},
        "operations": {"get": {"port": "x"}, "put": 5},
        "columns": [{"image": "a", "size": 3}],
    }
    assert [str(problem) for problem in check_options(options, config)] == [
        "$.docker.image: expected a string, got 1 [wrong-type]",
        '$.operations.get.port: expected an integer, got string "x" [wrong-type]',
        '$.operations.get: "image" is missing in "operations"; '
        "it is a string [missing-option]".replace("; it is a string", ""),
        "$.operations.put: expected an object, got 5 [wrong-type]",
        '$.columns[0].size: unknown option "size" in "columns" [unknown-option]',
    ]


def test_text_with_a_variable_fits_anything_in_a_part_that_is_not_in_use():
    options = [Option("port", "integer"), Option("host", "string")]
    config = {"port": "$ENV(port)", "$conditional_properties": {}}
    assert check_options(options, config, unresolved=True) == []
    assert [problem.code for problem in check_options(options, config)] == [
        "wrong-type",
        "unknown-option",
        "missing-option",
    ]


def test_defaults_fill_in_what_is_absent_or_null():
    options = [
        Option("size", "integer", 100),
        Option("url", "string"),
        Option("tags", "array", []),
        Option("trace", ("boolean", "object"), None, fields=(Option("max", "integer", 9),)),
    ]
    filled = complete(options, {"size": None, "trace": {}, "other": 1})
    assert filled == {"size": 100, "tags": [], "trace": {"max": 9}, "other": 1}
    assert complete(options, {"size": 5.0})["size"] == 5
    assert filled["tags"] is not complete(options, {})["tags"]


def test_a_spec_knows_the_options_that_all_of_its_kind_have():
    def names(spec):
        return {option.name for option in spec.all_options}

    own = ComponentSpec("source", "x", (Option("a", "string"),), reads="datasets", fixed=True)
    assert {"a", "type", "comment", "if_source_empty", "initial_datasets"} <= names(own)
    assert "supports_since" not in names(own)
    assert "supports_since" in names(ComponentSpec("source", "x"))
    assert "trigger_on" in names(ComponentSpec("transform", "x"))
    assert "worker_threads" in names(ComponentSpec("system", "x"))


def test_one_of_several_options_must_be_given(specs):
    spec = specs["system", "url"]
    system = {"_id": "s", "type": "system:url"}
    both = {**system, "url_pattern": "a", "base_url": "b"}
    assert [str(problem) for problem in spec.check(system)] == [
        '$: "url_pattern" or "base_url" is missing in system:url [missing-option]'
    ]
    assert [str(problem) for problem in spec.check(both)] == [
        '$.base_url: "base_url" is deprecated; use "url_pattern" [deprecated]',
        '$.base_url: "url_pattern" and "base_url" exclude each other [conflicting-options]',
    ]


def test_a_type_that_is_not_built_is_a_warning(specs):
    [problem] = specs["source", "kafka"].check({"type": "kafka"}, ("source",))
    assert problem.level == "warning"
    assert str(problem) == (
        '$.source.type: source "kafka" is checked but cannot run in this version [not-built]'
    )


def test_an_option_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"option 'a' has the unknown kind 'text'"):
        Option("a", "text")
    assert repr(REQUIRED) == "REQUIRED"
