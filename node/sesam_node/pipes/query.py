"""Questions about one dataset: which of its entities fulfil a condition, in which order.

The condition, the values to show and those to order by are DTL expressions over `_S`. Without an
order the answer is a stream in the order of the log; with one, what is kept to be sorted is
bounded. Where the condition asks that an indexed expression equals a value, only what the index has
is looked at.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sesam_node.dtl import Runtime, compile_rules
from sesam_node.errors import (
    ConfigError,
    DtlError,
    InputError,
    Problem,
    json_path,
    preview,
)
from sesam_node.model import decode, encode
from sesam_node.model.formats import in_pages, write_entities
from sesam_node.model.values import compare
from sesam_node.pipes.evaluate import with_source_header
from sesam_node.pipes.ordering import order_key
from sesam_node.pipes.past import PastDataset, head_then
from sesam_node.pipes.reading import Selection, versions_of, wire
from sesam_node.pipes.sink_indexes import index_id
from sesam_node.pipes.text_match import TextMatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.model import Entity
    from sesam_node.model.moment import Moment
    from sesam_node.store.api import Dataset, Store, Version

SORTED_MOST: Final = 100_000
"""How many entities are kept to be sorted; `limit` and `offset` together may ask for as many."""

ORDERED_MOST: Final = 5_000_000
"""How many are put in order where only their offsets are kept."""

SORTED_BYTES: Final = 256 * 1024 * 1024
ROOT: Final = "query"
PRIMARY: Final = "_S._id"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: see the fields of `POST /datasets/{id}/query`."""

    where: Any = None
    select: Any = None
    order_by: tuple[Any, ...] = ()
    limit: int | None = None
    offset: int = 0
    after: int | None = None
    as_of: Moment | None = None
    history: bool = False
    deleted: bool = False
    text: str | None = None


class Row(NamedTuple):
    """A version that fulfils the condition, what to order it by, and what is sent of it."""

    version: Version
    keys: tuple[Any, ...]
    shown: bytes


def query(store: Store, *, dataset: str, asked: Query, form: str) -> Iterator[bytes]:
    """The entities that fulfil a query, as the chunks of a format.

    Raises InputError and DtlError with paths into the query, ExpiredError.
    """
    rows = Search(store, dataset, asked).rows()
    return write_entities(in_pages(row.shown for row in rows), form)


def count(store: Store, *, dataset: str, asked: Query) -> int:
    """How many entities fulfil a query, whatever its limit and offset."""
    return Search(store, dataset, asked).count()


def offsets(store: Store, *, dataset: str, asked: Query) -> bytes:
    """The offsets of all entities that fulfil a query, in its order, as 64-bit numbers.

    With an order at most 5,000,000, and values to order by of 256 MiB.
    """
    return Search(store, dataset, asked).offsets().tobytes()


