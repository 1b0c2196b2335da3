"""The magics of the workbench: `%%dtl` and `%sesam`."""

from __future__ import annotations

from typing import Any


def register(shell: Any) -> None:
    """Add the magics to an IPython shell."""
    from sesam_interactive.magics.dtl import DtlMagics
    from sesam_interactive.magics.sesam import SesamMagics

    shell.register_magics(DtlMagics)
    shell.register_magics(SesamMagics)
