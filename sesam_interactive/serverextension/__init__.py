"""The Jupyter server extension: keeps a node for the workbench and tells kernels where it is.

`extension_points()` gives what the server loads: the extension (`app.py`), or, where only the
client is installed, what says so in one line (`missing.py`); the package is enabled wherever it is.
"""

from __future__ import annotations

from typing import Any


def extension_points() -> list[dict[str, Any]]:
    """Where Jupyter's server finds the extension."""
    try:
        from sesam_interactive.serverextension.app import SesamInteractive
    except ModuleNotFoundError:
        return [{"module": "sesam_interactive.serverextension.missing"}]
    return [{"module": "sesam_interactive", "app": SesamInteractive}]
