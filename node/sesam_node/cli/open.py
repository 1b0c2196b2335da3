"""`sesam-node open`: the node's own page, in a browser, logged in.

The link holds the token behind a `#`, which no browser sends and the page takes out of the address.
It does not stand in the arguments of the browser either, where others on the machine could read it:
the browser is given a file that only its owner reads, beside the token, and which leads there.
"""

from __future__ import annotations

import html
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import quote

from sesam_node.cli.nodes import kept_nodes, node_of
from sesam_node.settings import Settings, write_private

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from sesam_node.cli.client import NodeClient

FILE = "open.html"
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}">
<title>Sesam node</title>
<p><a href="{link}">To the page of the node</a></p>
</html>
"""


def open_page(options: argparse.Namespace) -> int:
    """Open the page of a running node, or print its link. Raises ConfigError where none runs."""
    with node_of(options) as node:
        node.call("GET", "/status")  # it runs, and takes the token
        link = link_of(node)
        if options.print:
            print(link)
            return 0
        file = _beside_the_token(options) / FILE
        write_private(file, PAGE.format(link=html.escape(link)))
        if webbrowser.open(file.absolute().as_uri()):
            print(f"the page of the node is opened: {node.page}")
            return 0
        file.unlink()
    print(f"there is no browser here; `sesam-node open --print` prints a link to {node.page}")
    return 1


def _beside_the_token(options: argparse.Namespace) -> Path:
    """The data folder, or where the tokens of other nodes are kept."""
    data = Settings.from_environment(data=options.data).data
    return data if (data / "token").is_file() else kept_nodes().parent


def link_of(node: NodeClient) -> str:
    """The page's address with the token, as good as the token itself."""
    return f"{node.page}#token={quote(node.token, safe='')}"
