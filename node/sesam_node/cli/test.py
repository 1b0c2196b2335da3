"""`sesam-node test`: run a project on a node and compare what it gives with what it expects."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import CallError, NodeClient, segment
from sesam_node.cli.problems import problem_texts
from sesam_node.cli.project import Project
from sesam_node.errors import ConfigError
from sesam_node.expected import Outcome, failing_pipes, verify

if TYPE_CHECKING:
    import argparse

PASSED, FAILED = 0, 1


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
        for pipe_id, message in failing_pipes(client.get("/pipes")):
            print(f'warning: the pipe "{pipe_id}" failed: {message}', file=sys.stderr)
        specs = project.specs()
        if not specs:
            print("there are no tests (expected/*.test.json)", file=sys.stderr)
        return _report(list(verify(client, specs)) if specs else [])


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


def _report(outcomes: list[Outcome]) -> int:
    failed = [outcome for outcome in outcomes if outcome.text]
    for outcome in outcomes:
        print(f"{'FAILED' if outcome.text else 'ok    '} {outcome.name}")
        for line in outcome.text.splitlines():
            print(f"    {line}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return FAILED if failed else PASSED
