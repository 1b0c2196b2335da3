"""What a pump says of itself, put shortly: its state in a word, why, what waits, how fast it was.

There is one list of states for the node, its clients and all that is shown. The word is data: it is
compared, counted, sorted by; `WORDS` says it for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal[
    "invalid",
    "failed",
    "tripped",
    "running",
    "waiting",
    "not run",
    "disabled",
    "on request",
    "ok",
]
STATES: Final[tuple[State, ...]] = get_args(State)
"""All of them, in the order in which they want attention."""

BAD: Final[frozenset[State]] = frozenset(("invalid", "failed", "tripped"))
"""States that somebody should look at."""

WORDS: Final[Mapping[State, str]] = {
    "invalid": "invalid configuration",
    "failed": "failed",
    "tripped": "circuit breaker tripped",
    "disabled": "disabled",
    "waiting": "waits for datasets",
    "not run": "not run yet",
    "running": "running",
    "on request": "runs on request",
    "ok": "ok",
}
"""What is shown to people who look at one pipe."""

BREAKER: Final = "the circuit breaker has tripped: commit or roll back what it holds"


def state_of(runtime: Mapping[str, Any]) -> State:
    """The state of a pipe by the runtime fields of its pump.

    A tripped breaker disables the pump, and a pipe that waits has had a run without success: so the
    reason goes before what follows from it. "on request" are receivers and publishers, which
    nobody starts.
    """
    if runtime.get("is-valid-config") is False:
        return "invalid"
    if runtime.get("is-running"):
        return "running"
    if runtime.get("circuit-breaker-tripped"):
        return "tripped"
    if runtime.get("is-disabled"):
        return "disabled"
    if runtime.get("waiting-for"):
        return "waiting"
    if runtime.get("success") is False:
        return "failed"
    if "start" not in (runtime.get("supported-operations") or ()):
        return "on request"
    return "not run" if runtime.get("success") is None else "ok"


def reason_of(runtime: Mapping[str, Any]) -> str:
    """What there is to say of the state of a pipe; empty where the word says all."""
    match state_of(runtime):
        case "invalid":
            return first_error(runtime)
        case "tripped":
            return BREAKER
        case "disabled":
            return str(runtime.get("disabled-comment") or "")
        case "waiting":
            return f"waits until populated: {', '.join(runtime['waiting-for'])}"
        case "failed":
            told = runtime.get("last-original-error-message") or runtime.get("last-message")
            return str(told or "")
        case "on request":
            return "is run by who asks it"
        case "ok":
            waiting = int(runtime.get("retries") or 0)
            return f"{waiting:,} failed entities wait to be tried again" if waiting else ""
        case _:
            return ""


def first_error(runtime: Mapping[str, Any]) -> str:
    """The first problem of a configuration, as text."""
    errors = runtime.get("config-errors") or [{}]
    first = errors[0]
    return str(first.get("msg", first) if isinstance(first, dict) else first)


def rate_of(event: Mapping[str, Any]) -> float | None:
    """Entities a second in the run of an event of the execution log; null where it read none."""
    counted = event.get("metrics", {}).get("entities", {}).get("entities_last_run") or 0
    seconds = event.get("total_time") or 0
    return round(counted / seconds, 3) if counted and seconds else None


def source_queues(inputs: Iterable[str], runtime: Mapping[str, Any]) -> dict[str, int | None]:
    """How many versions there are still to read in each dataset that feeds a pipe."""
    found = runtime["queues"]["source"]
    if isinstance(found, dict):
        return {name: found.get(name) for name in inputs}
    return dict.fromkeys(inputs, found)


def sum_known(counts: Iterable[int | None]) -> int | None:
    """The sum of what is known; null where nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
