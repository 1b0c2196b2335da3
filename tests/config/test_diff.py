"""A difference is one of content."""

from __future__ import annotations

import pytest

from sesam_node.config import Difference, Document, diff


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ([], [], Difference()),
        ([], [{"_id": "a"}, {"_id": "b"}], Difference(added=("a", "b"))),
        ([{"_id": "a"}], [], Difference(removed=("a",))),
        ([{"_id": "a", "x": 1, "y": [2]}], [{"y": [2], "x": 1, "_id": "a"}], Difference()),
        ([{"_id": "a", "x": 1}], [{"_id": "a", "x": 1.0}], Difference(changed=("a",))),
        ([{"_id": "a", "x": 1}], [{"_id": "a", "x": True}], Difference(changed=("a",))),
        ([{"_id": "a", "x": [1, 2]}], [{"_id": "a", "x": [2, 1]}], Difference(changed=("a",))),
        ([{"_id": "a"}, {"_id": "b"}], [{"_id": "b"}, {"_id": "a"}], Difference()),
    ],
)
def test_what_is_added_changed_and_removed(old, new, outcome):
    assert diff(Document.from_list(old), Document.from_list(new)) == outcome


def test_effective_components_can_be_compared_too():
    assert diff({"a": {"x": "1"}}, {"a": {"x": "2"}}) == Difference(changed=("a",))
    assert not diff({}, {})
    assert diff({"a": {}}, {})
