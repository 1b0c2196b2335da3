"""The ldap system: a directory server."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.ldap.connection import Directory
from sesam_node.pipes.ldap.offers import classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.introspection import Offer


def flaws(config: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a system beyond the kinds of its options."""
    if config.get("username") and not config.get("password"):
        yield Flaw(
            (),
            "missing-option",
            '"username" needs "password"',
            "leave both out to read without logging in",
        )
    host = str(config.get("host") or "")
    if "://" in host:
        hint = 'give the name alone, and "port" and "use_ssl" beside it'
        yield Flaw(("host",), "wrong-value", "expected the name of a server, got a URL", hint)
    charset = str(config.get("charset") or "latin-1")
    try:
        codecs.lookup(charset)
    except LookupError:
        hint = "latin-1, utf-8 and cp1252 are some"
        yield Flaw(("charset",), "wrong-value", f'there is no encoding "{charset}"', hint)


@system(
    "ldap",
    Option("host", "string", "localhost", "the name of the server"),
    Option("port", "integer", 389, "its port; with use_ssl mostly 636"),
    Option("use_ssl", "boolean", default=False, doc="secure the connection?"),
    Option("verify_ssl", "boolean", default=True, doc="are certificates checked?"),
    Option("custom_ca_pem_chain", "string", None, "certificates to check against, as PEM text"),
    Option("username", "string", None, "the DN or name to log in as; without it nobody logs in"),
    Option("password", "string", None, "the user's password", secret=True),
    Option("charset", "string", "latin-1", "the encoding of text that is no UTF-8"),
    Option("connect_timeout", "number", 60, "seconds to wait for a connection"),
    Option("read_timeout", "number", 1800, "seconds to wait for an answer"),
    further=further_flaws(flaws),
)
class LdapSystem:
    """An LDAP directory."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self.charset: str = options["charset"]
        self._options = options
        self._definition = context.definition
        self._directory: Directory | None = None
        for flaw in flaws(options):
            raise ConfigError(f"{self}: {flaw.message}; {flaw.hint}")

    def __str__(self) -> str:
        return f'system "{self.id}"'

    @property
    def directory(self) -> Directory:
        """The connection, made when it is first asked for. Raises ConfigError, PipeError."""
        if self._directory is None:
            self._directory = Directory(str(self), self._options, self._definition.addresses)
        return self._directory

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        return classes(self.directory, self.charset)

    def offer(self, offer_id: str) -> Offer | None:
        return next((found for found in self.offers() if found.id == offer_id), None)

    def check(self) -> str:
        bases = self.directory.bases
        return f"the directory {', '.join(bases)}" if bases else "the server answers"

    def close(self) -> None:
        if self._directory is not None:
            self._directory.close()
            self._directory = None
