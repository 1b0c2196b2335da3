"""A debugging session over what a real node recorded: steps, values, causes, from plain Python."""

import json

import pytest

from sesam_interactive import ClientError
from sesam_interactive.debugger import DebuggerError, Session
from sesam_node.errors import InputError

MANUAL = {"pump": {"mode": "manual"}}
PEOPLE = [
    {"_id": "1", "name": "Ada", "price": 3, "n": 4},
    {"_id": "2", "name": None},
    {"_id": "3", "name": "Cy", "price": 5, "n": 1},
]
RULES = {
    "default": [
        ["copy", "_id"],
        ["filter", ["is-not-null", "_S.name"]],
        ["add", "total", ["*", "_S.price", "_S.n"]],
        ["if", ["gt", "_T.total", 10], [["add", "big", True]], [["add", "big", False]]],
        [
            "add",
            "lines",
            ["apply-hops", "line", {"datasets": ["item o"], "where": ["eq", "o.by", "_S._id"]}],
        ],
    ],
    "line": [["copy", "sku"], ["add", "who", ["upper", "_P._S.name"]]],
}


@pytest.fixture
def shop(hub):
    """The hub with people, their items, and a pipe that puts them together."""
    items = [{"_id": "a", "by": "1", "sku": "x"}, {"_id": "b", "by": "1", "sku": "y"}]
    pipes = [
        {"_id": "people", "source": {"type": "embedded", "entities": PEOPLE}},
        {"_id": "item", "source": {"type": "embedded", "entities": items}},
        {
            "_id": "rich",
            "source": {"type": "dataset", "dataset": "people"},
            "transform": {"type": "dtl", "rules": RULES},
        },
    ]
    config = [pipe | {"type": "pipe"} | MANUAL for pipe in pipes]
    hub.connection.json("PUT", "/config", json=config)
    for pipe in ("people", "item", "rich"):
        hub.pipes[pipe].run(progress=False)
    return hub


@pytest.fixture
def session(shop):
    return shop.pipes["rich"].debug()


def at(session):
    return session.rules.short(session.path), session.position


def test_every_subexpression_has_its_value(session):
    values = session.values()
    texts = {session.rules.short(path): value.text() for path, value in values.items()}
    assert texts["default[2]"] == '{"total": 12}'
    assert texts["default[2][2]"] == "12"
    assert texts["default[3]"] == "took THEN"
    assert texts["default[3][3][0]"] == "not run"
    assert texts["line[1][2]"] == '"ADA" (x 2)'
    assert set(values) == {node["path"] for node in session.document["nodes"]}
    product = session.at("default[2][2]")
    assert (product.inputs, product.output, product.type, product.count) == (
        [3, 4],
        12,
        "integer",
        1,
    )
    assert session.at("$.transform.rules.default[2][2]") is product
    assert json.loads(json.dumps(values.data()))


def test_steps_go_in_over_and_out_and_back_again(session):
    session.goto("default[2]")
    assert at(session) == ("default[2]", 5)
    assert session.state.changes == [{"name": "total", "change": "added", "new": 12}]
    assert at(session.step()) == ("default[2][2]", 6)
    assert at(session.step().step()) == ("default[2][2][2]", 8)
    assert at(session.step_out()) == ("default[3]", 9)
    assert at(session.back_over()) == ("default[2]", 5)
    assert at(session.step_over()) == ("default[3]", 9)
    assert at(session.back(2)) == ("default[2][2][1]", 7)
    assert at(session.back_out()) == ("default[2][2]", 6)
    assert at(session.back_over()) == ("default[2]", 5)


def test_forwards_and_backwards_over_all_levels_meet_the_same_places(session):
    forwards = [0]
    session.goto(1)
    while session.position < session.end:
        forwards.append(session.position)
        session.step_over()
    backwards = []
    while session.position:
        session.back_over()
        backwards.append(session.position)
    assert backwards[::-1] == forwards
    assert len(forwards) == 1 + len(RULES["default"])


