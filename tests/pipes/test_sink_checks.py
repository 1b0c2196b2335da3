"""What the dataset sink refuses, and that it names the entity."""

from __future__ import annotations

import pytest

from sesam_node.errors import ConflictError

PUSH = {"type": "http_endpoint"}


def numbered(*numbers, **more):
    return [{"_id": str(number), **more} for number in numbers]


def once(value):
    return {"type": "dataset", "prevent_multiple_versions": value}


def test_a_second_version_fails_the_run_where_it_is_forbidden(node):
    node.put("a", *numbered(1, 2, v=1))
    node.pipe("b", source="a", sink=once(value=True))
    node.run("b")
    node.put("a", *numbered(3, v=1), *numbered(2, v=2))
    result = node.try_run("b")
    assert result.error == (
        'entity "2" has a version in dataset "b" already, and "prevent_multiple_versions" '
        "forbids a second one"
    )
    assert (node.live("b")["2"], list(node.live("b"))) == ({"v": 1}, ["1", "2", "3"])


def test_an_entity_that_comes_again_unchanged_is_no_second_version(node):
    node.put("a", *numbered(1, 2, v=1))
    node.pipe("b", source="a", sink=once(value=True))
    node.run("b")
    assert node.run("b", "full").changed == 0


def test_a_second_version_may_be_ignored(node):
    node.put("a", *numbered(1, 2, v=1))
    node.pipe("b", source="a", sink=once(value="ignore"))
    node.run("b")
    node.put("a", *numbered(2, 3, v=2), {"_id": "1", "_deleted": True})
    assert node.run("b").changed == 1
    assert node.live("b") == {"1": {"v": 1}, "2": {"v": 1}, "3": {"v": 2}}
    node.run("b", "full")
    assert node.live("b") == {"1": {"v": 1}, "2": {"v": 1}, "3": {"v": 2}}


def test_two_versions_in_one_run_are_two_versions(node):
    entities = [*numbered(1, v=1), *numbered(1, v=2)]
    node.pipe("b", source={"type": "embedded", "entities": entities}, sink=once(value="ignore"))
    node.run("b")
    assert node.live("b") == {"1": {"v": 1}}


def test_a_receiver_too_refuses_second_versions(node):
    node.pipe("b", source=PUSH, sink=once(value=True))
    node.receive("b", numbered(1))
    with pytest.raises(ConflictError, match='entity "1" has a version'):
        node.receive("b", [*numbered(2), *numbered(1, v=2)])
    assert list(node.live("b")) == ["1"]


@pytest.fixture
def locked(node):
    node.pipe("b", source=PUSH, sink={"type": "dataset", "enable_optimistic_locking": True})
    node.receive("b", numbered(1, 2))
    return node


def test_an_entity_based_on_the_stored_version_is_written(locked):
    locked.receive("b", [{"_id": "1", "_updated": 0, "v": 2}])
    locked.receive("b", [{"_id": "1", "_updated": 2, "v": 3}, {"_id": "new"}])
    assert locked.live("b") == {"2": {}, "1": {"v": 3}, "new": {}}


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ({"_id": "1", "_updated": 1}, 'based on "_updated" 1, but dataset "b" has version 0'),
        ({"_id": "1"}, 'based on "_updated" null, but dataset "b" has version 0'),
        ({"_id": "9", "_updated": 0}, 'based on "_updated" 0, but dataset "b" has no version'),
    ],
)
def test_otherwise_nothing_of_the_request_is_written(locked, entity, text):
    with pytest.raises(ConflictError) as raised:
        locked.receive("b", [{"_id": "2", "_updated": 1, "v": 2}, {**entity, "v": 2}])
    assert text in str(raised.value)
    assert locked.live("b") == {"1": {}, "2": {}}


def test_a_pump_too_compares_versions(node):
    lock = {"type": "dataset", "enable_optimistic_locking": True}
    source = {"type": "embedded", "entities": numbered(1)}
    node.pipe("b", source=source, sink=lock)
    node.run("b")
    source["entities"] = [{"_id": "1", "_updated": 5, "v": 2}]
    node.pipe("b", source=source, sink=lock)
    assert "enable_optimistic_locking" in node.try_run("b").error
    source["entities"] = [{"_id": "1", "_updated": 0, "v": 2}]
    node.pipe("b", source=source, sink=lock)
    assert node.run("b").changed == 1
