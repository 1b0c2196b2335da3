"""How a view's questions are answered: by name, with keyword arguments, in JSON.

What answers is plain Python without a widget: a kernel answers its widgets with it, the Jupyter
server the views of the workbench that have no kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from sesam_node.errors import Problem

Handler = TypeVar("Handler", bound=Callable[..., Any])


@overload
def request(handler: Handler) -> Handler: ...
@overload
def request(*, apart: bool) -> Callable[[Handler], Handler]: ...


def request(handler: Handler | None = None, *, apart: bool = False) -> Any:
    """Marks a method that answers the page: keyword arguments in, JSON out.

    One that may take a while is answered `apart`, in a thread of a pool: others need not wait.
    """

    def mark(method: Handler) -> Handler:
        method.__dict__["answers"] = "apart" if apart else "at once"
        return method

    return mark if handler is None else mark(handler)


class Answering:
    """What may be asked by name: the methods that are marked with `@request`."""

    answering: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        members = (member for base in cls.__mro__ for member in vars(base).items())
        cls.answering = frozenset(name for name, it in members if getattr(it, "answers", False))
        super().__init_subclass__(**options)

    def answer(self, name: Any, args: Mapping[str, Any]) -> dict[str, Any]:
        """`{"result"}`, or `{"error"}` with the message and problems; raises nothing."""
        if name not in self.answering:
            return {"error": {"message": f"there is no request {name!r}", "problems": []}}
        try:
            return {"result": getattr(self, name)(**args)}
        except SesamError as error:
            problems = [_told(problem) for problem in error.problems]
            status = getattr(error, "status", 0)
            return {"error": {"message": error.message, "problems": problems, "status": status}}
        except Exception as error:  # noqa: BLE001 - the page shows it; a thread would swallow it
            return {"error": {"message": f"{type(error).__name__}: {error}", "problems": []}}


def _told(problem: Problem) -> dict[str, str]:
    names = ("path", "code", "message", "hint", "level")
    return {name: str(getattr(problem, name)) for name in names if getattr(problem, name)}
