"""What is hidden in messages: secrets in every form, and what systems log in with."""

from __future__ import annotations

import base64
import html
import json
import logging
import time
from urllib.parse import quote, quote_plus

import pytest

from sesam_node import hiding, log
from sesam_node.errors import ConfigError, Problem
from sesam_node.hiding import hidden, hidden_error, hidden_messages, keeping, learn
from sesam_node.pipes.kept_secrets import kept_in, kept_secrets
from sesam_node.pipes.runs import PipeDefinition
from sesam_node.pipes.shared import line
from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.questions import Done, Keep, Wanted

SECRET = 'c4n"ary+pä/ss <word>='


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        repr,
        lambda text: repr(text.encode()),
        quote,
        quote_plus,
        lambda text: quote(text, safe="").lower(),
        html.escape,
        str.swapcase,
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(form):
    with keeping([SECRET]):
        told = hidden(f"the server said {form(SECRET)}, and went")
    assert told.replace("'*****'", "*****").replace("b*****", "*****") == (
        "the server said *****, and went"
    )


@pytest.mark.parametrize("user", ["", "a", "ad", "ada", "adam:x"])
def test_a_secret_in_base64_is_hidden_with_what_stands_beside_it(user):
    text = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    with keeping([SECRET]):
        assert hidden(f"Basic {text}\nnext") == "Basic *****\nnext"


def test_a_short_one_is_hidden_where_it_stands_alone():
    with keeping(["abc"]):
        assert hidden("abc, abcd, x-abc-y") == "*****, abcd, x-*****-y"


def test_what_is_hidden_ends_with_the_work_and_what_is_learned_too():
    assert hidden(SECRET) == SECRET
    with keeping([]):
        with keeping([SECRET]):
            learn("a-token", "")
            assert hidden(f"a-token {SECRET}") == "***** *****"
        assert hidden(f"a-token {SECRET}") == f"a-token {SECRET}"
    learn("nothing is in hand")
    assert hiding._scopes == []


def test_the_longest_of_several_is_hidden_whole():
    with keeping(["secret", "secret-and-more"]):
        assert hidden("secret-and-more") == "*****"


def test_an_error_is_the_same_without_secrets():
    problem = Problem("$.x", "code", f"got {SECRET}", f"not {SECRET}")
    with keeping([SECRET]):
        error = hidden_error(ConfigError(f"wrong: {SECRET}", [problem]))
    assert str(error) == "wrong: *****\n  $.x: got *****; not ***** [code]"
    assert error.args == ("wrong: *****",)


def test_messages_of_an_answer_are_cleared_and_its_data_is_not():
    answer = {"rows": [{"name": SECRET, "message": f"x {SECRET}"}], "error": SECRET}
    with keeping([SECRET]):
        assert hidden_messages(answer) == {
            "rows": [{"name": SECRET, "message": "x *****"}],
            "error": "*****",
        }


@pytest.mark.parametrize("form", [log.TextFormatter(), log.JsonFormatter()])
def test_lines_of_the_log_are_cleared(form):
    record = logging.LogRecord("x", logging.ERROR, "", 1, "m %s", (SECRET,), None)
    record.exc_info = (ValueError, ValueError(SECRET), None)
    with keeping([SECRET]):
        line = form.format(record)
    assert "m *****" in line
    assert SECRET not in line
    assert json.dumps(SECRET, ensure_ascii=False)[1:-1] not in line


def definition(**system):
    return PipeDefinition(
        {"_id": "x", "type": "pipe"}, {"s": {"_id": "s", **system}}, secrets={"a": "of-the-node"}
    )


def test_secrets_and_what_stands_in_secret_options_are_kept():
    made = definition(
        type="system:url",
        url_pattern="http://ada:in%20url@there/%s",
        password="in-option",
        jwt_token="$SECRET(a)",
        oauth2={"client_id": "not-secret", "client_secret": "in-fields"},
        headers={"Authorization": "Bearer in-header", "X-Api-Key": "in-key", "Accept": "text/css"},
    )
    assert kept_secrets(made) == {
        "of-the-node",
        "in%20url",
        "in url",
        base64.b64encode(b"ada:in url").decode(),
        "in-option",
        "in-fields",
        "in-header",
        "in-key",
    }


def test_headers_of_operations_are_kept():
    made = definition(
        type="system:rest",
        operations={"a": {"url": "x", "headers": {"Authorization": "in-operation"}}},
    )
    assert kept_secrets(made) == {"of-the-node", "in-operation"}


def test_definitions_are_found_in_what_an_operation_is_given():
    one = definition(type="system:url", password="one")
    payload = {"definition": one, "others": [definition(type="system:url", password="two")]}
    assert {"one", "two"} <= kept_in({**payload, "limit": 3, "rules": {"a": 1}})


def test_tokens_that_are_fetched_are_hidden_from_then_on():
    """For the process that fetched them, and for one that the node's desk gives them to."""
    data = {
        "access": "fetched-access-token",
        "token": {"refresh": "fetched-refresh-token"},
        "renew": time.time() + 60,
    }
    told = "fetched-access-token fetched-refresh-token"
    desk = Desk()
    with line.using(line.LocalLine(desk)), keeping([]):
        line.ask(Wanted("k", "s"))
        line.ask(Keep("k", data))
        line.tell(Done("k"))
        assert hidden(told) == "***** *****"
    assert hidden(told) == told
    with line.using(line.LocalLine(desk)), keeping([]):
        line.ask(Wanted("k", "s"))
        assert hidden(told) == "***** *****"
