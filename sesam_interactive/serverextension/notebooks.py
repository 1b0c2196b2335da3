"""Notebooks for a pipe or a dataset, put where the user's files are."""

from __future__ import annotations

import asyncio
import json
import tempfile
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

from sesam_interactive.client.datasets import Dataset
from sesam_interactive.client.pipes import Pipe
from sesam_interactive.client.scaffold import CONNECT, notebook_file
from sesam_node.errors import InputError, preview

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_server.services.contents.manager import ContentsManager

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.serverextension.nodes import Nodes

KINDS = {"pipe": Pipe, "dataset": Dataset}


async def notebook_for(
    nodes: Nodes, contents: ContentsManager, kind: str, name: str, folder: str
) -> str:
    """The path of the notebook for a pipe or dataset; made where there is none of that name.

    Raises InputError for other kinds, ClientError where the node does not have it.
    """
    if kind not in KINDS:
        raise InputError(f"there are notebooks for pipes and datasets, not for {preview(kind)}")
    path = "/".join(part for part in (folder.strip("/"), notebook_file(None, name).name) if part)
    if await ensure_async(contents.file_exists(path)):
        return path
    content = await asyncio.to_thread(_written, nodes.connection(), kind, name, nodes.profile)
    model = {"type": "notebook", "format": "json", "content": content}
    await ensure_async(contents.save(model, path))
    return path


def _written(connection: Connection, kind: str, name: str, profile: str | None) -> Any:
    """The notebook as JSON; its first cell connects to the node that is shown."""
    with tempfile.TemporaryDirectory() as folder:
        file: Path = KINDS[kind](connection, name).notebook(folder)
        content = json.loads(file.read_text("utf-8"))
    if profile is not None:
        here = f"connect(profile={json.dumps(profile, ensure_ascii=False)})"
        for cell in content["cells"]:
            source = "".join(cell["source"])
            if source.startswith(CONNECT):
                cell["source"] = _CONNECT_TO.format(here) + source.removeprefix(CONNECT)
    return content


_CONNECT_TO = """import sesam_interactive

hub = sesam_interactive.{}
"""