class Search:
    """One query over one dataset."""

    def __init__(self, store: Store, dataset: str, asked: Query) -> None:
        self._asked = asked
        stored = store.dataset(dataset, create=False)
        self._dataset: Dataset = stored
        if asked.as_of is not None:
            self._dataset = cast("Dataset", PastDataset(stored, head_then(stored, asked.as_of)))
        self._expressions = Expressions(asked)
        if asked.order_by and asked.after is not None:
            raise _wrong("after", "`after` follows the log; with an order go on by `offset`")
        if asked.order_by and asked.limit is not None:
            kept = asked.limit + asked.offset
            if kept > SORTED_MOST:
                message = f"at most {SORTED_MOST:,} entities are sorted, asked for {kept:,}"
                raise _wrong("limit", message)
        self._run = self._expressions.bind()

    def count(self) -> int:
        return sum(1 for _ in self._found())

    def rows(self) -> Iterator[Row]:
        """The rows of the answer, in its order."""
        asked = self._asked
        found = self._sorted() if asked.order_by else self._found()
        left_out, left = asked.offset, asked.limit
        if left == 0:
            return
        for row in found:
            if left_out:
                left_out -= 1
                continue
            yield row
            if left is not None:
                left -= 1
                if left == 0:
                    return

    def offsets(self) -> array[int]:
        """The offsets of what fulfils the condition, in the order that was asked for."""
        if not self._asked.order_by:
            return array("Q", (version.seq for version, _, _ in self._matches()))
        ordered: list[tuple[tuple[Any, ...], int]] = []
        size = 0
        for version, entity, values in self._matches():
            keys = tuple(map(order_key, self._expressions.keys(entity, values)))
            size += sum(len(value) for _, value in keys if isinstance(value, str | bytes))
            if len(ordered) >= ORDERED_MOST or size > SORTED_BYTES:
                raise _too_many(ORDERED_MOST)
            ordered.append((keys, version.seq))
        # The last key first: each sort leaves in order what it finds equal.
        for position, sign in reversed(list(enumerate(self._expressions.signs))):
            ordered.sort(key=lambda item: item[0][position], reverse=sign < 0)
        return array("Q", (seq for _, seq in ordered))

    def _found(self) -> Iterator[Row]:
        for version, entity, values in self._matches():
            keys = self._expressions.keys(entity, values)
            yield Row(version, keys, self._shown(version, entity, values))

    def _matches(self) -> Iterator[tuple[Version, Entity, Entity]]:
        """Each version that fulfils the condition, its entity, and the values of expressions."""
        text = None if self._asked.text is None else TextMatch(self._asked.text)
        computed = self._expressions.computed
        for version in self._candidates():
            if text is not None and not text.may_be_in(version.body):
                continue
            entity = with_source_header(decode(version.body), version)
            values = self._values(entity) if computed else entity
            if values is not None and (text is None or text.is_in(entity)):
                yield version, entity, values

    def _values(self, entity: Entity) -> Entity | None:
        """What the expressions make of an entity, null where the condition does not hold."""
        out: list[Entity] = []
        try:
            self._run(entity, out)
        except DtlError as error:
            raise self._expressions.told(error) from None
        return None if not out or "_filtered" in out[0] else out[0]

    def _shown(self, version: Version, entity: Entity, values: Entity) -> bytes:
        if not self._expressions.selected:
            return wire(version)
        shown = self._expressions.shown(entity, values)
        shown |= {"_id": version.entity_id, "_updated": version.seq, "_deleted": version.deleted}
        return encode(shown)

    # -- order -------------------------------------------------------------------------------------

    def _sorted(self) -> list[Row]:
        asked = self._asked
        most = SORTED_MOST if asked.limit is None else asked.limit + asked.offset
        order = cmp_to_key(self._compare)
        kept: list[Row] = []
        size = 0
        for row in self._found():
            kept.append(row)
            size += len(row.shown)
            if asked.limit is not None and len(kept) >= 2 * most + 1_000:
                kept = sorted(kept, key=order)[:most]
                size = sum(len(item.shown) for item in kept)
            if (asked.limit is None and len(kept) > most) or size > SORTED_BYTES:
                raise _too_many(SORTED_MOST)
        return sorted(kept, key=order)

    def _compare(self, left: Row, right: Row) -> int:
        signs = self._expressions.signs
        for sign, one, other in zip(signs, left.keys, right.keys, strict=True):
            result = compare(one, other)
            if result:
                return sign * result
        return left.version.seq - right.version.seq

    # -- candidates --------------------------------------------------------------------------------

    def _candidates(self) -> Iterator[Version]:
        asked = self._asked
        after = -1 if asked.after is None else asked.after
        indexed = None if asked.history or asked.deleted else self._by_index()
        if indexed is not None:
            yield from (version for version in indexed if version.seq > after)
            return
        selection = Selection(
            since=asked.after,
            until=self._dataset.head(),
            history=asked.history,
            deleted=asked.deleted,
        )
        for versions in versions_of(self._dataset, selection):
            yield from versions

    def _by_index(self) -> list[Version] | None:
        """The versions that an index has for an equality of the condition; null without one."""
        known = {info.id for info in self._dataset.indexes() if info.complete}
        for expression, value in equalities(self._asked.where):
            if expression == PRIMARY:
                found = self._dataset.get(value) if type(value) is str else None
                return [found] if found is not None and not found.deleted else []
            if not known:
                continue
            try:
                index = index_id(expression)
            except (ConfigError, DtlError):
                continue
            if index in known:
                return self._dataset.lookup_many(index, [value])[0]
        return None


def equalities(where: Any) -> Iterator[tuple[Any, Any]]:
    """Expressions over `_S` and single values that the condition asks to be equal.

    Whatever fulfils the condition has the value among the keys of the expression.
    """
    if type(where) is not list or not where:
        return
    if where[0] == "and":
        for part in where[1:]:
            yield from equalities(part)
    elif where[0] == "eq" and len(where) == 3:
        for expression, value in (where[1:], where[:0:-1]):
            if _is_value(value) and not _is_value(expression):
                yield expression, value


