"""Figures of pipes and pumps for Prometheus, as its own parser reads them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from hub_testing import document, pipe
from processes import until_async
from prometheus_client.parser import text_string_to_metric_families

from sesam_node.hub import hub as hub_module

ROWS = [{"_id": "1"}, {"_id": "2"}, {"_id": "3", "_deleted": True}]


def read(text):
    """Every sample: name and labels to value."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def samples(hub, requests=None):
    return read(await hub.metrics.text(requests or {}))


def test_pipes_and_pumps_have_the_figures_of_the_manual(play):
    async def scenario(hub):
        hub.pumps.driver.hold("test")
        await hub.configuration.put(
            document(
                pipe("rows", ROWS, metadata={"$config-group": "inputs"}),
                pipe("copy", "rows"),
                pipe("manual", "rows", pump={"mode": "manual"}),
                pipe("broken", {"type": "nope"}),
            ),
            force=True,
            group=None,
        )
        await hub.pumps.driver.run("rows")
        found = await samples(hub, {("GET", 200): 7})
        rows = {key[0]: value for key, value in found.items() if ("pipe", "rows") in key}
        assert rows["sesam_pipe_enabled"] == 1.0
        assert rows["sesam_pipe_sink_dataset_count_index_exists"] == 2.0
        assert rows["sesam_pump_started_total"] == rows["sesam_pump_completed_total"] == 1.0
        assert rows["sesam_pump_failed_total"] == rows["sesam_pump_interrupted_total"] == 0.0
        assert rows["sesam_pump_entities_seen_total"] == 3.0
        assert rows["sesam_pump_successful"] == 1.0
        assert rows["sesam_pump_total_time"] >= 0.0
        assert found["sesam_pipe_queue_source", ("pipe", "copy")] == 2.0
        assert found["sesam_pump_successful", ("pipe", "copy")] == 0.0
        config = {
            dict(key[1:])["pipe"]: (dict(key[1:]), value)
            for key, value in found.items()
            if key[0] == "sesam_pipe_config"
        }
        assert config["rows"] == ({"pipe": "rows", "config_group": "inputs", "leaf": "0"}, 1.0)
        assert config["copy"] == ({"pipe": "copy", "config_group": "default", "leaf": "1"}, 1.0)
        assert config["broken"][1] == 0.0
        assert ("sesam_pump_successful", ("pipe", "manual")) not in found
        assert found["sesam_health", ("sesam_health", "healthy")] == 1.0
        assert found["sesam_api_requests_total", ("method", "GET"), ("status", "200")] == 7.0
        assert found[("process_cpu_seconds_total",)] > 0.0

    play(scenario)


def test_runs_are_counted_by_how_they_end_and_forgotten_with_their_pipe(play):
    async def scenario(hub):
        hub.pumps.driver.hold("test")
        await hub.configuration.put(document(pipe("p", "x")))

        async def run(**values):
            task = asyncio.create_task(hub.pumps.driver.run("p"))
            await until_async(lambda: "p" in hub.executor.runs)
            hub.executor.runs.pop("p").end(**values)
            await task

        await run(success=True)
        await run(success=True, processed=5, changed=2)
        await run(success=False, error="no")
        await run(success=False, error="stopped", cancelled=True)
        found = await samples(hub)
        counted = {
            name: found[f"sesam_pump_{name}_total", ("pipe", "p")]
            for name in ("started", "completed", "failed", "interrupted", "entities_changes")
        }
        assert counted == {
            "started": 3.0,
            "completed": 1.0,
            "failed": 1.0,
            "interrupted": 1.0,
            "entities_changes": 2.0,
        }
        await hub.configuration.put(document())
        assert not [key for key in await samples(hub) if ("pipe", "p") in key]
        await hub.configuration.put(document(pipe("p", "x")))
        assert (await samples(hub))["sesam_pump_started_total", ("pipe", "p")] == 0.0

    play(scenario, held=True)


def test_a_node_without_room_on_its_disk_is_ill(play, monkeypatch, tmp_path):
    async def scenario(hub):
        assert hub.status.health() == {"status": "ok"}
        monkeypatch.setattr(
            hub_module.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1024)
        )
        assert hub.status.health() == {
            "status": "failing",
            "message": "the disk of the data folder is full",
        }
        assert (await samples(hub))["sesam_health", ("sesam_health", "unhealthy")] == 1.0

    play(scenario)
