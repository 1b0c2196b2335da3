"""Plays a history over a store and says what differs.

A kill is real in a child (see `children`); over the memory store an exception that nothing catches
ends the run at the same place, and the store keeps what was written by then.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipes_helpers import Node

from sesam_node.model import encode
from sesam_node.pipes import batch, log_reader, tracking, transfer, writer
from sesam_node.pipes.sources import dataset as dataset_source
from sesam_node.pipes.sources import merge as merge_source
from sesam_node.pipes.sources import union_datasets
from sesam_node.pipes.transforms import dtl as dtl_transform

from .rules import SINK, with_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.pipes.runs import RunResult

    from .history import History, Step

PIPE = "pipe"
QUIET_RUNS = 12


class Killed(BaseException):
    """The process of a run died here."""


class DifferenceError(AssertionError):
    """The sink is not what a full run leaves."""


@dataclass
class Played:
    """What came of a history.

    `runs` counts those that followed changes, `changing` those of them that changed the sink.
    """

    difference: str = ""
    runs: int = 0
    changing: int = 0
    kills: int = 0
    checks: int = 0
    incremental: int = 0


@contextmanager
def small_batches(size: int) -> Iterator[None]:
    """Runs take `size` entities at once, so that few entities make several batches and commits."""
    places: list[tuple[Any, str]] = [
        (batch, "BATCH_SIZE"),
        (log_reader, "BATCH_SIZE"),
        (log_reader, "FIRST_BATCH"),
        (dataset_source, "BATCH_SIZE"),
        (union_datasets, "BATCH_SIZE"),
        (merge_source, "BATCH_SIZE"),
        (merge_source, "CHANGED_BATCH"),
        (writer, "COMMIT_ENTITIES"),
        (transfer, "MANY_GROUPS"),
        (tracking, "WALK_BATCH"),
    ]
    usual = [(place, name, getattr(place, name)) for place, name in places]
    if size < 1000:
        for place, name, _ in usual:
            setattr(place, name, size)
    try:
        yield
    finally:
        for place, name, value in usual:
            setattr(place, name, value)


@contextmanager
def compiled_once() -> Iterator[None]:
    """Rules that were compiled before, for the same pipe, are not compiled again.

    That is most of the time a run takes over a handful of entities.
    """
    known: dict[str, Any] = {}
    usual = dtl_transform.compile_rules

    def compile_rules(rules: Any, context: Any, *, path: Any) -> Any:
        key = f"{json.dumps(rules)} {context} {path}"
        if key not in known:
            known[key] = usual(rules, context, path=path)
        return known[key]

    dtl_transform.compile_rules = compile_rules  # type: ignore[assignment]
    try:
        yield
    finally:
        dtl_transform.compile_rules = usual


WRITES = ("write", "claim", "set_populated", "ensure_index")


@contextmanager
def killing(store: Any, at: int, after: bool, kill: Callable[[], None]) -> Iterator[None]:  # noqa: FBT001
    """Calls `kill` at the `at`-th write to the store, before or `after` it is made."""
    kind = type(store.dataset("any"))
    usual = {name: getattr(kind, name) for name in WRITES}
    usual_delete = type(store).delete
    count = 0

    def counted(method: Any) -> Any:
        def call(self: Any, *args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == at and not after:
                kill()
            result = method(self, *args, **more)
            if count == at and after:
                kill()
            return result

        return call

    for name, method in usual.items():
        setattr(kind, name, counted(method))
    type(store).delete = counted(usual_delete)
    try:
        yield
    finally:
        for name, method in usual.items():
            setattr(kind, name, method)
        type(store).delete = usual_delete


def raise_killed() -> None:
    raise Killed


class Player:
    """Plays the steps of one history; `kill` is what a kill does."""

    def __init__(
        self, history: History, node: Node, kill: Callable[[], None] = raise_killed
    ) -> None:
        self.history = history
        self.node = node
        self.kill = kill
        self.played = Played()
        self.config = history.config
        self.more: dict[str, Any] = {}
        self.fresh = 0
        self.number = 0

    def play(self) -> Played:
        """Play all steps. Raises DifferenceError; `number` is the step that it was found at."""
        for number, step in enumerate(self.history.steps):
            self.number = number
            self.played.kills += step[0] == "kill"
            self.step(step)
        return self.played

    def skip(self, steps: int) -> None:
        """Go on behind the first steps, which another process has played."""
        for step in self.history.steps[:steps]:
            if step[0] == "configure":
                self.config, self.more = step[1], policies(step[2])
            self.fresh += step[0] == "check"

    def step(self, step: Step) -> None:
        kind, *given = step
        if kind == "put":
            self.node.put(given[0], *given[1])
        elif kind == "run":
            self.count(self.run(given[0], *given[1:]))
        elif kind == "kill":
            self.killed_run(*given)
        elif kind == "configure":
            self.configure(*given)
        elif kind == "check":
            self.check()

    def count(self, result: Any) -> None:
        self.played.runs += 1
        self.played.changing += result.changed > 0
        self.played.incremental += result.sync_type == "incremental"

    def configure_pipe(self, pipe_id: str, sink: str) -> None:
        self.node.pipe(pipe_id, **{**with_sink(self.config, sink), **self.more})

    def run(
        self, kind: str = "auto", meanwhile: Any = (), pipe_id: str = PIPE, sink: str = "sink"
    ) -> Any:
        self.configure_pipe(pipe_id, sink)
        waiting = list(meanwhile)

        def report(_progress: Any) -> None:
            if waiting:
                _, name, entities = waiting.pop(0)
                self.node.put(name, *entities)

        result = self.node.try_run(pipe_id, kind, report=report)
        for _, name, entities in waiting:
            self.node.put(name, *entities)
        if not result.success:
            raise DifferenceError(
                f"a run failed: {result.error}\n{(result.traceback or '')[-900:]}"
            )
        return result

    def killed_run(self, at: int, after: bool, kind: str = "auto") -> None:  # noqa: FBT001
        try:
            with killing(self.node.store, at, after, self.kill):
                self.run(kind)
        except Killed:
            pass

    def configure(self, config: dict[str, Any], policy: str) -> None:
        settled = self.settle(PIPE, "sink", "auto")
        before = self.node.live("sink")
        self.config = config
        self.more = policies(policy)
        if policy == "continue":
            result = self.run()
            # A pipe without an offset is at its start anyway.
            stays = result.sync_type == "incremental" and self.node.live("sink") == before
            if settled.last_seen and not stays:
                raise DifferenceError(f"a new configuration made a {result.sync_type} run")
            self.run("full")

    # -- checks ------------------------------------------------------------------------------------

    def check(self) -> None:
        self.played.checks += 1
        self.settle(PIPE, "sink", "auto")
        self.fresh += 1
        name = f"fresh{self.fresh}"
        self.settle(name, name, "full")
        found, wanted = self.node.live("sink"), self.node.live(name)
        if found != wanted:
            raise DifferenceError(told(found, wanted))
        result = self.run()
        if result.changed:
            raise DifferenceError(f"a further run changed {result.changed} entities")

    def settle(self, pipe_id: str, sink: str, kind: str) -> RunResult:
        """Run until nothing changes: once, unless the pipe looks into its own sink."""
        result: RunResult = self.run(kind, (), pipe_id, sink)
        if SINK not in str(self.config):
            return result
        for _ in range(QUIET_RUNS):
            result = self.run("auto", (), pipe_id, sink)
            if not result.changed:
                return result
        raise DifferenceError(f"{pipe_id} does not come to rest: {result.changed}")


def policies(policy: str) -> dict[str, Any]:
    return {"reprocessing_policy": policy, "rescan_when_config_changes": True}


def told(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Two sinks side by side, where they differ."""
    lines = []
    for entity_id in sorted({*found, *wanted}):
        left, right = found.get(entity_id), wanted.get(entity_id)
        if left != right:
            lines.append(f"  {entity_id}: incremental {show(left)}, full {show(right)}")
    return "\n".join(["the sink differs from that of a full run", *lines])


def show(entity: Any) -> str:
    return "nothing" if entity is None else encode(entity).decode()


def play_in_memory(history: History) -> Played:
    """Play a history over the memory store; its difference is in what comes back."""
    node = Node("memory:")
    player = Player(history, node)
    try:
        with small_batches(history.batch), compiled_once():
            player.play()
    except DifferenceError as error:
        player.played.difference = f"at step {player.number}: {error}"
    finally:
        node.store.close()
    return player.played
