"""Who may do what on a node: `hub.access.users`, `hub.access.keys`, permissions, log-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sesam_interactive.client.collection import Collection
from sesam_interactive.client.connection import segment
from sesam_interactive.display.html import properties_table
from sesam_interactive.display.rows import Listed, Rows, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.client.connection import Connection


class Token(str):
    """A token; a text to hand on, which does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<Token, which only print() shows>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


class User:
    """One user of a node."""

    def __init__(self, connection: Connection, email: str) -> None:
        self._connection = connection
        self.email = email
        self._path = f"/users/{segment(email)}"

    def info(self) -> dict[str, Any]:
        """E-mail address, name, roles, and when the user was added."""
        found: dict[str, Any] = self._connection.get(self._path)
        return found

    def change(
        self,
        *,
        name: str | None = None,
        roles: Sequence[str] | None = None,
        password: str | None = None,
    ) -> None:
        """Change what is given; a new password ends the user's tokens."""
        given = {"name": name, "roles": None if roles is None else list(roles)}
        fields = {key: value for key, value in given.items() if value is not None}
        if password is not None:
            fields["password"] = password
        self._connection.json("PUT", self._path, json=fields)

    def remove(self) -> None:
        """Remove the user; the user's tokens end."""
        self._connection.json("DELETE", self._path)

    def __repr__(self) -> str:
        return f'<User "{self.email}">'

    def _repr_html_(self) -> str:
        found = self.info()
        return properties_table(f"User {self.email}", {**found, "roles": ", ".join(found["roles"])})


class Users(Collection[User]):
    """The users of a node, by e-mail address."""

    noun = "user"
    path = "/users"
    key = "email"

    def make(self, name: str) -> User:
        return User(self._connection, name)

    def add(
        self, email: str, password: str, *, name: str = "", roles: Sequence[str] | None = None
    ) -> User:
        """Add a user who logs in with a password of 10 characters or more.

        `roles` are such as `group:Developer`; `group:User` where none are given.
        """
        fields = {"email": email, "password": password, "name": name}
        given = {} if roles is None else {"roles": list(roles)}
        found = self._connection.json("POST", self.path, json={**fields, **given})
        return self.make(found["email"])

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "roles": ", ".join(item["roles"])}


class ApiKeys(Listed):
    """The API keys of a node: tokens for programs."""

    path = "/api-keys"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Rows:
        """Name, roles, when made, last used and when it ends; never their tokens."""
        return Rows(self._connection.get(self.path), none="no API keys")

    def add(self, name: str, roles: Sequence[str], *, days: int | None = None) -> Token:
        """Make a key for a program; gives its token, which the node tells this once.

        `days` is how long it is good, for ever without. Show it with `print`.
        """
        fields = {"name": name, "roles": [*roles]}
        given = {} if days is None else {"days": days}
        found = self._connection.json("POST", self.path, json={**fields, **given})
        return Token(found["token"])

    def revoke(self, key_id: str) -> None:
        """Revoke a key by its `id`: its token is refused from now on."""
        self._connection.json("DELETE", f"{self.path}/{segment(key_id)}")


class Permissions(list[list[Any]]):
    """The list of permissions that holds for an object; `own` says whether it has one."""

    def __init__(self, path: str, found: dict[str, Any]) -> None:
        super().__init__(found["permissions"])
        self.path = path
        self.own: bool = found["own"]
        self.pipes: list[str] = found.get("from", [])

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"": verdict, "roles": ", ".join(roles), "permissions": ", ".join(given)}
            for verdict, roles, given in self
        ]

    @property
    def _title(self) -> str:
        kind = "a list of its own" if self.own else "the defaults"
        pipes = f", those of {', '.join(self.pipes)}" if self.pipes else ""
        return f"{self.path}: {kind}{pipes}"

    def __repr__(self) -> str:
        return f"{self._title}\n{text_table(self._rows(), 200)}"

    def _repr_html_(self) -> str:
        return f"<div><b>{self._title}</b>{Rows(self._rows())._repr_html_()}</div>"


def read_permissions(connection: Connection, path: str) -> Permissions:
    """The permissions of `node`, `pipe/ID`, `system/ID`, `dataset/ID`, `pipe_prototype`, …"""
    return Permissions(path, connection.get(f"/permissions/{quote(path)}"))


def write_permissions(connection: Connection, path: str, entries: Sequence[Any]) -> Permissions:
    """Give an object a list of permissions; an empty one goes back to the defaults."""
    found = connection.json("PUT", f"/permissions/{quote(path)}", json=list(entries))
    return Permissions(path, found)


class Access:
    """Users, API keys and permissions of a node."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.users = Users(connection)
        self.keys = ApiKeys(connection)

    def permissions(self, path: str = "node") -> Permissions:
        """What holds for `node`, `pipe/ID`, `system/ID`, `dataset/ID`, or by default.

        The defaults are at `pipe_prototype`, `system_prototype`, `dataset_prototype`.
        """
        return read_permissions(self._connection, path)

    def permit(self, path: str, entries: Sequence[Any]) -> Permissions:
        """Give a pipe, a system or the node a list, such as `[["allow", ["hr"], ["read_data"]]]`.

        It takes the place of the defaults; an empty one goes back to them.
        """
        return write_permissions(self._connection, path, entries)

    def log_in(self, email: str, password: str) -> Token:
        """A token for `connect(url, token)`, good for some hours. Raises ClientError (401, 429)."""
        form = {"email": email, "password": password}
        return Token(self._connection.request("POST", "/jwt", data=form).text)

    def __repr__(self) -> str:
        return f"<Access: {len(self.users)} users, {len(self.keys)} API keys>"

    def _repr_html_(self) -> str:
        rows = {"users": len(self.users), "API keys": len(self.keys)}
        return properties_table("Access", rows)
