"""What a run is asked for and what it tells: plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.pipes.http.address_rules import ANY_BUT_OWN, AddressRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.compaction import Job

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class PipeDefinition:
    """All that a worker needs to build one pipe.

    `pipe`, `systems` (by id, those of this pipe only) and `metadata` are effective configurations;
    `secrets` are the values that `$SECRET(name)` in the systems stands for. `base_folder` is the
    folder of the project, which file paths of URL systems are relative to; files are read only
    where `allow_files` is true. `addresses` say whom systems may talk to. `awaited` are the
    datasets that must be populated before the pipe runs.
    """

    pipe: dict[str, Any]
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    base_folder: str = ""
    allow_files: bool = False
    addresses: AddressRules = ANY_BUT_OWN
    awaited: frozenset[str] = frozenset()

    @property
    def pipe_id(self) -> str:
        return str(self.pipe["_id"])

    def default(self, name: str, otherwise: Any = None) -> Any:
        """The node's `global_defaults.<name>`."""
        value = (self.metadata.get("global_defaults") or {}).get(name)
        return otherwise if value is None else value


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run of a pump.

    `kind` is "auto" (full or incremental, as the state asks for), or "full" or "rescan" (from the
    start). `epoch` and `revision` fence the run off from newer ones. `next_interval` is what the
    event log shows: seconds until the next run is due. `compaction` is how the sink is compacted
    after the run, null where it is not.
    """

    run_id: str
    definition: PipeDefinition
    kind: str = "auto"
    epoch: int = 0
    revision: int = 0
    user: str = ""
    reason: str = "manual"
    batch_size: int = 1_000
    next_interval: float | None = None
    compaction: Job | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: source entities processed, entities changed in the sink."""

    processed: int
    changed: int
    sync_type: str


@dataclass(slots=True)
class RunResult:
    """How a run ended.

    `failed` counts entities that failed, `kept` those of them that are kept to be tried again, and
    `retries_waiting` all that wait for that now. `waiting_for` are datasets without which the pipe
    does not run yet; `populated` says that the run made its sink count as populated.
    `out_of_sync` says why only a reset makes the output right again, if the pipe goes on without.
    `trace` are the requests and answers of its REST components, where that is wanted.
    `fetched` are the schemas that transforms read, by their `schema_url`.
    `processed` counts source entities (tracked ones too), `changed` the versions that the sink
    dataset got. `exception_entity` is the source entity that failed. `events` are the entities
    that the run wrote to the execution log.
    """

    pipe_id: str
    run_id: str
    sync_type: str = "full"
    success: bool = True
    processed: int = 0
    changed: int = 0
    error: str | None = None
    original_error: str | None = None
    traceback: str | None = None
    exception_entity: Entity | None = None
    started: str = ""
    ended: str = ""
    last_seen: str = ""
    changed_datasets: list[str] = field(default_factory=list)
    cancelled: bool = False
    tripped: bool = False
    events: list[Entity] = field(default_factory=list)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    failed: int = 0
    kept: int = 0
    retries_waiting: int = 0
    waiting_for: list[str] = field(default_factory=list)
    populated: bool = False
    out_of_sync: list[dict[str, Any]] = field(default_factory=list)
    fetched: dict[str, Any] = field(default_factory=dict)
    trace: list[dict[str, Any]] = field(default_factory=list)


def now_text() -> str:
    """The time as the API and the event log show it: `2024-01-31T12:00:00.123456Z`."""
    return datetime.now(UTC).strftime(TIME_FORMAT)


def time_text(ts: int) -> str:
    """The `ts` of a version, microseconds since 1970, as `now_text` shows the time."""
    return datetime.fromtimestamp(ts / 1_000_000, UTC).strftime(TIME_FORMAT)
