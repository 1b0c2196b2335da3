"""Pipes over the datasets as they were, and what changed in a dataset since."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import compile_index
from sesam_node.errors import ExpiredError, InputError
from sesam_node.model import content_hash, decode, encode
from sesam_node.model.moment import Moment, read_moment
from sesam_node.pipes.differences import diff_dataset, entity_history
from sesam_node.pipes.operations import pipe_entities, preview
from sesam_node.pipes.past import PastDataset, head_then
from sesam_node.pipes.runs import PipeDefinition
from sesam_node.pipes.sink_indexes import index_id
from sesam_node.store import Retention, Write, open_store


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    url = "memory:" if request.param == "memory" else f"lmdb:{tmp_path}"
    made = open_store(url, index_resolver=compile_index)
    yield made
    made.close()


def write(store, dataset, *entities):
    """One version after the other, each with a time of its own."""
    for entity in entities:
        body = encode(entity)
        deleted = entity.get("_deleted") is True
        stored = store.dataset(dataset)
        stored.write([Write(entity["_id"], body, content_hash(body), deleted)])


def time_after(store, dataset):
    """A time at which the newest version of a dataset was there, and nothing later is."""
    stored = store.dataset(dataset)
    moment = stored.at(stored.head() - 1).ts
    write(store, "clock", {"_id": "tick"})
    while store.dataset("clock").at(store.dataset("clock").head() - 1).ts <= moment:
        write(store, "clock", {"_id": "tick", "n": store.dataset("clock").head()})
    return moment


JOIN = {
    "_id": "joined",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "orders"},
    "transform": {
        "type": "dtl",
        "rules": {
            "default": [
                ["copy", "*"],
                [
                    "add",
                    "city",
                    [
                        "hops",
                        {
                            "datasets": ["people p"],
                            "where": ["eq", "_S.person", "p.number"],
                            "return": "p.city",
                        },
                    ],
                ],
                ["add", "name", ["hops", {
                    "datasets": ["people p"], "where": ["eq", "_S.id", "p._id"],
                    "return": "p.name"}]],
            ]
        },
    },
}  # fmt: skip


def joined(store, as_of=None):
    chunks = pipe_entities(PipeDefinition(JOIN), store, as_of=as_of)
    return {item["_id"]: item for item in decode(b"".join(chunks))}


def history(store):
    """Orders that look into people, and a time before the people changed."""
    write(store, "orders", {"_id": "o1", "person": 1, "id": "a"}, {"_id": "o2", "person": 2})
    write(
        store,
        "people",
        {"_id": "a", "number": 1, "city": "Oslo", "name": "Ada"},
        {"_id": "b", "number": 2, "city": "Bergen"},
        {"_id": "c", "number": 3, "city": "Hamar"},
    )
    moment = time_after(store, "people")
    write(
        store,
        "people",
        {"_id": "a", "number": 2, "city": "Oslo", "name": "Eva"},
        {"_id": "b", "number": 2, "city": "Bergen", "_deleted": True},
        {"_id": "d", "number": 1, "city": "Skien"},
    )
    write(store, "orders", {"_id": "o1", "_deleted": True, "person": 1}, {"_id": "o3", "person": 3})
    return moment


def test_source_and_hops_are_as_they_were(store):
    moment = history(store)
    then = joined(store, str(Text(moment)))
    assert then.keys() == {"o1", "o2"}
    assert (then["o1"]["city"], then["o1"]["name"]) == (["Oslo"], ["Ada"])
    assert then["o2"]["city"] == ["Bergen"]
    now = joined(store)
    assert (now["o1"]["_deleted"], now["o2"]["city"], now["o3"]["city"]) == (
        True,
        ["Oslo"],
        ["Hamar"],
    )


class Text:
    """A time of the store as people write it."""

    def __init__(self, micros):
        self.micros = micros

    def __str__(self):
        from sesam_node.pipes.differences import time_text

        return time_text(self.micros)


def test_an_offset_of_the_source_means_the_time_of_that_version(store):
    history(store)
    assert joined(store, "1") == joined(store, str(Text(store.dataset("orders").at(1).ts)))
    assert joined(store, "99") == joined(store)


def test_a_preview_looks_into_the_datasets_of_then(store):
    moment = history(store)
    given_entity = [{"_id": "x", "person": 1, "id": "a"}]

    def city(as_of):
        shown = preview(PipeDefinition(JOIN), store, entities=given_entity, as_of=as_of)
        emitted = shown["results"][0]["emitted"][0]
        return emitted["city"], emitted["name"]

    assert city(str(Text(moment))) == (["Oslo"], ["Ada"])
    assert city(None) == (["Skien"], ["Eva"])


SOURCES = {
    "union": {"type": "union_datasets", "datasets": ["orders", "people"]},
    "versions": {"type": "dataset", "dataset": "people", "include_previous_versions": True},
    "subset": {"type": "dataset", "dataset": "people", "subset": ["eq", "_S.city", "Oslo"]},
    "merge_datasets": {"type": "merge_datasets", "datasets": ["orders", "people"]},
    "merge": {
        "type": "merge",
        "version": 2,
        "datasets": ["orders o", "people p"],
        "equality": [["eq", "o.person", "p.number"]],
        "identity": "first",
    },
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_pipe_gives_for_then_what_it_gave_then(store, source):
    def made(as_of=None):
        pipe = {"_id": "made", "type": "pipe", "source": source}
        return decode(b"".join(pipe_entities(PipeDefinition(pipe), store, as_of=as_of)))

    write(store, "orders", {"_id": "o1", "person": 1, "id": "a"}, {"_id": "o2", "person": 2})
    write(store, "people", {"_id": "a", "number": 1, "city": "Oslo"}, {"_id": "b", "number": 2})
    index = index_id("_S.city")
    store.dataset("people").ensure_index(index, compile_index(index))
    moment, then = time_after(store, "people"), made()
    assert then
    history(store)
    assert made() != then
    assert made(str(Text(moment))) == then


def test_a_moment_before_what_was_compacted_is_gone(store):
    history(store)
    store.dataset("people").compact(Retention(keep_versions=1))
    people = store.dataset("people")
    assert people.exact_from > 1
    with pytest.raises(ExpiredError) as caught:
        PastDataset(people, head_then(people, Moment(offset=0)))
    assert caught.value.exact_from == people.exact_from
    with pytest.raises(ExpiredError):
        diff(store, 0)
    life = entity_history(store, dataset="people", entity_id="a")
    assert ([item["change"] for item in life["changes"]], life["complete"]) == (["unknown"], False)


def test_before_the_first_version_there_is_nothing(store):
    history(store)
    assert joined(store, "1990-01-01") == {}


def test_an_offset_needs_one_source_dataset(store):
    history(store)
    embedded = JOIN | {"source": {"type": "embedded", "entities": []}}
    with pytest.raises(InputError, match="no moment"):
        pipe_entities(PipeDefinition(embedded), store, as_of="3")


def test_the_past_cannot_be_written(store):
    history(store)
    with pytest.raises(Exception, match="cannot be written"):
        PastDataset(store.dataset("people"), 1).write([])


STEPS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 3) | st.none()), min_size=1, max_size=25
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, data=st.data())
def test_the_past_of_a_dataset_is_what_a_copy_made_then_would_be(steps, data):
    store = open_store("memory:", index_resolver=compile_index)
    index = '"_S.key"'
    then = data.draw(st.integers(0, len(steps)))

    def play(name, wanted):
        stored = store.dataset(name)
        stored.ensure_index(index, compile_index(index))
        for entity_id, key in wanted:
            write(store, name, {"_id": entity_id, "key": key or 0, "_deleted": key is None})
        return stored

    copy = play("copy", steps[:then])
    past = PastDataset(play("all", steps), copy.head())

    def plain(versions):
        return [version and version._replace(ts=0) for version in versions]

    ids = ["a", "b", "c", "d"]
    assert past.head() == copy.head()
    assert plain(past.get_many(ids)) == plain(copy.get_many(ids))
    for options in ({}, {"history": True}, {"deleted": False}, {"reverse": True}, {"since": 2}):
        assert plain(past.changes(**options)) == plain(copy.changes(**options))
    assert past.live() == copy.live()
    assert past.live("b", 1) == copy.live("b", 1)
    assert past.counts() == copy.counts()
    keys = [0, 1, 2, 3, "x"]
    for mine, other in zip(
        past.lookup_many(index, keys), copy.lookup_many(index, keys), strict=True
    ):
        assert plain(mine) == plain(other)
    assert plain(past.history("a")) == plain(copy.history("a"))
    assert plain([past.at(seq) for seq in range(6)]) == plain([copy.at(seq) for seq in range(6)])


# -- differences -----------------------------------------------------------------------------------


def diff(store, start, end=None, **options):
    chunks = diff_dataset(
        store,
        dataset="people",
        start=Moment(offset=start),
        end=None if end is None else Moment(offset=end),
        **options,
    )
    return json.loads(b"".join(chunks))


def test_a_difference_tells_each_property(store):
    history(store)
    found = diff(store, 2)
    assert (found["from"], found["to"], found["next"]) == (2, 5, None)
    assert found["counts"] == {"added": 1, "changed": 1, "deleted": 1}
    assert found["changes"][0] == {
        "_id": "a",
        "change": "changed",
        "_updated": 3,
        "_previous": 0,
        "properties": [
            {"name": "name", "change": "changed", "old": "Ada", "new": "Eva"},
            {"name": "number", "change": "changed", "old": 1, "new": 2},
        ],
    }
    assert [(item["_id"], item["change"]) for item in found["changes"]] == [
        ("a", "changed"),
        ("b", "deleted"),
        ("d", "added"),
    ]
    assert found["changes"][1]["properties"][0] == {
        "name": "city", "change": "removed", "old": "Bergen",
    }  # fmt: skip


def test_a_difference_is_read_page_by_page(store):
    history(store)
    first = diff(store, 2, limit=2)
    rest = diff(store, 2, limit=2, after=first["next"])
    assert [item["_id"] for item in first["changes"] + rest["changes"]] == ["a", "b", "d"]
    assert (first["counts"]["added"], "counts" in rest, rest["next"]) == (1, False, None)
    counted = diff(store, 2, limit=0)
    assert (counted["changes"], counted["counts"]) == ([], first["counts"])


def test_what_came_back_to_what_it_was_is_no_difference(store):
    write(store, "people", {"_id": "a", "n": 1}, {"_id": "a", "n": 2}, {"_id": "a", "n": 1})
    assert diff(store, 0)["changes"] == []
    assert diff(store, 0, 1)["counts"] == {"added": 0, "changed": 1, "deleted": 0}
    with pytest.raises(InputError, match="ends before it begins"):
        diff(store, 2, 1)


def test_the_life_of_an_entity_is_a_list_of_changes(store):
    write(
        store,
        "people",
        {"_id": "a", "n": 1},
        {"_id": "a", "n": 1.0, "m": None},
        {"_id": "a", "n": 1.0, "m": None, "_deleted": True},
        {"_id": "a", "n": 2},
    )
    found = entity_history(store, dataset="people", entity_id="a")
    assert [(item["_updated"], item["change"]) for item in found["changes"]] == [
        (3, "undeleted"),
        (2, "deleted"),
        (1, "changed"),
        (0, "created"),
    ]
    assert found["changes"][2]["properties"] == [
        {"name": "m", "change": "added", "new": None},
        {"name": "n", "change": "changed", "old": 1, "new": 1.0},
    ]
    assert (found["complete"], found["next"]) == (True, None)
    first = entity_history(store, dataset="people", entity_id="a", limit=3)
    rest = entity_history(store, dataset="people", entity_id="a", before=first["next"])
    assert first["changes"] + rest["changes"] == found["changes"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17", Moment(offset=17)),
        (0, Moment(offset=0)),
        ("1970-01-01T00:00:01.5Z", Moment(time=1_500_000)),
        ("1970-01-02", Moment(time=86_400_000_000)),
        ("1970-01-01T01:00:00+01:00", Moment(time=0)),
        ("1970-01-01T02:00:01 01:00", Moment(time=3_601_000_000)),
        ("~t1970-01-01T00:00:00Z", Moment(time=0)),
    ],
)
def test_a_moment_is_an_offset_or_a_time(text, moment):
    assert read_moment(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "1.5", None, True, [], "2024-02-31"])
def test_what_is_no_moment_is_told(text):
    with pytest.raises(InputError) as caught:
        read_moment(text)
    assert caught.value.problems[0].code == "wrong-moment"


def test_an_expired_moment_survives_the_way_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(ExpiredError("gone", 7)))
    assert (error.message, error.exact_from) == ("gone", 7)
