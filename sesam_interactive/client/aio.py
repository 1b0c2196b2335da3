"""The hub for code that awaits: `hub.aio`, the same nouns and calls.

    async for entity in hub.aio.datasets["orders"]: ...
    await asyncio.gather(*(hub.aio.pipes[name].run() for name in names))

A call runs in a thread, which the client is made for; so there is one client, and both ways of
using it give the same. A cancelled call ends at once for who awaits it. Its request may still come
to an end on the node; no further one is made, and what waits or polls stops (`waiting.py`).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from sesam_interactive.client.collection import Collection
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.waiting import Cancellation, cancellation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

THREADS = 32
CHUNK = 1_000
NOT_THERE = 404
# What asks nothing of the node by itself, and gives what is read, or a noun.
LAZY = frozenset({"entities", "as_of", "query", "make", "project", "pages"})
# Properties that ask the node.
ASKING = frozenset({"config", "effective", "original", "dataset"})
PLAIN = (str, bytes, int, float, list, dict, tuple, type(None))


class Call:
    """A call that is made when it is awaited."""

    def __init__(self, threads: ThreadPoolExecutor, name: str, function: Callable[[], Any]) -> None:
        self._threads = threads
        self._name = name
        self._function = function

    def __await__(self) -> Generator[Any, None, Any]:
        return self._made().__await__()

    async def _made(self) -> Any:
        current = Cancellation()
        context = copy_context()
        context.run(cancellation.set, current)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, context.run, self._function)
        except asyncio.CancelledError:
            current.cancel()
            raise
        return wrapped(found, self._threads)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no {name!r} in the {self!r} first, in brackets: (await …).{name}")

    def __getitem__(self, key: Any) -> Any:
        raise TypeError(f"no item in the {self!r} first, in brackets: (await …)[{key!r}]")

    def __repr__(self) -> str:
        return f"<call of {self._name}, not made yet: await it>"


class Async:
    """A hub, or a noun of one, whose calls are awaited; its documentation is that of the noun.

    What asks nothing (`hub.pipes["x"]`, `dataset.query(…)`) is used as it is; what is iterated over
    is so by `async for`.
    """

    __slots__ = ("_it", "_known", "_threads")

    def __init__(
        self, it: Any, threads: ThreadPoolExecutor, known: Callable[[], Any] | None = None
    ) -> None:
        self._it = it
        self._threads = threads
        self._known = known

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        own = getattr(type(self._it), name, None)
        if isinstance(own, property) and name in ASKING:
            return self._call(name, partial(getattr, self._it, name))
        if isinstance(self._it, Collection) and own is None and name not in vars(self._it):
            return self[name]
        value = getattr(self._it, name)
        if not callable(value):
            return wrapped(value, self._threads)
        if isinstance(value, Collection) or _is_noun(value):
            return wrapped(value, self._threads)
        if name in LAZY:
            return lambda *given, **options: wrapped(value(*given, **options), self._threads)
        return Method(name, value, partial(self._call, name))

    def _call(self, name: str, function: Callable[[], Any]) -> Call:
        title = f"{type(self._it).__name__}.{name}"
        return Call(self._threads, title, partial(self._asked, function))

    def _asked(self, function: Callable[[], Any]) -> Any:
        """Make a call; where there is no such thing, say what was probably meant."""
        try:
            return function()
        except ClientError as error:
            if error.status == NOT_THERE and self._known is not None:
                self._known()
            raise

    def __call__(self, *given: Any, **options: Any) -> Call:
        return self._call("()", partial(self._it, *given, **options))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(self._it, Collection):
            noun = self._it.make(key)
            return Async(noun, self._threads, partial(self._it.__getitem__, key))
        return self._call(f"[{key!r}]", partial(self._it.__getitem__, key))

    async def __aiter__(self) -> AsyncIterator[Any]:
        if not hasattr(type(self._it), "__iter__"):
            raise TypeError(f"there is nothing to iterate over in {self!r}")
        items = await Call(self._threads, "iteration", partial(iter, self._it))
        while chunk := await self._call("next", lambda: list(islice(items, CHUNK))):
            for item in chunk:
                yield item

    def __dir__(self) -> list[str]:
        names = {name for name in dir(type(self._it)) if not name.startswith("_")}
        return sorted(names | {name for name in vars(self._it) if not name.startswith("_")})

    def _ipython_key_completions_(self) -> list[str]:
        known = getattr(self._it, "_ipython_key_completions_", None)
        return list(known()) if known is not None else []

    def __repr__(self) -> str:
        # No table of what is there: that would ask the node, and hold up the loop.
        name = getattr(self._it, "name", None) or getattr(self._it, "url", "")
        return f"<{type(self._it).__name__} {name}, to await>".replace(" ,", ",")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class Method:
    """A method whose call is awaited."""

    def __init__(
        self, name: str, method: Callable[..., Any], call: Callable[[Callable[[], Any]], Call]
    ) -> None:
        self._call = call
        self._method = method
        self.__name__ = name
        self.__doc__ = method.__doc__
        self.__wrapped__ = method

    def __call__(self, *given: Any, **options: Any) -> Call:
        return self._call(partial(self._method, *given, **options))

    def __repr__(self) -> str:
        return f"<{self.__name__}, to call and await>"


def asynchronous(it: Any) -> Async:
    """An object of the client for code that awaits."""
    return Async(it, ThreadPoolExecutor(THREADS, thread_name_prefix="sesam-await"))


def wrapped(value: Any, threads: ThreadPoolExecutor) -> Any:
    """What a call gives: data as it is, nouns to await, lists of nouns one by one."""
    if type(value) is list and value and all(map(_is_noun, value)):
        return [Async(item, threads) for item in value]
    return Async(value, threads) if _is_noun(value) else value


def _is_noun(value: Any) -> bool:
    """Does it ask the node? Rows and entities are data, whatever else they know."""
    return not isinstance(value, PLAIN) and hasattr(value, "_connection")
