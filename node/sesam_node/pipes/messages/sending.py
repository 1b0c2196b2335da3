"""What the sinks share that send a message for each entity.

Entities come in batches of one, unless the pipe says otherwise, and the offset is saved behind
each. A message that is not taken fails its entity; recipients that have it already do not get it
once more when the entity is tried again. Deleted entities send nothing.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sesam_node.errors import PipeError, Problem, preview
from sesam_node.pipes.messages.delivered import Delivered, key_of
from sesam_node.pipes.messages.limit import HourlyLimit
from sesam_node.pipes.plain import plain
from sesam_node.pipes.rest.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sesam_node.config.options import Flaw
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.store.api import Store

log = logging.getLogger(__name__)

Message = TypeVar("Message")


class MessageSink(ABC, Generic[Message]):
    """Composes a message for each entity and sends it.

    A subclass says how: `compose`, `recipients`, `send`, and `together` where all recipients of an
    entity get one message.
    """

    dataset: str | None = None
    is_endpoint = False
    usual_batch_size = 1
    together = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        unhandled = options.get("unhandled_template_variable_replacement", "empty_string")
        self._templates = Templates(f"the {options['type']} sink", {}, unhandled=unhandled)
        self._delivered: Delivered | None = None
        self._limit: HourlyLimit | None = None

    # -- what a subclass does ----------------------------------------------------------------------

    @abstractmethod
    def compose(self, entity: Entity) -> Message:
        """The message of an entity. Raises PipeError."""

    @abstractmethod
    def recipients(self, message: Message) -> list[str]:
        """Whom it goes to."""

    @abstractmethod
    def send(
        self, message: Message, recipients: Sequence[str], accepted: Callable[[str], None]
    ) -> None:
        """Send it to these; `accepted` is told of each that will get it. Raises PipeError."""

    # -- entities ----------------------------------------------------------------------------------

    def write(self, entities: Sequence[Entity]) -> int:
        delivered = self._delivered
        if delivered is None:
            settings = self._store().settings
            delivered = Delivered(settings, self._context.definition.pipe_id)
            self._delivered = delivered
        done: list[str] = []
        sent = 0
        try:
            for entity in entities:
                if entity.get("_deleted") is not True:
                    key = key_of(entity)
                    sent += self._deliver(entity, key, delivered)
                    done.append(key)
        except BaseException:
            delivered.save()
            raise
        delivered.forget(done)
        return sent

    def _deliver(self, entity: Entity, key: str, delivered: Delivered) -> int:
        """How many messages were sent for an entity."""
        message = self.compose(entity)
        have = delivered.to(key)
        left = [one for one in dict.fromkeys(self.recipients(message)) if one not in have]
        limit = self._hourly_limit()
        sent = 0
        for part in [left] if self.together else [[one] for one in left]:
            if not part:
                continue
            if not limit.take():
                self._discard(entity, part)
                continue
            before = len(delivered.to(key))
            try:
                self.send(message, part, lambda recipient: delivered.add(key, recipient))
            except BaseException:
                if len(delivered.to(key)) == before:
                    limit.give_back()
                raise
            sent += 1
        return sent

    def _hourly_limit(self) -> HourlyLimit:
        if self._limit is None:
            system = self._context.system(self._options["system"])
            self._limit = HourlyLimit(self._store().settings, system.id, system.max_per_hour)
        return self._limit

    def _discard(self, entity: Entity, recipients: Sequence[str]) -> None:
        """Tells of a message that is not sent, because there were too many in this hour."""
        definition = self._context.definition
        system = self._context.system(self._options["system"])
        reason = f'{system} has sent the {system.max_per_hour} messages that "max_per_hour" allows'
        log.warning(
            "the message of entity %s is discarded: %s",
            preview(entity["_id"]),
            reason,
            extra={"pipe": definition.pipe_id},
        )
        facts = {"entity_id": entity["_id"], "recipients": len(recipients), "reason": reason}
        self._context.tell("message-discarded", facts)

    def _store(self) -> Store:
        store = self._context.store
        if store is None:
            raise PipeError("messages are sent by runs only")
        return store

    # -- templates ---------------------------------------------------------------------------------

    def template(self, entity: Entity, name: str) -> str | None:
        """The template `name` of the sink, or else that of the entity; null where neither has it.

        Raises PipeError where that of the entity is no text.
        """
        own: str | None = self._options[name]
        if own is not None:
            return own
        where: str = self._options[f"{name}_property"]
        found = plain(entity.get(where))
        if found is not None and not isinstance(found, str):
            raise self.flawed(entity, where, "wrong-template", "is no text")
        return found

    def needed_template(self, entity: Entity, name: str) -> str:
        """As `template`. Raises PipeError where there is none."""
        found = self.template(entity, name)
        if found is None:
            where: str = self._options[f"{name}_property"]
            hint = f'add it in DTL, or give the sink a "{name}"'
            raise self.flawed(entity, where, "missing-template", "is not there", hint)
        return found

    def rendered(self, entity: Entity, template: str, name: str) -> str:
        """What a template makes of an entity. Raises ConfigError, PipeError."""
        shown = plain(entity)
        return self._templates.text(template, {**shown, "entity": shown}, name)

    def addressees(self, entity: Entity) -> list[str]:
        """What the sink or the entity names as recipients: texts, each of one or several.

        Raises PipeError where there are none.
        """
        own = self._options["recipients"]
        where: str = self._options["recipients_property"]
        found = own if own is not None else plain(entity.get(where))
        texts = found if isinstance(found, list) else [found]
        if not all(isinstance(one, str) for one in texts) or not any(map(str.strip, texts)):
            what = "is not there" if found in (None, "", []) else f"is {preview(found)}"
            hint = "it takes text with commas, or a list; the sink's own go to everybody"
            raise self.flawed(entity, where, "missing-recipients", what, hint)
        return [one for one in texts if one.strip()]

    def flawed(self, entity: Entity, where: str, code: str, what: str, hint: str = "") -> PipeError:
        """The error of an entity whose property `where` is no good."""
        text = f'"{where}" of the entity {preview(entity["_id"])} {what}'
        return PipeError("no message can be made", [Problem(f"$.{where}", code, text, hint)])


def template_flaws(config: Mapping[str, Any], *names: str) -> Iterator[Flaw]:
    """Options that exclude each other: a template, and the property that has it."""
    from sesam_node.config.options import Flaw

    for name in names:
        other = f"{name}_property"
        if config.get(name) is not None and config.get(other) is not None:
            message = f'"{name}" and "{other}" exclude each other'
            yield Flaw((other,), "one-of", message, f'leave out "{other}"')
