"""The mail sink: one mail an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.messages.html_text import makes_html, text_of_html
from sesam_node.pipes.messages.mail import AddressError, addresses, mail
from sesam_node.pipes.messages.sending import MessageSink, template_flaws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from email.message import EmailMessage

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

TEMPLATES = ("body_template", "subject_template", "text_body_template")


class Mail(NamedTuple):
    """A mail, and whom it goes to."""

    message: EmailMessage
    recipients: list[str]


def flaws(config: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a sink beyond the kinds of its options."""
    yield from template_flaws(config, *TEMPLATES, "recipients")
    for name in ("recipients", "mail_from"):
        value = config.get(name)
        if value is None:
            continue
        try:
            found = addresses([value] if isinstance(value, str) else value)
        except AddressError as error:
            yield Flaw((name,), "wrong-address", str(error), "as in bo@example.org")
        else:
            if name == "mail_from" and len(found) > 1:
                yield Flaw((name,), "wrong-address", "expected one mail address, got several")


def _template(name: str, what: str) -> tuple[Option, Option]:
    return (
        Option(name, "string", None, f"template of {what}"),
        Option(f"{name}_property", "string", name, f"or where an entity has that of {what}"),
    )


@sink(
    "mail",
    SYSTEM_ID,
    *_template("body_template", "the body, text or HTML"),
    *_template("subject_template", "the subject"),
    *_template("text_body_template", "the text beside a body of HTML"),
    Option("recipients", STRINGS, None, "addresses: a list, or text with commas between them"),
    Option("recipients_property", "string", "recipients", "or where an entity has its own"),
    Option("mail_from", "string", doc="the address of the sender"),
    Option(
        "unhandled_template_variable_replacement",
        "string",
        "debug",
        "what becomes of a name that the entity does not have: it stays as it is, vanishes, or "
        "fails",
        ("debug", "empty_string", "strict"),
    ),
    namespaces=True,
    system_types=("smtp",),
    further=further_flaws(flaws),
)
class MailSink(MessageSink[Mail]):
    """Sends a mail for each entity."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        try:
            (self._sender,) = addresses([options["mail_from"]])
        except ValueError as error:
            raise ConfigError(f'"mail_from": {error}') from None

    def compose(self, entity: Entity) -> Mail:
        where: str = self._options["recipients_property"]
        texts = self.addressees(entity)
        try:
            found = addresses(texts)
        except AddressError as error:
            raise self.flawed(entity, where, "wrong-address", f"is no good: {error}") from None
        subject = self.needed_template(entity, "subject_template")
        text, html = self._bodies(entity)
        line = self.rendered(entity, subject, "the subject template")
        message = mail(self._sender, found, line, text, html)
        return Mail(message, [one.addr_spec for one in found])

    def _bodies(self, entity: Entity) -> tuple[str, str | None]:
        """The text of a mail, and its HTML where it has some; text that is not given is made."""
        template = self.needed_template(entity, "body_template")
        body = self.rendered(entity, template, "the body template")
        text = self.template(entity, "text_body_template")
        if text is not None:
            return self.rendered(entity, text, "the text body template"), body
        return (text_of_html(body), body) if makes_html(template, body) else (body, None)

    def recipients(self, message: Mail) -> list[str]:
        return message.recipients

    def send(
        self, message: Mail, recipients: Sequence[str], accepted: Callable[[str], None]
    ) -> None:
        system = self._context.system(self._options["system"])
        system.send(message.message, self._sender.addr_spec, recipients, accepted)