def test_the_state_has_the_variables_of_the_applying_rule(session):
    session.goto("line[1]")
    state = session.state
    assert state.source == {"_id": "a", "by": "1", "sku": "x"}
    assert (state.before["_T"], state.after["_T"]) == ({"sku": "x"}, {"sku": "x", "who": "ADA"})
    assert state.parent["_S"]["name"] == "Ada"
    assert [frame["rule"] for frame in session.frames] == ["default", "line"]
    assert session.frames[1]["entity"]["dataset"] == "item"
    assert session.goto(-1).state.target["total"] == 12


def test_why_leads_to_the_source_and_on_to_the_pipe_that_made_it(session):
    answer = session.why("lines[1].who")
    assert answer.origins == [
        {"dataset": "item", "id": "b", "version": 1, "property": None},
        {"dataset": "people", "id": "1", "version": 0, "property": "name"},
    ]
    assert "$.transform.rules.line[1][2]" in answer.rules
    origin = answer.follow(1)
    assert (origin["pipe"], origin["how"]) == ("people", "made")
    assert {one["id"] for one in session.why("lines").origins} >= {"a", "b"}
    assert session.choose("2").why_not()["reason"] == "filtered"
    assert session.choose("1").why_not("nme")["reason"] == "never-written"


def test_what_cannot_be_is_told_with_a_hint(session, shop):
    for ask, message in [
        (lambda: session.goto(999), "there is no step 999: they go from 0 to 29"),
        (lambda: session.at("default[7]"), "nothing is evaluated at 'default[7]' of the rules"),
        (lambda: session.choose("7"), "the entity '7' is not recorded; there are"),
        (lambda: session.why("x"), "there is nothing at $.x of result 0; why_not says why"),
        (lambda: session.why_not("total"), "there is a value at $.total"),
        (lambda: session.why("total").follow(3), "there is no origin 3: the answer has 2"),
        (lambda: shop.pipes["rich"].debug("9"), "nothing was recorded: not found: '9'"),
        (lambda: shop.pipes["rich"].debug("1", entities=[{}]), "give entities or ids, not both"),
        (lambda: shop.pipes["rich"].debug(limit=5_000), "at most 1,000 entities are recorded"),
    ]:
        with pytest.raises(DebuggerError) as raised:
            ask()
        assert message in str(raised.value)
        assert raised.value._render_traceback_() == [f"DebuggerError: {raised.value}"]
    assert session.position == 0


def test_a_draft_is_debugged_on_the_pipes_source_a_dataset_or_given_entities(shop):
    draft = [["copy", "_id"], ["add", "n", ["plus", "_S.n", 1]]]
    drafts = [
        draft,
        {"default": draft},
        {"transform": {"type": "dtl", "rules": {"default": draft}}},
    ]
    for rules in drafts:
        session = shop.pipes["rich"].debug("1", rules=rules)
        assert session.results == [{"_id": "1", "n": 5}]
    assert 'a draft of pipe "rich"' in repr(session)
    assert shop.debug(draft, "3", dataset="people").results == [{"_id": "3", "n": 2}]
    assert shop.debug(draft, entities={"_id": "x", "n": 7}).results == [{"_id": "x", "n": 8}]
    with pytest.raises(ClientError, match="unknown transform"):
        shop.debug([["uper"]], dataset="people")


def test_the_text_shows_where_we_are(session):
    session.goto("default[2]")
    text = repr(session)
    assert text.splitlines()[:2] == [
        'pipe "rich", entity "1" version 0 (1 of 3), step 5 of 29',
        "at default[2]: transform add",
    ]
    assert '▶    5      ["add", "total", ["*", "_S.price", "_S.n"]],  {"total": 12}' in text
    assert "    + total: 12" in text
    html = session._repr_html_()
    assert "<script" not in html
    assert "{&quot;total&quot;: 12}" in html


def test_a_session_of_a_document_alone_needs_no_node(session):
    kept = Session(json.loads(json.dumps(session.document)))
    assert kept.values().data() == session.values().data()
    assert kept.why("total")["value"] == 12
    assert json.loads(json.dumps(kept.data()))["text"] == session.rules.text
    with pytest.raises(InputError, match="this is no trace document"):
        Session({"format": "other"})
