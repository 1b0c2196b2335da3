"""Changes of the configuration: all or nothing, durable, and only where something changes."""

from __future__ import annotations

import json

import pytest
from hub_testing import document, pipe

from sesam_node.config.secrets import resolve_secrets
from sesam_node.errors import ConfigError, ConflictError, NotFoundError

GOOD = pipe("good", [{"_id": "1"}])
READER = pipe("reader", "good", ["copy", "*"])
BAD = pipe("bad", "good", ["uper", "x"])
SYSTEM = {"_id": "web", "type": "system:url", "url_pattern": "http://x/%s", "username": "u"}


def problems_of(error):
    return sorted({problem.component for problem in error.value.problems})


def test_an_upload_is_active_and_its_effective_form_is_written_out(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD, READER))
        return hub.configuration.active.revision, hub.pipes.get("reader")

    revision, found = play(scenario)

    assert revision == 1
    assert found["config"]["original"] == READER
    assert found["config"]["effective"]["sink"] == {"type": "dataset", "dataset": "reader"}
    assert found["runtime"]["state"] == "Deployed"
    assert found["graph"] == {"inputs": ["good"], "dependencies": [], "output": "reader"}


def test_an_error_anywhere_changes_nothing_and_names_every_component(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD))
        before = hub.configuration.active
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put(document(READER, BAD, pipe("worse", {"type": "nope"})))
        assert hub.configuration.active is before
        assert [item["_id"] for item in hub.configuration.original()] == ["node", "good"]
        return caught

    assert problems_of(play(scenario)) == ["bad", "worse"]


def test_force_loads_what_is_valid_and_marks_the_rest(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD, BAD), force=True)
        return [
            (item["_id"], item["runtime"]["is-valid-config"]) for item in hub.pipes.list()
        ], hub.pipes.get("bad")["runtime"]["config-errors"]

    valid, errors = play(scenario)

    assert valid == [("good", True), ("bad", False)]
    assert [error["level"] for error in errors] == ["error"]
    assert "uper" in errors[0]["msg"]


def test_a_hop_to_a_dataset_that_no_pipe_writes_is_a_warning_with_a_guess(play):
    hop = {"datasets": ["god g"], "where": ["eq", "_S._id", "g._id"]}
    reader = pipe("reader", "good", ["add", "x", ["hops", hop]])

    async def scenario(hub):
        return await hub.configuration.put(document(GOOD, reader))

    (problem,) = play(scenario)

    assert (problem.component, problem.code, problem.level) == (
        "reader",
        "unknown-dataset",
        "warning",
    )
    assert problem.path.endswith("[2][1].datasets[0]")
    assert problem.hint == 'did you mean "good"?'


def test_an_invalid_pipe_cannot_be_started(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD, BAD), force=True)
        with pytest.raises(ConfigError, match='"bad" has an invalid configuration'):
            await hub.pipes.operate("bad", "start", {})

    play(scenario)


def test_the_configuration_survives_a_restart_in_its_original_form(play):
    components = [GOOD, {**READER, "comment": {"a": 1.0, "b": 1, "c": 2**70, "d": "å"}}]

    async def first(hub):
        await hub.configuration.put(document(*components, quiet=False))
        await hub.configuration.put_env({"x": 1})

    async def second(hub):
        active = hub.configuration.active
        return json.dumps(hub.configuration.original()), active.revision, hub.configuration.env()

    play(first)

    assert play(second) == (json.dumps(components), 2, {"x": 1})


def test_an_upload_without_a_difference_is_no_new_revision(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD))
        await hub.configuration.put(document(GOOD))
        return hub.configuration.active.revision

    assert play(scenario) == 1


