"""The replicated_dataset sink: a copy under the offsets of the source."""

import json

import pytest
from web_server import Reply

from sesam_node.config.document import Document
from sesam_node.config.validate import validate
from sesam_node.errors import NotBuiltError
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.component import specs
from sesam_node.store import Write


def ids(node, name):
    """(offset, id or -id) of every version of a dataset."""
    found = node.versions(name, history=True)
    return [(v.seq, ("-" if v.deleted else "") + v.entity_id) for v in found]


def copying(node, *, source=None, history=True, **sink):
    source = source or {"type": "dataset", "dataset": "old", "include_previous_versions": history}
    node.pipe("new", source=source, sink={"type": "replicated_dataset", **sink})


def fill(node):
    node.put("old", {"_id": "a", "n": 1}, {"_id": "b"})
    node.put("old", {"_id": "a", "n": 2}, {"_id": "b", "_deleted": True})


def test_a_copy_has_the_offsets_of_the_source(node):
    fill(node)
    copying(node)
    result = node.run("new")
    assert ids(node, "new") == [(0, "a"), (1, "b"), (2, "a"), (3, "-b")]
    assert result.changed == 4
    assert node.store.dataset("new").populated == node.store.dataset("old").populated


def test_it_goes_on_where_it_was(node):
    fill(node)
    copying(node)
    node.run("new")
    node.put("old", {"_id": "c"})
    result = node.run("new")
    assert (result.sync_type, result.processed, result.changed) == ("incremental", 1, 1)
    assert ids(node, "new")[-1] == (4, "c")
    assert node.run("new").processed == 0


def test_without_history_gaps_stay_and_deletes_come(node):
    fill(node)
    copying(node, history=False)
    node.run("new")
    assert ids(node, "new") == [(2, "a"), (3, "-b")]


def test_readers_can_be_turned_to_the_copy_and_go_on(node):
    """The reason why it is there: a pipe is renamed."""
    fill(node)
    copying(node, history=False)
    node.run("new")
    node.pipe("reader", source="old")
    node.run("reader")
    node.put("old", {"_id": "b", "back": True})
    node.run("new")
    node.pipe("reader", source="new")
    result = node.run("reader")
    assert (result.sync_type, result.processed) == ("incremental", 1)
    assert node.live("reader") == {"a": {"n": 2}, "b": {"back": True}}


def test_a_run_from_the_start_changes_nothing(node):
    fill(node)
    copying(node)
    node.run("new")
    before = node.versions("new", history=True)
    result = node.run("new", "full")
    assert (result.processed, result.changed) == (4, 0)
    assert node.versions("new", history=True) == before


def test_nothing_is_deleted_that_a_full_run_does_not_meet(node):
    fill(node)
    copying(node)
    node.run("new")
    copying(node, source={"type": "dataset", "dataset": "old", "subset": ["eq", "_S.n", 7]})
    node.run("new", "full")
    assert node.live("new") == {"a": {"n": 2}}


def test_unchanged_versions_are_left_out_or_kept(node):
    node.put("old", {"_id": "a"}, {"_id": "b"})
    first = node.store.dataset("old").get("a")
    again = Write(first.entity_id, first.body, first.hash, deleted=False)
    node.store.dataset("old").write([again], force=True)
    copying(node)
    node.run("new")
    assert ids(node, "new") == [(0, "a"), (1, "b")]
    node.store.delete("new")
    copying(node, change_tracking=False)
    node.run("new")
    assert ids(node, "new") == [(0, "a"), (1, "b"), (2, "a")]


def test_a_source_that_was_made_again_is_refused(node):
    fill(node)
    copying(node)
    node.run("new")
    node.store.delete("old")
    node.put("old", {"_id": "x"}, {"_id": "y"}, {"_id": "z"}, {"_id": "z2"}, {"_id": "z3"})
    result = node.try_run("new", "full")
    assert 'the dataset "old" has been made again since "new" was replicated' in result.error
    assert ids(node, "new")[-1] == (3, "-b")


def test_an_ordinary_dataset_is_not_written_to(node):
    fill(node)
    node.put("new", {"_id": "mine"})
    copying(node)
    error = node.try_run("new").error
    assert 'the dataset "new" holds entities under offsets of its own' in error
    assert ids(node, "new") == [(0, "mine")]


