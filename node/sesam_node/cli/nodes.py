"""Which running node a command is about.

`--node` is a URL, or the name of a node that is kept with its token (`profiles.add` of the client).
Without it: `NODE` of the environment, else the node on the data folder, which keeps its address
and its token there.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError
from sesam_node.settings import Settings, read_private, write_private

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sesam_node.cli.client import NodeClient

ADDRESS_FILE = "url"


def add_node(command: argparse.ArgumentParser) -> None:
    """The options that say which node."""
    command.add_argument(
        "--node", metavar="URL", help="a running node, or the name of one that is kept (NODE)"
    )
    command.add_argument("--jwt", metavar="TOKEN", help="its token (or the variable JWT)")
    command.add_argument("--data", type=Path, metavar="DIR", help="the data folder of a node")


def node_of(options: argparse.Namespace) -> NodeClient:
    """A client of the node that is meant. Raises ConfigError where none is, or its token lacks."""
    from sesam_node.cli.client import NodeClient

    place = options.node or ("" if options.data else os.environ.get("NODE", ""))
    if not place:
        return _on(Settings.from_environment(data=options.data))
    kept = _kept(place)
    url = kept.get("node", place)
    token = options.jwt or kept.get("jwt") or os.environ.get("JWT")
    if not token:
        raise ConfigError(f"the node {url} needs its token: --jwt, or the variable JWT")
    return NodeClient(url, token)


def _on(settings: Settings) -> NodeClient:
    from sesam_node.cli.client import NodeClient

    token = read_private(settings.data / "token")
    if not token:
        raise ConfigError(
            f"which node? There is no node's data in {settings.data}; --node names a running node,"
            " --data its data folder, --project a folder to work in without a node"
        )
    address = address_of(settings.data)
    if not address:
        raise ConfigError(f"the node on {settings.data} does not run; `sesam-node serve` starts it")
    return NodeClient(address, token)


@contextmanager
def told_address(data: Path, url: str) -> Iterator[None]:
    """Keep where the node of a data folder answers, for others on this machine, while it runs.

    This process holds a lock on the file. After a kill -9 the file is left, but held by none: where
    another program answers by then, the node's token is not sent to it.
    """
    file = data / ADDRESS_FILE
    write_private(file, url)
    held = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(held)


def address_of(data: Path) -> str:
    """Where the node of a data folder answers; nothing where none runs."""
    file = data / ADDRESS_FILE
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_private(file)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None
    return ""


def kept_nodes() -> Path:
    """The file that keeps nodes with their tokens, by name."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "sesam-interactive" / "profiles.json"


def _kept(name: str) -> dict[str, Any]:
    """The node that is kept under a name; empty where there is none."""
    text = read_private(kept_nodes())
    try:
        found = json.loads(text or "{}").get(name)
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}
