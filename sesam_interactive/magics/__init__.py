"""The magics of the workbench: `%%dtl`, `%dtl` and `%sesam`, with completion and inspection."""

from __future__ import annotations

from typing import Any


def register(shell: Any) -> None:
    """Add the magics to an IPython shell, and what helps writing them."""
    from sesam_interactive.magics import completion, inspection
    from sesam_interactive.magics.dtl import DtlMagics
    from sesam_interactive.magics.knowledge import Knowledge
    from sesam_interactive.magics.sesam import SesamMagics

    shell.register_magics(DtlMagics)
    shell.register_magics(SesamMagics)
    knowledge = Knowledge()
    completion.install(shell, knowledge)
    inspection.install(shell, knowledge)


def unregister(shell: Any) -> None:
    """Take completion and inspection out of a shell again; its magics stay."""
    from sesam_interactive.magics import completion, inspection

    completion.remove(shell)
    inspection.remove(shell)