def test_an_ordinary_dataset_can_be_allowed(node):
    fill(node)
    node.put("new", {"_id": "mine"})
    copying(node, allow_normal_dataset=True)
    node.run("new")
    assert ids(node, "new") == [(0, "mine"), (1, "a"), (2, "b"), (3, "a"), (4, "-b")]


def test_indexes_of_the_copy(node):
    fill(node)
    copying(node, indexes=["_S.n"])
    node.run("new")
    dataset = node.store.dataset("new")
    (index,) = dataset.indexes()
    assert [v.seq for (v,) in dataset.lookup_many(index.id, [2])] == [2]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"source": {"type": "embedded", "entities": []}}, 'of a source "embedded"'),
        (
            {"source": {"type": "union_datasets", "datasets": ["a", "b"]}},
            'of a source "union_datasets": "dataset" and "json" have some',
        ),
        ({"rules": [["copy", "*"]]}, "takes entities as they are"),
    ],
)
def test_what_cannot_be_copied_is_told(memory_node, config, said):
    source = config.pop("source", "old")
    definition = memory_node.pipe(
        "new", source=source, sink={"type": "replicated_dataset"}, **config
    )
    assert said in memory_node.try_run(definition.pipe_id).error


def test_what_cannot_be_copied_is_told_when_it_is_saved():
    pipe = {
        "_id": "new",
        "type": "pipe",
        "source": {"type": "embedded", "entities": []},
        "transform": {"type": "lower_keys"},
        "sink": {"type": "replicated_dataset"},
    }
    checked = validate(Document.from_list([pipe]), {}, specs())
    found = {one.path: one.code for one in checked.problems if one.level == "error"}
    assert found == {"$.source.type": "not-replicated", "$.transform": "not-replicated"}


def test_migrating_by_itself_is_refused_plainly(memory_node):
    sink = {"type": "replicated_dataset", "auto_migrate_to_replicated_dataset": True}
    definition = memory_node.pipe("new", source="old", sink=sink)
    with pytest.raises(NotBuiltError, match="delete the dataset, run the pipe, and reset"):
        build_pipe(definition, memory_node.store)


def served(node, dataset):
    """What another node answers for a dataset: its versions after `since`, at most `limit`."""

    def answer(asked):
        since = int(asked.query.get("since", -1))
        limit = int(asked.query.get("limit", 1_000))
        found = node.store.dataset(dataset).changes(since, limit)
        body = [
            {**json.loads(v.body), "_updated": v.seq, "_deleted": v.deleted, "_ts": v.ts}
            for v in found
        ]
        return Reply(body, 200, {"Content-Type": "application/json"})

    return answer


def test_of_a_json_source_updated_is_the_offset(node, memory_node, web):
    fill(memory_node)
    server = web(served(memory_node, "old"))
    node.more = {
        "systems": {"web": {"_id": "web", "type": "system:url", "url_pattern": server.url}}
    }
    source = {
        "type": "json",
        "system": "web",
        "url": "/",
        "supports_since": True,
        "is_chronological": True,
        "page_size": 1,
    }
    copying(node, source=source)
    node.run("new")
    assert ids(node, "new") == [(2, "a"), (3, "-b")]
    memory_node.put("old", {"_id": "c"})
    assert node.run("new").processed == 1
    assert ids(node, "new")[-1] == (4, "c")


def test_a_json_source_without_order_is_told(memory_node, web):
    server = web(lambda _asked: Reply([{"_id": "a", "_updated": 1}]))
    memory_node.more = {
        "systems": {"web": {"_id": "web", "type": "system:url", "url_pattern": server.url}}
    }
    copying(memory_node, source={"type": "json", "system": "web", "url": "/"})
    error = memory_node.try_run("new").error
    assert '"supports_since" and "is_chronological" must be true' in error


@pytest.mark.parametrize("updated", ["2024-01-01", 1.5, None])
def test_offsets_that_are_no_whole_numbers_are_told(memory_node, web, updated):
    server = web(lambda _asked: Reply([{"_id": "a", "_updated": updated}]))
    memory_node.more = {
        "systems": {"web": {"_id": "web", "type": "system:url", "url_pattern": server.url}}
    }
    source = {"type": "json", "system": "web", "url": "/", "supports_since": True}
    copying(memory_node, source={**source, "is_chronological": True})
    assert "needs offsets that are whole numbers, got" in memory_node.try_run("new").error
