"""`$ENV(x)` is replaced by the value of the variable."""

from __future__ import annotations

import pytest

from sesam_node.config.environment import check_env, substitute
from sesam_node.config.secrets import (
    Secret,
    check_no_secrets,
    check_secrets,
    find_secrets,
    redact,
    resolve_secrets,
    secrets_for,
)
from sesam_node.errors import ConfigError

ENV = {
    "host": "example.org",
    "port": 8080,
    "list": [1, {"a": 2}],
    "on": True,
    "none": None,
    "trap": "$ENV(host)",
    "rate": 0.5,
}


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("plain", "plain"),
        ("$ENV(host)", "example.org"),
        ("$ENV(port)", 8080),
        ("$ENV(list)", [1, {"a": 2}]),
        ("$ENV(on)", True),
        ("$ENV(none)", None),
        ("http://$ENV(host):$ENV(port)/", "http://example.org:8080/"),
        ("on=$ENV(on) none=$ENV(none) list=$ENV(list)", 'on=true none=null list=[1, {"a": 2}]'),
        ("$ENV(rate)x", "0.5x"),
        ("$ENV(trap)", "$ENV(host)"),
        ("a $ENV(trap)", "a $ENV(host)"),
        ("$SECRET(x)@$ENV(host)", "$SECRET(x)@example.org"),
        (["$ENV(port)", {"k": "$ENV(port)"}], [8080, {"k": 8080}]),
        ({"$ENV(host)": 1}, {"$ENV(host)": 1}),
        ({"comment": "see $ENV(gone)"}, {"comment": "see $ENV(gone)"}),
    ],
)
def test_a_variable_is_replaced(value, outcome):
    problems = []
    assert substitute(value, ENV, (), problems) == outcome
    assert problems == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"a": ["$ENV(hots)"]},
            (
                '$.a[0]: the environment variable "hots" is not set; did you mean "host"? '
                "[missing-env]"
            ),
        ),
        (
            {"a": "x$ENV(zzz)"},
            '$.a: the environment variable "zzz" is not set [missing-env]',
        ),
        (
            {"a": "$ENV($ENV(host))"},
            (
                '$.a: expected "$ENV(name)" with a plain name, got "$ENV($ENV(host))"; '
                "variables do not nest [bad-env]"
            ),
        ),
    ],
)
def test_a_variable_that_is_not_there_is_a_problem_where_it_is_used(value, message):
    problems = []
    assert substitute(value, ENV, (), problems) == value
    assert [str(problem) for problem in problems] == [message]


def test_a_list_that_is_put_in_is_a_copy():
    substitute(["$ENV(list)"], ENV, (), [])[0].append(3)
    assert ENV["list"] == [1, {"a": 2}]


def test_variables_are_an_object_with_plain_names():
    assert check_env({"a": 1}) == []
    assert [problem.code for problem in check_env({"a(": 1, "": 2})] == ["bad-name", "bad-name"]
    assert [problem.code for problem in check_env([])] == ["wrong-type"]


SYSTEM = {
    "_id": "s",
    "password": "$SECRET(pw)",
    "headers": [{"x": "Bearer $SECRET(token)-$SECRET(pw)"}],
    "comment": "$SECRET(gone)",
}


def test_secrets_are_found_with_their_paths():
    assert list(find_secrets(SYSTEM)) == [
        (("password",), "pw"),
        (("headers", 0, "x"), "token"),
        (("headers", 0, "x"), "pw"),
    ]


def test_an_unknown_secret_is_a_problem():
    assert check_secrets(SYSTEM, None) == []
    assert check_secrets(SYSTEM, {"pw", "token"}) == []
    assert [str(problem) for problem in check_secrets(SYSTEM, {"pw", "tokens"})] == [
        '$.headers[0].x: the secret "token" is not set; did you mean "tokens"? [unknown-secret]'
    ]


def test_a_secret_outside_a_system_is_a_problem():
    assert [str(problem) for problem in check_no_secrets({"source": {"url": "$SECRET(a)"}})] == [
        (
            '$.source.url: the secret "a" is not put in here: only systems have secrets; '
            "name it in the system [misplaced-secret]"
        )
    ]


def test_only_the_secrets_that_a_system_names_are_given_its_own_first():
    shared = {"pw": "shared", "token": "t", "other": "o"}
    assert secrets_for(SYSTEM, {"pw": "own"}, shared) == {"pw": "own", "token": "t"}


def test_secrets_are_put_in_where_they_are_used():
    assert resolve_secrets(SYSTEM, {"pw": "1", "token": "2"}) == {
        "_id": "s",
        "password": "1",
        "headers": [{"x": "Bearer 2-1"}],
        "comment": "$SECRET(gone)",
    }
    with pytest.raises(ConfigError, match='the secret "token" is not set'):
        resolve_secrets(SYSTEM, {"pw": "1"})


def test_a_secret_never_prints_itself():
    secret = Secret("hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr({"a": secret})]
    assert not [text for text in shown if "hunter2" in text]
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2"), Secret("x")}) == 2


def test_values_of_secrets_are_hidden_in_text():
    assert redact("user:abc at abcd", ["abc", "abcd", ""]) == "user:***** at *****"
