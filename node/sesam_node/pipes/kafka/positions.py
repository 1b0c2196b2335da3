"""Where a pipe is in a topic: the next offset of each partition.

The offset of the pipe is a dict of it, the partition as text, and in `$topic` the id that the
cluster gave the topic, which another topic of the same name does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import PipeError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.batch import Offset

TOPIC: Final = "$topic"
AGAIN: Final = "a full rescan reads what the topic has"


def parse(what: str, offset: Offset) -> tuple[dict[int, int], str | None]:
    """The next offset by partition, and the id of the topic where it is known.

    Raises PipeError where the offset of the pipe has another form.
    """
    if type(offset) is not dict:
        raise _not_ours(what, offset)
    found = dict(offset)
    topic_id = found.pop(TOPIC, None)
    try:
        places = {int(partition): int(at) for partition, at in found.items()}
    except (TypeError, ValueError):
        raise _not_ours(what, offset) from None
    if any(type(at) is not int for at in found.values()):
        raise _not_ours(what, offset)
    # An offset that was moved back by some messages may stand before the start.
    return {partition: max(0, at) for partition, at in places.items()}, topic_id


def _not_ours(what: str, offset: Offset) -> PipeError:
    hint = 'it is the next offset of each partition: {"0": 120, "1": 98}'
    return PipeError(f"{what}: the pipe's offset is {preview(offset)}; {hint}")


def offset_of(places: Mapping[int, int], topic_id: str | None) -> dict[str, Any]:
    """The offset of the pipe."""
    made: dict[str, Any] = {str(partition): at for partition, at in sorted(places.items())}
    return made | ({TOPIC: topic_id} if topic_id else {})


def check_range(what: str, partition: int, at: int, low: int, high: int) -> None:
    """Raises PipeError where a partition has no message at the pipe's offset, nor will next."""
    where = f"{what}, partition {partition}"
    if at < low:
        lost = "1 message is" if low - at == 1 else f"{low - at} offsets are"
        raise PipeError(
            f"{where}: the pipe is at offset {at}, but the topic begins at {low} now: {lost} lost; "
            f'{AGAIN}; with "strict": false the pipe goes on there'
        )
    if at > high:
        raise PipeError(
            f"{where}: the pipe is at offset {at}, but the topic ends at {high}: it was emptied or "
            f"made anew; {AGAIN}"
        )
