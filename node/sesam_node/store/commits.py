"""When a commit or a read is allowed, the same rules for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import FenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.store.api import Commit, Fence


def check_claim(dataset: str, fence: Fence, last: Fence | None) -> None:
    """Raise FenceError where a newer node or configuration has claimed the pipe."""
    if last is not None and (fence.epoch, fence.revision) < (last.epoch, last.revision):
        raise FenceError(
            f'pipe "{fence.pipe}", run {fence.run}, dataset "{dataset}": {_age(fence)} has been '
            f"superseded by {_age(last)}"
        )


def check_commit(
    dataset: str, commit: Commit, claim: Fence | None, state: Mapping[str, bytes]
) -> None:
    """Raise FenceError where the run has lost its claim, or the state is not as it expects."""
    fence = commit.fence
    where = f'pipe "{commit.pipe}", dataset "{dataset}"'
    if fence is not None and fence != claim:
        if claim is None:
            raise FenceError(
                f"{where}: run {fence.run} has no claim here; the dataset was made again after the "
                "run began, or the run never claimed it"
            )
        raise FenceError(
            f"{where}: run {fence.run} ({_age(fence)}) has been superseded by run {claim.run} "
            f"({_age(claim)})"
        )
    for key, value in commit.expect.items():
        if state.get(key) != value:
            raise FenceError(f'{where}: the state "{key}" has been changed by another run')


def expired(as_of: int, exact_from: int) -> str:
    """What is told where a dataset cannot be read as of a head."""
    return (
        f"the dataset cannot be read as it was at head {as_of}: its history is complete from head "
        f"{exact_from} on"
    )


def _age(fence: Fence) -> str:
    return f"epoch {fence.epoch}, revision {fence.revision}"
