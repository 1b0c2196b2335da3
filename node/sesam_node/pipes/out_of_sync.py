"""What puts a pipe out of sync with its input: only a full run makes its output right again.

A dataset in its source is new, was made again, or ends before the pipe's offset (it was truncated,
or restored); a dataset that it looks into is new, has gone, or was made again; its configuration is
another one (manual: automatic reprocessing). With `reprocessing_policy` "automatic" the pipe then
begins at the start; with "continue" it goes on, and the reasons are kept in its state until it is
reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.policy import follows_configuration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.pipes.run_kind import Situation

Reasons = list[dict[str, Any]]
"""Each `{"dataset": its id or null, "reason": text}`, as kept in the state and shown to users."""


def out_of_sync(now: Situation) -> Reasons:
    """All reasons, those that the pipe's state has kept first."""
    found = {(item["dataset"], item["reason"]): item for item in now.state.out_of_sync}
    for dataset, reason in (*_source(now), *_hops(now), *_configuration(now)):
        found.setdefault((dataset, reason), {"dataset": dataset, "reason": reason})
    return list(found.values())


def reason_text(reasons: Reasons) -> str:
    """The reasons in one line."""
    return "; ".join(item["reason"] for item in reasons)


def _source(now: Situation) -> Iterable[tuple[str | None, str]]:
    known = now.state.generations
    listed = {item["dataset"] for item in now.state.out_of_sync}
    if now.state.offset is None or not known:
        return
    for name, made in now.generations.items():
        if name not in known:
            yield name, f'dataset "{name}" is new in the source'
        elif known[name] is not None and made != known[name]:
            yield name, f'dataset "{name}" has been made again'
        elif name not in listed and made is not None and _ends_before_offset(now, name):
            yield name, f'dataset "{name}" ends before the offset: it was truncated or restored'


def _ends_before_offset(now: Situation, name: str) -> bool:
    offset = now.state.offset
    at = offset.get(name) if type(offset) is dict else offset
    dataset = now.pipe.context.dataset(name)
    return type(at) is int and dataset is not None and at >= dataset.head()


def _hops(now: Situation) -> Iterable[tuple[str | None, str]]:
    return () if now.tracking is None else now.tracking.out_of_step().items()


def _configuration(now: Situation) -> Iterable[tuple[str | None, str]]:
    before = now.state.config
    if before is not None and before != now.config and follows_configuration(now.pipe):
        yield None, "the configuration of the pipe has changed"
