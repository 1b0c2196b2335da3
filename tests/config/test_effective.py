"""The effective form writes out the sink, the pump and the namespaces, and little else."""

from __future__ import annotations

import pytest

DATASET = {"type": "dataset", "dataset": "a"}
EMBEDDED = {"type": "embedded", "entities": []}
WRITES = {"type": "dataset", "dataset": "p"}
SLOW = {"mode": "scheduled", "schedule_interval": 900}
FAST = {"mode": "scheduled", "schedule_interval": 30}
WAITS = {"mode": "manual"}
NAMES = {"identity": "p", "property": "p"}


@pytest.mark.parametrize(
    ("pipe", "outcome"),
    [
        ({"source": DATASET}, {"source": DATASET, "sink": WRITES, "pump": FAST}),
        ({"source": EMBEDDED}, {"source": EMBEDDED, "sink": WRITES, "pump": SLOW}),
        (
            {"source": DATASET, "sink": {"type": "dataset"}},
            {"source": DATASET, "sink": WRITES, "pump": FAST},
        ),
        (
            {"source": DATASET, "sink": {"type": "dataset", "dataset": "x"}},
            {"source": DATASET, "sink": {"type": "dataset", "dataset": "x"}, "pump": FAST},
        ),
        (
            {"source": DATASET, "sink": {"indexes": "$ids"}},
            {"source": DATASET, "sink": {**WRITES, "indexes": "$ids"}, "pump": FAST},
        ),
        (
            {"source": DATASET, "sink": {"type": "null"}},
            {"source": DATASET, "sink": {"type": "null"}, "pump": SLOW},
        ),
        (
            {"source": DATASET, "sink": {"type": "http_endpoint"}},
            {"source": DATASET, "sink": {"type": "http_endpoint"}, "pump": WAITS},
        ),
        (
            {"source": {"type": "http_endpoint"}},
            {"source": {"type": "http_endpoint"}, "sink": WRITES, "pump": WAITS},
        ),
        (
            {"source": DATASET, "pump": {"cron_expression": "0 * * * *", "mode": "off"}},
            {
                "source": DATASET,
                "pump": {"cron_expression": "0 * * * *", "mode": "off"},
                "sink": WRITES,
            },
        ),
        (
            {"source": DATASET, "pump": {"schedule_interval": 5}},
            {
                "source": DATASET,
                "pump": {"schedule_interval": 5, "mode": "scheduled"},
                "sink": WRITES,
            },
        ),
        (
            {"source": EMBEDDED, "namespaced_identifiers": True},
            {
                "source": EMBEDDED,
                "namespaced_identifiers": True,
                "sink": WRITES,
                "pump": SLOW,
                "namespaces": NAMES,
                "add_namespaces": True,
                "remove_namespaces": False,
            },
        ),
        (
            {"source": DATASET, "add_namespaces": True, "namespaces": {"identity": "i"}},
            {
                "source": DATASET,
                "sink": WRITES,
                "pump": FAST,
                "namespaced_identifiers": False,
                "namespaces": {"identity": "i", "property": "p"},
                "add_namespaces": True,
                "remove_namespaces": False,
            },
        ),
    ],
)
def test_what_a_pipe_leaves_out_is_put_in(check, pipe, outcome):
    head = {"_id": "p", "type": "pipe"}
    assert check([{**head, **pipe}]).effective["p"] == {**head, **outcome}


def test_pipes_take_namespaced_identifiers_from_the_metadata(check):
    node = {"_id": "node", "type": "metadata", "namespaced_identifiers": "$ENV(on)"}
    head = {"_id": "p", "type": "pipe", "source": DATASET, "sink": {"type": "http_endpoint"}}
    off = {**head, "_id": "q", "namespaced_identifiers": False}
    kept = {**head, "_id": "r", "remove_namespaces": False}
    outcome = check([node, head, off, kept], {"on": True})
    assert outcome.effective["node"] == {**node, "namespaced_identifiers": True}
    assert outcome.effective["p"] == {
        **head,
        "pump": WAITS,
        "namespaced_identifiers": True,
        "namespaces": NAMES,
        "add_namespaces": False,
        "remove_namespaces": True,
    }
    assert outcome.effective["q"] == {**off, "pump": WAITS}
    assert outcome.effective["r"]["remove_namespaces"] is False


def test_there_is_always_metadata(check):
    assert check([]).effective == {"node": {"_id": "node", "type": "metadata"}}
