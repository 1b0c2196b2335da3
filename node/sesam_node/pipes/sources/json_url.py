"""The json source: a client of the JSON pull protocol.

The array that a server answers with is read entity by entity, however long it is. Where the source
supports `since`, the `_updated` of the entities is the offset: the last one of a chronological
source, else the greatest. What is read in pages is asked for until a page is empty.

Beyond the manual, the entities may stand a line each (NDJSON, JSON lines).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sesam_node.errors import InputError, PipeError, Problem
from sesam_node.model import encode
from sesam_node.model.formats import JSON, NDJSON, sent
from sesam_node.model.json_lines import line_elements
from sesam_node.model.json_stream import array_elements
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import BATCH_SIZE, Batch, must_be_named
from sesam_node.pipes.common_options import HEADERS, SUBSET, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.http.answer import named_kind
from sesam_node.pipes.http.headers import string_headers
from sesam_node.pipes.updated import updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.http.answer import Answer

LINE_NAMES = (".jsonl", ".ndjson")


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
    Option(
        "format",
        "string",
        None,
        "one array, or an entity a line? Null: by content type and name (.jsonl, .ndjson)",
        ("array", "lines"),
    ),
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
        lines = self._lines_expected()
        headers = {"accept": f"{NDJSON}, {JSON};q=0.5" if lines else JSON, **self._headers}
        with system.request("GET", self._options["url"], params=params, headers=headers) as answer:
            told = str(answer.headers.get("X-Dataset-Populated", "")).strip().lower()
            self._populated = told != "false"
            try:
                yield from self._batches(answer, since)
            except InputError as error:
                raise PipeError(
                    f"{system}: {answer.url}: {error.message}{named_kind(answer.headers)}",
                    error.problems,
                ) from None

    def _lines_expected(self) -> bool:
        name = urlsplit(self._options["url"]).path.lower()
        wanted: str | None = self._options["format"]
        return name.endswith(LINE_NAMES) if wanted is None else wanted == "lines"

    def _has_lines(self, answer: Answer) -> bool:
        """Do the entities stand a line each? What is configured counts, then what is told."""
        told = str(answer.headers.get("Content-Type", ""))
        return self._lines_expected() or (self._options["format"] is None and sent(told) == NDJSON)

    def _batches(self, answer: Answer, since: Offset) -> Iterator[Batch]:
        lines = self._has_lines(answer)
        batch: list[Entity] = []
        places: list[int] = []
        tagged = False
        for place, entity, may_hold_tags in (line_elements if lines else array_elements)(
            answer.body
        ):
            batch.append(entity)
            places.append(place)
            tagged = tagged or may_hold_tags
            if len(batch) == BATCH_SIZE:
                made = self._batch(batch, since, places, tagged=tagged, lines=lines)
                since = made.offset
                yield made
                batch, places, tagged = [], [], False
        if batch:
            yield self._batch(batch, since, places, tagged=tagged, lines=lines)

    def _batch(
        self, entities: list[Entity], since: Offset, places: list[int], *, tagged: bool, lines: bool
    ) -> Batch:
        """Checked entities, and where the source is behind them."""
        try:
            check_entities(entities, tagged=tagged, named=self._named)
        except InputError as error:
            problems = [moved(problem, places, lines=lines) for problem in error.problems]
            raise InputError(error.message, problems) from None
        return updated_batch(entities, self, since)


def moved(problem: Problem, places: list[int], *, lines: bool) -> Problem:
    """A problem of a batch with its path in the whole array: `$[3]._id` as `$[1003]._id`.

    Of lines the message tells the line, too.
    """
    start, _, rest = problem.path.removeprefix("$[").partition("]")
    if not start.isdigit():
        return problem
    place = places[int(start)]
    where = f"line {place + 1}: " if lines else ""
    return replace(problem, path=f"$[{place}]{rest}", message=where + problem.message)
