"""Who may do what: every route against every kind of caller, and permissions on a real node."""

from __future__ import annotations

import httpx
import pytest
from api_testing import run

from sesam_node.api.application import all_routes
from sesam_node.api.openapi import METHODS
from sesam_node.api.operations import ANYONE, MANAGE, OPEN, operation_of, path_names
from sesam_node.settings import Keys, Settings

OPEN_PATHS = {"GET /ping", "GET /health", "POST /jwt", "POST /pipes/{pipe_id}/webhook"}
OF_PIPES = ["read_config", "write_config", "run_pump_operation", "read_data", "write_data"]
OF_SYSTEMS = [*OF_PIPES[:2], *OF_PIPES[3:], "read_proxy", "write_proxy"]
OPERATIONS = [
    (template, method, operation_of(handler, method))
    for template, handler in all_routes()
    for method in (*METHODS, "OPTIONS")
    if operation_of(handler, method) is not None
]
IDS = [f"{method} {template}" for template, method, _ in OPERATIONS]


def pipe(pipe_id, *permissions, **more):
    found = {
        "_id": pipe_id,
        "type": "pipe",
        "source": {"type": "http_endpoint"},
        "pump": {"mode": "manual"},
        **more,
    }
    return {**found, "permissions": list(permissions)} if permissions else found


