"""Reading the source, and reading on after an error: `max_read_retries`, `read_retry_delay`.

Each error is told as a `read-error` event. A source that can go on at an offset does so behind the
last batch; another one begins anew, which writes nothing twice to a dataset.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sesam_node.errors import ConfigError, FenceError, NotBuiltError
from sesam_node.pipes.retries import retry_option, traceback_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.transfer import Transfer


def read_batches(
    transfer: Transfer, open_: Callable[[Offset], Iterable[Batch]], since: Offset
) -> Iterator[Batch]:
    """The batches of a source from `since` on. Raises its error when the retries are used up."""
    pipe = transfer.pipe
    tries = 0
    at = since
    while True:
        batches: Iterator[Batch] | None = None
        try:
            clock = time.monotonic()
            batches = iter(open_(at))
            while True:
                batch = next(batches, None)
                transfer.times["source_time"] += time.monotonic() - clock
                if batch is None:
                    return
                yield batch
                if pipe.source.supports_since:
                    at = batch.offset
                clock = time.monotonic()
        except (FenceError, ConfigError, NotBuiltError):
            raise
        except Exception as error:
            # Who waits for a system is told so that way that the run is stopped.
            transfer.check_cancelled()
            transfer.read_failed(error, traceback_of(error))
            if tries >= retry_option(pipe, "max_read_retries", error):
                raise
            tries += 1
            transfer.pause(retry_option(pipe, "read_retry_delay", error))
