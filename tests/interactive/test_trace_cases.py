"""The page reads traces as Python does: both are held to the same cases.

`python tests/interactive/test_trace_cases.py` writes the cases anew (recorded times change).
"""

import json
from pathlib import Path

from sesam_node.dtl.record import record
from sesam_node.dtl.trace import coverage, signatures, state

CASES = Path(__file__).parents[2] / "frontend/src/dtl/cases/traces.json"
RULES = {
    "default": [
        ["copy", ["list", "_id", "name", "old"]],
        ["rename", "kind", "type"],
        ["add", "lines", ["apply", "line", "_S.lines"]],
        [
            "if",
            ["gt", ["count", "_T.lines"], 1],
            [["add", "many", True], ["remove", "old"]],
            [["add-if", "few", ["is-not-null", "_."], "_S.name"]],
        ],
        ["filter", ["neq", "_S.name", "out"]],
        ["create", ["dict", "_id", ["concat", "_S._id", "-copy"]]],
        ["add", "name", ["upper", "_S.name"]],
    ],
    "line": [
        ["copy", "*"],
        ["add", "of", "_P._S._id"],
        ["add", "parts", ["apply", "part", "_S.p"]],
    ],
    "part": [["add", "up", ["list", "_P._P._S._id", "_P._S.n", "_S.x"]]],
}
ENTITIES = [
    {
        "_id": "a",
        "name": "Ada",
        "old": 1,
        "lines": [{"n": 1, "p": [{"x": 1}, {"x": None}]}, {"n": 2}],
    },
    {"_id": "b", "name": None, "kind": "k", "lines": {"n": 3}},
    {"_id": "c", "name": "out"},
    {"_id": "d", "name": "Bo", "old": 2, "kind": "k", "lines": []},
]


def cases(document):
    """What Python's readers say of a document."""
    states = [
        {
            "entity": entity,
            "event": event,
            "after": after,
            "state": state(document, entity, event, after=after),
        }
        for entity, recorded in enumerate(document["entities"])
        for event in range(len(recorded["events"]))
        for after in (False, True)
    ]
    return {
        "document": document,
        "states": states,
        "coverage": coverage(document),
        "ways": [{"signature": s, "entities": e} for s, e in signatures(document).items()],
    }


def test_the_cases_that_the_page_is_tested_with_are_what_python_says():
    stored = json.loads(CASES.read_text())
    assert stored == json.loads(json.dumps(cases(stored["document"])))
    assert len(stored["states"]) > 100


if __name__ == "__main__":
    made = record(RULES, ENTITIES)
    CASES.parent.mkdir(exist_ok=True)
    CASES.write_text(json.dumps(cases(made), ensure_ascii=False) + "\n")
