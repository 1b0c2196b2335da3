"""`sesam-node serve` and `sesam-node token`: a node in this process, and the key to it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from sesam_node import __version__, log
from sesam_node.cli.nodes import told_address
from sesam_node.errors import ConfigError
from sesam_node.settings import Keys, Settings

if TYPE_CHECKING:
    import argparse

OPTIONS = (
    "data",
    "host",
    "port",
    "project",
    "profile",
    "watch",
    "developer_mode",
    "allow_commands",
    "containers",
    "config_file",
    "workers",
    "secrets_key_file",
    "jwt_key",
    "jwt_public_key",
    "jwt_algorithm",
    "jwt_issuer",
    "jwt_audience",
    "log_level",
    "log_format",
    "stop_with_stdin",
)


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings of the options given, over those of the environment."""
    given = {name: getattr(options, name, None) for name in OPTIONS}
    settings = Settings.from_environment(**given)
    settings.check()
    if settings.project is not None and not settings.project.is_dir():
        raise ConfigError(f"there is no project folder {settings.project}")
    return settings


def serve(options: argparse.Namespace) -> int:
    """Run a node until a signal, or the end of standard input, tells it to stop."""
    settings = settings_of(options)
    log.set_up(settings.log_level, settings.log_format)
    log.take_all()
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    from sesam_node.node import Node

    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if settings.stop_with_stdin:
        _watch_stdin(loop, stopping)
    node = Node(settings)
    try:
        await node.start()
        with told_address(settings.data, node.url):
            print(f"sesam-node {__version__} is ready at {node.url}/api", flush=True)
            print(f"its page is at {node.url}/ (`sesam-node open` opens it)", flush=True)
            await stopping.wait()
    finally:
        await node.stop()
    return 0


def _watch_stdin(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """Stop when standard input ends: the program that started this node is gone."""
    number = sys.stdin.fileno()

    def wait() -> None:
        # Not through sys.stdin: its lock, held while it waits, would abort the interpreter's end.
        while os.read(number, 4096):
            pass
        loop.call_soon_threadsafe(stopping.set)

    # A thread, as standard input may be a file or terminal, which no loop can wait for.
    threading.Thread(target=wait, name="stdin", daemon=True).start()


def token(options: argparse.Namespace) -> int:
    """Print a token that the node on a data folder accepts."""
    settings = settings_of(options)
    if options.name is not None or options.list or options.revoke is not None:
        from sesam_node.cli.accounts import api_keys

        return api_keys(options, settings)
    lifetime = None if options.hours is None else options.hours * 3600.0
    if settings.jwt_key:
        # A key given needs no data folder, and leaves none.
        key = settings.jwt_key
        keys = Keys("HS256", key, key, settings.jwt_issuer, settings.jwt_audience)
        print(keys.token(lifetime_s=lifetime))
        return 0
    if not (settings.data / "secret").is_file():
        raise ConfigError(f"there is no node's data in {settings.data}; start the node once")
    keys = Keys.load(settings)
    kept = (settings.data / "token").read_text().strip()
    print(kept if lifetime is None else keys.token(lifetime_s=lifetime))
    return 0
