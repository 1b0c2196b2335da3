"""The graph of a hub: from a real node, as text, as tables, as pictures."""

import base64
import re
from xml.etree import ElementTree as ET

import pytest

from sesam_interactive import ClientError
from sesam_interactive.client.flow import Flow
from sesam_interactive.plots.layered import layered

LOOKUP = {"type": "dtl", "rules": {"default": [["add", "d", ["lookup-entity", "dept", "_S.dept"]]]}}
HOP = [
    "add",
    "dept",
    ["hops", {"datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title"}],
]
MORE = [
    {"_id": "crm", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"},
    {"_id": "contact", "type": "pipe", "source": {"type": "json", "system": "crm", "url": "all"}},
    {
        "_id": "hopping",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person-named"},
        "transform": {"type": "dtl", "rules": {"default": [["copy", "*"], HOP]}},
    },
    {
        "_id": "looking",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": LOOKUP,
    },
    {
        "_id": "merged",
        "type": "pipe",
        "source": {
            "type": "merge",
            "version": 2,
            "datasets": ["person p", "dept d"],
            "equality": [["eq", "p.dept", "d._id"]],
            "identity": "first",
        },
    },
    {
        "_id": "published",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "merged"},
        "sink": {"type": "csv_endpoint", "columns": ["_id"]},
    },
    {"_id": "ping", "type": "pipe", "source": {"type": "dataset", "dataset": "pong"}},
    {"_id": "pong", "type": "pipe", "source": {"type": "dataset", "dataset": "ping"}},
    {"_id": "lost", "type": "pipe", "source": {"type": "dataset", "dataset": "nowhere"}},
]


@pytest.fixture
def rich(hub):
    """The small project, and a pipe of each kind beside it; people and departments are loaded."""
    manual = [c | ({"pump": {"mode": "manual"}} if c["type"] == "pipe" else {}) for c in MORE]
    hub.connection.json("PUT", "/config", json=[*hub.config(), *manual])
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    return hub


def edges(flow):
    return {(edge["from"], edge["to"], edge["kind"]): edge["queue"] for edge in flow.edges}


def test_edges_come_from_the_nodes_facts_and_queues_from_its_pumps(rich):
    found = edges(rich.flow())
    assert found["system:crm", "pipe:contact", "source"] is None
    assert found["dataset:person", "pipe:person-named", "source"] == 3
    assert found["dataset:dept", "pipe:hopping", "hop"] == 1
    assert found["dataset:dept", "pipe:looking", "lookup"] == 1
    assert found["dataset:person", "pipe:merged", "merge"] == 3
    assert found["pipe:merged", "dataset:merged", "sink"] is None
    assert ("pipe:published", "dataset:published", "sink") not in found


def test_a_pipe_tells_its_state_counts_and_rate(rich):
    with pytest.raises(ClientError):
        rich.pipes["failing"].run(progress=False)
    rich.pipes["looking"].disable("being looked into")
    flow = rich.flow()
    assert (flow["person"]["state"], flow["person"]["entities"]) == ("ok", 3)
    assert flow["person"]["rate"] > 0
    assert (flow["failing"]["state"], flow["failing"]["queue"]) == ("failed", 3)
    assert "not today" in flow["failing"]["message"]
    assert (flow["looking"]["state"], flow["looking"]["message"]) == (
        "disabled",
        "being looked into",
    )
    assert flow["inbox"]["state"] == flow["published"]["state"] == "on request"
    assert flow["published"]["queue"] is None
    assert flow["person-named"]["state"] == "not run"
    assert flow["dataset:nowhere"]["message"] == "there is no such dataset, and no pipe writes it"


def test_a_pipe_with_a_wrong_configuration_is_invalid_and_says_why(hub):
    wrong = {"_id": "wrong", "type": "pipe", "source": {"type": "dataset"}}
    config = [*hub.config(), wrong]
    hub.connection.json("PUT", "/config", json=config, params={"force": "true"})
    found = hub.flow()["wrong"]
    assert found["state"] == "invalid"
    assert "dataset" in found["message"]


