"""`sesam-node test`: run a project on a node and compare what it gives with what it expects."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import CallError, NodeClient, segment
from sesam_node.cli.comparison import (
    bytes_text,
    current_entities,
    difference,
    entity_text,
    xml_text,
)
from sesam_node.cli.problems import problem_texts
from sesam_node.cli.project import Project, Spec
from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PASSED, FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one spec or pipe came out; `text` says what is wrong, and is empty where nothing is."""

    name: str
    text: str = ""


def test(options: argparse.Namespace) -> int:
    """Run and verify a project; 0 where all is as expected."""
    project = Project(options.project, options.profile, options.whitelist_file)
    with ExitStack() as stack:
        client = stack.enter_context(_node(options, project, stack))
        try:
            upload(client, project)
        except CallError as error:
            if not error.problems:
                raise
            print("\n".join(problem_texts(project.files, error.problems)))
            return FAILED
        answer = run_all(client, project, options.max_run_time)
        if answer.get("status") != "success":
            print(f"the run failed: {answer.get('additional_info') or json.dumps(answer)}")
            return FAILED
        for text in failing_pipes(client):
            print(text, file=sys.stderr)
        return _report(list(verify(client, project)))


def _node(options: argparse.Namespace, project: Project, stack: ExitStack) -> NodeClient:
    """The node to test on: the given one, or one of our own that lives as long as `stack`."""
    if options.node:
        token = options.jwt or os.environ.get("JWT")
        if not token:
            raise ConfigError("--node needs the node's token: --jwt, or the variable JWT")
        return NodeClient(options.node, token)
    data = options.keep
    if data is None:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sesam-test-")))
    node = stack.enter_context(ChildNode(data, folder=project.folder))
    return NodeClient(node.url, node.token)


def upload(client: NodeClient, project: Project) -> None:
    """Replace the node's configuration by the project, and load its testdata."""
    client.json("PUT", "/env", json=project.env)
    files = {"file": ("config", project.zip(), "application/zip")}
    client.json("PUT", "/config", params={"force": "false"}, files=files)
    client.json("POST", "/pipes/delete-all-sink-datasets")
    for pipe_id, body in project.testdata():
        client.json(
            "POST",
            f"/receivers/{segment(pipe_id)}/entities",
            content=body,
            headers={"Content-Type": "application/json"},
        )


def run_all(client: NodeClient, project: Project, seconds: int = 900) -> dict[str, Any]:
    """Run all pipes until nothing changes; the node's verdict."""
    client.json("POST", "/pipes/stop-run-all-pipes", params={"terminate_timeout": "30"})
    parameters = {"extra_zero_runs": "2", "max_run_time": str(seconds), "request_mode": "sync"}
    if (project.folder / "testdata").is_dir():
        parameters["delete_input_datasets"] = "false"
    answer = client.json("POST", "/pipes/run-all-pipes", params=parameters)
    return answer if type(answer) is dict else {"status": "failed", "answer": answer}


def failing_pipes(client: NodeClient) -> Iterator[str]:
    """Pipes whose last run failed, with its message: input pipes may, without failing the test."""
    for pipe in client.get("/pipes"):
        runtime = pipe["runtime"]
        if runtime.get("success") is False:
            message = runtime.get("last-original-error-message") or runtime.get("last-message")
            yield f'warning: the pipe "{pipe["_id"]}" failed: {message}'


def verify(client: NodeClient, project: Project) -> Iterator[Outcome]:
    """Every spec, and every output without one."""
    outputs = {pipe["_id"]: pipe for pipe in client.get("/pipes") if is_output(pipe)}
    specs = project.specs()
    if not specs:
        print("there are no tests (expected/*.test.json)", file=sys.stderr)
        return
    for spec in specs:
        if not spec.ignore:
            yield Outcome(spec.file.name, check(client, spec, outputs))
    tested = {spec.pipe for spec in specs}
    for pipe_id in outputs:
        if pipe_id not in tested:
            yield Outcome(pipe_id, "no spec in expected/ names this output pipe")


def is_output(pipe: dict[str, Any]) -> bool:
    """Does a pipe publish or write to somewhere outside, so that a spec is wanted for it?"""
    effective = pipe["config"]["effective"]
    source, sink = effective.get("source") or {}, effective.get("sink") or {}
    if source.get("type") == "embedded":
        return False
    return str(sink.get("type", "")).endswith("_endpoint") or not sink.get("dataset")


def check(client: NodeClient, spec: Spec, outputs: dict[str, Any]) -> str:
    """What is wrong with a spec's pipe; nothing where it gives what is expected."""
    pipe = outputs.get(spec.pipe)
    if pipe is None:
        return f'the pipe "{spec.pipe}" is not there, or is no output pipe'
    if pipe["runtime"].get("is-valid-config") is False:
        errors = pipe["runtime"].get("config-errors") or []
        return "\n".join(["the configuration is not valid", *(str(e.get("msg")) for e in errors)])
    try:
        expected = spec.expected.read_bytes()
    except OSError:
        return f"there is no file {spec.expected.name}"
    try:
        if spec.endpoint in ("json", "excel"):
            return _check_entities(client, spec, expected)
        path = f"/publishers/{segment(spec.pipe)}/{segment(spec.endpoint)}"
        current = client.get_bytes(path, spec.parameters)
    except CallError as error:
        return str(error)
    if spec.endpoint == "xml":
        texts = xml_text(expected), xml_text(current)
        if None not in texts:
            return difference(texts[0] or "", texts[1] or "", spec.expected.name)
    if expected == current:
        return ""
    shown = difference(bytes_text(expected), bytes_text(current), spec.expected.name)
    return shown or "the bytes differ, though not in their text: encoding or last line end"


def _check_entities(client: NodeClient, spec: Spec, data: bytes) -> str:
    try:
        expected = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        return f"{spec.expected.name} holds no JSON: {error}"
    if type(expected) is not list:
        return f"{spec.expected.name} holds no list of entities"
    entities = client.get(f"/pipes/{segment(spec.pipe)}/entities", stage=spec.stage)
    current = current_entities(entities, expected, spec)
    return difference(entity_text(expected, spec), entity_text(current, spec), spec.expected.name)


def _report(outcomes: list[Outcome]) -> int:
    failed = [outcome for outcome in outcomes if outcome.text]
    for outcome in outcomes:
        print(f"{'FAILED' if outcome.text else 'ok    '} {outcome.name}")
        for line in outcome.text.splitlines():
            print(f"    {line}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return FAILED if failed else PASSED
