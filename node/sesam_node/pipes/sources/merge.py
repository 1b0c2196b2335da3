"""The merge source: entities of several datasets that are the same thing, as one.

A run reads in one pass from the state at the pipe's offset to that at the end of its datasets; how
is told in `merging`. From the start the pass goes through the datasets in order and brings each
group when it meets its first member. From an offset on it goes through what has changed and brings
every group that this has a part in, before or after: deletes of ids that are no longer, then what
is new.

What comes out belongs to the state where the pass ends, while it is under way too. So the first
thing it brings is an offset that says where it leads to, and a run that was interrupted first
brings this pass to its end. The offset is the position in each dataset; while a pass is open,
`$to` holds those it leads to and `$at` how far it is: [dataset, position], null at its start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, Problem
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import ALIASED_DATASETS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.log_reader import ID_BATCH, LogReader
from sesam_node.pipes.merging.change import Change
from sesam_node.pipes.merging.combine import Combiner
from sesam_node.pipes.merging.groups import Groups
from sesam_node.pipes.merging.outcome import State
from sesam_node.pipes.merging.rules import RulesReader, extends
from sesam_node.pipes.merging.view import TwoViews, View
from sesam_node.pipes.rule_context import rule_context
from sesam_node.pipes.several import Ends, SeveralDatasets, heads_of, offset_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.merging.groups import Group, Member
    from sesam_node.pipes.merging.outcome import Output
    from sesam_node.pipes.merging.rules import At, Path
    from sesam_node.store.api import Version

CHANGED_BATCH = 1_000
DEFAULT_MAX_MERGED = 50_000
FEW_CHANGES = 20_000
MANY_CHANGES = 1_000_000


def check_rules(config: Mapping[str, Any], path: Path, at: At) -> list[Problem]:
    """What is wrong with the rules of a merge source, and that version 1 is deprecated."""
    problems = RulesReader(config, path=path, at=at).problems
    if config.get("version") in (None, 1):
        given = config.get("version") is not None
        problems.append(
            Problem(
                at((*path, "version") if given else path),
                "deprecated",
                "version 1 of the merge source is deprecated",
                'set "version": 2',
                "warning",
            )
        )
    return problems


@source(
    "merge",
    ALIASED_DATASETS,
    Option("version", "integer", 1, "2 is current, 1 is deprecated", (1, 2)),
    Option("equality", "array", None, '["eq", …] joins, any of which links two entities'),
    Option("equality_sets", "array", None, "lists of expressions, neighbours are linked"),
    Option("identity", "string", "composite", "how _id is made", ("composite", "first")),
    Option(
        "strategy",
        "string",
        "default",
        "how the properties are combined",
        ("default", "compact", "list"),
    ),
    Option(
        "include_internal_properties",
        "boolean",
        default=False,
        doc='are "_ts" and its kind kept in "$merged" (strategy "list")?',
    ),
    Option("max_merged", "integer", None, "most entities merged into one; the node's if null"),
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
    further=check_rules,
)
class MergeSource(SeveralDatasets):
    """Entities of several datasets, those that are the same thing merged into one."""

    history = False
    combines = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        rules = rule_context(context)
        reader = RulesReader(options, rules)
        problems = [problem for problem in reader.problems if problem.level == "error"]
        if problems:
            raise ConfigError("the rules of the merge source have errors", problems)
        super().__init__(reader.rules.datasets, options, context)
        self._rules = reader.rules
        self.indexes = self._rules.indexes
        self._limit: int | None = None
        if options["version"] == 2:  # version 1 knows no limit
            self._limit = options["max_merged"]
            if self._limit is None:
                self._limit = context.definition.default("max_merged", DEFAULT_MAX_MERGED)
        self._combiner = Combiner(
            options["identity"],
            options["strategy"],
            namespaced=context.namespaced,
            namespace=rules.identity_namespace,
            internal=options["include_internal_properties"],
        )
        self.rules = {**self._rules.text(), "identity": options["identity"]}

    # -- where it reads ----------------------------------------------------------------------------

    def reason_for_full_run(self, offset: Offset, rules: Mapping[str, Any] | None) -> str:
        """Why reading must begin at the start; empty where it can go on at the offset.

        `rules` are those that the pipe read by until now (null: not known). What came out before
        is computed from the rules, so others can only go on where they say the same of it.
        """
        if rules is not None and not extends(self.rules, rules):
            return "the rules of the merge source have changed"
        if self.is_expired(offset):
            return "versions that the merge source read have been compacted"
        changes = total = 0
        for name, end in self._now().items():
            dataset = self._context.dataset(name)
            if dataset is not None:
                changes += max(0, end - heads_of(offset).get(name, 0))
                total += dataset.counts().index_exists
        if changes > MANY_CHANGES or (changes > FEW_CHANGES and changes * 2 > total):
            return "most of the merged datasets have changed"
        return ""

    def is_expired(self, offset: Offset) -> bool:
        """Are the states at an offset, and where its pass leads to, no longer known?"""
        states = [offset or {}, (offset or {}).get("$to") or {}]
        return any(
            (dataset := self._context.dataset(name)) is not None and head < dataset.exact_from
            for state in states
            for name, head in heads_of(state).items()
            if name in self.datasets
        )

    def _state(self, ends: Ends) -> State:
        views: list[View | None] = []
        for name in self.datasets:
            dataset = self._context.dataset(name)
            if dataset is not None:
                for owner, index in self.indexes:
                    if owner == name:
                        dataset.ensure_index(index, self._rules.keys[index])
            views.append(
                None if dataset is None else View(dataset, ends.get(name, 0), self._rules.keys)
            )
        groups = Groups(self._rules, views, self._limit)
        return State(groups, self._combiner, len(self.datasets))

    # -- reading -----------------------------------------------------------------------------------

    def read(self, since: Offset) -> Iterator[Batch]:
        offset = dict(since or {})
        while True:
            resumed = "$to" in offset
            to = heads_of(offset["$to"]) if resumed else self._now()
            start = heads_of(offset)
            if resumed or any(end > start.get(name, 0) for name, end in to.items()):
                yield from _Pass(self, start, to, offset.get("$at")).read()
            offset = offset_at(to)
            if not resumed:
                return

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        wanted = list(ids)
        if not wanted or offset is None:
            return
        opened = "$to" in offset
        new = self._state(heads_of(offset["$to"]) if opened else self._now())
        old = None if opened else self._state(heads_of(offset))
        found: list[Group] = []
        for start in range(0, len(wanted), CHANGED_BATCH):
            some = wanted[start : start + CHANGED_BATCH]
            groups = new.of_ids(some)
            if old is not None:
                before = old.of_ids(some)
                groups = {
                    name: group for name, group in groups.items() if group.is_same(before.get(name))
                }
            found += groups.values()
        found.sort(key=_place)
        for start in range(0, len(found), BATCH_SIZE):
            part = found[start : start + BATCH_SIZE]
            entities = [self._combiner.entity(group) for group in part]
            yield Batch(entities, None, offset, places=[group.place for group in part])

    def ids_since(self, offset: Offset) -> set[str]:
        """The ids under which comes out what was written after an offset, as it is now."""
        heads, state = heads_of(offset), self._state(self._now())
        found: set[str] = set()
        for position, view in enumerate(state.groups.views):
            if view is None:
                continue
            reader = LogReader(view.dataset)
            reader.until = view.end
            for versions in reader.read(heads.get(self.datasets[position], 0) - 1):
                members = {(position, version.entity_id): version for version in versions}
                found.update(map(self._combiner.entity_id, state.of_members(members)))
        return found

    def deleted_ids(self) -> Iterator[str]:
        for position, name in enumerate(self.datasets):
            dataset = self._context.dataset(name)
            if dataset is not None:
                for entity_id in LogReader(dataset).deleted_ids():
                    yield f"{position}|{entity_id}" if self._combiner.composite else entity_id

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        ends = {
            name: dataset.head()
            for name in self.datasets
            if (dataset := self._context.dataset(name)) is not None
        }
        group = self._state(ends).of_ids([entity_id]).get(entity_id)
        if group is None:
            return []
        return [
            (self.datasets[position], name, version.seq)
            for (position, name), version, _ in group.members
        ]


class _Pass:
    """One pass of a merge source from one state to another, or on from where it was."""

    def __init__(self, source: MergeSource, start: Ends, to: Ends, at: Any) -> None:
        self._datasets = source.datasets
        self._start = start
        self._to = to
        self._at = tuple(at) if at else None
        self._new = source._state(to)  # noqa: SLF001 - a part of the source
        self._old = source._state(start) if any(start.values()) else None  # noqa: SLF001
        self._combiner = source._combiner  # noqa: SLF001
        self._rules = source._rules  # noqa: SLF001
        self._limit = source._limit  # noqa: SLF001

    def read(self) -> Iterator[Batch]:
        offset = self._open(self._at)
        yield Batch([], None, offset)
        chunks = self._all() if self._old is None else self._changed(self._old)
        for at, outputs in chunks:
            before, offset = offset, self._open(at)
            yield from _batches(outputs, before, offset)
        yield from _batches([], offset, offset_at(self._to))

    def _open(self, at: Any) -> dict[str, Any]:
        return {
            **offset_at(self._start),
            "$to": offset_at(self._to),
            "$at": list(at) if at else None,
        }

    def _left(self) -> Iterator[tuple[int, str, View, int | None]]:
        """The datasets that are still to be read: position, name, view, and after which seq."""
        reached = self._datasets.index(self._at[0]) if self._at else 0
        for position, name in enumerate(self._datasets):
            view = self._new.groups.views[position]
            if view is not None and position >= reached:
                yield (
                    position,
                    name,
                    view,
                    self._at[1] if self._at and position == reached else None,
                )

    def _all(self) -> Iterator[tuple[tuple[str, int], list[Output]]]:
        for position, name, view, since in self._left():
            reader = LogReader(view.dataset)
            reader.until = view.end
            reached = -1 if since is None else since
            for versions in reader.read(since):
                reached = versions[-1].seq
                yield (name, reached), self._new.outputs(position, versions)
            # What was written meanwhile is not where it was in the log.
            moved = [version for version in view.moved().values() if version is not None]
            moved.sort(key=_seq)
            for first in range(0, len(moved), ID_BATCH):
                yield (name, reached), self._new.outputs(position, moved[first : first + ID_BATCH])

    def _changed(self, old: State) -> Iterator[tuple[tuple[str, int], list[Output]]]:
        views = list(map(TwoViews, old.groups.views, self._new.groups.views))
        change = Change(self._rules, views, self._combiner, self._limit)
        handled: set[Member] = set()
        for position, name, view, since in self._left():
            before = old.groups.views[position]
            start = self._start.get(name, 0) - 1
            at = start if since is None else max(start, since)
            # The latest versions as of the end: what was written meanwhile hides none of them.
            while changed := view.dataset.changes(at, CHANGED_BATCH, as_of=view.end):
                moved = {} if before is None else before.moved()
                starts = {
                    member: (moved.get(version.entity_id), version)
                    for version in changed
                    if (member := (position, version.entity_id)) not in handled
                }
                outputs: list[Output] = []
                if starts:
                    outputs, region = change.outputs(starts)
                    handled |= region
                at = changed[-1].seq
                yield (name, at), outputs


def _batches(outputs: list[Output], before: Offset, after: Offset) -> Iterator[Batch]:
    """The outputs in batches; after the last one the source is at `after`."""
    for start in range(0, max(1, len(outputs)), BATCH_SIZE):
        part = outputs[start : start + BATCH_SIZE]
        if not part and before == after:
            return
        last = start + BATCH_SIZE >= len(outputs)
        size = len(part)
        yield Batch(
            [output.entity for output in part],
            None,
            after if last else before,
            lambda i, last=last, size=size: after if last and i == size - 1 else before,  # type: ignore[misc]
            places=[output.place for output in part],
        )


def _seq(version: Version) -> int:
    return version.seq


def _place(group: Group) -> int:
    return group.place
