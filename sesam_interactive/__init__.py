"""The notebook side of Sesam Interactive: connect to a hub, explore it, write DTL live.

    import sesam_interactive
    hub = sesam_interactive.connect()
    hub.datasets["orders"].to_polars()

Importing it in IPython (or `%load_ext sesam_interactive`) adds the magics `%%dtl` and `%sesam`.
"""

from __future__ import annotations

import sys
from typing import Any

from sesam_interactive.client import (
    ClientError,
    Hub,
    connect,
    connect_async,
    current_hub,
    profiles,
)
from sesam_node import __version__

__all__ = [
    "ClientError",
    "Hub",
    "__version__",
    "connect",
    "connect_async",
    "current_hub",
    "from_frame",
    "profiles",
]


def __getattr__(name: str) -> Any:
    if name == "from_frame":
        from sesam_interactive.frames import from_frame

        return from_frame
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext sesam_interactive`."""
    from sesam_interactive.magics import register

    register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext sesam_interactive`."""
    from sesam_interactive.magics import unregister

    unregister(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from sesam_interactive.serverextension import extension_points

    return extension_points()


def _register_in_running_shell() -> None:
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        load_ipython_extension(shell)


_register_in_running_shell()
