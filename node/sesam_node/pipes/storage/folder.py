"""Files of this machine, where the node may read and write them."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sesam_node.errors import ConfigError, PipeError
from sesam_node.pipes.http.answer import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sesam_node.pipes.runs import PipeDefinition


class Folder:
    """What a url system does with files; relative paths are below the project's folder."""

    def __init__(self, owner: str, definition: PipeDefinition) -> None:
        self._owner = owner
        self._definition = definition

    def open(self, url: str) -> BinaryIO:
        """The bytes of a file. Raises PipeError."""
        path = self._path(url)
        try:
            return path.open("rb")
        except OSError as error:
            raise PipeError(f"{self._owner}: cannot read {path}: {error.strerror}") from None

    def size(self, url: str) -> int | None:
        """Its bytes; null where there is no such file."""
        path = self._path(url)
        return path.stat().st_size if path.is_file() else None

    @contextmanager
    def replacing(self, url: str) -> Iterator[BinaryIO]:
        """A file that takes the place of this one when the block ends without error.

        Until then it lies beside it under a hidden name, which is that of the next try, too.
        """
        path = self._path(url)
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _sync(path.parent)
        except OSError as error:
            raise PipeError(f"{self._owner}: cannot write {path}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def listing(self, url: str) -> Iterator[tuple[str, int]]:
        """Path below the folder, and size in bytes, of each file that is not hidden, in order."""
        folder = self._path(url)
        for path in sorted(folder.rglob("*")):
            below = path.relative_to(folder)
            if not any(part.startswith(".") for part in below.parts) and path.is_file():
                yield below.as_posix(), path.stat().st_size

    def check(self, url: str) -> str:
        """What is there, in a few words. Raises PipeError where it is not."""
        folder = self._path(url)
        if not folder.is_dir():
            raise PipeError(f"{self._owner}: there is no folder {folder}")
        return f"the folder {folder}"

    def _path(self, url: str) -> Path:
        if not self._definition.allow_files:
            message = f"{self._owner}: files may be used only by a node that listens on loopback"
            raise ConfigError(f"{message}; {shown(url)} is one")
        path = Path(unquote(urlsplit(url).path) if url[:5].lower() == "file:" else url)
        return path if path.is_absolute() else Path(self._definition.base_folder or ".") / path


def _sync(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
