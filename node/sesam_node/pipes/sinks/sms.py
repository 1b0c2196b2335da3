"""The sms sink: short messages, one an entity and recipient."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import preview
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.messages.sending import MessageSink, template_flaws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sesam_node.model import Entity

NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII).fullmatch
BETWEEN = re.compile(r"[ ()./-]")


class Sms(NamedTuple):
    """A text, and the numbers it goes to."""

    text: str
    recipients: list[str]


class NumberError(ValueError):
    """A text that is no international phone number."""


def numbers(texts: Sequence[str]) -> list[str]:
    """The phone numbers in texts such as `+47 99 88 77 66,+4788776655`. Raises NumberError."""
    found = []
    for text in ",".join(texts).split(","):
        number = BETWEEN.sub("", text.strip())
        if number and not NUMBER(number):
            raise NumberError(f"expected phone numbers such as +4799887766, got {preview(text)}")
        if number:
            found.append(number)
    return found


def flaws(config: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a sink beyond the kinds of its options."""
    yield from template_flaws(config, "body_template", "recipients")
    value = config.get("recipients")
    if value is not None:
        try:
            numbers([value] if isinstance(value, str) else value)
        except NumberError as error:
            yield Flaw(("recipients",), "wrong-number", str(error), "with + and the country's code")


@sink(
    "sms",
    SYSTEM_ID,
    Option("body_template", "string", None, "template of the message"),
    Option("body_template_property", "string", "body_template", "or where an entity has its own"),
    Option("recipients", STRINGS, None, "phone numbers: a list, or text with commas between them"),
    Option("recipients_property", "string", "recipients", "or where an entity has its own"),
    Option("from_number", "string", doc="the phone number, or name, of the sender"),
    namespaces=True,
    system_types=("twilio",),
    further=further_flaws(flaws),
)
class SmsSink(MessageSink[Sms]):
    """Sends a short message for each entity."""

    together = False

    def compose(self, entity: Entity) -> Sms:
        where: str = self._options["recipients_property"]
        try:
            found = numbers(self.addressees(entity))
        except NumberError as error:
            raise self.flawed(entity, where, "wrong-number", f"is no good: {error}") from None
        template = self.needed_template(entity, "body_template")
        text = self.rendered(entity, template, "the body template").strip()
        if not text:
            what = "makes a message of nothing"
            raise self.flawed(entity, self._options["body_template_property"], "empty", what)
        return Sms(text, found)

    def recipients(self, message: Sms) -> list[str]:
        return message.recipients

    def send(
        self, message: Sms, recipients: Sequence[str], accepted: Callable[[str], None]
    ) -> None:
        system = self._context.system(self._options["system"])
        for recipient in recipients:
            system.send(self._options["from_number"], recipient, message.text)
            accepted(recipient)