def test_variables_are_replaced_and_pipes_that_miss_one_are_marked_until_it_is_there(play):
    user = pipe("user", {"type": "embedded", "entities": [{"_id": "1"}]}, batch_size="$ENV(size)")

    async def scenario(hub):
        await hub.configuration.put_env({"size": 5, "other": 1})
        await hub.configuration.put(document(user))
        valid = []
        for values, replace in (({"other": 2}, True), ({"size": 7}, False)):
            await hub.configuration.put_env(values, replace=replace)
            valid.append(hub.pipes.get("user")["runtime"]["is-valid-config"])
        return hub.configuration.env(), valid, hub.pipes.get("user")["config"]["effective"]

    env, valid, effective = play(scenario)

    assert env == {"other": 2, "size": 7}
    assert valid == [False, True]
    assert effective["batch_size"] == 7


def test_pipes_are_added_once(play):
    async def scenario(hub):
        assert await hub.configuration.add([GOOD], kind="pipe") == ["good"]
        with pytest.raises(ConflictError, match='the pipe "good" exists already'):
            await hub.configuration.add([READER, GOOD], kind="pipe")
        with pytest.raises(ConfigError, match='"web" is no pipe'):
            await hub.configuration.add([SYSTEM], kind="pipe")
        return [item["_id"] for item in hub.configuration.original()]

    assert play(scenario) == ["good"]


def test_one_pipe_is_replaced_in_its_place_and_old_errors_elsewhere_do_not_matter(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD, BAD), force=True)
        await hub.configuration.put_one("pipe", "good", {**GOOD, "description": "new"})
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put_one("pipe", "good", pipe("good", {"type": "nope"}))
        assert problems_of(caught) == ["good"]
        return hub.configuration.original()[1:]

    assert play(scenario) == [{**GOOD, "description": "new"}, BAD]


def test_a_system_that_a_pipe_needs_is_not_deleted(play):
    source = {"type": "json", "system": "web", "url": "a"}

    async def scenario(hub):
        await hub.configuration.put(document(SYSTEM, pipe("p", source)))
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.delete("system", "web")
        assert problems_of(caught) == ["p"]
        await hub.configuration.delete("pipe", "p")
        await hub.configuration.delete("system", "web")
        with pytest.raises(NotFoundError, match='there is no system "web"'):
            hub.configuration.component("system", "web")

    play(scenario)


def test_datasets_and_state_of_removed_pipes_go_and_others_stay(play, store):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD, READER))
        for name in ("good", "reader"):
            await hub.pumps.driver.run(name)
        await hub.configuration.put(document(GOOD))
        return store.names()

    assert play(scenario) == ["good", "system:pump_execution:good"]


def test_datasets_that_a_crash_left_behind_go_at_the_next_start(play, store):
    store.dataset("left")
    store.settings.write({"datasets-to-delete": b'["left", "never-made"]'})

    async def scenario(hub):
        return store.names(), store.settings.get("datasets-to-delete")

    assert play(scenario) == ([], None)


def test_secrets_are_named_but_never_shown_and_are_stored_encrypted(play, store):
    async def scenario(hub):
        await hub.configuration.put(document(SYSTEM))
        await hub.configuration.put_secrets({"key": "s3cret-value"})
        await hub.configuration.put_secrets({"own": "other-value"}, system="web")
        shown = hub.configuration.secrets(), hub.configuration.secrets("web")
        await hub.configuration.put_secrets({"new": "x"}, replace=True)
        return shown, hub.configuration.secrets()

    assert play(scenario) == ((["key"], ["own"]), ["new"])
    stored = b"".join(store.settings.items().values())
    assert b"s3cret-value" not in stored
    assert b"other-value" not in stored


def test_a_worker_gets_only_the_secrets_that_its_systems_name(play):
    system = {**SYSTEM, "password": "$SECRET(key)"}
    user = pipe("p", {"type": "json", "system": "web", "url": "a"})

    async def scenario(hub):
        await hub.configuration.put_secrets({"key": "shared", "more": "hidden"})
        await hub.configuration.put(document(system, user, GOOD))
        before = hub.pumps.definition("p").secrets
        await hub.configuration.put_secrets({"key": "own"}, system="web")
        return before, hub.pumps.definition("p").secrets, hub.pumps.definition("good").secrets

    assert play(scenario) == ({"key": "shared"}, {"key": "own"}, {})


