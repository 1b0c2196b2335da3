"""The microservice system: a program that speaks HTTP.

The hub keeps its container running, or a `command` (beyond the manual), where the node was told to
(`hub/microservices.py`); or its address is given with `url_pattern`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from sesam_node.errors import NotBuiltError
from sesam_node.pipes.common_options import URL_SYSTEM
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.systems.url import SAFE_METHODS, UrlSystem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.batch import Context

DOCKER = Option(
    "docker",
    "object",
    doc="the container",
    fields=(
        Option("image", "string", doc="the image"),
        Option("port", "integer", doc="the port that it answers on"),
        Option("environment", "object", None, "its environment variables"),
        Option("username", "string", None, "the user at the registry"),
        Option("password", "string", None, "the user's password", secret=True),
        Option("memory", "integer", 128, "megabytes of memory"),
        Option("cpu_quota", "integer", 25, "percent of one processor"),
        Option("cpu_period", "integer", 100, "milliseconds in which the quota counts", least=1),
        Option("cpuset_cpus", "string", None, 'the processors it may use: "0-2", "0,1"'),
        Option("hosts", "object", None, "host names to addresses"),
        Option("skip_pull", "boolean", default=False, doc="use only an image that is there?"),
        Option("pull_image_cron_expression", "string", None, "when to look for a new image"),
    ),
)

START_S = 30.0
PAUSE_S = 0.1


@system(
    "microservice",
    DOCKER,
    Option(
        "command",
        "string-list",
        None,
        "a command to run instead of the container, in the project's folder; it answers on $PORT",
    ),
    *(replace(option, deprecated="") for option in URL_SYSTEM),
    Option("use_https", "boolean", default=False, doc="speak HTTPS with it?"),
    Option("eager_load", "boolean", None, "start it before a pipe needs it? The node's if null"),
)
class MicroserviceSystem(UrlSystem):
    """A program that is started by the node and reached over HTTP."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        if not (options["url_pattern"] or options["base_url"]):
            if options["command"]:
                text = "its command does not run: start the node with --allow-commands"
            else:
                text = (
                    "its container does not run: start the node with --containers, or give it a "
                    '"url_pattern"'
                )
            raise NotBuiltError(f'system "{options.get("_id", "")}": {text}')
        super().__init__(options, context)
        self._until = time.monotonic() + START_S

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        """The answer; a program that is only starting is waited for."""
        while True:
            try:
                return super()._send(method, url, headers, body)
            except httpx.ConnectError as error:
                self._check_patience(error)
            except (httpx.ReadError, httpx.RemoteProtocolError) as error:
                # An engine takes connections before the program in the container does.
                if method not in SAFE_METHODS:
                    raise
                self._check_patience(error)
            time.sleep(PAUSE_S)

    def _check_patience(self, error: httpx.HTTPError) -> None:
        """Raises the error where the program is not only starting."""
        if time.monotonic() > self._until or not self._options.get("started_by_node"):
            raise error
