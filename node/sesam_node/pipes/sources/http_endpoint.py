"""The http_endpoint source: a receiver. Entities come in by `pipes.receive`, not by a pump."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.common_options import TRACE
from sesam_node.pipes.component import Option, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Batch, Context, Offset


@source(
    "http_endpoint",
    Option(
        "auto_populate_dataset",
        "boolean",
        default=True,
        doc="does the sink dataset count as populated from the beginning?",
    ),
    Option(
        "do_float_as_decimal",
        "boolean",
        default=True,
        doc="do numbers with a decimal point become decimals?",
    ),
    Option(
        "do_float_as_int",
        "boolean",
        default=True,
        doc="do numbers with only zeros behind the point become integers?",
    ),
    Option(
        "validation_expression",
        "string",
        None,
        "Jinja template; text that it makes refuses the request",
    ),
    TRACE,
    is_since_comparable=True,
    fixed=True,
    scheduled=False,
    namespaces=True,
)
class EndpointSource:
    """Entities that are posted to `/receivers/{pipe}/entities`."""

    datasets: tuple[str, ...] = ()
    is_receiver = True

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self.auto_populate: bool = options["auto_populate_dataset"]
        self.decimals: bool = options["do_float_as_decimal"]
        self.integers: bool = options["do_float_as_int"]
        self.validation: str | None = options["validation_expression"]
        self.trace: Any = options["trace"]

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - nothing waits here
        return iter(())
