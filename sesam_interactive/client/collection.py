"""A node's pipes, datasets and systems as mappings: by id, iterable, with completion."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sesam_interactive.client.connection import given, segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.rows import Rows
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sesam_interactive.client.connection import Connection

Noun = TypeVar("Noun")


class Collection(Generic[Noun]):
    """Things of one kind on a node; asked anew on each use, so it is never stale."""

    noun = ""
    path = ""
    key = "_id"
    named_only: ClassVar[Mapping[str, str]] = {}
    """The parameters with which the API leaves out all but the id, where it can."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @abstractmethod
    def make(self, name: str) -> Noun:
        """The object for one id, whether the node has it or not."""

    def names(self) -> list[str]:
        """The ids that the node has now."""
        return sorted(item[self.key] for item in self._listed(**self.named_only))

    def __getitem__(self, name: str) -> Noun:
        if not isinstance(name, str):
            raise ClientError(f"expected the id of a {self.noun}, got {preview(name)}")
        if not name.startswith("system:") and not self._is_there(name):
            hint = suggestion(name, self.names())
            text = f'there is no {self.noun} "{name}" on {self._connection.url}'
            raise ClientError(f"{text}; {hint}" if hint else text, status=404)
        return self.make(name)

    def _is_there(self, name: str) -> bool:
        """Asked for this one alone: a node may have thousands."""
        path, known = f"{self.path}/{segment(name)}", given(self.named_only)
        answer = self._connection.request("GET", path, params=known, allowed=(404,))
        return answer.status_code != 404

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Noun:
        # hub.datasets.orders for ids that are Python names; anything else is asked for by key.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except ClientError as error:
            raise AttributeError(error.message) from None

    def __dir__(self) -> list[str]:
        known = self._ipython_key_completions_()
        return [*super().__dir__(), *(name for name in known if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return completions(self.names)

    @abstractmethod
    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        """What the table of all of them shows of one."""

    def _rows(self) -> list[dict[str, Any]]:
        return [self._row(item) for item in self._listed()]

    def table(self) -> Rows:
        """All of them as rows, as they are shown."""
        return Rows(self._rows(), none=f"no {self.noun}s")

    def _listed(self, **parameters: str) -> list[dict[str, Any]]:
        asked = self._listing() | parameters
        found: list[dict[str, Any]] = self._connection.get(self.path, **asked)
        return found

    def _listing(self) -> dict[str, Any]:
        return {}

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.table())


def completions(names: Callable[[], Iterable[str]]) -> list[str]:
    """The names to complete with; none where the node cannot be asked, and no error either."""
    try:
        return sorted(names())
    except ClientError:
        return []


def configuration(value: Any) -> dict[str, Any]:
    """The configuration of a pipe or system to send. Raises ClientError for what is none."""
    if not isinstance(value, Mapping):
        raise ClientError(f"expected the configuration as a dict, got {preview(value)}")
    return dict(value)
