"""Objects of a bucket as files: read in ranges, written whole or not at all, listed.

An object that is replaced while it is read ends the reading: what is asked for is the version that
was there at first.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sesam_node.errors import PipeError
from sesam_node.pipes.http.addresses import check_host
from sesam_node.pipes.storage.stores import make_store, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from obstore.store import ObjectStore

    from sesam_node.pipes.runs import PipeDefinition

BUFFER_BYTES: Final = 4 * 1024 * 1024
MOST_LISTED: Final = 200
"""Each is looked into, and every look is a request or more."""

FIRST_BYTES: Final = 256 * 1024
PART_BYTES: Final = 8 * 1024 * 1024


class Objects:
    """What a url system does with object storage. `options` are those of the system."""

    def __init__(self, owner: str, options: Mapping[str, Any], definition: PipeDefinition) -> None:
        self._owner = owner
        self._options = options
        self._definition = definition
        self._stores: dict[tuple[str, str], ObjectStore] = {}

    def open(self, url: str) -> BinaryIO:
        """The bytes of an object, that can be moved in. Raises PipeError."""
        store, key = self._place(url)
        with self._told(url):
            from obstore import get, head
            from obstore.exceptions import BaseError

            try:
                meta = head(store, key)
            except BaseError:
                # The answer to HEAD has no text that says why.
                get(store, key)
                raise
        return io.BufferedReader(_Reader(self, store, key, url, meta), BUFFER_BYTES // 4)

    def size(self, url: str) -> int | None:
        """Its bytes; null where there is no such object."""
        store, key = self._place(url)
        try:
            with self._told(url):
                from obstore import head

                return int(head(store, key)["size"])
        except NoObjectError:
            return None

    @contextmanager
    def replacing(self, url: str) -> Iterator[BinaryIO]:
        """A file that becomes the object when the block ends without error, else nothing does."""
        store, key = self._place(url)
        with self._told(url):
            from obstore import open_writer

            # Leaving the block with an error gives the upload up.
            with open_writer(store, key, buffer_size=PART_BYTES) as writer:
                file = io.BufferedWriter(_Writer(writer), PART_BYTES)
                yield file
                file.flush()

    def listing(self, url: str) -> Iterator[tuple[str, int]]:
        """Key behind the prefix, and size in bytes, of the first 200 objects that have any."""
        return islice(self._listed(url), MOST_LISTED)

    def _listed(self, url: str) -> Iterator[tuple[str, int]]:
        store, prefix = self._place(url, folder=True)
        with self._told(url):
            from obstore import list as list_objects

            # A prefix is a folder here: what stands behind its last slash is told by names.
            folder = prefix.rpartition("/")[0]
            for page in list_objects(store, folder or None):
                for meta in page:
                    if meta["path"].startswith(prefix) and meta["size"]:
                        yield meta["path"][len(prefix) :], meta["size"]

    def check(self, url: str) -> str:
        """What is there, in a few words. Raises PipeError where it cannot be listed."""
        next(self.listing(url), None)
        return f"the storage answers ({shown_object(url)})"

    def _place(self, url: str, *, folder: bool = False) -> tuple[ObjectStore, str]:
        scheme = scheme_of(url) or ""
        bucket, _, key = url.partition("://")[2].partition("/")
        if not bucket:
            raise PipeError(f"{self._owner}: {shown_object(url)} names no bucket")
        if not (key or folder):
            raise PipeError(f"{self._owner}: {shown_object(url)} names no object")
        if (scheme, bucket) not in self._stores:
            self._check_endpoint()
            # Not as for other systems: who sends a key to a cloud wants to know who gets it.
            verify = self._options["verify_ssl"] is not False
            self._stores[scheme, bucket] = make_store(
                self._owner, scheme, bucket, self._options, verify=verify
            )
        return self._stores[scheme, bucket], key

    def _check_endpoint(self) -> None:
        endpoint = (self._options["storage"] or {}).get("endpoint")
        rules = self._definition.addresses
        if endpoint and rules.hold_back:
            parts = urlsplit(endpoint)
            check_host(self._owner, rules, parts.hostname or "", parts.port or 443)

    @contextmanager
    def _told(self, url: str) -> Iterator[None]:
        """Errors of the storage as what a person needs of them, without what it was asked with."""
        from obstore.exceptions import BaseError

        what = f"{self._owner}: {shown_object(url)}"
        try:
            yield
        except FileNotFoundError as error:
            raise NoObjectError(f"{what}: {_reason(error)}") from None
        except (BaseError, OSError) as error:
            raise PipeError(f"{what}: {_reason(error)}") from None
        except ValueError as error:
            if type(error) is not ValueError:
                raise
            raise PipeError(f"{what}: {_reason(error)}") from None


class NoObjectError(PipeError):
    """There is no such object."""


class _Reader(io.RawIOBase):
    """An object in ranges, all of the version that was there first."""

    def __init__(self, objects: Objects, store: ObjectStore, key: str, url: str, meta: Any) -> None:
        self._objects = objects
        self._store = store
        self._key = key
        self._url = url
        self._size: int = meta["size"]
        self._tag: str | None = meta["e_tag"]
        self._at = 0
        self._kept = b""
        self._kept_at = 0
        self._step = FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._ahead(len(buffer))
        count = len(data)
        buffer[:count] = data
        self._at += count
        return count

    def _ahead(self, wanted: int) -> bytes:
        """What stands here, up to so many bytes.

        More is asked for than is wanted, since readers of text take 8 KiB at a time: the more, the
        longer it is read in order.
        """
        start, end = self._kept_at, self._kept_at + len(self._kept)
        if not start <= self._at < end:
            in_order = bool(self._kept) and self._at == end
            self._step = min(2 * self._step, BUFFER_BYTES) if in_order else FIRST_BYTES
            self._kept_at = start = self._at
            self._kept = self._range(start, min(start + max(wanted, self._step), self._size))
        return self._kept[self._at - start : self._at - start + wanted]

    def _range(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        from obstore import get

        options: Any = {"range": (start, end)}
        if self._tag:
            options["if_match"] = self._tag
        with self._objects._told(self._url):  # noqa: SLF001 - a part of it
            return bytes(get(self._store, self._key, options=options).bytes())


class _Writer(io.RawIOBase):
    """What an upload takes; closing the buffer before it does not end the upload."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._writer.write(bytes(data))
        return len(data)


def shown_object(url: str) -> str:
    """A URL for messages."""
    return url.partition("?")[0]


def _reason(error: Exception) -> str:
    """Why, in a line: status, code and message of the server, without URLs that may be signed."""
    text = str(error).partition("\n\nDebug source")[0]
    if "status code: 412" in text or type(error).__name__ == "PreconditionError":
        return "it was replaced while it was read; the next run reads the new one"
    if isinstance(error, FileNotFoundError):
        return "there is no such object"
    code = re.search(r"<Code>([^<]*)</Code>", text)
    message = re.search(r"<Message>([^<]*)</Message>", text)
    if code:
        # Of Azure the lines behind the first one number the request.
        said = message[1].partition("\n")[0] if message else ""
        return f"{code[1]}: {said}".rstrip(": ")
    status = re.search(r"status code: (\d{3} [\w ]+)", text)
    if status:
        return f"the server answered {status[1].strip()}"
    line = re.sub(r"https?://\S+", "the server", text.replace("\n", " "))
    return line.rpartition(" - ")[2][:200] or type(error).__name__
