"""The rest source: operations, templates, pages, offsets, tokens, limits."""

import pytest
from rest_service import reply
from web_server import Reply

MEN = [{"_id": "john", "name": "John"}, {"_id": "bob", "name": "Bob"}]
LIST = {"list": {"url": "men", "method": "GET"}}


def numbered(count, size, total):
    """Page `count` of items 0..total."""
    return [{"id": n, "seq": n} for n in range(count * size, min(total, (count + 1) * size))]


def test_a_list_is_entities(service):
    api = service(lambda asked: reply(MEN), LIST)
    assert api.collect() == {"john": {"name": "John"}, "bob": {"name": "Bob"}}
    (asked,) = api.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/men", {})


def test_entities_are_found_in_a_part_of_the_answer_and_named_by_a_template(service):
    operations = {
        "list": {
            "url": "men/{{ properties.group }}",
            "method": "GET",
            "payload_property": "data.items",
            "id_expression": "{{ properties.group }}-{{ id }}",
        }
    }
    api = service(lambda asked: reply({"data": {"items": [{"id": 1, "at": "~tno"}]}}), operations)
    assert api.collect(properties={"group": "a"}) == {"a-1": {"id": 1, "at": "~tno"}}
    assert api.asked[0].path == "/men/a"


def test_text_that_would_read_as_a_value_stays_text(service):
    api = service(lambda asked: reply([{"_id": "1", "a": "~f1.5", "b": 1.5}]), LIST)
    assert api.collect() == {"1": {"a": "~~f1.5", "b": 1.5}}


def test_params_and_headers_are_templates_with_marks(service):
    operations = {
        "list": {
            "url": "men",
            "method": "GET",
            "params": {
                "size": "{{ page_size }}",
                "left-out": "sesam:markskip",
                "list": "[1, {{ properties.n }}]sesam:markjson",
            },
            "headers": {"X-Group": "{{ properties.group }}"},
            "page_size": 50,
        }
    }
    api = service(lambda asked: reply(MEN), operations, headers={"X-System": "s"})
    api.collect(properties={"group": "a", "n": 2})
    (asked,) = api.asked
    assert asked.query == {"size": "50", "list": "[1, 2]"}
    assert (asked.headers["x-group"], asked.headers["x-system"]) == ("a", "s")


def test_pages_follow_a_link_in_the_answer(service):
    def answer(asked):
        at = int(asked.query.get("page", 0))
        link = f"/men?page={at + 1}" if at < 2 else None
        return reply({"items": numbered(at, 2, 6), "next": link})

    operation = {
        "url": "men",
        "method": "GET",
        "params": {"fields": "all"},
        "payload_property": "items",
        "id_expression": "{{ id }}",
        "next_page_link": "{{ body.next }}",
    }
    api = service(answer, {"list": operation})
    assert sorted(api.collect()) == ["0", "1", "2", "3", "4", "5"]
    assert [asked.query for asked in api.asked] == [{"fields": "all"}, {"page": "1"}, {"page": "2"}]


def test_pages_follow_the_link_header(service):
    def answer(asked):
        at = int(asked.query.get("page", 0))
        links = {"Link": f'<{api.server.url}/men?page={at + 1}>; rel="next"'} if at < 2 else {}
        return reply(numbered(at, 2, 6), **links)

    api = service(answer, {"list": {**LIST["list"], "id_expression": "{{ id }}"}})
    assert len(api.collect()) == 6
    assert len(api.asked) == 3