def test_two_systems_of_a_pipe_may_have_secrets_of_their_own_under_one_name(play):
    systems = [{**SYSTEM, "_id": name, "password": "$SECRET(key)"} for name in ("one", "two")]
    user = pipe(
        "p",
        {"type": "json", "system": "one", "url": "a"},
        sink={"type": "json", "system": "two", "url": "b"},
    )

    async def scenario(hub):
        await hub.configuration.put(document(*systems, user), force=True)
        for name in ("one", "two"):
            await hub.configuration.put_secrets({"key": f"of {name}"}, system=name)
        definition = hub.pumps.definition("p")
        return [
            resolve_secrets(system["password"], definition.secrets)
            for system in definition.systems.values()
        ]

    assert play(scenario) == ["of one", "of two"]


def test_a_missing_secret_is_an_error_of_the_system_and_of_its_pipes_until_it_is_set(play):
    system = {**SYSTEM, "password": "$SECRET(key)"}
    user = pipe("p", {"type": "json", "system": "web", "url": "a"})

    async def scenario(hub):
        # The secrets of a system can only be set where it is: that they are missing is no refusal.
        await hub.configuration.put(document(system, user))
        before = hub.configuration.active.invalid
        await hub.configuration.put_secrets({"key": "x"})
        return before, hub.configuration.active.invalid

    assert play(scenario) == ({"p", "web"}, frozenset())


def test_what_else_is_wrong_with_a_system_without_its_secrets_is_refused(play):
    system = {**SYSTEM, "password": "$SECRET(key)"}
    user = pipe("p", {"type": "json", "system": "web", "url": "a"})

    async def scenario(hub):
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put(document({**system, "read_timeout": "long"}, user))
        return problems_of(caught)

    assert play(scenario) == ["p", "web"]


ENCRYPTING = pipe(
    "p",
    [{"_id": "a", "name": "Ada"}],
    ["copy", "_id"],
    ["add", "hidden", ["encrypt", "$SECRET(key)", "_S.name"]],
    ["add", "shown", ["decrypt", "$SECRET(key)", "_T.hidden"]],
)


def test_rules_get_the_secrets_that_they_name_as_keys(play_real):
    async def scenario(hub):
        await hub.configuration.put_secrets({"key": "opensesame", "more": "hidden"})
        await hub.configuration.put(document(ENCRYPTING))
        result = await hub.pumps.driver.run("p")
        entity = json.loads(await hub.datasets.entity("p", "a"))
        return result.error, entity, hub.pumps.definition("p").secrets

    error, entity, secrets = play_real(scenario)
    assert error is None
    assert (entity["shown"], entity["hidden"][:2]) == ("Ada", "~b")
    assert secrets == {"key": "opensesame"}


def test_a_missing_secret_of_rules_is_told_with_its_place_until_it_is_set(play):
    async def scenario(hub):
        await hub.configuration.put_secrets({"keys": "x"})
        with pytest.raises(ConfigError) as caught:
            await hub.configuration.put(document(ENCRYPTING))
        await hub.configuration.put(document(ENCRYPTING), force=True)
        await hub.configuration.put_secrets({"key": "x"})
        return caught.value.problems, hub.configuration.active.invalid

    problems, invalid = play(scenario)
    assert [(p.component, p.path, p.code, p.hint) for p in problems] == [
        ("p", "$.transform.rules.default[1][2][1]", "unknown-secret", 'did you mean "keys"?')
    ]
    assert invalid == frozenset()


def test_a_secret_in_rules_that_is_no_key_stays_text(play):
    other = pipe("q", [{"_id": "a"}], ["copy", "_id"], ["add", "x", "$SECRET(key)"])

    async def scenario(hub):
        await hub.configuration.put_secrets({"key": "opensesame"})
        await hub.configuration.put(document(other))
        return hub.configuration.active.problems["q"], hub.pumps.definition("q").secrets

    problems, secrets = play(scenario)
    assert [(p.code, p.level) for p in problems] == [("misplaced-secret", "warning")]
    assert secrets == {}