def system(system_id, *permissions):
    found = {"_id": system_id, "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}
    return {**found, "permissions": list(permissions)} if permissions else found


def allow(role, *permissions):
    return ["allow", [role], list(permissions)]


@pytest.fixture(scope="module")
def as_(running_node):
    """`as_("role", …)` is a client whose token gives these roles; without any, it has no token."""
    keys = Keys.load(Settings(data=running_node.data))
    clients = []

    def make(*roles, subject="ada"):
        headers = {"Authorization": f"Bearer {keys.token(roles, subject=subject)}"} if roles else {}
        clients.append(
            httpx.Client(base_url=running_node.url, headers=headers, trust_env=False, timeout=30.0)
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def put(node, *components):
    answer = node.put("/config", json=list(components))
    assert answer.status_code == 200, answer.text


# ---- every route ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("template", "method", "declared"), OPERATIONS, ids=IDS)
def test_every_operation_says_what_it_needs(template, method, declared):
    assert declared.needs is not None, f"{method} {template} needs a row: @operation(needs=…)"
    assert (declared.needs is OPEN) == (f"{method} {template}" in OPEN_PATHS)
    if declared.needs.of in ("pipe", "system", "dataset"):
        named = f"{declared.needs.of}_id" in path_names(template)
        assert named or declared.needs.each or "secrets" in template


def path_of(template):
    return template.replace("{", "").replace("}", "").replace("*", "").rstrip("/")


def test_every_route_refuses_what_has_no_right(node, running_node):
    url = running_node.url
    token = {"Authorization": f"Bearer {running_node.token}"}
    denied = {
        "no token": {},
        "a wrong token": {"Authorization": "Bearer a.e30.c"},
        "a foreign origin": {**token, "Origin": f"{url.removesuffix('/api')}.evil.com"},
        "a rebound host": {**token, "Host": "evil.com"},
    }
    put(node, pipe("pipe_id"))
    with httpx.Client(trust_env=False) as client:
        for template, method, declared in OPERATIONS:
            for what, headers in denied.items():
                if declared.needs is OPEN and "token" in what:
                    continue
                answer = client.request(method, url + path_of(template), headers=headers)
                where = f"{method} {template} with {what}"
                assert answer.status_code in (401, 403), where
                assert answer.json().keys() >= {"message", "detail", "request_id"}, where
    assert node.get("/config").json() == [pipe("pipe_id")]


def test_every_route_refuses_the_wrong_role_and_takes_the_right_one(node, as_):
    """The wrong role has every permission but the one that the operation needs."""
    stranger = as_("stranger")
    for template, method, declared in OPERATIONS:
        needs = declared.needs
        if needs in (OPEN, ANYONE) or needs.each:
            continue
        where = f"{method} {template}"
        others = [name for name in OF_PIPES if name != needs.permission]
        names = path_names(template)
        object_id = f"{needs.of}_id" if f"{needs.of}_id" in names else None
        before = [
            pipe("pipe_id", allow("stranger", *others)),
            pipe(
                "writer",
                allow("stranger", *others),
                sink={"type": "dataset", "dataset": "dataset_id"},
            ),
            system(
                "system_id", allow("stranger", *(p for p in OF_SYSTEMS if p != needs.permission))
            ),
        ]
        put(node, *before)
        answer = stranger.request(method, path_of(template))
        assert answer.status_code == 403, where
        told = answer.json()["message"]
        assert needs.permission in told, where
        assert node.get("/config").json() == before, where
        if object_id is not None:
            put(
                node,
                pipe("pipe_id", allow("stranger", *OF_PIPES)),
                pipe(
                    "writer",
                    allow("stranger", *OF_PIPES),
                    sink={"type": "dataset", "dataset": "dataset_id"},
                ),
                system("system_id", allow("stranger", *OF_SYSTEMS)),
            )
            answer = stranger.request(method, path_of(template))
            assert answer.status_code not in (401, 403), f"{where}: {answer.text}"


def test_operations_on_many_objects_do_none_that_is_not_allowed(node, as_):
    """Nothing changes and nothing is told, whatever a stranger asks of the whole node."""
    hidden = [
        pipe("pipe_id", allow("group:Developer", *OF_PIPES), name="unheard-of"),
        system("system_id", allow("group:Developer", *OF_SYSTEMS)),
    ]
    put(node, *hidden)
    node.post("/receivers/pipe_id/entities", json=[{"_id": "1", "x": "unheard-of"}])
    guest = as_("group:Guest", "stranger")
    for template, method, declared in OPERATIONS:
        if not declared.needs.each:
            continue
        for body in (None, [], {"dataset": "pipe_id", "rules": [["copy", "*"]]}):
            answer = guest.request(
                method, path_of(template), json=body, params={"entity_id": "pipe_id"}
            )
            where = f"{method} {template} {answer.text}"
            assert answer.status_code in (200, 400, 403, 404), where
            assert "unheard-of" not in answer.text, where
    for path in ("/permissions/pipe/pipe_id", "/permissions/dataset/pipe_id"):
        assert guest.get(path).status_code == 403
        assert guest.put(path, json=[]).status_code in (400, 403)
    assert node.get("/config").json() == hidden
    assert [e["_id"] for e in node.get("/datasets/pipe_id/entities").json()] == ["1"]


def test_an_operation_without_a_row_is_for_administrators(serve):
    from types import SimpleNamespace

    from sesam_node.api.base import ApiHandler
    from sesam_node.api.operations import operation

    class Undeclared(ApiHandler):
        @operation()
        def get(self):
            self.answer({})

    handler = Undeclared.__new__(Undeclared)
    handler.request = SimpleNamespace(method="GET")
    assert handler._needs() is MANAGE


# ---- roles and permissions -----------------------------------------------------------------------


def test_roles_without_lists_may_what_the_manual_says(node, as_):
    put(node, pipe("people"), system("shop"))
    node.post("/receivers/people/entities", json=[{"_id": "1"}])
    asked = {
        "see the pipe": ("GET", "/pipes/people"),
        "read the data": ("GET", "/datasets/people/entities"),
        "run it": ("POST", "/pipes/people/pump"),
        "change it": ("PUT", "/pipes/people/config"),
        "restart": ("POST", "/admin"),
    }
    may = {
        "group:Developer": {"see the pipe", "read the data", "run it", "change it"},
        "group:User": {"see the pipe", "read the data"},
        "group:Guest": {"see the pipe"},
        "other": set(),
    }
    for role, expected in may.items():
        client = as_(role)
        found = {
            what
            for what, (method, path) in asked.items()
            if client.request(method, path, json={"description": role}).status_code != 403
        }
        assert found == expected, role


def test_a_refusal_names_what_is_missing(node, as_):
    put(node, pipe("people", allow("group:Developer", "read_config")))
    answer = as_("group:Developer").get("/datasets/people/entities")
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        'the permission "read_data" on the dataset "people" is missing',
    )
    assert answer.json()["hint"] == "the roles are: group:Developer"


def test_a_denial_wins_over_what_another_role_allows(node, as_):
    put(
        node,
        pipe("people", allow("group:Developer", *OF_PIPES), ["DENY", ["clown"], ["read_config"]]),
    )
    assert as_("group:Developer").get("/pipes/people").status_code == 200
    assert as_("group:Developer", "clown").get("/pipes/people").status_code == 403
    assert as_("clown", "group:Admin").get("/pipes/people").status_code == 200


def test_a_list_takes_the_place_of_the_defaults(node, as_):
    put(
        node,
        pipe("people", allow("hr", "read_config")),
        pipe("all", allow("group:Everyone", "read_config")),
    )
    assert [p["_id"] for p in as_("group:User").get("/pipes").json()] == ["all"]
    assert [p["_id"] for p in as_("hr").get("/pipes").json()] == ["people", "all"]
    assert [p["_id"] for p in as_("hr").get("/config").json()] == ["people", "all"]
    assert as_().get("/pipes").status_code == 401


def test_a_receiver_may_be_open_to_those_without_a_token(node, as_):
    put(node, pipe("hook", allow("group:Anonymous", "write_data")), pipe("closed"))
    assert as_().post("/receivers/hook/entities", json=[{"_id": "1"}]).status_code == 200
    assert as_().post("/receivers/closed/entities", json=[{"_id": "1"}]).status_code == 401
    assert as_().get("/datasets/hook/entities").status_code == 401
    wrong = {"Authorization": "Bearer a.e30.c"}
    answer = as_().post("/receivers/hook/entities", json=[], headers=wrong)
    assert answer.status_code == 401


def test_execution_logs_and_state_have_the_permissions_of_their_pipe(node, as_):
    source = {"type": "embedded", "entities": [{"_id": "1"}]}
    put(node, pipe("people", allow("hr", *OF_PIPES), source=source))
    run(node, "people")
    names = [d["_id"] for d in node.get("/datasets").json()]
    own = [name for name in names if name.endswith(":people")]
    assert own
    for name in own:
        assert as_("group:User").get(f"/datasets/{name}/entities").status_code == 403
        assert as_("hr").get(f"/datasets/{name}/entities").status_code == 200
    assert not [d for d in as_("group:User").get("/datasets").json() if "people" in d["_id"]]


# ---- changing the configuration ------------------------------------------------------------------


def test_no_way_of_changing_a_pipe_goes_round_its_permissions(node, as_):
    before = [pipe("mine", allow("dev", *OF_PIPES)), pipe("theirs", allow("hr", *OF_PIPES))]
    put(node, *before)
    dev = as_("dev")
    changed = {**before[1], "description": "changed"}
    refused = [
        dev.put("/config", json=[before[0], changed]),
        dev.put("/config", json=[before[0]], params={"force": "true"}),
        dev.put("/config-all", json=[before[0]]),
        dev.put("/config/default", json=[before[0]]),
        dev.put("/pipes/theirs/config", json=changed),
        dev.delete("/pipes/theirs"),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert 'the permission "write_config" on the pipe "theirs"' in refused[0].json()["message"]
    assert node.get("/config").json() == before
    assert (
        dev.put("/config", json=[{**before[0], "description": "x"}, before[1]]).status_code == 200
    )


def test_a_preview_with_side_effects_takes_what_running_and_changing_the_pipe_takes(node, as_):
    may = allow("reader", "read_data"), allow("runner", "read_data", "run_pump_operation")
    node.put("/config", json=[pipe("a", *may, source={"type": "embedded", "entities": []})])
    reader, runner = as_("reader"), as_("runner")
    for effects, client, status in (
        ("skip", reader, 200),
        ("run", reader, 403),
        ("run", runner, 200),
    ):
        answer = client.post("/pipes/a/preview", data={"side-effects": effects})
        assert answer.status_code == status, answer.text
    draft = {"side-effects": "run", "pipe-config": '{"source": {"type": "http_endpoint"}}'}
    assert runner.post("/pipes/a/preview", data=draft).status_code == 403


def test_nobody_gives_himself_permissions(node, as_):
    put(node, pipe("people", allow("dev", "read_config", "write_config")))
    wider = pipe("people", allow("dev", *OF_PIPES))
    hidden = pipe("people", allow("dev", "read_config", "write_config"))
    hidden["$conditional_properties"] = {
        "condition": "a",
        "alternatives": {"a": {"permissions": [allow("dev", *OF_PIPES)]}},
    }
    for component in (wider, hidden):
        answer = as_("dev").put("/pipes/people/config", json=component)
        assert (answer.status_code, "write_permissions" in answer.text) == (403, True)
    assert as_("group:Developer", "dev").put("/pipes/people/config", json=wider).status_code == 200


def test_a_pipe_cannot_read_or_write_what_its_author_may_not(node, as_):
    put(node, pipe("salaries", allow("hr", *OF_PIPES)), system("bank", allow("hr", *OF_SYSTEMS)))
    dataset = {"type": "dataset", "dataset": "salaries"}
    hops = [
        ["add", "x", ["hops", {"datasets": ["salaries s"], "where": ["eq", "_S._id", "s._id"]}]]
    ]
    tries = [
        pipe("spy", source=dataset),
        pipe("spy", transform={"type": "dtl", "rules": {"default": hops}}),
        pipe("spy", sink=dataset),
        pipe("spy", source={"type": "json", "system": "bank", "url": "x"}),
    ]
    for component in tries:
        for method, path, body in (
            ("PUT", "/pipes/spy/config", component),
            ("POST", "/pipes", [component]),
        ):
            answer = as_("group:Developer").request(method, path, json=body)
            assert answer.status_code == 403, (component, answer.text)
    assert as_("group:Developer", "hr").post("/pipes", json=[tries[0]]).status_code == 201


@pytest.mark.parametrize(
    "path",
    ["/dtl/preview", "/dtl/trace", "/dtl/why", "/dtl/scan", "/dtl/explain", "/dtl/complete"],
)
def test_rules_that_are_tried_read_only_what_one_may_read(node, as_, path):
    put(node, pipe("salaries", allow("hr", *OF_PIPES)), pipe("open"))
    hops = [
        ["add", "x", ["hops", {"datasets": ["salaries s"], "where": ["eq", "_S._id", "s._id"]}]]
    ]
    bodies = [
        {"dataset": "salaries", "rules": [["copy", "*"]]},
        {"pipe": "salaries"},
        {"rules": hops, "entities": [{"_id": "1"}]},
        {"rules": [["add", "x", ["lookup-entity", "salaries", "1"]]], "entities": [{"_id": "1"}]},
    ]
    if path == "/dtl/complete":
        bodies = [{"text": '["hops", {"datasets": ["salaries s"', "offset": 10}]
    for body in bodies:
        if path == "/dtl/explain":
            body.pop("entities", None)
        if path == "/dtl/scan":
            body["when"] = []
        assert as_("group:Developer").post(path, json=body).status_code == 403, body
    draft = pipe("open", source={"type": "dataset", "dataset": "salaries"})
    answer = as_("group:Developer").post(
        "/pipes/open/preview", data={"pipe-config": httpx.Response(200, json=draft).text}
    )
    assert answer.status_code == 403


def test_a_text_that_is_typed_reads_only_what_one_may_read(node, as_):
    """Not by a name in it, not by a variable, not by a suggestion, not by what feeds it."""
    put(node, pipe("salaries", allow("hr", *OF_PIPES)), pipe("open"))
    node.put("/env", json={"half": "sal"})
    node.post("/receivers/salaries/entities", json=[{"_id": "1", "salary": 7}])
    lookup = '[["add", "x", ["lookup-entity", "%s", "1"]]]'
    at_hand = {"entities": [{"_id": "1"}]}
    bodies = [
        {"text": "[]", "dataset": "salaries"},
        {"text": "[]", "pipe": "salaries"},
        {"text": lookup % "salaries", **at_hand},
        {"text": lookup % "$ENV(half)aries", **at_hand},
    ]
    for body in bodies:
        assert as_("group:Developer").post("/dtl/live", json=body).status_code == 403, body
        assert as_("group:Developer", "hr").post("/dtl/live", json=body).status_code == 200, body
    near = {"text": lookup % "salarie", **at_hand}
    answer = as_("group:Developer").post("/dtl/live", json=near)
    assert (answer.status_code, "salaries" in answer.text) == (200, False)
    assert "salaries" in as_("group:Developer", "hr").post("/dtl/live", json=near).text


@pytest.mark.parametrize("path", ["/dtl/preview", "/dtl/trace", "/dtl/why", "/dtl/scan"])
def test_only_what_one_may_read_is_overlaid(node, as_, path):
    put(node, pipe("salaries", allow("hr", *OF_PIPES)), pipe("open"))
    body = {"rules": [["copy", "*"]], "entities": [{"_id": "1"}], "overlay": {"salaries": {}}}
    if path == "/dtl/scan":
        body["when"] = [{"outcome": "ok"}]
    assert as_("group:Developer").post(path, json=body).status_code == 403
    assert as_("group:Developer", "hr").post(path, json=body).status_code == 200


def test_what_comes_into_a_pipe_takes_the_permissions_of_where_it_comes_from(node, as_):
    """Who may read what a pipe makes of a dataset may not therefore read that dataset."""
    source = {"type": "dataset", "dataset": "salaries"}
    rules = {"type": "dtl", "rules": {"default": [["copy", "_id"]]}}
    put(
        node,
        pipe("salaries", allow("hr", *OF_PIPES)),
        pipe("names", allow("group:Everyone", *OF_PIPES), source=source, transform=rules),
    )
    node.post("/receivers/salaries/entities", json=[{"_id": "1", "salary": 7}])
    anyone = as_("other")
    assert [set(e) & {"salary"} for e in anyone.get("/pipes/names/entities").json()] == [set()]
    for stage in ("source", "before-transforms"):
        answer = anyone.get("/pipes/names/entities", params={"stage": stage})
        assert (answer.status_code, "salaries" in answer.json()["message"]) == (403, True)
    assert anyone.post("/pipes/names/preview", data={"limit": "1"}).status_code == 403
    assert anyone.post("/dtl/preview", json={"pipe": "names"}).status_code == 403
    assert as_("hr").get("/pipes/names/entities", params={"stage": "source"}).status_code == 200


def test_a_variable_does_not_hide_the_name_of_a_dataset(node, as_):
    put(node, pipe("salaries", allow("hr", *OF_PIPES)), pipe("open"))
    node.put("/env", json={"half": "sal", "whole": "salaries"})
    for name in ("$ENV(whole)", "$ENV(half)aries"):
        draft = pipe("open", source={"type": "dataset", "dataset": name})
        form = {"pipe-config": httpx.Response(200, json=draft).text}
        answer = as_("group:Developer").post("/pipes/open/preview", data=form)
        assert answer.status_code == 403, answer.text
        component = {**draft, "_id": "spy"}
        assert as_("group:Developer").post("/pipes", json=[component]).status_code == 403


def test_a_variable_cannot_make_a_pipe_read_what_one_may_not(node, as_):
    node.put("/env", json={"name": "open"})
    put(
        node,
        pipe("salaries", allow("hr", *OF_PIPES)),
        pipe("open"),
        pipe("copy", source={"type": "dataset", "dataset": "$ENV(name)"}),
    )
    for call in (as_("group:Developer").put, as_("group:Developer").post):
        answer = call("/env", json={"name": "salaries"})
        assert (answer.status_code, "salaries" in answer.json()["message"]) == (403, True)
    assert node.get("/env").json() == {"name": "open"}
    assert as_("group:Developer").put("/env", json={"name": "open", "x": 1}).status_code == 200
    assert as_("group:Developer", "hr").put("/env", json={"name": "salaries"}).status_code == 200


def test_users_own_what_they_add(node, as_):
    put(node)
    ada, bo = as_("group:User"), as_("group:User", subject="bo")
    assert ada.post("/pipes", json=[pipe("hers")]).status_code == 201
    assert bo.put("/pipes/hers/config", json=pipe("hers", name="x")).status_code == 403
    assert ada.put("/pipes/hers/config", json=pipe("hers", name="x")).status_code == 200
    assert ada.post("/pipes/hers/pump", data={"operation": "disable"}).status_code == 200
    assert bo.delete("/pipes/hers").status_code == 403
    assert ada.delete("/pipes/hers").status_code == 200
    assert as_("group:Guest").post("/pipes", json=[pipe("no")]).status_code == 403


def test_a_running_of_all_pipes_needs_all_of_them(node, as_):
    put(node, pipe("a"), pipe("b", allow("hr", *OF_PIPES)))
    for path in ("/pipes/run-all-pipes", "/pipes/delete-all-sink-datasets"):
        answer = as_("group:Developer").post(path)
        assert (answer.status_code, '"b"' in answer.json()["message"]) == (403, True)
    put(node, pipe("a"))
    assert as_("group:Developer").post("/pipes/delete-all-sink-datasets").status_code == 200
