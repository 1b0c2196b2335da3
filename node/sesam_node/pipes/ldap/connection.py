"""Connections to a directory by ldap3, and its errors as errors of the node.

Results are read page by page, so that memory does not grow with the directory. Whatever ends a
search but success is an error: a part must never look like the whole, because what a full run does
not meet is deleted. References to other servers are not followed; the login stays where it was
meant for.
"""

from __future__ import annotations

import math
import re
import ssl
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.pipes.http.addresses import check_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from sesam_node.pipes.http.address_rules import AddressRules

    Found = tuple[str, Mapping[str, Sequence[bytes]]]
    """The DN of an entry, and its attributes."""

PAGED = "1.2.840.113556.1.4.319"
SIZE_LIMIT, NO_SUCH_OBJECT, INVALID_DN, WRONG_LOGIN = 4, 32, 34, 49


def library(owner: str) -> ModuleType:
    """ldap3. Raises ConfigError where it is not installed; `owner` is named in it."""
    try:
        with warnings.catch_warnings():
            # Its names for tables of pyasn1 are old ones.
            warnings.simplefilter("ignore", DeprecationWarning)
            import ldap3
    except ImportError:
        raise ConfigError(f"{owner} needs ldap3: install sesam-interactive[ldap]") from None
    return ldap3  # type: ignore[no-any-return]


class Directory:
    """A connection that is logged in.

    `bases` are where a search for everything begins; `schema` is ldap3's, null where it is hidden.
    """

    def __init__(self, owner: str, options: Mapping[str, Any], rules: AddressRules) -> None:
        """Raises PipeError where the server is not reached or does not let it in."""
        self._owner = owner
        self._ldap3 = library(owner)
        self._connection: Any = None
        host, port = options["host"], options["port"]
        if rules.hold_back:
            check_host(owner, rules, host, port)
        where = f"{host}:{port}"
        with self._told(where):
            self._server = self._ldap3.Server(
                host,
                port=port,
                use_ssl=options["use_ssl"],
                tls=_tls(self._ldap3, owner, options) if options["use_ssl"] else None,
                get_info=self._ldap3.ALL,
                connect_timeout=options["connect_timeout"],
            )
            self._connection = self._ldap3.Connection(
                self._server,
                options["username"],
                options["password"],
                client_strategy=self._ldap3.SYNC,
                # It becomes an option of the socket, which has whole seconds.
                receive_timeout=math.ceil(options["read_timeout"]),
                read_only=True,
                check_names=False,
                return_empty_attributes=False,
                auto_referrals=False,
            )
            try:
                accepted = self._connection.bind()
            except BaseException:
                self.close()
                raise
        if not accepted:
            reason = self._reason("")
            self.close()
            raise PipeError(f"{owner}: {where} does not let it in: {reason}")

    @property
    def schema(self) -> Any:
        return self._server.schema

    @property
    def bases(self) -> list[str]:
        """The naming contexts; of Active Directory the one that holds what people put there."""
        info = self._server.info
        if info is None:
            return []
        default = info.other.get("defaultNamingContext")
        return list(default or info.naming_contexts or ())

    def pages(
        self, base: str, search_filter: str, attributes: Sequence[str], page_size: int
    ) -> Iterator[list[Found]]:
        """All entries below `base` that match, a page at a time. Raises PipeError."""
        cookie: bytes | None = None
        while True:
            with self._told(f"searching {preview(base)}"):
                self._connection.search(
                    base,
                    search_filter,
                    self._ldap3.SUBTREE,
                    attributes=list(attributes),
                    paged_size=page_size,
                    paged_cookie=cookie,
                )
                result = self._connection.result
                response = self._connection.response or ()
                self._connection.response = None
            if result["result"] != 0:
                raise PipeError(f"{self._owner}: {self._reason(base)}")
            yield [
                (entry["dn"], entry["raw_attributes"])
                for entry in response
                if entry["type"] == "searchResEntry"
            ]
            control = (result.get("controls") or {}).get(PAGED)
            cookie = control["value"]["cookie"] if control else None
            if not cookie:
                return

    def _reason(self, base: str) -> str:
        """What the server said of the last operation."""
        result = self._connection.result
        code, message = result["result"], " ".join(str(result.get("message") or "").split())
        text = {
            SIZE_LIMIT: "the server gives no more entries to this user, so the rest would be missed"
            '; a smaller "page_size" or another limit of the server helps',
            NO_SUCH_OBJECT: f"there is no {preview(base)} in the directory",
            INVALID_DN: f"{preview(base)} is no DN, such as ou=people,dc=example,dc=org",
            WRONG_LOGIN: "the user name or password is wrong",
        }.get(code, str(result.get("description") or code))
        return f"{text} ({preview(message, 200)})" if message else text

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the library as PipeErrors."""
        from ldap3.core.exceptions import LDAPException

        try:
            yield
        except (LDAPException, OSError) as error:
            raise PipeError(f"{self._owner}: {doing}: {_words(error)}") from None
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            # What ldap3 makes of bytes that are no LDAP.
            reason = f"the server's answer cannot be read ({type(error).__name__}); is it LDAP?"
            raise PipeError(f"{self._owner}: {doing}: {reason}") from None

    def close(self) -> None:
        """Ends the connection, whatever has become of it."""
        from ldap3.core.exceptions import LDAPException

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(LDAPException, OSError):
                connection.unbind()
            if connection.socket is not None:
                # ldap3 leaves it open where opening the connection failed half-way.
                connection.socket.close()


def _words(error: Exception) -> str:
    """What an error says; ldap3 packs the text of one into that of another, with its quotes."""
    text = " ".join(str(error).replace("\\", "").split())
    while (inner := re.sub(r"""^\(["'](.*)["'],?\)$""", r"\1", text)) != text:
        text = inner
    return text[:300] or type(error).__name__


def _tls(ldap3: ModuleType, owner: str, options: Mapping[str, Any]) -> Any:
    """What secures a connection, by Python's own checks of certificates and names."""
    chain = options["custom_ca_pem_chain"]
    try:
        context = ssl.create_default_context(cadata=chain or None)
    except ssl.SSLError as error:
        message = f'"custom_ca_pem_chain" holds no certificates in PEM: {error.reason}'
        raise ConfigError(f"{owner}: {message}") from None
    if not options["verify_ssl"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    class Tls(ldap3.Tls):  # type: ignore[misc, name-defined]
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: FBT001, FBT002
            connection.socket = context.wrap_socket(
                connection.socket,
                do_handshake_on_connect=do_handshake,
                server_hostname=options["host"],
            )

    return Tls(validate=context.verify_mode)
