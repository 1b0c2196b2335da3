"""Datasets of a node: `hub.datasets["orders"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sesam_interactive.client.access import Permissions, read_permissions
from sesam_interactive.client.collection import Collection
from sesam_interactive.client.connection import segment
from sesam_interactive.client.entities import Entities
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.framed import ROWS
from sesam_interactive.client.lineage import Lineage
from sesam_interactive.client.operations import DEAD_LETTERS
from sesam_interactive.client.reading import Diff, History, Query, moment_text
from sesam_interactive.client.schema import EntityType
from sesam_interactive.client.upkeep import Upkeep
from sesam_interactive.client.why import Why
from sesam_interactive.display.html import properties_table
from sesam_interactive.display.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.lazy import Read
    from sesam_interactive.client.profile import Profile
    from sesam_interactive.client.reading import Moment
    from sesam_interactive.client.updates import Updates
    from sesam_interactive.widgets.entity_grid import EntityGrid
    from sesam_interactive.widgets.entity_tree import EntityTree
    from sesam_node.model import Entity


class Dataset(Upkeep):
    """One dataset of a node: its entities, one entity, an entity's history, frames."""

    def __init__(self, connection: Connection, name: str, moment: str | None = None) -> None:
        self._connection = connection
        self.name = name
        self.moment = moment
        self._path = f"/datasets/{segment(name)}"

    def as_of(self, moment: Moment) -> Dataset:
        """The dataset as it was: after the version at an offset was written, or at a time.

        Its entities, queries and frames are those of then. Reading raises ClientError (status 410)
        where that is longer ago than what compaction has kept.
        """
        return Dataset(self._connection, self.name, moment_text(moment))

    def info(self) -> dict[str, Any]:
        """What the node says of it: `runtime` with counts, populated, queues.

        Raises ClientError (status 404) where there is no such dataset.
        """
        found: dict[str, Any] = self._connection.get(self._path)
        return found

    def exists(self) -> bool:
        try:
            self.info()
        except ClientError as error:
            if error.status == 404:
                return False
            raise
        return True

    def __len__(self) -> int:
        """How many live entities it holds."""
        if self.moment is not None:
            return self.query().count()
        runtime = self.info()["runtime"]
        return int(runtime["count-index-exists"]) - int(runtime["count-index-deleted"])

    def __bool__(self) -> bool:
        return True

    def entities(
        self,
        since: int | None = None,
        limit: int | None = None,
        *,
        history: bool = False,
        deleted: bool = False,
    ) -> Entities:
        """Its entities, read while iterated over: the latest version of each, oldest change first.

        `since` is an offset as found in `_updated`, exclusive. `history` gives every version,
        `deleted` the deleted ones too.
        """
        return Entities(
            self._connection,
            f"{self._path}/entities",
            since=since,
            limit=limit,
            history=history,
            deleted=deleted or history,
            as_of=self.moment,
        )

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities())

    def head(self, count: int = 5) -> list[Entity]:
        """The first `count` live entities."""
        return self.entities().head(count)

    def entity(self, entity_id: str) -> Entity:
        """The latest version of one entity. Raises ClientError (status 404) where there is none."""
        found: Entity = self._connection.get(
            f"{self._path}/entity", entity_id=entity_id, as_of=self.moment
        )
        return found

    def history(self, entity_id: str) -> History:
        """The life of one entity: each change with its time and the properties it touched.

        Newest first. Raises ClientError (status 404) where there is no such entity.
        """
        return History(self._connection, self._path, entity_id)

    def diff(self, start: Moment, end: Moment | None = None) -> Diff:
        """What was added, changed and deleted between two moments (offsets or times).

        `end` is now where it is absent. Raises ClientError where `start` is later, or compacted.
        """
        last = self.moment if end is None else moment_text(end)
        return Diff(self._connection, self._path, moment_text(start), last)

    def query(
        self,
        where: Any = None,
        *,
        select: list[str] | dict[str, Any] | None = None,
        order_by: list[Any] | str | None = None,
        limit: int | None = None,
        offset: int = 0,
        deleted: bool = False,
        text: str | None = None,
    ) -> Query:
        """The entities that fulfil a DTL condition over `_S`, such as `["gt", "_S.age", 30]`.

        `select` has names of properties, or expressions by name; `order_by` names (`"-age"` is
        descending), or `{"by": expression, "descending": True}`; `text` asks for
        entities with it in a value. Nothing is asked before the
        answer is looked at. The node's Problems have paths into the query.
        """
        order = [order_by] if isinstance(order_by, str) else order_by
        asked = {
            "where": where,
            "select": select,
            "order_by": order,
            "limit": limit,
            "offset": offset or None,
            "deleted": deleted or None,
            "text": text,
            "as_of": self.moment,
        }
        wanted = {name: value for name, value in asked.items() if value is not None}
        return Query(self._connection, self._path, wanted)

    def versions(self, entity_id: str) -> list[Entity]:
        """Every version of one entity that is still kept, newest first."""
        versions = [self.entity(entity_id)]
        while (before := versions[-1].get("_previous")) is not None:
            versions.append(
                self._connection.get(f"{self._path}/entity", entity_id=entity_id, offset=before)
            )
        return versions

    def why(self, entity_id: str, name: str | None = None, *, depth: int = 10) -> Why:
        """Why an entity, or one property of it, is as it is.

        Back through pipes, rules and hops to what came in. Raises ClientError (status 404) for an
        entity that never was.
        """
        path, asked = f"{self._path}/why", {"entity_id": entity_id, "property": name}
        found = self._connection.get(path, **asked, depth=depth)
        return Why(found)

    def lineage(self, name: str | None = None, *, direction: str = "upstream") -> Lineage:
        """Which properties of which datasets a property comes from, or goes into.

        `direction` is "upstream" or "downstream"; without `name` of all properties.
        """
        path = f"{self._path}/lineage"
        asked = {"property": name, "direction": direction}
        return Lineage(self._connection.get(path, **asked))

    def references(self, entity_id: str) -> Rows:
        """What refers to an entity: for each pipe that hops to it how many look it up, and who.

        Each has `pipe`, `count`, the first `ids`, the `datasets` they are in, `joins` in words.
        Raises ClientError (status 404) where there is no such entity.
        """
        found = self._connection.get(f"{self._path}/references", entity_id=entity_id)
        shown = ("pipe", "count", "ids", "datasets", "joins")
        return Rows(found, shown, f'nothing refers to "{entity_id}"', 100)

    def schema(self) -> EntityType:
        """What its live entities look like: a JSON schema, with counts per property."""
        return EntityType(self._connection.get(f"{self._path}/schema"))

    def browse(
        self,
        where: Any = None,
        *,
        text: str | None = None,
        order_by: list[Any] | str | None = None,
        deleted: bool = False,
        height: int = 460,
    ) -> EntityGrid:
        """Its entities as a table to scroll, filter and sort, millions of them as well.

        It begins with those that fulfil the DTL condition `where` and have `text` in a value.
        """
        from sesam_interactive.client.browse import Browsing, grid

        order = [order_by] if isinstance(order_by, str) else order_by
        view = {"where": where, "text": text, "order_by": order or [], "deleted": deleted}
        return grid(Browsing(self._connection, self.name, self.moment), view, height)

    def entity_view(self, entity_id: str) -> EntityTree:
        """One entity as a tree, with a slider over its versions and what changed in each.

        Raises ClientError (status 404) where there is none.
        """
        from sesam_interactive.client.browse import Browsing, tree

        return tree(Browsing(self._connection, self.name, self.moment), entity_id)

    def notebook(self, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write a notebook to look into this dataset: profile, flow, frame, history, rules, tests.

        To `path`, a file or a folder; `<dataset>.ipynb` here where there is none. Gives the file.
        Raises ClientError where it exists, unless `overwrite`.
        """
        from sesam_interactive.client.scaffold import dataset_notebook

        return dataset_notebook(self.name, path, overwrite=overwrite)

    def profile(self, *properties: str, limit: int | None = None) -> Profile:
        """What its properties are like: types, how many are filled and distinct, how spread.

        Of all properties, or those named (`address.city`, `lines.sku`), over all live entities or
        the first `limit`. Two profiles `compare`. Of more than 100,000 entities integers among
        floats count as floats, and null as absent. Raises ClientError for one that is nowhere.
        """
        from sesam_interactive.client.columns import Place
        from sesam_interactive.client.profile import read_profile

        return read_profile(Place(self._connection, self.name, self.moment), properties, limit)

    def _asked(self, since: int | None, limit: int | None, where: Any) -> Entities | Query:
        if where is None:
            return self.entities(since, limit)
        asked = {"where": where, "limit": limit, "after": since, "as_of": self.moment}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return Query(self._connection, self._path, wanted)

    def to_polars(
        self,
        since: int | None = None,
        limit: int | None = None,
        *,
        where: Any = None,
        **options: Any,
    ) -> Any:
        """A polars frame of the live entities, or those that fulfil the DTL condition `where`.

        Options: `columns=[names]`, `schema={name: type}`, `reserved=True`; see `Framed.to_polars`.
        """
        return self._asked(since, limit, where).to_polars(**options)

    def to_pandas(
        self,
        since: int | None = None,
        limit: int | None = None,
        *,
        where: Any = None,
        **options: Any,
    ) -> Any:
        """A pandas frame of them, with the same columns as `to_polars`."""
        return self._asked(since, limit, where).to_pandas(**options)

    def iter_frames(self, size: int = ROWS, *, where: Any = None, **options: Any) -> Iterator[Any]:
        """The frame of `to_polars` in parts of `size` rows, of the same types, in little memory."""
        return self._asked(None, None, where).iter_frames(size, **options)

    def arrow_batches(
        self, size: int = ROWS, *, where: Any = None, **options: Any
    ) -> Iterator[Any]:
        """The same parts as pyarrow record batches of one schema."""
        return self._asked(None, None, where).arrow_batches(size, **options)

    def columns(self, sample_size: int = 1_000) -> Rows:
        """The columns of a table for its entities, as `schema_definition` of a SQL sink."""
        path = f"{self._path}/generate-schema-definition"
        return Rows(self._connection.get(path, sample_size=sample_size))

    def permissions(self) -> Permissions:
        """Who may read and write it: the permissions of the pipe that writes it."""
        return read_permissions(self._connection, f"dataset/{self.name}")

    def lazy(self, told: Callable[[Read], None] | None = None) -> Any:
        """A polars LazyFrame of the live entities, as they are now.

        Columns, limits and conditions (comparisons, `is_in`, `is_between`, `is_null`, and, or, not
        over texts, numbers, times, booleans) go to the node, which sends only that; results are
        those of the whole frame. Each reading is `told` with what was asked for and what came:
        `lazy(print)` shows it. All entities are looked at once for their types.
        """
        from sesam_interactive.client.lazy import lazy

        return lazy(self._connection, self.name, self._path, self.moment, told)

    def updates_since(self, frame: Any = None, *, since: int | None = None) -> Updates:
        """What changed since a frame was read: `changed` rows, `deleted` ids, the next `offset`.

        `frame` is the one that `to_polars()` gave (not what was made of it), one with `_updated`,
        or a pandas frame of `to_pandas()`. Or `since` is an offset, as in `Updates.offset`. Raises
        ClientError for a frame that does not tell how far it was read.
        """
        from sesam_interactive.client.updates import read_updates

        return read_updates(self._connection, self._path, frame, since)

    def frame_with_updates(self, frame: Any) -> Any:
        """The frame that `to_polars()` would give now, from one that it gave earlier.

        Only what has changed is sent, where its values fit the types of the columns; else, and for
        frames of which that is not known, all is read again. Raises ClientError.
        """
        from sesam_interactive.client.updates import updated

        return updated(self._connection, self._path, frame, self.to_polars)

    def __repr__(self) -> str:
        then = "" if self.moment is None else f" as of {self.moment}"
        return f'<Dataset "{self.name}"{then}>'

    def _repr_html_(self) -> str:
        if self.moment is not None:
            rows = {"entities": f"{len(self):,}", "as of": self.moment}
            return properties_table(f"Dataset {self.name}", rows, samples=self.head(3))
        runtime = self.info().get("runtime", {})
        live = int(runtime.get("count-index-exists", 0)) - int(
            runtime.get("count-index-deleted", 0)
        )
        rows = {
            "entities": f"{live:,}",
            "deleted": f"{int(runtime.get('count-index-deleted', 0)):,}",
            "populated": runtime.get("populated"),
        }
        return properties_table(f"Dataset {self.name}", rows, samples=self.head(3))


class Datasets(Collection[Dataset]):
    """The datasets of a node, by name; internal ones (`system:...`) are reached by name too."""

    noun = "dataset"
    path = "/datasets"
    named_only: ClassVar[Mapping[str, str]] = {"fields": "_id"}

    def make(self, name: str) -> Dataset:
        return Dataset(self._connection, name)

    def orphans(self) -> list[Dataset]:
        """The datasets that no pipe writes any more."""
        pipes = self._connection.get("/pipes")
        written = {pipe["config"]["effective"].get("sink", {}).get("dataset") for pipe in pipes}
        written |= {(pipe["graph"] or {}).get("output") for pipe in pipes}
        for pipe in pipes:
            pump = pipe["config"]["effective"].get("pump") or {}
            written.add(pump.get(DEAD_LETTERS))
        return [self.make(name) for name in self.names() if name not in written]

    def _listing(self) -> dict[str, Any]:
        return {"include_internal_datasets": False}

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        runtime = item.get("runtime", {})
        live = runtime.get("count-index-exists", 0) - runtime.get("count-index-deleted", 0)
        return {"dataset": item["_id"], "entities": live, "populated": runtime.get("populated")}
