"""Subsets: the entities of a dataset that have a value in an index, as a dataset of their own.

`["eq", index expression, literal]`: the expression speaks of the entity as `_S`, and `eq` is that
of joins: values are taken as lists, one in common is enough, and null has nothing in common. The
literal may be a list of values as `["list", …]`. An entity that was in a subset and is no longer
comes as deleted, to whom reads the subset on from an offset, too (manual: datasets, subsets).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index
from sesam_node.errors import ConfigError, DtlError, InputError, Problem, preview
from sesam_node.model import content_hash, decode
from sesam_node.model.entity import tombstone
from sesam_node.model.values import identity
from sesam_node.pipes.sink_indexes import index_id

if TYPE_CHECKING:
    from sesam_node.store.api import Dataset, Version

HINT = 'for example ["eq", "_S.country", "NO"]'


@dataclass(frozen=True, slots=True)
class Subset:
    """The entities that have one of some values in an index; `wanted` are their identities."""

    index: str
    wanted: frozenset[Any]

    @classmethod
    def parse(cls, subset: Any) -> Subset:
        """The subset of an expression. Raises InputError, its problem at `$.subset`."""
        if type(subset) is not list or len(subset) != 3 or subset[0] != "eq":
            raise wrong_subset(f'expected ["eq", index expression, value], got {preview(subset)}')
        values = [subset[2]]
        if type(subset[2]) is list:
            if subset[2][:1] != ["list"]:
                message = f"expected a literal, got {preview(subset[2])}"
                raise wrong_subset(message, '["list", …] stands for any of several values')
            values = subset[2][1:]
        if None in values:
            raise wrong_subset("the value is null, and nulls are in no index")
        try:
            index = index_id(subset[1])
        except ConfigError as error:
            raise wrong_subset(error.message) from None
        except DtlError:
            text = f"{preview(subset[1])} is no expression that can be indexed"
            raise wrong_subset(text, "an expression over _S that looks nowhere else") from None
        return cls(index, frozenset(map(identity, values)))

    def has(self, version: Version) -> bool:
        """Is the version, not deleted, in the subset?"""
        if version.deleted:
            return False
        keys = compile_index(self.index)(decode(version.body))
        return any(identity(key) in self.wanted for key in keys)

    def seen(self, dataset: Dataset, version: Version, *, history: bool) -> Version | None:
        """A version as a reader of the subset sees it; null where it concerns none of them.

        With `history` the version before decides whether it left; else any before, because a
        reader may have seen that one. Where compaction has dropped versions it may have left: a
        delete too many deletes nothing, one too few leaves an entity behind.
        """
        if self.has(version):
            return version
        before = version.previous
        while before is not None:
            earlier = dataset.at(before)
            if earlier is None:
                return _left(version)
            if self.has(earlier):
                return _left(version)
            before = None if history else earlier.previous
        return None


def wrong_subset(message: str, hint: str = HINT) -> InputError:
    """A subset that is no subset, or not that of an index."""
    return InputError(message, [Problem("$.subset", "wrong-subset", message, hint)])


def _left(version: Version) -> Version:
    """A version of an entity that has left a subset: as deleted."""
    if version.deleted:
        return version
    body = tombstone(version.body)
    return version._replace(body=body, hash=content_hash(body), deleted=True)