def test_pipes_are_ordered_by_what_they_read_and_cycles_are_told(rich):
    flow = rich.flow()
    order = flow.order()
    assert order.index("person") < order.index("person-named") < order.index("hopping")
    assert order.index("merged") < order.index("published")
    assert flow.cycles() == [["ping", "pong"]]
    assert "cycle: ping → pong → ping" in repr(flow)


def test_up_and_downstream_are_parts_of_the_flow(rich):
    flow = rich.flow()
    assert flow.upstream("hopping").order() == ["dept", "person", "person-named", "hopping"]
    assert set(flow.downstream("dept").order()) == {
        "dept",
        "hopping",
        "looking",
        "merged",
        "published",
    }
    assert flow.downstream("system:crm").order() == ["contact"]
    with pytest.raises(ClientError, match='did you mean "hopping"'):
        flow.upstream("hoping")


def test_the_text_is_a_tree_with_hops_beside_the_pipes(rich):
    with pytest.raises(ClientError):
        rich.pipes["failing"].run(progress=False)
    lines = repr(rich.flow(rates=False)).splitlines()
    assert lines[0] == "13 pipes: 2 ok, 8 not run, 2 on request, 1 failed; 13 datasets, 1 system"
    at = next(i for i, line in enumerate(lines) if line.startswith("person "))
    assert lines[at].split() == ["person", "ok", "3", "entities", "from", "embedded"]
    assert lines[at + 1].startswith("├─ failing")
    assert lines[at + 2].startswith('│     ! the entity "1" failed')
    hopping = next(line for line in lines if "─ hopping" in line)
    assert hopping.startswith("│  └─ hopping")
    assert hopping.endswith("hops dept (+1)")
    assert any(line.endswith("merges dept (+1), person (+3)") for line in lines)
    assert lines == repr(rich.flow(rates=False)).splitlines()


def test_a_flow_is_also_tables(rich):
    flow = rich.flow()
    frame = flow.to_polars()
    assert frame.height == len(flow.nodes)
    assert set(frame.filter(frame["state"] == "on request")["name"]) == {"inbox", "published"}
    assert flow.edges_to_polars().height == len(flow.edges)


def test_the_picture_is_live_still_and_text_in_one(rich):
    bundle = rich.flow().plot()._repr_mimebundle_()
    shown = bundle["application/vnd.plotly.v1+json"]
    assert any("hopping" in str(trace.get("text")) for trace in shown["data"])
    assert "data:image/svg+xml" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert "http" not in bundle["text/html"].replace("http_endpoint", "")
    assert bundle["text/plain"].startswith("Flow: ")


def test_names_are_escaped_in_the_picture(hub):
    name = "a<b>&'c"
    pipe = {"_id": name, "type": "pipe", "source": {"type": "embedded", "entities": []}}
    hub.connection.json("PUT", "/config", json=[pipe], params={"force": "true"})
    html = hub.flow()._repr_html_()
    assert "<b>&'c" not in html
    image = re.search(r"data:image/svg\+xml;base64,([^']+)", html)[1]
    drawing = ET.fromstring(base64.b64decode(image))
    assert name in [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]


def test_a_hub_without_pipes_says_so():
    flow = Flow({"url": "", "nodes": [], "edges": []})
    assert "no pipes yet" in flow._repr_html_()
    assert "no pipes yet" in repr(flow.plot())
    assert repr(flow).startswith("0 pipes")


def test_layers_follow_the_edges_and_a_cycle_ends():
    nodes = ["a", "b", "c", "d"]
    found = layered(nodes, [("a", "b"), ("b", "c"), ("c", "b"), ("a", "c"), ("d", "d")])
    places = {node: layer for node, (layer, _) in found.places.items()}
    assert (places["a"], places["b"], places["c"]) == (0, 1, 2)
    assert len(found.ways["a", "c"]) == 3  # around b, through a place of its own
    heights = sorted(y for node, (layer, y) in found.places.items() if layer == 0)
    assert heights[1] - heights[0] >= 1
