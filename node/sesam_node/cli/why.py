"""`sesam-node why`: why an entity is as it is, from a running node or from a data folder."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.cli.client import CallError, NodeClient, segment
from sesam_node.errors import ConfigError, InputError

if TYPE_CHECKING:
    import argparse

GONE = 404
PATH = re.compile(r"(\(\$[^ ]+\)|(?<=  )[\w-]+(\[[^ ]*\]|\.\w+)+)$")


def why(options: argparse.Namespace) -> int:
    """Print the answer; 1 where there is no such entity."""
    if options.depth < 0:
        raise InputError(f"expected a depth that is not negative, got {options.depth}")
    try:
        found = _of_node(options) if options.node else asyncio.run(_of_folder(options))
    except CallError as error:
        if error.status != GONE:
            raise
        print(f"sesam-node why: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _show(found)
    return 0


def _of_node(options: argparse.Namespace) -> Any:
    token = options.jwt or os.environ.get("JWT", "")
    parameters = {
        "entity_id": options.entity,
        "property": options.property,
        "depth": options.depth,
        "format": "json" if options.json else "text",
    }
    path = f"/datasets/{segment(options.dataset)}/why"
    with NodeClient(options.node, token) as client:
        answer = client.get_bytes(path, parameters)
    return json.loads(answer) if options.json else answer.decode()


async def _of_folder(options: argparse.Namespace) -> Any:
    """The answer over a data folder, in this process: no pump runs meanwhile."""
    from sesam_node.cli.serve import settings_of
    from sesam_node.dtl import compile_index
    from sesam_node.hub import Hub
    from sesam_node.hub.vault import vault_key
    from sesam_node.scheduling.inline import InlineExecutor
    from sesam_node.store import open_store

    settings = settings_of(options)
    if not settings.data.is_dir():
        raise ConfigError(f"there is no node's data in {settings.data}; name a node with --node")
    store = open_store(settings.store_url, index_resolver=compile_index)
    try:
        hub = Hub(
            settings,
            store,
            InlineExecutor(store),
            epoch=store.lock_node(),
            vault_key=vault_key(settings.secrets_key),
        )
        await hub.configuration.load()
        return await hub.insight.why(
            options.dataset,
            options.entity,
            options.property,
            options.depth,
            text=not options.json,
        )
    finally:
        store.close()


def _show(text: str) -> None:
    """The text as it is, with colours in a terminal."""
    from rich.console import Console
    from rich.text import Text

    if not sys.stdout.isatty():
        print(text, end="")
        return
    console = Console(highlight=False)
    for line in text.splitlines():
        shown = Text(line, no_wrap=False)
        if ", version " in line or ", deleted " in line:
            shown.stylize("bold")
        shown.highlight_regex(PATH, "dim")
        console.print(shown, soft_wrap=True)
