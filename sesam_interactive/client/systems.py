"""Systems of a node: `hub.systems["crm"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sesam_interactive.client.access import Permissions, read_permissions, write_permissions
from sesam_interactive.client.collection import Collection, configuration
from sesam_interactive.client.connection import segment
from sesam_interactive.client.settings import Secrets
from sesam_interactive.display.html import properties_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.offers import Offer, Offers
    from sesam_interactive.client.pipes import Pipe

PATH_SAFE = "/:@!$&'()*+,;=-._~"
FOREIGN = range(400, 600)


class System:
    """One system of a node; secrets are never part of what it shows."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self._path = f"/systems/{segment(name)}"

    def info(self) -> dict[str, Any]:
        """What the node says of it: `config` (original and effective) and `runtime`."""
        found: dict[str, Any] = self._connection.get(self._path)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration as it was uploaded."""
        original: dict[str, Any] = self._connection.get(f"{self._path}/config")
        return original

    @property
    def secrets(self) -> Secrets:
        """Its secrets: they can be written and named, never read."""
        return Secrets(self._connection, f"{self._path}/secrets")

    def save(self, config: Mapping[str, Any], *, force: bool = False) -> None:
        """Put a new configuration of this system on the node; made where there is none."""
        params = {"force": "true"} if force else None
        self._connection.json(
            "PUT", f"{self._path}/config", json=configuration(config), params=params
        )

    def delete(self) -> None:
        """Delete the system and its secrets."""
        self._connection.json("DELETE", self._path)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the server behind the system; the node puts on what the system logs in with.

        `options` are those of httpx: `params`, `json`, `content`, `headers`. The answer is the
        server's, whatever its status; raises ClientError where there is none.
        """
        target = f"{self._path}/proxy/{quote(path.lstrip('/'), safe=PATH_SAFE)}"
        options["headers"] = {"Accept": "*/*", **(options.get("headers") or {})}
        return self._connection.request(method.upper(), target, allowed=FOREIGN, **options)

    def permissions(self) -> Permissions:
        """Who may do what with it."""
        return read_permissions(self._connection, f"system/{self.name}")

    def permit(self, entries: Sequence[Any]) -> Permissions:
        """Give it a list of permissions of its own; an empty one goes back to the defaults."""
        return write_permissions(self._connection, f"system/{self.name}", entries)

    def status(self) -> dict[str, Any]:
        """Can it be reached? `status` is "ok", "failed" or "unknown"; `message`, `seconds`."""
        found: dict[str, Any] = self._connection.get(f"{self._path}/status")
        return found

    def log(self, since: str | float | None = None) -> str:
        """What a microservice that the node runs has printed; after `since`, a time or seconds.

        Raises ClientError where the node does not run it.
        """
        return self._connection.text(f"{self._path}/logs", since=since)

    def reload(self) -> None:
        """Have the node fetch the image of a microservice again, and start it anew."""
        self._connection.json("POST", f"{self._path}/reload")

    def browse(
        self, offer: str | None = None, *, search: str = "", limit: int = 5
    ) -> Offers | Offer:
        """The tables, views or files that it offers; with `offer` one, and `limit` entities of it.

        `search` leaves those whose ids contain it. Raises ClientError where it cannot be reached.
        """
        from sesam_interactive.client import offers

        if offer is not None:
            return offers.offer(self._connection, self.name, offer, limit)
        return offers.Offers(self._connection, self.name, search, sinks=False)

    def targets(self, *, search: str = "") -> Offers:
        """The tables that can be written to."""
        from sesam_interactive.client import offers

        return offers.Offers(self._connection, self.name, search, sinks=True)

    def share_pipes(self, target: str | None = None) -> list[dict[str, Any]]:
        """Pipes that would share datasets to its tables, or to one; to be changed, and saved."""
        path = f"{self._path}/sink-prototypes"
        found: list[dict[str, Any]] = self._connection.get(path, target=target)
        return found

    def collect(self, offer: str, name: str | None = None, *, run: bool = True) -> Pipe:
        """Make the pipe that collects one of its offers into a dataset, and run it.

        `name` is the pipe's; by default made of the names of system and offer. Raises ClientError
        where there is a pipe of that name, or the run fails.
        """
        from sesam_interactive.client import offers

        return offers.collect(self._connection, self.name, offer, name, run=run)

    def __repr__(self) -> str:
        return f'<System "{self.name}">'

    def _repr_html_(self) -> str:
        config = self.config
        rows = {"type": config.get("type"), "description": config.get("description")}
        return properties_table(f"System {self.name}", {k: v for k, v in rows.items() if v})


class Systems(Collection[System]):
    """The systems of a node, by id."""

    noun = "system"
    path = "/systems"

    def make(self, name: str) -> System:
        return System(self._connection, name)

    def add(self, *systems: Mapping[str, Any], force: bool = False) -> list[System]:
        """Add systems. Raises ClientError where one exists already (409), or has errors."""
        body, params = [configuration(system) for system in systems], {"force": force}
        found = self._connection.json("POST", self.path, json=body, params=params)
        return [self.make(item["_id"]) for item in found]

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        original, runtime = item["config"]["original"], item.get("runtime", {})
        state = "ok" if runtime.get("is-valid-config", True) else "invalid configuration"
        return {"system": item["_id"], "type": original.get("type"), "state": state}
