"""`sesam-node users` and `sesam-node token --name`: accounts of a node on this machine.

They are written into the node's store, whether it runs or not: it reads them at each request.
"""

from __future__ import annotations

import getpass
import re
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from sesam_node.cli.tables import text_table
from sesam_node.errors import ConfigError
from sesam_node.settings import Keys, Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from sesam_node.hub.accounts import Accounts

SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
USER_ROLES = ["group:User"]
KEY_ROLES = ["group:Developer"]
MEMORY = "memory:"


def users(options: argparse.Namespace) -> int:
    """Add, list, change or remove users."""
    settings = Settings.from_environment(data=options.data)
    with _accounts(settings) as accounts:
        match options.action:
            case "add":
                found = accounts.add_user(
                    options.email, _password(), options.roles or USER_ROLES, options.name
                )
                print(f"added {found['email']} with {', '.join(found['roles'])}")
            case "list":
                _print(accounts.users(), "email", "name", "roles", "created")
            case "remove":
                print(f"removed {accounts.remove_user(options.email)['email']}")
            case "passwd":
                accounts.user(options.email)
                found = accounts.change_user(options.email, password=_password())
                print(f"{found['email']} has another password")
            case _:
                found = accounts.change_user(options.email, roles=options.roles or USER_ROLES)
                print(f"{found['email']} has {', '.join(found['roles'])}")
    return 0


def api_keys(options: argparse.Namespace, settings: Settings) -> int:
    """Make, list or revoke API keys."""
    with _accounts(settings) as accounts:
        if options.list:
            _print(accounts.keys(), "id", "name", "roles", "created", "expires", "last_used")
        elif options.revoke is not None:
            print(f"revoked {accounts.revoke_key(options.revoke)['name']}")
        else:
            lifetime_s = None if options.expires is None else seconds_until(options.expires)
            keys = Keys.load(settings)
            _, token = accounts.add_key(options.name, options.roles or KEY_ROLES, keys, lifetime_s)
            print(token)
    return 0


@contextmanager
def _accounts(settings: Settings) -> Iterator[Accounts]:
    """The accounts of a node that has been started once. Raises ConfigError for any other."""
    from sesam_node.dtl import compile_index
    from sesam_node.hub.accounts import Accounts
    from sesam_node.store import open_store

    if settings.store_url == MEMORY:
        raise ConfigError("a node in memory has no accounts outside its process; use its API")
    if not settings.data.is_dir():
        raise ConfigError(f"there is no node's data in {settings.data}; start the node once")
    store = open_store(settings.store_url, index_resolver=compile_index)
    try:
        yield Accounts(store.settings)
    finally:
        store.close()


def seconds_until(text: str, now: datetime | None = None) -> float:
    """`12h`, `90d` or a date as seconds from now; a date is good until its end (UTC).

    Raises ConfigError for anything else, and for what is past.
    """
    now = now or datetime.now(UTC)
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if match is not None:
        seconds = int(match[1]) * SECONDS[match[2]]
    else:
        try:
            end = datetime.combine(date.fromisoformat(text), time.max, UTC)
        except ValueError:
            raise ConfigError(
                f"expected 12h, 90d or a date like 2027-01-31, got {text!r}"
            ) from None
        seconds = (end - now).total_seconds()
    if seconds <= 0:
        raise ConfigError(f"{text} is past")
    return seconds


def _password() -> str:
    """A password, asked for twice at a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise ConfigError("these are two passwords")
    return first


def _print(rows: Sequence[dict[str, Any]], *columns: str) -> None:
    print("\n".join(text_table(rows, columns)))