@pytest.mark.parametrize(
    ("strategy", "requests"),
    [("empty-result", 4), ("not-full-page", 4), (["empty-result", "not-full-page"], 4)],
)
def test_pages_are_counted_until_there_is_nothing_more(service, strategy, requests):
    operation = {
        "url": "men",
        "method": "GET",
        "params": {"offset": "{{ page * page_size }}"},
        "page_size": 2,
        "id_expression": "{{ id }}",
        "next_page_termination_strategy": strategy,
    }

    def answer(asked):
        return reply(numbered(int(asked.query["offset"]) // 2, 2, 6))

    api = service(answer, {"list": operation})
    assert len(api.collect()) == 6
    assert len(api.asked) == requests


def test_the_same_answer_again_is_the_end(service):
    operation = {**LIST["list"], "params": {"page": "{{ page }}"}}
    operation["next_page_termination_strategy"] = "same-response"
    api = service(lambda asked: reply(MEN), {"list": operation})
    assert len(api.collect()) == 2
    assert len(api.asked) == 2


def test_the_same_request_again_is_not_sent(service):
    operation = {**LIST["list"], "next_page_link": "men"}
    api = service(lambda asked: reply(MEN), {"list": operation})
    api.collect()
    assert len(api.asked) == 1


def test_what_came_before_is_known_to_the_next_request(service):
    operation = {
        "url": "men",
        "method": "POST",
        "payload": {
            "cursor": "{% if is_first_page %}start{% else %}{{ previous_body.cursor }}{% endif %}"
        },
        "payload_property": "items",
        "next_page_termination_strategy": ["empty-result"],
    }

    def answer(asked):
        at = {"start": 0, "b": 1, "c": 2}[asked.json["cursor"]]
        return reply({"cursor": "abc"[at + 1 : at + 2], "items": MEN[at : at + 1]})

    api = service(answer, {"list": operation})
    assert len(api.collect()) == 2
    assert [asked.json["cursor"] for asked in api.asked] == ["start", "b", "c"]


@pytest.mark.parametrize("place", ["query", "header", "manual"])
def test_the_offset_goes_where_the_operation_says(service, place):
    def answer(asked):
        return reply([{"_id": "1", "changed": 5}, {"_id": "2", "changed": 7}])

    operation = {
        **LIST["list"],
        "updated_expression": "{{ changed }}",
        "since_property_name": "changedAfter",
        "since_property_location": place,
    }
    api = service(answer, {"list": operation})
    api.collect(supports_since=True, is_chronological=True)
    api.node.run("got")
    first, second = api.asked
    assert "changedAfter" not in first.query
    assert second.query.get("changedAfter") == ("7" if place == "query" else None)
    assert second.headers.get("changedafter") == ("7" if place == "header" else None)


def test_an_url_that_names_the_offset_takes_it(service):
    operation = {"url": "men/{{ since }}", "method": "GET", "updated_expression": "{{ seq }}"}
    api = service(lambda asked: reply([{"_id": "1", "seq": 3}]), {"list": operation})
    api.collect(supports_since=True, initial_since_value=0)
    api.node.run("got")
    assert [(asked.path, asked.query) for asked in api.asked] == [("/men/0", {}), ("/men/3", {})]


def test_what_is_no_json_is_a_text(service):
    operation = {**LIST["list"], "id_expression": "only", "response_property": "raw"}
    api = service(
        lambda asked: Reply(b"<a>\xc3\xa5</a>", 200, {"Content-Type": "text/xml"}),
        {"list": operation},
    )
    assert api.collect(response_include_content_type=True) == {
        "only": {"raw": "<a>å</a>", "content-type": "text/xml"}
    }


def test_other_types_may_be_json_too(service):
    api = service(
        lambda asked: Reply(MEN, 200, {"Content-Type": "application/hal+json"}),
        LIST,
        json_content_types=["application/hal+json"],
    )
    assert len(api.collect()) == 2


def test_headers_of_the_answer_may_be_kept(service):
    api = service(lambda asked: reply(MEN[:1], **{"X-Total": "9"}), LIST)
    (found,) = api.collect(response_headers_property="heads").values()
    assert {name.lower(): value for name, value in found["heads"].items()}["x-total"] == "9"


def test_too_many_requests_are_asked_again_after_a_while(service):
    answers = [reply("slow", 429, **{"Retry-After": "0"}), reply("slow", 429), reply(MEN)]
    api = service(
        lambda asked: answers.pop(0), LIST, rate_limiting_retries=2, rate_limiting_delay=0.01
    )
    assert len(api.collect()) == 2
    assert len(api.asked) == 3


def test_too_many_requests_fail_where_no_retries_are_set(service):
    api = service(lambda asked: reply({"why": "slow down"}, 429), LIST)
    assert 'system "api": ' in (said := api.fails())
    assert "answered 429" in said
    assert "slow down" in said


def test_an_error_in_an_answer_with_status_200_fails(service):
    operation = {
        **LIST["list"],
        "payload_property": "items",
        "error_expression": "{% if body.error %}{{ body.error }}{% endif %}",
    }
    api = service(lambda asked: reply({"error": "no such list"}), {"list": operation})
    assert api.fails().endswith(": no such list")


@pytest.mark.parametrize(
    ("operation", "options", "said"),
    [
        ({"url": "men"}, {"operation": "lst"}, 'has no operation "lst"; did you mean "list"?'),
        ({"url": "men/{{ nope"}, {}, '"url" of the operation "list" is no template'),
        ({"url": "men/{{ 1 // 0 }}"}, {}, '"url" of the operation "list" failed'),
        (
            {"url": "men", "next_page_termination_strategy": "empty-results"},
            {},
            '"next_page_termination_strategy" "empty-results"; did you mean "empty-result"?',
        ),
        (
            {"url": "men", "next_page_termination_strategy": "not-full-page"},
            {},
            'the strategy "not-full-page" needs "page_size"',
        ),
        (
            {"url": "men", "payload_property": "name"},
            {},
            'gives "John" at position 0, expected an object',
        ),
        ({"url": "men"}, {}, 'set "id_expression"'),
    ],
)
def test_what_is_wrong_is_told(service, operation, options, said):
    api = service(lambda asked: reply({"name": "John"}), {"list": {"method": "GET", **operation}})
    assert said in api.fails(**options)


def test_a_broken_answer_is_told(service):
    api = service(lambda asked: Reply(b'[{"_id":', 200, {"Content-Type": "application/json"}), LIST)
    assert "the answer is no JSON" in api.fails()


def test_a_template_cannot_reach_out_of_its_sandbox(service):
    operation = {"url": "{{ ''.__class__.__mro__[1].__subclasses__() }}", "method": "GET"}
    api = service(lambda asked: reply(MEN), {"list": operation})
    api.node.pipe("got", source={"type": "rest", "system": "api", "operation": "list"})
    api.node.try_run("got")
    assert all("subclasses" not in asked.path and "class" not in asked.path for asked in api.asked)


# -- tokens -----------------------------------------------------------------------------------


def token_operations(**token):
    return {
        **LIST,
        "token": {"url": "token", "method": "POST", "payload": {"key": "$SECRET(key)"}, **token},
    }


CUSTOM = {"get_token_operation": "token", "expires_in_expression": "{{ token.ends }}"}
BEARER = {"Authorization": "Bearer {{ token.value }}"}


def test_a_token_is_fetched_once_and_sent(service):
    def answer(asked):
        if asked.path == "/token":
            assert asked.json == {"key": "hush"}
            assert "authorization" not in asked.headers
            return reply({"value": "t1", "ends": 600})
        assert asked.headers["authorization"] == "Bearer t1"
        return reply(MEN)

    api = service(
        answer, token_operations(), custom_auth=CUSTOM, headers=BEARER, secrets={"key": "hush"}
    )
    assert len(api.collect()) == 2
    assert [asked.path for asked in api.asked] == ["/token", "/men"]


def test_a_token_that_is_refused_is_fetched_again_once(service):
    tokens = iter(["old", "new", "newer"])

    def answer(asked):
        if asked.path == "/token":
            return reply({"value": next(tokens), "ends": 600})
        known = asked.headers["authorization"] == "Bearer new"
        return reply(MEN) if known else reply("", 401)

    api = service(
        answer, token_operations(), custom_auth=CUSTOM, headers=BEARER, secrets={"key": "hush"}
    )
    assert len(api.collect()) == 2
    assert [asked.path for asked in api.asked] == ["/token", "/men", "/token", "/men"]


def test_refresh_tokens_rotate(service):
    def answer(asked):
        if asked.path == "/token":
            assert asked.body.decode() == "refresh=r1"
            return reply({"value": "t1", "refresh": "r2", "ends": 600})
        return reply(MEN)

    form = {"payload-type": "form", "payload": {"refresh": "{{ token.refresh }}"}}
    api = service(
        answer,
        token_operations(**form),
        custom_auth={**CUSTOM, "initial_refresh_token": {"refresh": "r1"}},
        headers=BEARER,
    )
    assert len(api.collect()) == 2


def test_filters_of_the_manual_are_there(service):
    operations = {
        **token_operations(),
        "list": {
            "url": "men",
            "method": "GET",
            "params": {
                "day": "{{ (now() + timedelta(hours=48)).strftime('%Y') }}",
                "at": "{{ '2024-01-31T12:00:00Z' | datetime_format('%d.%m.%Y') }}",
                "back": "{{ ('YWJj' | base64_decode).decode() }}",
            },
        },
    }
    headers = {"Authorization": "Basic {{ ('0:' + token.value) | bytes | base64_encode }}"}

    def answer(asked):
        return reply({"value": "t", "ends": 60} if asked.path == "/token" else MEN)

    api = service(answer, operations, custom_auth=CUSTOM, headers=headers, secrets={"key": "hush"})
    api.collect()
    asked = api.asked[-1]
    assert asked.headers["authorization"] == "Basic MDp0"
    assert (asked.query["at"], asked.query["back"]) == ("31.01.2024", "abc")


def test_secrets_are_in_no_error(service):
    api = service(
        lambda asked: reply({"message": "no"}, 500),
        token_operations(),
        custom_auth=CUSTOM,
        headers=BEARER,
        secrets={"key": "hush-hush"},
    )
    assert "hush-hush" not in api.fails()


def test_templates_of_the_system_may_ask_for_secrets_and_those_of_pipes_may_not(service):
    operations = {"list": {**LIST["list"], "params": {"key": "{{ secret('key') }}"}}}
    api = service(lambda asked: reply([{"x": 1}]), operations, secrets={"key": "hush"})
    for template in ("{{ secret( 'key' ) }}", "{{ secret('k' + 'ey') }}"):
        assert "only templates of the system may ask" in api.fails(id_expression=template)
    assert api.collect(id_expression="1") == {"1": {"x": 1}}
    assert api.asked[-1].query == {"key": "hush"}
