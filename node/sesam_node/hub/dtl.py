"""The language over the node's datasets: check, preview, trace and help for who writes rules.

Nothing is written, and no configuration is needed: rules come with the request, on the source of a
pipe, on a dataset, or on entities that come with it, too. The work is done in workers, which end
it after a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.config.environment import substitute
from sesam_node.errors import ConfigError, InputError, NotFoundError, Problem, suggestion
from sesam_node.hub.active import OWN, written_datasets
from sesam_node.hub.interactive import InteractiveService
from sesam_node.pipes.overlay import World

if TYPE_CHECKING:
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.pipes.samples import Wanted
    from sesam_node.pipes.typed import Typed

WORK = "sesam_node.pipes.dtl"
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about: rules (null: those of the pipe), and what feeds them.

    `pipe` names a pipe whose source is meant, `dataset` a dataset; with neither the entities come
    with the request, or there are none. `pipe_id` is what namespaces are taken from where there is
    no pipe, `namespaced` whether names have them (null: as the node has it). `world` says in which
    state of the datasets.
    """

    rules: Any = None
    pipe: str | None = None
    dataset: str | None = None
    pipe_id: str | None = None
    namespaced: bool | None = None
    world: World = field(default_factory=World)


class Dtl(InteractiveService):
    """The service behind `/api/dtl`."""

    async def check(
        self, asked: Asked, text: str | None = None, datasets: frozenset[str] | None = None
    ) -> dict[str, Any]:
        """The problems of rules, or of a text of rules, as `check_rules` gives them."""
        return await self._found(
            "check_rules",
            definition=self._asked(asked, own_rules=False),
            rules=asked.rules,
            text=text,
            env=dict(self._configuration.active.env),
            datasets=datasets,
            sampled=asked.pipe is not None or asked.dataset is not None,
        )

    async def live(self, asked: Asked, typed: Typed) -> dict[str, Any]:
        """All that an editor shows of a text of rules, as `live_rules` gives it."""
        env = dict(self._configuration.active.env)
        found: dict[str, Any] = await self._work(
            "sesam_node.pipes.live:live_rules",
            definition=self._asked(asked, own_rules=False),
            typed=replace(typed, env=env),
        )
        return found

    async def preview(self, asked: Asked, wanted: Wanted) -> dict[str, Any]:
        """What rules make of some source entities. Raises DtlError, ConfigError."""
        return await self._found(
            "preview_rules",
            definition=self._asked(asked),
            rules=self._rules(asked.rules),
            wanted=wanted,
            world=asked.world,
        )

    async def trace(
        self, asked: Asked, wanted: Wanted, strength: str, transform: int | None
    ) -> dict[str, Any]:
        """The record of what rules do with some source entities. Raises DtlError, ConfigError."""
        return await self._found(
            "trace_rules",
            definition=self._asked(asked),
            rules=self._rules(asked.rules),
            wanted=wanted,
            strength=strength,
            position=transform,
            world=asked.world,
        )

    async def why(
        self, asked: Asked, wanted: Wanted, path: str, result: int, transform: int | None
    ) -> dict[str, Any]:
        """Why rules give what they give of a source entity, as `why_rules` says it.

        Raises DtlError, ConfigError, InputError, NotFoundError.
        """
        found: dict[str, Any] = await self._work(
            "sesam_node.pipes.reasons:why_rules",
            definition=self._asked(asked),
            rules=self._rules(asked.rules),
            wanted=wanted,
            path=path,
            result=result,
            position=transform,
            world=asked.world,
        )
        return found

    async def scan(
        self,
        asked: Asked,
        wanted: Wanted,
        when: list[Any],
        transform: int | None,
        *,
        most: int,
        traced: bool,
    ) -> dict[str, Any]:
        """A portion of a scan for entities that fulfil a condition. Raises DtlError, ConfigError.

        InputError where a condition is none.
        """
        found: dict[str, Any] = await self._work(
            "sesam_node.pipes.scan:scan_rules",
            definition=self._asked(asked),
            rules=self._rules(asked.rules),
            wanted=wanted,
            when=when,
            position=transform,
            most=most,
            traced=traced,
            world=asked.world,
        )
        return found

    async def explain(self, asked: Asked, transform: int | None) -> dict[str, Any]:
        """How rules are carried out, as data and as text. Raises DtlError, ConfigError."""
        return await self._found(
            "explain_rules",
            definition=self._asked(asked),
            rules=self._rules(asked.rules),
            position=transform,
        )

    async def complete(
        self, asked: Asked, text: str, offset: int, rules: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """What may stand at an offset of a text of rules; `rules` are names that are elsewhere."""
        return await self._found(
            "complete_rules",
            definition=self._asked(asked, own_rules=False),
            text=text,
            offset=offset,
            datasets=tuple(self._datasets()),
            rules=rules,
        )

    async def hover(self, asked: Asked, text: str, offset: int) -> dict[str, Any] | None:
        """What is known of what stands at an offset of a text of rules; null for nothing."""
        found: dict[str, Any] | None = await self._work(
            f"{WORK}:hover_rules",
            definition=self._asked(asked, own_rules=False),
            text=text,
            offset=offset,
            datasets=tuple(self._datasets()),
        )
        return found

    async def symbol(self, text: str, offset: int, rename: str | None) -> dict[str, Any] | None:
        """The name at an offset of a text, and what renames it."""
        found: dict[str, Any] | None = await self._work(
            "sesam_node.dtl.symbols:symbol_in_text", text=text, offset=offset, rename=rename
        )
        return found

    async def format(self, text: str, width: int, style: str) -> str:
        """A text of rules or configuration in its one layout. Raises InputError."""
        laid_out: str = await self._work(
            f"{WORK}:format_rules", text=text, width=width, style=style
        )
        return laid_out

    async def _found(self, operation: str, **payload: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self._work(f"{WORK}:{operation}", **payload)
        return found

    # -- what feeds the rules ----------------------------------------------------------------------

    def _asked(self, asked: Asked, *, own_rules: bool = True) -> PipeDefinition:
        """What feeds the rules; with `own_rules` they are the pipe's where none are given."""
        if asked.pipe is not None:
            if asked.dataset is not None:
                raise InputError('expected "pipe" or "dataset", got both')
            return self._of_pipe(asked.pipe, own_rules=own_rules and asked.rules is None)
        if asked.dataset is not None and self._pumps.dataset(asked.dataset) is None:
            hint = suggestion(asked.dataset, self._store.names())
            if asked.dataset in written_datasets(self._configuration.active):
                hint = "the pipe that writes it has not run yet"
            message = f'there is no dataset "{asked.dataset}"'
            raise NotFoundError(message, [Problem("$.dataset", "unknown-dataset", message, hint)])
        return self._draft(asked)

    def _of_pipe(self, pipe_id: str, *, own_rules: bool) -> PipeDefinition:
        """A pipe as it is configured; where it is not asked for its rules they may be wrong."""
        active = self._configuration.active
        try:
            self._pumps.known(pipe_id)
        except NotFoundError as error:
            hint = suggestion(pipe_id, active.facts)
            problem = Problem("$.pipe", "unknown-pipe", error.message, hint)
            raise NotFoundError(error.message, [problem]) from None
        wrong = [
            problem
            for problem in active.problems.get(pipe_id, ())
            if problem.level == "error"
            and (own_rules or not problem.path.startswith("$.transform"))
        ]
        if wrong:
            raise ConfigError(f'the pipe "{pipe_id}" has an invalid configuration', wrong)
        return self._pumps.definition(pipe_id)

    def _draft(self, asked: Asked) -> PipeDefinition:
        pipe_id = asked.pipe_id or asked.dataset or DRAFT
        source: dict[str, Any] = {"type": "embedded", "entities": []}
        if asked.dataset is not None:
            source = {"type": "dataset", "dataset": asked.dataset}
        pipe: dict[str, Any] = {
            "_id": pipe_id,
            "type": "pipe",
            "source": source,
            "sink": {"type": "dataset", "dataset": pipe_id},
            # The rules get the entities as they are, and what they make of them is shown.
            "add_namespaces": False,
            "remove_namespaces": False,
        }
        if asked.namespaced is not None:
            pipe["namespaced_identifiers"] = asked.namespaced
        return self._pumps.with_systems(pipe, {})

    def _datasets(self) -> list[str]:
        """The datasets that there are or will be, those of the node itself left out."""
        names = written_datasets(self._configuration.active).union(self._store.names())
        return sorted(name for name in names if not name.startswith(OWN))

    def with_variables(self, rules: Any) -> Any:
        """The rules with every `$ENV(name)` replaced that is set."""
        return substitute(rules, self._configuration.active.env, ("rules",), [])

    def _rules(self, rules: Any) -> Any:
        """The rules with every `$ENV(name)` replaced. Raises ConfigError for one not set."""
        missing: list[Problem] = []
        replaced = substitute(rules, self._configuration.active.env, ("rules",), missing)
        if missing:
            raise ConfigError("the rules name variables that are not set", missing)
        return replaced
