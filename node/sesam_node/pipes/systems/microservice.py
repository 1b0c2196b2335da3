"""The microservice system: a container that speaks HTTP. Declared only."""

from __future__ import annotations

from dataclasses import replace

from sesam_node.pipes.common_options import URL_SYSTEM
from sesam_node.pipes.component import Option, declare_system

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
        Option("hosts", "object", None, "host names to addresses"),
        Option("skip_pull", "boolean", default=False, doc="use only an image that is there?"),
        Option("pull_image_cron_expression", "string", None, "when to look for a new image"),
    ),
)

declare_system(
    "microservice",
    DOCKER,
    *(replace(option, deprecated="") for option in URL_SYSTEM),
    Option("use_https", "boolean", default=False, doc="speak HTTPS with it?"),
    Option("eager_load", "boolean", None, "start it before a pipe needs it? The node's if null"),
    doc="A container that is started by the node and reached over HTTP.",
)
