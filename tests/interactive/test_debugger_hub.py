"""What the debugger asks a real node: scans, coverage, comparisons, other worlds, cost, tests."""

import json
import subprocess
import sys

import pytest

from sesam_interactive import ClientError
from sesam_interactive.debugger import DebuggerError, Session, scanning
from sesam_node.dtl.trace import validate

MANUAL = {"type": "pipe", "pump": {"mode": "manual"}}
KINDS = ["a", "b", None]
PEOPLE = [
    {
        "_id": str(n),
        "name": f"P{n}" if n % 10 else None,
        "price": n,
        "n": n % 4,
        "kind": KINDS[n % 3],
    }
    for n in range(60)
]
ITEMS = [{"_id": f"i{n}", "by": str(n // 2), "cat": str(n % 3)} for n in range(20)]
CATS = [{"_id": str(n), "title": f"Cat {n}"} for n in range(3)]
RULES = {
    "default": [
        ["copy", "_id"],
        ["filter", ["is-not-null", "_S.name"]],
        ["add", "total", ["*", "_S.price", "_S.n"]],
        ["if", ["gt", "_T.total", 100], [["add", "big", True]], [["add", "big", False]]],
        ["add", "label", ["concat", "_S.kind", "-", "_S.nam"]],
        ["if", ["eq", "_S.kind", "c"], [["add", "never", ["upper", "_S.kind"]]]],
        [
            "add",
            "lines",
            ["apply-hops", "line", {"datasets": ["item o"], "where": ["eq", "o.by", "_S._id"]}],
        ],
    ],
    "line": [
        ["copy", "by"],
        [
            "add",
            "cat",
            [
                "hops",
                {"datasets": ["cat c"], "where": ["eq", "c._id", "_S.cat"], "return": "c.title"},
            ],
        ],
    ],
}


@pytest.fixture
def shop(hub):
    pipes = [
        {"_id": "people", "source": {"type": "embedded", "entities": PEOPLE}},
        {"_id": "item", "source": {"type": "embedded", "entities": ITEMS}},
        {"_id": "cat", "source": {"type": "embedded", "entities": CATS}},
        {
            "_id": "rich",
            "source": {"type": "dataset", "dataset": "people"},
            "transform": {"type": "dtl", "rules": RULES},
        },
    ]
    hub.connection.json("PUT", "/config", json=[pipe | MANUAL for pipe in pipes])
    for pipe in ("people", "item", "cat", "rich"):
        hub.pipes[pipe].run(progress=False)
    return hub


@pytest.fixture
def pipe(shop):
    return shop.pipes["rich"]


@pytest.fixture
def session(pipe):
    return pipe.debug(limit=60)


def draft(**edit):
    """The rules with other transforms, by position."""
    rules = json.loads(json.dumps(RULES))
    for name, transform in edit.items():
        rules["default"][int(name[1:])] = transform
    return rules


# -- breakpoints -----------------------------------------------------------------------------------


def test_run_stops_at_breakpoints_in_one_entity_after_the_other_and_back(session):
    session.break_when("_T.total > 100 after default[2]")
    session.break_at("line[1]")
    stops = []
    while session.run().position != session.end or session.entity != 59:
        row = session.entities[session.entity]
        if session.position != session.end:
            stops.append((row["id"], session.rules.short(session.path)))
    expected = []
    for person in PEOPLE:
        if person["name"] is not None:
            if person["price"] * person["n"] > 100:
                expected.append((person["_id"], "default[2]"))
            expected += [(person["_id"], "line[1]") for i in ITEMS if i["by"] == person["_id"]]
    assert stops == expected
    backwards = []
    while session.run_back().position or session.entity:
        backwards.append(
            (session.entities[session.entity]["id"], session.rules.short(session.path))
        )
    assert backwards[::-1] == expected
    assert [point.text for point in session.breakpoints] == [
        '["gt", "_T.total", 100] after default[2]',
        "line[1] runs",
    ]
    session.clear(0)
    assert len(session.breakpoints) == 1
    with pytest.raises(DebuggerError, match="there is no breakpoint 7"):
        session.clear(7)
    with pytest.raises(DebuggerError, match="nothing is evaluated at"):
        session.break_when("default[77] gives null")


def test_a_breakpoint_that_is_off_does_not_stop(session):
    point = session.break_at("default[2]")
    point.enabled = False
    assert session.run().position == session.end


def test_a_logpoint_tells_a_row_an_evaluation(session):
    log = session.log("line[1]", "_P._T.total", ["upper", "_T.by"])
    rows = [(row["entity"], row["_P._T.total"]) for row in log.rows]
    assert rows == [
        (p["_id"], p["price"] * p["n"])
        for p in PEOPLE[:10]
        for i in ITEMS
        if p["name"] is not None and i["by"] == p["_id"]
    ]
    assert session.log("default[2][2]").rows[0]["value"] == 1
    with pytest.raises(DebuggerError, match="unknown function"):
        session.log("line[1]", ["uper", "_T.by"])


def test_places_of_thousands_of_events_are_quick_and_whole(shop):
    rules = {
        "default": [["copy", "_id"], ["add", "lines", ["apply", "line", "_S.items"]]],
        "line": [["copy", "n"], ["add", "twice", ["*", 2, "_S.n"]]],
    }
    items = [{"n": n} for n in range(2_000)]
    session = shop.debug(rules, entities=[{"_id": "big", "items": items}])
    assert [row["_T.twice"] for row in session.log("line[1]", "_T.twice").rows] == [
        2 * n for n in range(2_000)
    ]
    session.break_when("_T.twice > 3900 after line[1]")
    assert session.run().state.after["_T"]["twice"] == 3_902
    assert session.at("line[1][2]").count == 2_000
    assert len(session.at("line[1][2]").evaluations) == 100
    assert len(repr(session)) < 5_000


# -- scans -----------------------------------------------------------------------------------------


def test_a_scan_goes_over_the_dataset_and_its_hits_are_recorded(pipe):
    found = pipe.scan("_T.total > 100", hits=1_000, progress=False)
    expected = [p["_id"] for p in PEOPLE if p["name"] and p["price"] * p["n"] > 100]
    assert found.ids == expected
    assert found.complete
    assert [row["id"] for row in found.session.entities] == expected
    first = pipe.scan("concat gets null", hits=1, progress=False)
    assert first.session.run().event["name"] == "concat"
    second = pipe.scan("concat gets null", hits=1, since=first.next, progress=False)
    assert (first.ids, second.ids) == (["1"], ["2"])


def test_portions_are_put_together(pipe, monkeypatch):
    monkeypatch.setattr(scanning, "PORTION", 7)
    found = pipe.scan("_T.total > 100", hits=1_000, progress=False)
    assert found.read == 60
    validate(found.session.document)
    whole = pipe.coverage(all=True, sample=0, progress=False)
    assert whole.document["entities"] == 60
    for row in found.rows:
        assert found.session.entities[row["entity"]]["id"] == row["_id"]
    assert found.session.choose(found.ids[-1]).why("total")["value"] > 100


def test_an_interrupted_scan_keeps_what_it_found(pipe, monkeypatch):
    monkeypatch.setattr(scanning, "PORTION", 20)
    plain = type(pipe._connection).json
    calls = []

    def interrupted(self, method, path, **options):
        calls.append(path)
        if calls.count("/dtl/scan") + calls.count("/dtl/trace") == 3:
            raise KeyboardInterrupt
        return plain(self, method, path, **options)

    monkeypatch.setattr(type(pipe._connection), "json", interrupted)
    found = pipe.scan("_T.total > 10", hits=1_000, progress=False)
    assert (found.read, found.interrupted, found.complete) == (40, True, False)
    assert "interrupted" in repr(found)
    calls.clear()
    counted = pipe.coverage(all=True, sample=0, progress=False)
    assert (counted.document["entities"], counted.interrupted) == (40, True)
    calls.clear()
    rest = pipe.scan("_T.total > 10", hits=1_000, since=found.next, progress=False)
    assert rest.read == 20


def test_what_cannot_be_scanned_says_so(pipe, session):
    with pytest.raises(ClientError, match=r"do not call \"uper\"; did you mean \"upper\""):
        pipe.scan("uper gets null", progress=False)
    with pytest.raises(DebuggerError, match="there is no condition"):
        session.scan()
    with pytest.raises(DebuggerError, match="there is no node"):
        Session(session.document).scan("filtered")


# -- coverage and samples --------------------------------------------------------------------------


def test_coverage_says_what_ran_gave_null_and_never_ran(pipe):
    found = pipe.coverage(all=True, progress=False)
    places = {found.rules.short(path): place for path, place in found.places.items()}
    assert found.document["filtered"] == 6
    assert (places["default[0]"]["fired"], places["default[2]"]["fired"]) == (60, 54)
    assert places["default[4][2][1]"]["null"] == pytest.approx(18 / 54)
    assert places["default[4][2]"]["distinct"] == 3
    assert places["default[5][2][0]"]["fired"] == 0
    large = sum(p["name"] is not None and p["price"] * p["n"] > 100 for p in PEOPLE)
    assert found.branches["$.transform.rules.default[3]"] == {0: large, 1: 54 - large}
    assert [found.rules.short(path) for path in found.never] == ["default[5][2][0]"]
    text = repr(found)
    assert text.splitlines()[0] == (
        'coverage of pipe "rich", all 60 entities: 54 came out, 6 filtered, 0 failed; '
        "1 places never ran"
    )
    assert "<- never ran: default[5][2][0]" in text
    assert "opacity" in found._repr_html_()
    json.dumps(found.data())
    nulls = found.entities("default[4][2][1]", count=3)
    assert nulls.ids == ["2", "5", "8"]
    assert found.became("filtered", count=2).ids == ["0", "10"]
    assert found.entities("default[3][2][0]", "fired", count=1).session.results[0]["big"] is True
    with pytest.raises(DebuggerError, match="expected one of null, error, fired"):
        found.entities("default[2]", "lost")


def test_samples_are_one_of_each_way(pipe, session):
    found = session.samples()
    assert sum(row["count"] for row in found) == 60
    few = session.pin("7").representatives()
    assert few.entities[-1]["id"] == "7"
    met = {decision for row in found for decision in row["new"]}
    assert {d for row in few.samples() for d in row["new"]} == met
    assert len(few.entities) <= len(found.enough) + 1
    sampled = pipe.samples(limit=60, progress=False)
    assert [(r["signature"], r["count"]) for r in sampled.samples()] == [
        (r["signature"], r["count"]) for r in found
    ]


def test_the_next_entity_that_differs_here(session):
    session.choose("1").goto("default[3]")
    session.next_different()
    assert session.rules.short(session.path) == "default[3]" or session.position == 0
    outcomes = []
    for _ in range(3):
        session.next_different("default[1]")
        outcomes.append(session.entities[session.entity]["outcome"])
    assert outcomes[:2] in (["filtered", "ok"], ["ok", "filtered"])
    with pytest.raises(DebuggerError, match="all recorded entities have the same"):
        session.next_different("default[5][2][0]")


# -- three sides -----------------------------------------------------------------------------------


def test_three_sides_are_compared_and_the_edit_is_named(shop, pipe):
    rules = draft(_2=["add", "total", ["*", "_S.price", ["+", "_S.n", 1]]], _0=["copy", "_id"])
    rules["default"].append(["add", "kind", "_S.kind"])
    found = pipe.compare(rules, all=True, progress=False)
    assert found.sides == ["deployed", "stored"]
    assert found.counts["deployed"] == {
        "added": 0, "changed": 54, "deleted": 0, "failed": 0, "unchanged": 6,
    }  # fmt: skip
    groups = found.groups()
    assert groups["kind"]["added"] == 54
    changed = [p for p in PEOPLE if p["name"] and p["price"]]
    assert groups["total"]["changed"] == len(changed)
    assert [edit.new for edit in found.responsible("total")] == ["default[2][2][2]"]
    assert [edit.new for edit in found.responsible("kind")] == ["default[7]"]
    assert [edit.new for edit in found.responsible("big")] == ["default[2][2][2]"]
    assert "by default[2][2][2]" in repr(found)
    json.dumps(found.data())
    with pytest.raises(DebuggerError, match="does not differ"):
        found.responsible("lines")


def test_a_changed_filter_adds_and_deletes(pipe):
    found = pipe.compare(draft(_1=["filter", ["eq", "_S.kind", "a"]]), all=True, progress=False)
    counts = found.counts["deployed"]
    kept = {p["_id"] for p in PEOPLE if p["kind"] == "a"}
    before = {p["_id"] for p in PEOPLE if p["name"]}
    assert counts["added"] == len(kept - before)
    assert counts["deleted"] == len(before - kept)
    assert found.counts["stored"] == counts


def test_the_deployed_rules_are_compared_with_the_sink(shop, pipe):
    assert pipe.compare(all=True, progress=False).sides == []
    changed = [{**PEOPLE[1], "price": 1_000}, *PEOPLE[2:]]
    config = shop.pipes["people"].config | {"source": {"type": "embedded", "entities": changed}}
    shop.pipes["people"].save(config)
    shop.pipes["people"].run(progress=False)
    found = pipe.compare(all=True, progress=False)
    assert found.sides == ["stored"]
    assert found.counts["stored"]["changed"] == 1


# -- other worlds ----------------------------------------------------------------------------------


def logs(hub):
    names = ("people", "item", "cat", "rich")
    return {name: list(hub.datasets[name].entities(history=True)) for name in names}


def test_what_if_a_value_were_another(shop, session):
    before = logs(shop)
    other = session.choose("7").what_if({"_S.price": 90, "name": "X"})
    assert other.results[0]["total"] == 270
    assert {one["name"]: (one["old"], one["new"]) for one in other.differences} == {
        "total": (21, 270),
        "big": (False, True),
    }
    assert "otherwise ~ total: 21 → 270" in repr(other)
    again = other.what_if(edit={"cat": {"2": {"title": "New"}}})
    assert again.results[0]["total"] == 270
    assert [line["cat"] for line in again.results[0]["lines"]] == [["New"], ["Cat 0"]]
    gone = session.what_if(overlay={"item": {"i14": None, "new": {"by": "7", "cat": "1"}}})
    assert [line["cat"] for line in gone.results[0]["lines"]] == [["Cat 0"], ["Cat 1"]]
    assert logs(shop) == before


def test_what_if_of_given_entities_and_embedded_sources(shop):
    given = shop.debug([["copy", "*"]], entities=[{"_id": "x", "n": {"m": [1, 2]}}])
    assert given.what_if({"n.m[1]": 5}).results[0]["n"] == {"m": [1, 5]}
    embedded = shop.pipes["people"]
    with pytest.raises(ClientError, match="no dtl transform"):
        embedded.debug()


def test_older_versions_and_the_past(shop, pipe):
    config = shop.pipes["people"].config
    changed = [{**PEOPLE[7], "price": 50}, *PEOPLE[:7], *PEOPLE[8:]]
    shop.pipes["people"].save(config | {"source": {"type": "embedded", "entities": changed}})
    shop.pipes["people"].run(progress=False)
    now = pipe.debug("7")
    assert now.results[0]["total"] == 150
    assert now.what_if(version=7).results[0]["total"] == 21
    assert now.what_if(as_of=59).results[0]["total"] == 21
    assert pipe.debug("7", as_of=59).results[0]["total"] == 21
    with pytest.raises(DebuggerError, match="version 5 of '7' cannot be had"):
        now.what_if(version=5)


def with_rules(*transforms):
    return {"type": "dtl", "rules": {"default": list(transforms)}}


def test_one_transform_of_several_is_debugged_and_edited(shop):
    config = {
        "_id": "two",
        "source": {"type": "dataset", "dataset": "people"},
        "transform": [
            with_rules(["copy", ["list", "_id", "n"]], ["add", "p", ["*", 2, "_S.n"]]),
            with_rules(["add", "_id", ["concat", "x-", "_S._id"]], ["add", "q", ["*", 10, "_S.p"]]),
        ],
    }
    pipe = shop.pipes.make("two")
    pipe.save(config | MANUAL)
    pipe.run(progress=False)
    with pytest.raises(ClientError, match="has dtl transforms at 0, 1; say which"):
        pipe.debug()
    session = pipe.debug("7", transform=1)
    assert session.results == [{"_id": "x-7", "q": 60}]
    edited = [["add", "_id", "_S._id"], ["add", "q", ["*", 100, "_S.p"]]]
    assert session.with_rules(edited).results == [{"_id": "7", "q": 600}]
    assert session.what_if(edit={"people": {"7": {"n": 5}}}).results == [{"_id": "x-7", "q": 100}]
    with pytest.raises(DebuggerError, match="_S is what an earlier transform made"):
        session.what_if({"_S.p": 1})
    found = pipe.compare(edited, transform=1, all=True, progress=False)
    counts = found.counts["deployed"]
    assert (counts["added"], counts["deleted"]) == (60, 60)
    assert pipe.scan("_T.q >= 60", transform=1, hits=100, progress=False).ids == [
        p["_id"] for p in PEOPLE if p["n"] == 3
    ]


def test_names_with_namespaces_are_found_without_them(shop):
    config = {
        "_id": "named",
        "source": {"type": "dataset", "dataset": "people"},
        "namespaced_identifiers": True,
        "add_namespaces": True,
        "transform": with_rules(["copy", "*"], ["add", "more", ["+", 1, "_S.n"]]),
    }
    pipe = shop.pipes.make("named")
    pipe.save(config | MANUAL)
    session = pipe.debug("7")
    assert session.results[0]["named:more"] == 4
    assert session.what_if({"_S.n": 10}).results[0]["named:more"] == 11
    assert session.with_rules([["copy", "_id"]]).results == [{"_id": "named:7"}]
    found = pipe.scan("_S.n == 3 and _T.more == 4", hits=2, progress=False)
    assert found.ids == ["named:3", "named:7"]
    assert found.session.what_if({"n": 8}).results[0]["named:more"] == 9
    session.break_when("_S.n == 3 at default[1]")
    assert session.run().position == session.at("default[1]").evaluations[0].event


def test_a_draft_of_a_pipe_brings_its_source(shop):
    draft = {
        "source": {"type": "dataset", "dataset": "people"},
        "transform": with_rules(["copy", "_id"]),
    }
    assert shop.debug(draft, "7").results == [{"_id": "7"}]
    draft["source"] = {"type": "embedded", "entities": [{"_id": "e"}]}
    assert shop.debug(draft).results == [{"_id": "e"}]


def test_what_cannot_be_is_told(session):
    for changes, words in [
        ({"_T.x": 1}, "expected a place in _S"),
        ({"_S": 1}, "expected a place in _S"),
        ({"_S.kind.x": 1}, "there is no place"),
        ({"_S.none.x": 1}, "there is no place"),
        ({"_S[": 1}, "expected a JSON path"),
    ]:
        with pytest.raises(DebuggerError, match=words):
            session.what_if(changes)
    with pytest.raises(ClientError, match="there is no dataset"):
        session.what_if(overlay={"nobody": {"1": None}})


def test_failed_entities_are_debugged_as_they_were(shop):
    failing = draft(_4=["if", ["eq", "_S.n", 3], ["fail!", "three"]])
    config = {
        "_id": "fragile",
        "source": {"type": "dataset", "dataset": "people"},
        "transform": {"type": "dtl", "rules": failing},
        "type": "pipe",
        "pump": {
            "mode": "manual",
            "max_write_errors_in_retry_dataset": 50,
            "max_consecutive_write_errors": 10,
        },
    }
    shop.pipes.make("fragile").save(config)
    shop.pipes["fragile"].run(progress=False)
    session = shop.pipes["fragile"].failed("3")
    assert session.error["message"].endswith("three")
    assert session.goto(-1).state.target["total"] == 9
    assert "failed at default[4][2]" in repr(session)
    assert len(shop.pipes["fragile"].failed(limit=4).entities) == 4
    assert session.with_rules(RULES).results[0]["total"] == 9
    with pytest.raises(ClientError, match="has no failed entity 'x'"):
        shop.pipes["fragile"].failed("x")


# -- cost, fixes, keeping --------------------------------------------------------------------------


def test_cost_flags_hops_that_are_made_for_each_item(pipe, session):
    found = pipe.cost(limit=60, progress=False)
    assert found.counted
    by_place = {found.rules.short(one.path): one for one in found.lookups}
    assert by_place["default[6][2]"].way == "index by"
    inner = by_place["line[1][2]"]
    assert (inner.dataset, inner.way, inner.asked) == ("cat", "_id", 18)
    assert sum(place["share"] for place in found.places.values()) == pytest.approx(1.0)
    assert {one["dataset"] for one in found.reruns} == {"item", "cat"}
    ten = pipe.debug(*[p["_id"] for p in PEOPLE[1:10]])
    warnings = ten.cost().warnings
    assert [found.rules.short(one["path"]) for one in warnings] == ["line[1][2]"]
    assert "N+1" in warnings[0]["text"]
    assert "when cat changes" in repr(ten.cost())
    json.dumps(found.data())
    assert found._repr_html_()


def test_a_fix_is_suggested_and_tried(session):
    session.choose("1")
    fixes = session.fixes()
    texts = [(session.rules.short(fix.path), fix.new) for fix in fixes]
    assert ("default[4][2][3]", "_S.name") in texts
    fixed = next(fix for fix in fixes if fix.new == "_S.name").apply()
    assert fixed.results[0]["label"] == "b-P1"
    assert [one["name"] for one in fixed.differences] == ["label"]
    assert not any(fix.new == "_S.name" for fix in fixed.fixes())


def test_a_null_guard_is_suggested_where_a_call_got_null(shop):
    rules = [["copy", "_id"], ["add", "sum", ["+", "_S.price", "_S.discount"]]]
    session = shop.pipes["rich"].debug("7", rules=rules)
    (guard,) = [fix for fix in session.fixes() if fix.new[0] == "if-null"]
    assert guard.new == ["if-null", "_S.discount", 0]
    assert guard.apply().results[0]["sum"] == 7


def test_an_entity_is_kept_as_a_test_that_the_node_runs(shop, tmp_path):
    project = tmp_path / "project"
    (project / "pipes").mkdir(parents=True)
    inbox = {"_id": "in", "type": "pipe", "source": {"type": "http_endpoint"}}
    rules = {"default": [["copy", "_id"], ["add", "n", ["plus", 1, "_S.n"]]]}
    out = {
        "_id": "out",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "in"},
        "transform": {"type": "dtl", "rules": rules},
    }
    for pipe in (inbox, out):
        (project / "pipes" / f"{pipe['_id']}.conf.json").write_text(json.dumps(pipe))
    shop.project(project).upload()
    shop.connection.json("POST", "/receivers/in/entities", json=[{"_id": "7", "n": 1}])
    session = shop.pipes["out"].debug("7")
    written = session.pin_test(shop.project(project))
    assert [file.relative_to(project).as_posix() for file in written] == [
        "expected/out.json",
        "expected/out.test.json",
        "testdata/in.json",
    ]
    assert json.loads(written[0].read_text()) == [{"_id": "7", "n": 2}]
    again = session.what_if({"_S.n": 5}).pin_test(project)
    assert json.loads(again[0].read_text()) == [{"_id": "7", "n": 6}]
    command = [sys.executable, "-m", "sesam_node.cli.main", "test", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.raises(DebuggerError, match="there is no project folder"):
        session.pin_test(tmp_path / "nowhere")
    with pytest.raises(DebuggerError, match="a test is one of a pipe"):
        shop.debug([["copy", "*"]], entities=[{"_id": "x"}]).pin_test(project)


def test_a_trace_is_exported_as_json_and_as_a_page_without_scripts(session, tmp_path):
    kept = session.export(tmp_path / "trace.json")
    assert Session(json.loads(kept.read_text())).entities == session.entities
    one = session.choose("7").export(tmp_path / "one.json", all=False)
    (entity,) = Session(json.loads(one.read_text())).entities
    assert entity["id"] == "7"
    page = session.export(tmp_path / "trace.html").read_text()
    assert "<script" not in page
    assert "src=" not in page
    assert "http" not in page.replace("http-equiv", "")
    with pytest.raises(DebuggerError, match=r"expected a file \.json or \.html"):
        session.export(tmp_path / "trace.pdf")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "one.json", "trace.html", "trace.json",
    ]  # fmt: skip


def test_what_entities_hold_is_escaped_in_the_page(shop, tmp_path):
    evil = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>'\""
    session = shop.debug(
        [["copy", "*"], ["add", evil, "_S.v"]], entities=[{"_id": evil, "v": evil}]
    )
    page = session.export(tmp_path / "x.html").read_text()
    for html in (page, session._repr_html_(), session.values()._repr_html_()):
        assert "<script" not in html
        assert "<img" not in html