def _is_value(value: Any) -> bool:
    """Is it a single value, and none that a list of keys would be asked for?"""
    if type(value) is str:
        return not value.startswith("_")
    return type(value) in (int, float, bool)


class Expressions:
    """The expressions of a query as one rule set: condition, values to show, values to order by."""

    def __init__(self, asked: Query) -> None:
        self._rules: list[Any] = []
        self._paths: list[tuple[str, str]] = []
        if asked.where is not None:
            self._add(["filter", asked.where], 1, ("where",))
        self.selected = asked.select is not None
        self._names: list[str] = []
        self._computed: dict[str, str] = {}
        self._select(asked.select)
        self.signs: list[int] = []
        self._orders: list[tuple[str, str]] = []
        for position, item in enumerate(asked.order_by):
            self._order(item, position)

    def _add(self, rule: list[Any], argument: int, path: tuple[str | int, ...]) -> None:
        at = json_path((ROOT, "default", len(self._rules) + 1, argument))  # after `copy`
        self._paths.append((at, json_path(path)))
        self._rules.append(rule)

    def _select(self, select: Any) -> None:
        if type(select) is list:
            for position, name in enumerate(select):
                if type(name) is not str:
                    raise _wrong(f"select[{position}]", f"expected a name, got {preview(name)}")
                self._names.append(name)
        elif type(select) is dict:
            for name, expression in select.items():
                key = f"s{len(self._computed)}"
                self._computed[name] = key
                self._add(["add", key, expression], 2, ("select", name))
        elif select is not None:
            raise _wrong("select", f"expected a list or an object, got {preview(select)}")

    def _order(self, item: Any, position: int) -> None:
        if type(item) is str and item.removeprefix("-"):
            self.signs.append(-1 if item[0] == "-" else 1)
            self._orders.append((item.removeprefix("-"), ""))
        elif type(item) is dict and item.keys() <= {"by", "descending"} and "by" in item:
            key = f"o{position}"
            self.signs.append(-1 if item.get("descending") is True else 1)
            self._orders.append(("", key))
            self._add(["add", key, item["by"]], 2, ("order_by", position, "by"))
        else:
            hint = 'for example "name", "-name" or {"by": ["lower", "_S.name"], "descending": true}'
            where = f"order_by[{position}]"
            raise _wrong(where, f"expected a name or an object, got {preview(item)}", hint)

    @property
    def computed(self) -> bool:
        """Is there anything to evaluate for an entity?"""
        return bool(self._rules)

    def bind(self) -> Callable[[Entity, list[Entity]], None]:
        """The rule set, compiled. Raises DtlError with paths into the query."""
        try:
            compiled = compile_rules({"default": [["copy", "_id"], *self._rules]}, path=(ROOT,))
        except DtlError as error:
            raise self.told(error) from None
        if compiled.datasets:
            names = ", ".join(sorted(compiled.datasets))
            message = f"a query looks into its own dataset only, this one into {names}"
            raise _wrong("where", message, "a pipe can look into several datasets")
        return compiled.bind(Runtime(sleep=lambda _seconds: None))

    def told(self, error: DtlError) -> DtlError:
        """An error of the rule set, with the paths of the query."""
        problems = [
            Problem(self._path(p.path), p.code, p.message, p.hint, p.level) for p in error.problems
        ]
        return DtlError("the query has problems", problems)

    def _path(self, path: str) -> str:
        for rule, own in self._paths:
            if path.startswith(rule):
                return own + path[len(rule) :]
        return path

    def keys(self, entity: Entity, values: Entity) -> tuple[Any, ...]:
        """What an entity is ordered by: properties of its own, or what was made of it."""
        return tuple([entity.get(name) if name else values.get(key) for name, key in self._orders])

    def shown(self, entity: Entity, values: Entity) -> Entity:
        """The selected part of an entity; what there is none of is left out."""
        shown = {name: entity[name] for name in self._names if name in entity}
        for name, key in self._computed.items():
            if values.get(key) is not None:
                shown[name] = values[key]
        return shown


def _too_many(most: int) -> InputError:
    message = f"more than {most:,} entities, or {SORTED_BYTES >> 20} MiB, would have to be sorted"
    return _wrong("order_by", message, "give a limit, or a condition that fewer fulfil")


def _wrong(where: str, message: str, hint: str = "") -> InputError:
    return InputError(
        "the query does not fit", [Problem(f"$.{where}", "wrong-query", message, hint)]
    )
