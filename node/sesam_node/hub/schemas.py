"""What entities look like: observed schemas of datasets and of what pipes read and write.

Counting and sampling is done in interactive workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import NotFoundError
from sesam_node.hub.interactive import InteractiveService

if TYPE_CHECKING:
    from sesam_node.pipes.runs import PipeDefinition

PIPE_TYPE = "sesam_node.pipes.entity_types:pipe_type"
DATASET_TYPE = "sesam_node.pipes.entity_types:dataset_type"
PIPE_COLUMNS = "sesam_node.pipes.columns:pipe_columns"
DATASET_COLUMNS = "sesam_node.pipes.columns:dataset_columns"
INFER = "infer_pipe_entity_types"


class Schemas(InteractiveService):
    """The service behind `entity-types`, `generate-schema-definition` and `schema`."""

    async def of_pipe(self, pipe_id: str, side: str) -> dict[str, Any]:
        """The entity type of the "source" or "sink" of a pipe. Raises NotFoundError."""
        definition = self._definition(pipe_id)
        if not infers(definition):
            raise NotFoundError(f'the pipe "{pipe_id}" has "{INFER}" switched off')
        found: dict[str, Any] = await self._work(PIPE_TYPE, definition=definition, side=side)
        return found

    async def of_dataset(self, dataset: str) -> dict[str, Any]:
        """The entity type of a dataset. Raises NotFoundError."""
        found: dict[str, Any] = await self._work(DATASET_TYPE, dataset=dataset)
        return found

    async def pipe_columns(self, pipe_id: str, sample_size: int, *, keys_only: bool) -> Any:
        """The columns of a table for what a pipe makes."""
        return await self._work(
            PIPE_COLUMNS,
            definition=self._definition(pipe_id),
            sample_size=sample_size,
            keys_only=keys_only,
        )

    async def dataset_columns(self, dataset: str, sample_size: int, *, keys_only: bool) -> Any:
        """The columns of a table for the entities of a dataset."""
        return await self._work(
            DATASET_COLUMNS, dataset=dataset, sample_size=sample_size, keys_only=keys_only
        )


def infers(definition: PipeDefinition) -> bool:
    """Are schemas of the pipe inferred? Its own word, else the node's, else yes."""
    own = definition.pipe.get(INFER)
    return bool(definition.default(INFER, otherwise=True) if own is None else own)
