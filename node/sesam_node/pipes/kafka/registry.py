"""The schema registry of a Kafka system: which schema a number means, which number a topic has.

It is asked over HTTP by a URL system of its own, so that address rules, redirects and errors are
those of all HTTP. What it says once is remembered as long as a run: schemas do not change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sesam_node.errors import ConfigError, PipeError
from sesam_node.pipes.component import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.model import Value
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.systems.url import UrlSystem

MOST_BYTES: Final = 16 * 1024 * 1024
TIMEOUT_S: Final = 60


class Registry:
    """A Confluent schema registry, or one that answers like it."""

    def __init__(self, system_id: str, options: Mapping[str, Any], context: Context) -> None:
        user = options["registry_username"]
        login = {
            "authentication": "basic",
            "username": user,
            "password": options["registry_password"],
        }
        config = {
            "_id": system_id,
            "type": "url",
            "url_pattern": f"{str(options['registry_url']).rstrip('/')}/%s",
            "verify_ssl": options["verify_ssl"],
            "custom_ca_pem_chain": options["custom_ca_pem_chain"],
            "connect_timeout": TIMEOUT_S,
            "read_timeout": TIMEOUT_S,
        }
        self._url: UrlSystem = build("system", config | (login if user else {}), context)
        self._numbers: dict[str, int] = {}
        self._avro: dict[int, Callable[[Any], Value]] = {}

    def number(self, topic: str, part: str) -> int:
        """The number of the newest schema of a topic's keys or values (`part`): it must be JSON.

        Raises PipeError where there is none, RequestError where the registry does not answer.
        """
        subject = f"{topic}-{part}"
        if subject not in self._numbers:
            found = self._get(f"subjects/{quote(subject, safe='')}/versions/latest")
            kind = found.get("schemaType") or "AVRO"
            if kind != "JSON":
                text = (
                    f'the schema of "{subject}" is of the type {kind}, messages are written as JSON'
                )
                raise PipeError(f"{self._url}: {text}")
            self._numbers[subject] = int(found["id"])
        return self._numbers[subject]

    def avro(self, number: int) -> Callable[[Any], Value]:
        """What reads a value of an Avro schema from a file."""
        if number not in self._avro:
            self._avro[number] = self._avro_reader(number)
        return self._avro[number]

    def _avro_reader(self, number: int) -> Callable[[Any], Value]:
        try:
            import fastavro
        except ImportError:
            message = f"{self._url} needs fastavro: install sesam-interactive[kafka]"
            raise ConfigError(message) from None
        from sesam_node.pipes.sql.values import Reading

        named: dict[str, Any] = {}
        found = self._get(f"schemas/ids/{number}")
        kind = found.get("schemaType") or "AVRO"
        if kind != "AVRO":
            raise PipeError(f"{self._url}: schema {number} is of the type {kind}, not AVRO")
        self._name(found, named, set())
        parsed = fastavro.parse_schema(json.loads(found["schema"]), named_schemas=named)
        reading = Reading(uuids=True)

        def read(file: Any) -> Value:
            value = reading(fastavro.schemaless_reader(file, parsed, None))
            if file.read(1):
                raise ValueError("there are bytes behind the value")
            return value

        return read

    def _name(self, found: Mapping[str, Any], named: dict[str, Any], seen: set[Any]) -> None:
        """Make known the schemas that a schema refers to, and those that they do."""
        import fastavro

        for reference in found.get("references") or ():
            place = reference["subject"], reference["version"]
            if place in seen:
                continue
            seen.add(place)
            subject = quote(str(place[0]), safe="")
            other = self._get(f"subjects/{subject}/versions/{place[1]}")
            self._name(other, named, seen)
            fastavro.parse_schema(json.loads(other["schema"]), named_schemas=named)

    def _get(self, relative: str) -> dict[str, Any]:
        with self._url.request(
            "GET", relative, headers={"accept": "application/vnd.schemaregistry.v1+json"}
        ) as answer:
            data = answer.body.read(MOST_BYTES)
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if type(found) is not dict:
            raise PipeError(f"{self._url}: {relative} of the schema registry is no JSON object")
        return found

    def check(self) -> None:
        """Raises PipeError where the registry does not answer."""
        with self._url.request("GET", "subjects?limit=1") as answer:
            answer.body.read(MOST_BYTES)

    def close(self) -> None:
        self._url.close()
