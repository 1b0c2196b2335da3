"""Figures and logs of a real node."""

from __future__ import annotations

import json
import time

import httpx
from prometheus_client.parser import text_string_to_metric_families

from sesam_node.cli.child import ChildNode

FAILING = {
    "_id": "failing",
    "type": "pipe",
    "source": {"type": "json", "system": "nowhere", "url": "x"},
    "pump": {"mode": "manual"},
}
SYSTEM = {"_id": "nowhere", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}


def test_metrics_count_requests_by_status(node):
    def requests():
        families = text_string_to_metric_families(node.get("/metrics").text)
        return {
            tuple(sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
            if sample.name == "sesam_api_requests_total"
        }

    before = requests()
    node.get("/pipes/no-such-pipe")
    node.get("/pipes/no-such-pipe")
    after = requests()
    assert after["GET", "404"] - before.get(("GET", "404"), 0.0) == 2.0
    assert node.get("/metrics").headers["Content-Type"].startswith("text/plain")


def test_records_of_a_run_and_of_a_request_can_be_found(tmp_path):
    arguments = ["--log-format", "json", "--log-level", "debug", "--workers", "1"]
    with ChildNode(tmp_path / "data", folder=tmp_path, arguments=arguments) as child:
        headers = {"Authorization": f"Bearer {child.token}"}
        with httpx.Client(base_url=child.url, headers=headers, trust_env=False) as client:
            client.put("/config", json=[FAILING, SYSTEM])
            started = client.post("/pipes/failing/pump", data={"operation": "start"})
            while client.get("/pipes/failing/pump").json()["runtime"]["is-running"]:
                time.sleep(0.01)
        text = (tmp_path / "data" / "node.log").read_text()
    assert child.token not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    answered = [line for line in lines if line.get("request") == started.headers["X-Request-Id"]]
    assert [line["logger"] for line in answered] == ["sesam_node.api.access"]
    assert answered[0]["user"] == "admin"
    runs = {line["run"] for line in lines if line.get("pipe") == "failing" and "run" in line}
    assert len(runs) == 1
