"""A real mail server for tests, which keeps what it gets and refuses whom it is told to."""

from __future__ import annotations

import email
import ssl
from contextlib import contextmanager
from email import policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from server_processes import free_port

USER, PASSWORD = "sender", "let-me-in"


class MailServer:
    """`mails` are what came: (recipients of the envelope, message)."""

    def __init__(self, port, **how):
        self.mails = []
        self.logins = []
        self.refused = set()
        self.answers = []  # to the next mails; then 250
        self.port = port
        self._how = how
        self._controller = None

    def start(self):
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._how)
        self._controller.start()

    def stop(self):
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    @property
    def subjects(self):
        return [message["subject"] for _, message in self.mails]

    def options(self, **more):
        return {
            "type": "system:smtp",
            "smtp_server": "127.0.0.1",
            "smtp_port": self.port,
            "timeout": 10,
            **more,
        }

    # -- aiosmtpd --------------------------------------------------------------------------------

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append((envelope.rcpt_tos, message))
        return answer

    def authenticate(self, server, session, envelope, mechanism, auth_data):
        good = (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
        self.logins.append((auth_data.login.decode(), good, session.ssl is not None))
        return AuthResult(success=good, handled=False)


@contextmanager
def mail_server(**how):
    server = MailServer(free_port(), **how)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def secure_mail_server(folder, certificate):
    """A server that wants STARTTLS and a login."""
    file = folder / "mail.pem"
    file.write_text(certificate.key + certificate.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    server = MailServer(free_port(), tls_context=context, require_starttls=True, auth_required=True)
    server._how["authenticator"] = server.authenticate
    server.start()
    try:
        yield server
    finally:
        server.stop()
