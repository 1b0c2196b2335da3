"""Variables and secrets of a node: `hub.env["region"] = "eu"`, `hub.secrets["key"] = "…"`."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from getpass import getpass
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.collection import completions
from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.html import table
from sesam_interactive.display.json_text import pretty
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client.connection import Connection


class Env(MutableMapping[str, Any]):  # noqa: PLW1641 - no mapping that changes has a hash
    """The variables that `$ENV(...)` refers to, as a mapping; each use asks or tells the node."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, Any]:
        """All variables."""
        found: dict[str, Any] = self._connection.get("/env")
        return found

    def add(self, variables: Mapping[str, Any]) -> None:
        """Add these variables, or overwrite them; others stay."""
        self._connection.json("POST", "/env", json=dict(variables), safe=True)

    def replace(self, variables: Mapping[str, Any]) -> None:
        """Replace all variables by these."""
        self._connection.json("PUT", "/env", json=dict(variables))

    def delete(self, name: str) -> None:
        """Delete one variable. Raises ClientError (status 404) where there is none."""
        self._connection.json("DELETE", f"/env/{segment(name)}")

    def __getitem__(self, name: str) -> Any:
        return self.all()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.add({name: value})

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __eq__(self, other: object) -> bool:
        return self.all() == (other.all() if isinstance(other, Env) else other)

    def _ipython_key_completions_(self) -> list[str]:
        return completions(self.all)

    def __repr__(self) -> str:
        return pretty(dict(sorted(self.all().items())))

    def _repr_html_(self) -> str:
        rows = [{"variable": name, "value": value} for name, value in sorted(self.all().items())]
        return table(rows)


class Secrets:
    """The secrets of a node, or of one system: they can be written and named, never read.

    `secrets["key"] = "value"` writes one, `secrets.ask("key")` asks for it, `del secrets["key"]`
    deletes it.
    """

    def __init__(self, connection: Connection, path: str = "/secrets") -> None:
        self._connection = connection
        self._path = path

    def names(self) -> list[str]:
        """The names of the secrets."""
        found: list[str] = self._connection.get(self._path)
        return found

    def add(self, secrets: Mapping[str, str]) -> None:
        """Add these secrets, or overwrite them; others stay."""
        self._connection.json("POST", self._path, json=_texts(secrets), safe=True)

    def ask(self, *names: str) -> None:
        """Ask for secrets at the keyboard and add them: so no notebook holds one.

        An empty answer leaves that secret as it is.
        """
        given = {name: getpass(f"{name}: ") for name in names}
        self.add({name: text for name, text in given.items() if text})

    def replace(self, secrets: Mapping[str, str]) -> None:
        """Replace all secrets by these."""
        self._connection.json("PUT", self._path, json=_texts(secrets))

    def delete(self, name: str) -> None:
        """Delete one secret. Raises ClientError (status 404) where there is none."""
        names = self.names()
        if name not in names:
            hint = suggestion(name, names)
            text = f'there is no secret "{name}"'
            raise ClientError(f"{text}; {hint}" if hint else text, status=404)
        self._connection.json("DELETE", f"{self._path}/{segment(name)}")

    def __setitem__(self, name: str, value: str) -> None:
        self.add({name: value})

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __getitem__(self, name: str) -> str:
        raise ClientError(
            f'the value of the secret "{name}" cannot be read: secrets can be written and named'
        )

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __bool__(self) -> bool:
        return True

    def _ipython_key_completions_(self) -> list[str]:
        return completions(self.names)

    def __repr__(self) -> str:
        names = self.names()
        return f"<Secrets: {', '.join(names)}>" if names else "<Secrets: none>"

    def _repr_html_(self) -> str:
        return table([{"secret": name, "value": "not shown"} for name in self.names()])


def _texts(secrets: Mapping[str, object]) -> dict[str, str]:
    """Secrets to send. Raises ClientError, which names no value, for what are none."""
    if not isinstance(secrets, Mapping):
        raise ClientError(f"expected secrets by name, got a {type(secrets).__name__}")
    texts = {name: value for name, value in secrets.items() if isinstance(value, str)}
    wrong = secrets.keys() - texts.keys()
    if wrong:
        raise ClientError(f'expected a text for the secret "{min(wrong)}"')
    return texts
