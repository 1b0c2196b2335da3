"""The indexes of a dataset as the API shows them, and their removal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from zlib import crc32

from sesam_node.errors import ConflictError, NotFoundError
from sesam_node.pipes.index_use import Needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.hub.pumps import Pumps
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Dataset, IndexInfo

OPERATION = "sesam_node.pipes.index_use:needed_indexes"
INTERNAL = "system:"


class Indexes:
    """What becomes of the indexes of datasets; whether one is needed is asked once a revision."""

    def __init__(self, pumps: Pumps, executor: Executor, *, timeout_s: float) -> None:
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s
        self._revision = -1
        self._needed: dict[str, Needed] = {}

    async def list(self, dataset: Dataset) -> Sequence[dict[str, Any]]:
        """The indexes, oldest first: how far they are built, and does anybody need them?"""
        infos = await asyncio.to_thread(dataset.indexes)
        needed = await self._needed_of(dataset.name) if infos else Needed(frozenset())
        return [
            {
                "_id": number_of(info.id),
                "expression": info.id,
                "dataset": dataset.name,
                "status": _status(info, needed),
                "progress": {"indexed": info.indexed, "total": info.total},
            }
            for info in infos
        ]

    async def delete(self, dataset: Dataset, number: int) -> None:
        """Remove an index that nobody needs. Raises NotFoundError, ConflictError."""
        infos = await asyncio.to_thread(dataset.indexes)
        info = next((info for info in infos if number_of(info.id) == number), None)
        if info is None:
            raise NotFoundError(f'the dataset "{dataset.name}" has no index {number}')
        needed = await self._needed_of(dataset.name)
        if not _is_orphaned(info, needed):
            raise ConflictError(
                f'the index {number} of dataset "{dataset.name}" is in use: pipes of the active '
                "configuration need it"
            )
        await asyncio.to_thread(dataset.drop_index, info.id)

    async def _needed_of(self, dataset: str) -> Needed:
        if dataset.startswith(INTERNAL):
            return Needed(frozenset(), certain=False)
        active = self._pumps.configuration.active
        if active.revision != self._revision:
            self._revision, self._needed = active.revision, {}
        if dataset not in self._needed:
            pipes = [
                pipe
                for pipe, facts in active.facts.items()
                if dataset == facts.sink or dataset in facts.reads
            ]
            valid = [pipe for pipe in pipes if pipe not in active.invalid]
            call = self._executor.call(
                OPERATION,
                {
                    "dataset": dataset,
                    "definitions": [self._pumps.definition(pipe) for pipe in valid],
                },
                timeout_s=self._timeout_s,
            )
            found: Needed = await call.value()
            self._needed[dataset] = found._replace(certain=found.certain and valid == pipes)
        return self._needed[dataset]


def number_of(index: str) -> int:
    """The integer that stands for an index in the API; it stays when others come and go."""
    return crc32(index.encode())


def _is_orphaned(info: IndexInfo, needed: Needed) -> bool:
    return needed.certain and info.id not in needed.indexes


def _status(info: IndexInfo, needed: Needed) -> str:
    if _is_orphaned(info, needed):
        return "orphaned"
    return "up-to-date" if info.complete else "updating"
