"""`sesam-node demo`: run the pipes of a project and show what each of them did."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import CallError, NodeClient, segment
from sesam_node.cli.problems import problem_texts
from sesam_node.cli.project import Project
from sesam_node.cli.test import run_all, upload

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

SAMPLE_CHARACTERS = 200
SHOWN_KEYS = 8
FILE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Row:
    """What one pipe did, from its execution log."""

    pipe: str
    source: str
    read: int
    written: int
    seconds: float
    error: str = ""

    @property
    def rate(self) -> str:
        return f"{self.read / self.seconds:,.0f}" if self.seconds > 0 and self.read else ""


def demo(options: argparse.Namespace) -> int:
    """Run a project; 0 where every pipe succeeded."""
    project = Project(options.project, options.profile)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_WIDTH)
    with ExitStack() as stack:
        data = options.data
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sesam-demo-")))
        node = stack.enter_context(ChildNode(data, folder=project.folder))
        client = stack.enter_context(NodeClient(node.url, node.token))
        try:
            upload(client, project)
        except CallError as error:
            if not error.problems:
                raise
            print("\n".join(problem_texts(project.files, error.problems)))
            return 1
        with console.status(f"running the pipes of {escape(project.folder.name)}"):
            started = time.monotonic()
            answer = run_all(client, project)
            seconds = time.monotonic() - started
        pipes = in_order(client.get("/pipes"))
        rows = [row_of(client, pipe) for pipe in pipes]
        console.print(table(project.folder.name, rows))
        for pipe in pipes:
            show_samples(console, client, pipe, options.samples)
        return verdict(console, answer, rows, seconds)


def in_order(pipes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pipes in the order of their data: each after those that fill what it reads.

    Pipes in a circle come last, as they are.
    """
    ordered: list[dict[str, Any]] = []
    waiting = list(pipes)
    while waiting:
        unfilled = {pipe["graph"]["output"] for pipe in waiting}
        ready = [pipe for pipe in waiting if not _reads(pipe) & unfilled] or waiting
        ordered += ready
        done = {pipe["_id"] for pipe in ready}
        waiting = [pipe for pipe in waiting if pipe["_id"] not in done]
    return ordered


def _reads(pipe: dict[str, Any]) -> set[str]:
    graph = pipe["graph"]
    return {*graph["inputs"], *graph["dependencies"]} - {graph["output"]}


def row_of(client: NodeClient, pipe: dict[str, Any]) -> Row:
    """A pipe's first run that read anything, or the first that failed."""
    pipe_id = pipe["_id"]
    events = client.get(f"/pipes/{segment(pipe_id)}/log")
    ended = [e for e in events if e.get("event_type") in ("pump-completed", "pump-failed")]
    failed = [e for e in ended if e["event_type"] == "pump-failed"]
    event = (failed or sorted(ended, key=_entities, reverse=True) or [{}])[0]
    counts = (event.get("metrics") or {}).get("entities") or {}
    return Row(
        pipe_id,
        source_text(pipe["config"]["effective"]),
        int(counts.get("entities_last_run") or 0),
        int(counts.get("changes_last_run") or 0),
        float(event.get("total_time") or 0.0),
        str(event.get("original_error_message") or event.get("reason_why_stopped") or "")
        if failed
        else "",
    )


def _entities(event: dict[str, Any]) -> int:
    return int(((event.get("metrics") or {}).get("entities") or {}).get("entities_last_run") or 0)


def source_text(effective: dict[str, Any]) -> str:
    """A pipe's source in a few words: its type and what it reads."""
    source = effective.get("source") or {}
    what = source.get("dataset") or source.get("datasets") or source.get("url") or ""
    names = what if isinstance(what, list) else [what]
    return " ".join([str(source.get("type", "")), *(str(name) for name in names)]).strip()


def table(title: str, rows: Iterable[Row]) -> Table:
    """What each pipe did, one a line."""
    shown = Table(title=title, title_justify="left")
    for name in ("pipe", "source"):
        shown.add_column(name)
    for name in ("read", "written", "seconds", "entities/s"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        if row.error:
            shown.add_row(escape(row.pipe), f"[red]failed[/] {escape(row.error)}", "", "", "", "")
        elif not row.seconds:
            shown.add_row(escape(row.pipe), escape(row.source), "", "", "on request", "")
        else:
            shown.add_row(
                escape(row.pipe),
                escape(row.source),
                f"{row.read:,}",
                f"{row.written:,}",
                f"{row.seconds:.2f}",
                row.rate,
            )
    return shown


def show_samples(console: Console, client: NodeClient, pipe: dict[str, Any], count: int) -> None:
    """A few entities that a pipe wrote or publishes."""
    samples = sample(client, pipe, count)
    if not samples:
        return
    console.print(f"[bold]{escape(pipe['_id'])}[/]")
    for text in samples:
        console.print(f"  {escape(text)}", overflow="ellipsis", no_wrap=True)


def sample(client: NodeClient, pipe: dict[str, Any], count: int) -> Sequence[str]:
    """A few entities of a pipe as text: from its dataset, or from its endpoint."""
    sink = pipe["config"]["effective"].get("sink") or {}
    try:
        if sink.get("dataset"):
            path = f"/datasets/{segment(sink['dataset'])}/entities"
            entities = client.get(path, limit=count, history=False, deleted=False)
        elif str(sink.get("type", "")).endswith("_endpoint"):
            entities = client.get(f"/pipes/{segment(pipe['_id'])}/entities", limit=count)
        else:
            return []
    except CallError as error:
        return [str(error)]
    return [entity_line(entity) for entity in entities]


def entity_line(entity: dict[str, Any]) -> str:
    """An entity on one line: its id, then what it holds."""
    shown = {k: v for k, v in entity.items() if k == "_id" or not k.startswith("_")}
    items = list(shown.items())
    text = json.dumps(dict(items[:SHOWN_KEYS]), ensure_ascii=False)
    if len(items) > SHOWN_KEYS:
        text = f"{text[:-1]}, … {len(items) - SHOWN_KEYS} more}}"
    return text if len(text) <= SAMPLE_CHARACTERS else text[: SAMPLE_CHARACTERS - 1] + "…"


def verdict(console: Console, answer: dict[str, Any], rows: Sequence[Row], seconds: float) -> int:
    """The last line, and the exit code."""
    read = sum(row.read for row in rows)
    if answer.get("status") == "success" and not any(row.error for row in rows):
        console.print(f"{len(rows)} pipes, {read:,} entities read, {seconds:.1f} s")
        return 0
    console.print(f"[red]the run failed[/] {escape(str(answer.get('additional_info') or ''))}")
    return 1
