"""The json source: a client of the JSON pull protocol.

The array that a server answers with is read entity by entity, however long it is. Where the source
supports `since`, the `_updated` of the entities is the offset: the last one of a chronological
source, else the greatest. What is read in pages is asked for until a page is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, PipeError, Problem
from sesam_node.model import encode
from sesam_node.model.json_stream import array_elements
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.common_options import HEADERS, SUBSET, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.http.headers import string_headers
from sesam_node.pipes.updated import updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset


@source(
    "json",
    SYSTEM_ID,
    URL,
    Option(
        "page_size",
        "integer",
        None,
        "entities asked for in one request; needs the three continuation flags",
        least=1,
    ),
    HEADERS,
    SUBSET,
    Option(
        "supports_signalling",
        "boolean",
        default=False,
        doc="ask the remote node to tell when its dataset changes? Accepted, without effect",
    ),
    is_since_comparable=True,
    fetches=True,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
class JsonSource:
    """A JSON array of entities from a URL; `since` and `limit` are passed on."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        def flag(name: str, default: bool) -> bool:  # noqa: FBT001 - a flag's own default
            value = options[name]
            return default if value is None else bool(value)

        self.supports_since = flag("supports_since", default=False)
        self.is_since_comparable = flag("is_since_comparable", default=True)
        self.is_chronological = flag("is_chronological", default=False)
        self._options = options
        self._context = context
        self._named = must_be_named(context)
        self._headers = string_headers(options["headers"])
        pages = self.supports_since and self.is_since_comparable and self.is_chronological
        self._page_size: int | None = options["page_size"] if pages else None
        self._populated = True

    def is_populated(self) -> bool:
        """Did the server not say that its dataset is unpopulated?"""
        return self._populated

    def read(self, since: Offset) -> Iterator[Batch]:
        if since is None:
            since = self._options["initial_since_value"]
        if self._page_size is None:
            yield from self._page(since)
            return
        while True:
            count, before = 0, since
            for batch in self._page(since):
                count += batch.size
                since = batch.offset
                yield batch
            if not count:
                return
            if since == before:
                raise PipeError(
                    f"{self._context.system(self._options['system'])}: a page of {count} entities "
                    f'has no new "_updated", so there is no next page'
                )

    def _page(self, since: Offset) -> Iterator[Batch]:
        """The entities of one request, in batches with the offset behind each."""
        params: dict[str, str] = {}
        if self.supports_since and since is not None:
            params["since"] = since if type(since) is str else encode(since).decode()
        if self._page_size is not None:
            params["limit"] = str(self._page_size)
        if self._options["subset"] is not None:
            params["subset"] = encode(self._options["subset"]).decode()
        system = self._context.system(self._options["system"])
        headers = {"accept": "application/json", **self._headers}
        with system.request("GET", self._options["url"], params=params, headers=headers) as answer:
            told = str(answer.headers.get("X-Dataset-Populated", "")).strip().lower()
            self._populated = told != "false"
            try:
                yield from self._batches(answer.body, since)
            except InputError as error:
                raise PipeError(
                    f"{system}: {answer.url}: {error.message}", error.problems
                ) from None

    def _batches(self, body: Any, since: Offset) -> Iterator[Batch]:
        batch: list[Entity] = []
        first, tagged = 0, False
        for position, entity, may_hold_tags in array_elements(body):
            batch.append(entity)
            tagged = tagged or may_hold_tags
            if len(batch) == BATCH_SIZE:
                made = self._batch(batch, since, first, tagged=tagged)
                since = made.offset
                yield made
                batch, first, tagged = [], position + 1, False
        if batch:
            yield self._batch(batch, since, first, tagged=tagged)

    def _batch(self, entities: list[Entity], since: Offset, first: int, *, tagged: bool) -> Batch:
        """Checked entities, and where the source is behind them."""
        try:
            check_entities(entities, tagged=tagged, named=self._named)
        except InputError as error:
            raise InputError(
                error.message, [moved(item, first) for item in error.problems]
            ) from None
        return updated_batch(entities, self, since)


def moved(problem: Problem, first: int) -> Problem:
    """A problem of a batch with its path in the whole array: `$[3]._id` as `$[1003]._id`."""
    start, _, rest = problem.path.removeprefix("$[").partition("]")
    path = f"$[{int(start) + first}]{rest}" if start.isdigit() else problem.path
    return Problem(path, problem.code, problem.message, problem.hint, problem.level)
