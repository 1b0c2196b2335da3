"""What the compiler of rules needs to know of a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl import RuleContext
from sesam_node.model.namespaces import BUILT_IN

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Context


def rule_context(context: Context, *, id_required: bool = True) -> RuleContext:
    """The names, namespaces and switches that expressions of a pipe are compiled with."""
    definition = context.definition
    pipe, metadata = definition.pipe, definition.metadata
    own = pipe.get("namespaces") or {}
    known = (metadata.get("namespaces") or {}).get("default") or {}
    return RuleContext(
        pipe_id=definition.pipe_id,
        namespaced=context.namespaced,
        identity_namespace=own.get("identity") or definition.pipe_id,
        property_namespace=own.get("property") or definition.pipe_id,
        namespaces={**BUILT_IN, **known, **(own.get("default") or {})},
        id_required=id_required,
        source_dataset=context.source_dataset,
    )
