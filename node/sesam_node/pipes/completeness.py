"""Completeness: up to which time a dataset holds all that there is upstream.

A run that has ended well gives its sink the least completeness of the datasets that the pipe reads
(as it was when the run began); a pipe that reads none, the time of its beginning. Each dataset also
keeps what it has heard so of the datasets upstream. It is kept with the dataset, as microseconds
since 1970 by dataset id. A source with `completeness` leaves what is younger for a later run.
(manual: completeness)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime, compile_rules
from sesam_node.errors import InputError, preview
from sesam_node.model import decode, encode
from sesam_node.model.values import nanos
from sesam_node.pipes.rule_context import rule_context
from sesam_node.store.api import Commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.dtl import Lookup
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset

OWNER = "/completeness"
"""Whose state it is; no pipe has a slash in its id."""
KNOWN = "known"
HEADER = "x-dataset-completeness"
NEVER = 0


def known_of(dataset: Dataset) -> dict[str, int]:
    """What a dataset knows: the completeness of itself, under its name, and of those upstream."""
    stored = dataset.state(OWNER).get(KNOWN)
    return {} if stored is None else decode(stored)


def completeness_of(dataset: Dataset) -> int | None:
    """The completeness of a dataset, in microseconds; null where it has none yet."""
    return known_of(dataset).get(dataset.name)


def keep(dataset: Dataset, known: Mapping[str, int] | None) -> None:
    """Give a dataset what it knows from now on; null leaves it as it is."""
    if known is not None and known != known_of(dataset):
        dataset.write([], Commit(OWNER, {KNOWN: encode(dict(known))}, None))


def inherited(pipe: Pipe, now_us: int) -> dict[str, int] | None:
    """What the sink of a pipe knows after a run that begins now; null where an input knows nothing.

    `exclude_completeness` and `include_completeness` of the pipe say which inputs count.
    """
    sink = pipe.sink.dataset
    if not sink:
        return None
    config = pipe.definition.pipe
    wanted = config.get("include_completeness")
    if wanted is None:
        wanted = [*pipe.source.datasets, *sorted(pipe.hops)]
    left_out = set(config.get("exclude_completeness") or ())
    inputs = [name for name in dict.fromkeys(wanted) if name not in left_out and name != sink]
    if not inputs:
        return {sink: now_us}
    known: dict[str, int] = {}
    own: list[int] = []
    for name in inputs:
        dataset = pipe.context.dataset(name)
        heard = {} if dataset is None else known_of(dataset)
        if name not in heard:
            return None
        own.append(heard[name])
        for other, moment in heard.items():
            known[other] = min(moment, known.get(other, moment))
    return {**known, sink: min(own)}


def posted(sink: str, headers: Mapping[str, str], now_us: int) -> dict[str, int]:
    """What the sink of a receiver knows after a request. Raises InputError for a bad header."""
    text = headers.get(HEADER)
    if text is None:
        return {sink: now_us}
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise InputError(
            f"expected a positive integer in X-Dataset-Completeness, got {preview(text)}"
        )
    return {sink: int(text)}


class Limit:
    """Up to which time a source gives entities, by its options."""

    def __init__(self, options: Mapping[str, Any], context: Context) -> None:
        self._wanted = options.get("completeness") or False
        self._initial: list[str] = options.get("initial_completeness") or []
        self._context = context
        self._compiled: Any = None
        if type(self._wanted) is dict:
            rule = [["add", "limit", self._wanted.get("expression")], ["copy", "_id"]]
            rules = {"default": rule}
            path = ("source", "completeness", "expression")
            self._compiled = compile_rules(rules, rule_context(context), path=path)

    @property
    def is_set(self) -> bool:
        return bool(self._wanted or self._initial)

    def head(self, dataset: Dataset, lookup: Lookup | None = None) -> int:
        """The head up to which entities of the source's dataset are given now."""
        known = known_of(dataset)
        if any(name not in known and not self._has_one(name) for name in self._initial):
            return 0
        if not self._wanted:
            return dataset.head()
        if self._compiled is not None:
            moment = self._evaluate(lookup)
        else:
            names: Iterable[str] = self._wanted if type(self._wanted) is list else [dataset.name]
            moment = min((known.get(name, NEVER) for name in names), default=NEVER)
        return dataset.head_at(moment)

    def _has_one(self, name: str) -> bool:
        dataset = self._context.dataset(name)
        return dataset is not None and completeness_of(dataset) is not None

    def _evaluate(self, lookup: Lookup | None) -> int:
        runtime = Runtime(secrets=self._context.definition.secrets)
        if lookup is not None:
            runtime.lookup = lookup
        out: list[Entity] = []
        self._compiled.bind(runtime)({"_id": "completeness"}, out)
        found = nanos(out[0].get("limit")) if out else None
        return NEVER if found is None else found // 1000
