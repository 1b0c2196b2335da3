"""What all views share: requests from the page and their answers, a still picture, tidy ends.

The page asks by messages `{"kind": "request", "id", "name", "args"}`; a method marked with
`@request` answers. Under ipykernel 7 that happens on a thread of its own, beside a running cell: so
it prints nothing and shares nothing that is not safe to share.

A view that is shown in a notebook leaves a still picture (HTML without scripts) beside it. A live
view hides it; a notebook that is opened without a kernel, or on the web, shows it.
"""

from __future__ import annotations

import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from sesam_interactive.widgets.answering import Answering, request
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["View", "pool", "request", "shown"]

THREADS = 6

LOADER = """
// A page keeps every module that it ever loaded: one for all views of a kind, not one for each.
const load = async (model) => {
  const loaded = (globalThis.sesamInteractiveViews ??= new Map());
  const name = model.get("module_name");
  if (!loaded.has(name)) {
    const source = new Blob([model.get("module_source")], { type: "text/javascript" });
    const url = URL.createObjectURL(source);
    loaded.set(name, import(url).finally(() => URL.revokeObjectURL(url)));
    loaded.get(name).catch(() => loaded.delete(name));
  }
  return (await loaded.get(name)).default;
};
export default { render: async (context) => (await load(context.model)).render(context) };
"""
STATIC = Path(__file__).parent / "static"


@cache
def _module(file: Path) -> tuple[str, str]:
    """A name that says which version of a module it is, and its text."""
    source = file.read_text(encoding="utf-8")
    return f"{file.stem}-{zlib.crc32(source.encode()):08x}", source


@cache
def pool() -> ThreadPoolExecutor:
    """The threads that answer what may take a while."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="sesam-view")


class View(Answering, anywidget.AnyWidget):
    """A widget whose page is `static/<module>.js`, made from `frontend/src/widgets/`."""

    _css = STATIC / "widgets.css"
    _esm = LOADER
    fallback_id = traitlets.Unicode().tag(sync=True)
    module_name = traitlets.Unicode().tag(sync=True)
    module_source = traitlets.Unicode().tag(sync=True)
    module_file: ClassVar[Path]
    shown_by: tuple[str, str | None] = ("", None)
    shown_in: Mapping[str, Any] | None = None
    """The request to the kernel that showed it."""

    def __init_subclass__(cls, *, module: str | None = None, **options: Any) -> None:
        if module is not None:
            cls.module_file = STATIC / f"{module}.js"
        super().__init_subclass__(**options)

    def __init__(self, **values: Any) -> None:
        name, source = _module(self.module_file)
        super().__init__(
            fallback_id=uuid.uuid4().hex, module_name=name, module_source=source, **values
        )
        self.on_msg(self._asked)

    def close(self) -> None:
        """End the view, with the layout that ipywidgets made for it."""
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()

    def tell(self, event: str, data: Any) -> None:
        """Let every page that shows this view hear of something."""
        self.send({"kind": "event", "name": event, "data": data})

    def still(self) -> str:
        """HTML without scripts that stands for the view where no kernel runs."""
        raise NotImplementedError

    def _asked(self, _widget: View, message: Any, _buffers: Any) -> None:
        if not isinstance(message, dict) or message.get("kind") != "request":
            return
        method = getattr(type(self), str(message.get("name")), None)
        if getattr(method, "answers", "") == "apart":
            pool().submit(self._reply, message)
        else:
            self._reply(message)

    def _reply(self, message: dict[str, Any]) -> None:
        self.send({"kind": "answer", "id": message["id"]} | self._answer(message))

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        return self.answer(message.get("name"), message.get("args", {}))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        still = self.beside(self.still())
        display({"text/html": still, "text/plain": repr(self)}, raw=True)
        self.show_live()

    def beside(self, still: str) -> str:
        """HTML that is hidden where the view is live."""
        return f"<div data-sesam-still='{self.fallback_id}'>{still}</div>"

    def show_live(self) -> None:
        """Show the view itself, without a still picture."""
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if data is not None:
            display({**data, "text/plain": ""}, metadata=metadata, raw=True)
            shown(self)

    def show_below(self, other: View) -> None:
        """Show another view below this one, in the output of its cell, though that has long run.

        Raises InputError where this one is not shown in a notebook.
        """
        from IPython.core.getipython import get_ipython

        publisher: Any = getattr(get_ipython(), "display_pub", None)
        if self.shown_in is None or not hasattr(publisher, "session"):
            raise InputError("this view is not shown in a notebook")
        other.shown_by, other.shown_in = self.shown_by, self.shown_in
        _views.setdefault(self.shown_by[0], []).append(other)
        bundle = other._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        still = {"text/html": other.beside(other.still()), "text/plain": repr(other)}
        for shown_data, about in ((still, {}), ({**(data or {}), "text/plain": ""}, metadata)):
            # A message of its own: the thread that answers belongs to no cell.
            publisher.session.send(
                publisher.pub_socket,
                "display_data",
                {"data": shown_data, "metadata": about, "transient": {}},
                parent=self.shown_in,
                ident=b"display_data",
            )


_views: dict[str, list[View]] = {}


def shown(view: View) -> None:
    """Keep in mind which cell shows a view; those of its last run that it made are closed."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() if shell is not None else {}
    cell = (parent.get("metadata") or {}).get("cellId")
    run = (parent.get("header") or {}).get("msg_id")
    if cell is None:
        return
    view.shown_by, view.shown_in = (cell, run), parent
    kept = []
    for earlier in _views.get(cell, ()):
        # A view that is shown again, here or in another cell, lives on.
        if earlier is view or earlier.shown_by[1] == run:
            kept.append(earlier)
        elif earlier.shown_by[0] == cell:
            earlier.close()
    _views[cell] = [view, *(one for one in kept if one is not view)]
