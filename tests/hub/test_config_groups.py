"""Config groups, the circuit breaker of the configuration, its history."""

from __future__ import annotations

import pytest
from hub_testing import QUIET, document, pipe

from sesam_node.config import Document
from sesam_node.errors import ConfigError
from sesam_node.hub.access import Principal

BREAKER = {**QUIET, "global_defaults": {"use_config_circuit_breaker": True}}


def in_group(pipe_id, group, **more):
    return pipe(pipe_id, metadata={"$config-group": group}, **more)


def group(hub, name):
    return hub.configuration.document(name).to_list()


def only(*components):
    return document(*components, quiet=False)


def test_a_group_is_replaced_on_its_own(play):
    async def scenario(hub):
        put = hub.configuration.put
        await put(document(pipe("a")))
        await put(only(pipe("b"), pipe("c")), group="team")
        assert group(hub, "default") == [QUIET, pipe("a")]
        assert group(hub, "team") == [in_group("b", "team"), in_group("c", "team")]
        assert group(hub, "nobody") == []
        assert len(group(hub, None)) == 4
        await put(only(pipe("c", description="x")), group="team")
        assert group(hub, "team") == [in_group("c", "team", description="x")]
        await put(only())
        assert [item["_id"] for item in group(hub, None)] == ["c"]
        await put(only(), group=None)
        assert group(hub, None) == []

    play(scenario)


def test_single_components_go_where_their_metadata_says(play):
    async def scenario(hub):
        await hub.configuration.add([in_group("a", "team"), pipe("b")], kind="pipe")
        assert [item["_id"] for item in group(hub, "team")] == ["a"]
        assert [item["_id"] for item in group(hub, "default")] == ["b"]
        await hub.configuration.put_one("pipe", "a", in_group("a", "other"))
        assert [item["_id"] for item in group(hub, "other")] == ["a"]

    play(scenario)


def test_a_project_whose_files_name_groups_reads_back_as_it_was_uploaded(play):
    uploaded = [in_group("a", "team"), pipe("b")]

    async def upload(hub):
        await hub.configuration.put(only(*uploaded))
        assert group(hub, "default") == uploaded

    async def after_a_restart(hub):
        assert group(hub, "default") == uploaded
        assert group(hub, "team") == []
        await hub.configuration.put(only(pipe("b")))
        assert group(hub, None) == [pipe("b")]

    play(upload)
    play(after_a_restart)


def test_a_group_does_not_take_components_of_another(play):
    async def scenario(hub):
        await hub.configuration.put(document(pipe("a")))
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put(document(pipe("a"), pipe("b")), group="team", force=True)
        assert [(p.component, p.code) for p in caught.value.problems] == [
            ("a", "wrong-config-group"),
            ("node", "wrong-config-group"),
        ]
        await hub.configuration.put(only(pipe("b")), group="team")
        with pytest.raises(ConfigError, match='it belongs to the config group "team"'):
            await hub.configuration.put(document(pipe("b")))
        assert [item["_id"] for item in group(hub, None)] == ["b", "node", "a"]

    play(scenario)


def test_what_is_no_component_is_told_of_and_does_not_stay(play):
    async def scenario(hub):
        odd = Document.from_list([pipe("a"), {"type": "pipe"}, pipe("a"), 7])
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put(odd)
        assert len(caught.value.problems) >= 3
        await hub.configuration.put(only(pipe("a")))
        assert group(hub, None) == [pipe("a")]

    play(scenario)


@pytest.mark.parametrize(
    ("there", "left", "trips"),
    [
        (12, 1, True),
        (12, 2, False),
        (11, 0, True),
        (10, 0, False),
        (200, 181, False),
        (200, 179, True),
    ],
)
def test_the_circuit_breaker_trips_at_more_than_ten_and_more_than_a_tenth(play, there, left, trips):
    pipes = [pipe(f"p{number}") for number in range(there)]

    async def scenario(hub):
        await hub.configuration.put(only(BREAKER, *pipes))
        smaller = only(BREAKER, *pipes[:left])
        if trips:
            with pytest.raises(ConfigError, match="circuit breaker") as caught:
                await hub.configuration.put(smaller)
            assert f"it would delete {there - left} of {there}" in str(caught.value)
            assert len(hub.configuration.active.document.pipes) == there
            await hub.configuration.put(smaller, force=True)
        else:
            await hub.configuration.put(smaller)
        assert len(hub.configuration.active.document.pipes) == left

    play(scenario)


def test_the_circuit_breaker_is_off_unless_asked_for(play):
    async def scenario(hub):
        await hub.configuration.put(only(*(pipe(f"p{number}") for number in range(30))))
        await hub.configuration.put(only())
        assert group(hub, None) == []

    play(scenario)


def test_history_tells_what_a_component_was_and_who_changed_it(play):
    ada = Principal("ada", ("group:Admin",))

    async def scenario(hub):
        put_one = hub.configuration.put_one
        await put_one("pipe", "a", pipe("a"), by=ada)
        await put_one("pipe", "b", pipe("b"))
        await put_one("pipe", "a", pipe("a", description="x"))
        await hub.configuration.delete("pipe", "a", by=ada)
        history = hub.configuration.history("a")
        assert [(v["revision"], v["user"], v["_deleted"], v["config"]) for v in history] == [
            (1, "ada", False, pipe("a")),
            (3, "", False, pipe("a", description="x")),
            (4, "ada", True, None),
        ]
        assert hub.configuration.history("a", since=3) == history[2:]
        assert hub.configuration.history("a", limit=1, reverse=True) == history[2:]
        assert hub.configuration.history("no") == []

    play(scenario)
