"""Indexes of datasets: which are needed, which are orphaned, and how those are removed."""

from __future__ import annotations

import asyncio

import pytest
from hub_testing import document, pipe

from sesam_node.errors import ConflictError, NotFoundError
from sesam_node.pipes.sink_indexes import index_id

HOP = ["hops", {"datasets": ["things t"], "where": ["eq", "_S.kind", "t.kind"]}]
ENTITIES = [{"_id": "a", "kind": 1, "color": "red"}]


def things(*declared):
    return pipe("things", ENTITIES, sink={"type": "dataset", "indexes": list(declared)})


HOPPER = pipe("hopper", ENTITIES, ["copy", "_id"], ["add", "found", HOP])
MERGER = pipe(
    "merger",
    {
        "type": "merge",
        "version": 2,
        "datasets": ["things t", "others o"],
        "equality": [["eq", "t.color", "o.color"]],
    },
)
OTHERS = pipe("others", ENTITIES)


async def run(hub, *names):
    for name in names:
        await hub.pipes.operate(name, "start", {})
        while name in hub.pumps.driver.running:
            await hub.pumps.driver.running[name].ended


async def statuses(hub):
    return {item["expression"]: item["status"] for item in await hub.datasets.indexes("things")}


KIND, COLOR, OTHER = (index_id(f"_S.{name}") for name in ("kind", "color", "other"))


def test_indexes_of_hops_merges_and_sinks_are_needed(play):
    async def scenario(hub):
        await hub.configuration.put(document(things("_S.other"), HOPPER, MERGER, OTHERS))
        await run(hub, "things", "others", "hopper", "merger")
        return await statuses(hub), await hub.datasets.indexes("things")

    found, shown = play(scenario)
    assert found == dict.fromkeys([OTHER, KIND, COLOR], "up-to-date")
    assert shown[0]["dataset"] == "things"
    assert shown[0]["progress"] == {"indexed": 1, "total": 1}
    assert len({item["_id"] for item in shown}) == 3


def test_an_index_is_orphaned_when_no_pipe_needs_it_and_can_be_deleted_then(play):
    async def scenario(hub):
        await hub.configuration.put(document(things("_S.other"), HOPPER))
        await run(hub, "things", "hopper")
        numbers = {i["expression"]: i["_id"] for i in await hub.datasets.indexes("things")}
        with pytest.raises(ConflictError, match="is in use"):
            await hub.datasets.delete_index("things", numbers[KIND])
        await hub.configuration.put(document(things("_S.other")))
        orphaned = await statuses(hub)
        await hub.datasets.delete_index("things", numbers[KIND])
        with pytest.raises(NotFoundError, match="has no index"):
            await hub.datasets.delete_index("things", numbers[KIND])
        after = await hub.datasets.indexes("things")
        return orphaned, [(item["expression"], item["_id"] == numbers[OTHER]) for item in after]

    orphaned, after = play(scenario)
    assert orphaned == {OTHER: "up-to-date", KIND: "orphaned"}
    assert after == [(OTHER, True)]


def test_what_a_preview_has_made_is_orphaned(play):
    async def scenario(hub):
        await hub.configuration.put(document(things()))
        await run(hub, "things")
        dataset = hub.store.dataset("things")
        dataset.ensure_index(KIND, lambda entity: [entity["kind"]])
        return await statuses(hub)

    assert play(scenario) == {KIND: "orphaned"}


def test_no_index_is_orphaned_while_a_pipe_cannot_be_asked(play):
    async def scenario(hub):
        await hub.configuration.put(document(things(), HOPPER))
        await run(hub, "things", "hopper")
        broken = {**HOPPER, "transform": {"type": "dtl", "rules": {"default": [["nonsense"]]}}}
        broken["source"] = {"type": "dataset", "dataset": "things"}
        await hub.configuration.put(document(things(), broken), force=True)
        return await statuses(hub)

    assert play(scenario) == {KIND: "up-to-date"}


def test_indexes_of_the_nodes_own_datasets_are_never_orphaned(play):
    async def scenario(hub):
        hub.store.dataset("system:x").ensure_index(KIND, lambda _: [])
        return [item["status"] for item in await hub.datasets.indexes("system:x")]

    assert play(scenario) == ["up-to-date"]


def test_asking_twice_asks_the_pipes_once(play, monkeypatch):
    async def scenario(hub):
        await hub.configuration.put(document(things("_S.other")))
        await run(hub, "things")
        await statuses(hub)
        monkeypatch.setattr(hub.executor, "call", None)
        await asyncio.sleep(0)
        return await statuses(hub)

    assert play(scenario) == {OTHER: "up-to-date"}
