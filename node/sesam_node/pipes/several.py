"""What sources of several datasets share: populated gates, queues, offsets by dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.store.api import Dataset

Ends = dict[str, int]
"""Of each dataset how many versions have been seen, or will have been."""


class SeveralDatasets:
    """The base of such sources. Their offset is a dict: of each dataset the last seq seen."""

    def __init__(
        self, datasets: tuple[str, ...], options: dict[str, Any], context: Context
    ) -> None:
        self.datasets = datasets
        self._context = context
        self._initial: list[str] = options.get("initial_datasets") or list(datasets)
        self._ignore_missing: bool = options.get("ignore_non_existent_datasets", True)
        self._ends: Ends | None = None

    def prepare(self) -> dict[str, str | None]:
        self._ends = {}
        generations: dict[str, str | None] = {}
        for name in self.datasets:
            dataset = self._context.dataset(name)
            generations[name] = None if dataset is None else dataset.generation
            if dataset is not None:
                self._ends[name] = dataset.head()
        return generations

    def _now(self) -> Ends:
        """The heads at which this run's reading ends."""
        if self._ends is None:
            self.prepare()
        return self._ends or {}

    def _existing(self) -> list[tuple[int, str, Dataset]]:
        """Position, id and dataset of those that are there."""
        return [
            (position, name, dataset)
            for position, name in enumerate(self.datasets)
            if (dataset := self._context.dataset(name)) is not None
        ]

    def is_populated(self) -> bool:
        for name in self._initial:
            dataset = self._context.dataset(name)
            if dataset is None:
                if not self._ignore_missing:
                    return False
            elif not dataset.populated:
                return False
        return True

    def queue(self, since: Offset) -> dict[str, int]:
        heads = heads_of(since)
        counts = dict.fromkeys(self.datasets, 0)
        for _, name, dataset in self._existing():
            counts[name] = dataset.head() - heads.get(name, 0)
        return counts


def heads_of(offset: Offset) -> Ends:
    """How many versions of each dataset an offset has seen; none are left out."""
    return {name: at + 1 for name, at in (offset or {}).items() if type(at) is int and at + 1 > 0}


def offset_at(heads: Ends) -> dict[str, Any]:
    """The offset that has seen so many versions of each dataset."""
    return {name: head - 1 for name, head in heads.items()}
