"""Shift+Tab in a `%%dtl` cell: what the function, property or rule under the cursor is.

IPython looks names of Python up, and no hook lets an extension say more; so the kernel's
`do_inspect`, which kernels are meant to override, is wrapped in this one. In a terminal there is no
Shift+Tab: `%dtl help concat` says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.magics.dtl_cell import dtl_cell
from sesam_interactive.magics.reference import catalogue, function_help
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_interactive.magics.knowledge import Knowledge


def install(shell: Any, knowledge: Knowledge) -> None:
    """Wrap the kernel's `do_inspect`, where there is a kernel."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return
    remove(shell)
    original: Callable[..., Any] = kernel.do_inspect

    def do_inspect(code: str, cursor_pos: int, *more: Any, **named: Any) -> Any:
        text = inspect(code, cursor_pos, knowledge)
        if text is None:
            return original(code, cursor_pos, *more, **named)
        return {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}

    kernel.do_inspect = do_inspect


def remove(shell: Any) -> None:
    """Give the kernel its own `do_inspect` back."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None and "do_inspect" in vars(kernel):
        del kernel.do_inspect


def inspect(code: str, offset: int, knowledge: Knowledge) -> str | None:
    """What stands at an offset of a `%%dtl` cell, as text; null where nothing is known of it."""
    cell = dtl_cell(code, offset)
    if cell is None or cell.offset is None:
        return None
    found = _hovered(cell.text, cell.offset, knowledge.feed(cell.name), knowledge)
    if found is None:
        return None
    if found["kind"] in ("function", "transform") and found["label"] in catalogue():
        return repr(function_help(found["label"]))
    lines = [f"{found['label']} ({found['kind']})", found.get("detail") or ""]
    lines += [found.get("doc") or ""]
    lines += [preview(example) for example in found.get("examples", ())[:3]]
    return "\n".join(line for line in lines if line)


def _hovered(
    text: str, offset: int, feed: dict[str, str], knowledge: Knowledge
) -> dict[str, Any] | None:
    from sesam_node.dtl.complete import hover

    answer = knowledge.ask("/dtl/hover", {"text": text, "offset": offset, **feed})
    if answer is not None:
        return dict(answer)
    found = hover(text, offset)
    return None if found is None else {**found}
