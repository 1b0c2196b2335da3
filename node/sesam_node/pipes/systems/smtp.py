"""The smtp system: a mail server."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.http.addresses import check_host
from sesam_node.pipes.http.answer import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from email.message import EmailMessage

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.introspection import Offer

SECURE_PORT = 465
CLOSING = 421


def flaws(config: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a system beyond the kinds of its options."""
    if config.get("smtp_username") and not config.get("smtp_password"):
        message = '"smtp_username" needs "smtp_password"'
        yield Flaw((), "missing-option", message, "leave both out to send without logging in")


@system(
    "smtp",
    Option("smtp_server", "string", "localhost", "the name of the server"),
    Option("smtp_port", "integer", 25, "its port"),
    Option("smtp_username", "string", None, "the user to log in as"),
    Option("smtp_password", "string", None, "the user's password", secret=True),
    Option(
        "use_tls",
        "boolean",
        default=False,
        doc="secure the connection? From its start on port 465, by STARTTLS on others",
    ),
    Option("max_per_hour", "integer", 1000, "most mails in an hour; more are discarded", least=0),
    Option(
        "verify_ssl",
        "boolean",
        default=True,
        doc="with use_tls, are certificates checked? Beyond the manual",
    ),
    Option(
        "custom_ca_pem_chain",
        "string",
        None,
        "certificates to check against, as PEM text; beyond the manual",
    ),
    Option("timeout", "number", 60, "seconds to wait for the server; beyond the manual"),
    further=further_flaws(flaws),
)
class SmtpSystem:
    """A mail server."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self.max_per_hour: int = options["max_per_hour"]
        self._options = options
        self._definition = context.definition
        self._connection: smtplib.SMTP | None = None
        for flaw in flaws(options):
            raise ConfigError(f"{self}: {flaw.message}; {flaw.hint}")

    def __str__(self) -> str:
        return f'system "{self.id}"'

    def send(
        self,
        message: EmailMessage,
        sender: str,
        recipients: Sequence[str],
        accepted: Callable[[str], None],
    ) -> None:
        """Hand a mail to the server; `accepted` is told of each recipient that it takes.

        Raises RequestError where it does not take all of them, without `status` where it was not
        reached.
        """
        with self._told("sending"):
            connection = self._connected()
            try:
                refused = connection.send_message(message, sender, list(recipients))
            except smtplib.SMTPSenderRefused as error:
                if error.smtp_code != CLOSING:
                    raise
                # It has had enough of this connection, and has not seen the mail.
                self.close()
                refused = self._connected().send_message(message, sender, list(recipients))
        for recipient in recipients:
            if recipient not in refused:
                accepted(recipient)
        if refused:
            raise self._refused(refused)

    def _connected(self) -> smtplib.SMTP:
        """The connection, made anew where the server has closed it meanwhile."""
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.noop()[0] == 250:
                    return self._connection
            self.close()
        self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        options = self._options
        host, port, timeout = options["smtp_server"], options["smtp_port"], options["timeout"]
        rules = self._definition.addresses
        if rules.hold_back:
            check_host(str(self), rules, host, port)
        context = self._context() if options["use_tls"] else None
        made: smtplib.SMTP
        if context is not None and port == SECURE_PORT:
            made = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            made = smtplib.SMTP(host, port, timeout=timeout)
        try:
            if context is not None and port != SECURE_PORT:
                made.starttls(context=context)
            if options["smtp_username"]:
                made.login(options["smtp_username"], options["smtp_password"])
        except BaseException:
            made.close()
            raise
        return made

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cadata=self._options["custom_ca_pem_chain"])
        except ssl.SSLError as error:
            message = f'"custom_ca_pem_chain" holds no certificates in PEM: {error.reason}'
            raise ConfigError(f"{self}: {message}") from None
        if not self._options["verify_ssl"]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the server as RequestErrors, without what was logged in with."""
        what = f"{self}: {doing} by {self._options['smtp_server']}:{self._options['smtp_port']}"
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refused(error.recipients) from None
        except smtplib.SMTPAuthenticationError as error:
            text = f"{what}: the user name or password is refused ({error.smtp_code})"
            raise RequestError(text, error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            text = f"{what}: {error.smtp_code} {_words(error.smtp_error)}"
            raise RequestError(text, error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            # It may have died in the middle: nobody knows what comes next on this connection.
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise RequestError(f"{what}: {str(error) or type(error).__name__}") from None

    def _refused(self, refused: Mapping[str, tuple[int, bytes]]) -> RequestError:
        told = "; ".join(f"{to}: {code} {_words(text)}" for to, (code, text) in refused.items())
        code = next(iter(refused.values()))[0]
        return RequestError(f"{self}: recipients are refused: {told}", code)

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """Nothing: a mail server has no list of whom it sends to."""
        return iter(())

    def offer(self, offer_id: str) -> Offer | None:  # noqa: ARG002 - there is none
        return None

    def check(self) -> str:
        with self._told("connecting"):
            self._connected()
        login = " and lets the user in" if self._options["smtp_username"] else ""
        return f"the server answers{login}"

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


def _words(text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(said.split())[:300]
