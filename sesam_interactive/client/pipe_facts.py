"""What there is to tell of a pipe from what the node says of it: state, queues, rate, look-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BREAKER = "the circuit breaker has tripped: commit or roll back what it holds"
Json = dict[str, Any]


def component(config: Any) -> Json:
    return config if isinstance(config, dict) else {}


def first_error(runtime: Mapping[str, Any]) -> str:
    errors = runtime.get("config-errors") or [{}]
    first = errors[0]
    return str(first.get("msg", first) if isinstance(first, dict) else first)


def rate_of(event: Mapping[str, Any]) -> float | None:
    """Entities a second in the run of an event of the execution log; null where it read none."""
    counted = event.get("metrics", {}).get("entities", {}).get("entities_last_run") or 0
    seconds = event.get("total_time") or 0
    return round(counted / seconds, 3) if counted and seconds else None


def source_queues(pipe: Json) -> dict[str, int | None]:
    """How many versions there are still to read in each dataset of the source of a pipe."""
    inputs, found = pipe["graph"]["inputs"], pipe["runtime"]["queues"]["source"]
    if isinstance(found, dict):
        return {name: found.get(name) for name in inputs}
    return dict.fromkeys(inputs, found)


def pipe_state(effective: Mapping[str, Any], runtime: Mapping[str, Any]) -> tuple[str, str]:
    """The state of a pipe in one word, and what there is to say of it."""
    if runtime.get("is-valid-config") is False:
        return "invalid", first_error(runtime)
    if runtime.get("is-running"):
        return "running", ""
    if runtime.get("circuit-breaker-tripped"):
        return "failed", BREAKER
    if runtime.get("is-disabled"):
        return "disabled", str(runtime.get("disabled-comment") or "")
    if runtime.get("waiting-for"):
        return "waits", f"waits until populated: {', '.join(runtime['waiting-for'])}"
    if runtime.get("success") is False:
        told = runtime.get("last-original-error-message") or runtime.get("last-message") or ""
        return "failed", str(told)
    asked = component(effective.get("source")), component(effective.get("sink"))
    if any(str(part.get("type", "")).endswith("_endpoint") for part in asked):
        return "waits", "is run by who asks it"
    if runtime.get("success") is None:
        return "not run", ""
    waiting = int(runtime.get("retries") or 0)
    return "ok", f"{waiting:,} failed entities wait to be tried again" if waiting else ""


def systems_of(part: Any) -> list[str]:
    """The systems that a source, a sink, or one of several transforms names."""
    if isinstance(part, list):
        return sorted({name for item in part for name in systems_of(item)})
    if not isinstance(part, dict):
        return []
    name = part.get("system")
    return [name] if isinstance(name, str) else []


def lookups(transform: Any) -> set[str]:
    """The datasets that rules look entities up in by id, and do not hop to."""
    found: set[str] = set()
    hopped: set[str] = set()
    waiting = [transform]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            named = item.get("datasets")
            texts = named if isinstance(named, list) else []
            hopped |= {text.split()[0] for text in texts if isinstance(text, str) and text.strip()}
            waiting.extend(item.values())
        elif isinstance(item, list):
            if len(item) > 1 and item[0] == "lookup-entity" and isinstance(item[1], str):
                found.add(item[1])
            waiting.extend(item)
    return found - hopped