def test_the_secrets_of_a_system_go_with_it(play):
    async def scenario(hub):
        await hub.configuration.put(document(SYSTEM))
        await hub.configuration.put_secrets({"own": "value"}, system="web")
        await hub.configuration.put(document())
        await hub.configuration.put(document(SYSTEM))
        return hub.configuration.secrets("web")

    assert play(scenario) == []


def test_metadata_is_replaced_and_its_namespaces_come_with_the_built_in_ones(play):
    async def scenario(hub):
        await hub.configuration.put_metadata({"namespaces": {"default": {"x": "http://x/"}}})
        found = hub.configuration.namespaces()
        original = hub.configuration.metadata()["config"]["original"]
        await hub.configuration.put_metadata({})
        return found["x"], found["rdf"], original["_id"], hub.configuration.original()

    assert play(scenario) == (
        "http://x/",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "node",
        [],
    )


def test_a_folder_is_applied_once_and_touches_only_what_it_brought(play):
    mine = pipe("mine", [{"_id": "1"}])

    async def scenario(hub):
        configuration = hub.configuration
        await configuration.put(document(mine, quiet=False))
        assert await configuration.apply("folder", "1", document(GOOD, READER, quiet=False), {})
        assert not await configuration.apply("folder", "1", document(quiet=False), {})
        await configuration.put_one("pipe", "reader", {**READER, "description": "by the API"})
        assert await configuration.apply("folder", "2", document(GOOD, quiet=False), {"a": 1})
        return [item["_id"] for item in configuration.original()], configuration.env()

    assert play(scenario) == (["mine", "good"], {"a": 1})


def test_what_a_component_was_is_kept(play):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD))
        await hub.configuration.put(document({**GOOD, "description": "2"}, READER))
        await hub.configuration.put(document(READER))
        return [
            (item["revision"], item["config"] and item["config"].get("description"))
            for item in hub.configuration.history("good")
        ], [item["revision"] for item in hub.configuration.history("good", reverse=True, limit=2)]

    assert play(scenario) == ([(1, None), (2, "2"), (3, None)], [3, 2])


def test_runs_of_changed_pipes_are_stopped_and_those_of_others_go_on(play):
    other = pipe("other", [{"_id": "1"}])

    async def scenario(hub):
        await hub.configuration.put(document(GOOD, READER, other))
        for name in ("good", "reader", "other"):
            hub.pumps.driver.start(name)
        runs = dict(hub.executor.runs)
        changed = pipe("reader", "good", ["add", "x", 1])
        await hub.configuration.put(document(other, changed))
        return {name: run.cancelled for name, run in runs.items()}, sorted(hub.pumps.driver.running)

    assert play(scenario, held=True) == (
        {"good": True, "reader": True, "other": False},
        ["other"],
    )


def test_a_reset_empties_everything_and_the_node_has_a_new_start_time(play, store):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD))
        await hub.configuration.put_env({"a": 1})
        await hub.configuration.apply("folder", "1", document(READER, quiet=False))
        await hub.pumps.driver.run("good")
        before = hub.status.node()["node_start_time"]
        await hub.reset()
        after = hub.status.node()["node_start_time"]
        assert after > before
        assert not await hub.configuration.apply("folder", "1", document(READER, quiet=False))
        return hub.configuration.original(), hub.configuration.env(), store.names()

    assert play(scenario) == ([], {}, [])


def test_a_restart_keeps_everything_and_the_node_has_a_new_start_time(play, store):
    async def scenario(hub):
        await hub.configuration.put(document(GOOD))
        await hub.pumps.driver.run("good")
        before = hub.status.node()["node_start_time"]
        await hub.restart()
        assert hub.status.node()["node_start_time"] > before
        assert hub.status.health() == {"status": "ok"}
        return [item["_id"] for item in hub.pipes.list()], store.dataset("good").head()

    assert play(scenario) == (["good"], 1)
