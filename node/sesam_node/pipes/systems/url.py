"""The url system: a web server, or files where the node may read files."""

from __future__ import annotations

import io
import ipaddress
import socket
import ssl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from sesam_node.errors import ConfigError, NotBuiltError, PipeError
from sesam_node.pipes.common_options import URL_SYSTEM
from sesam_node.pipes.component import system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Context

REFUSED = ("oauth2", "tripletex", "ignore_invalid_content_length_response_header")


@system("url", *URL_SYSTEM)
class UrlSystem:
    """A web server that is read over HTTP, or a folder of files."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self._options = options
        self._definition = context.definition
        self._client: httpx.Client | None = None
        for name in REFUSED:
            if options[name]:
                raise NotBuiltError(f'the option "{name}" of {self} cannot run in this version')
        if not (options["url_pattern"] or options["base_url"]):
            raise ConfigError(f'{self} has no "url_pattern"')

    def __str__(self) -> str:
        return f'system "{self.id}"'

    def url(self, relative: str) -> str:
        """The whole URL of a relative one."""
        pattern: str | None = self._options["url_pattern"]
        if not pattern:
            return urljoin(str(self._options["base_url"]), relative)
        if "%s" in pattern:
            return pattern.replace("%s", relative, 1)
        return f"{pattern}{relative}"

    @contextmanager
    def open(self, relative: str) -> Iterator[io.BufferedReader]:
        """The bytes behind a relative URL, read as they come.

        Raises PipeError naming the system and the URL, never what it logs in with.
        """
        url = self.url(relative)
        if _is_file(url):
            with self._open_file(url) as file:
                yield file
            return
        try:
            with self._http().stream("GET", url) as response:
                if not response.is_success:
                    message = f"{response.status_code} {response.reason_phrase}".strip()
                    raise PipeError(f"{self}: GET {shown(url)} answered {message}")
                yield io.BufferedReader(ChunkReader(response.iter_bytes()))
        except httpx.TimeoutException as error:
            raise PipeError(f"{self}: GET {shown(url)} {_waited(error, self._options)}") from None
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise PipeError(f"{self}: GET {shown(url)} failed: {reason}") from None
        except httpx.InvalidURL as error:
            raise PipeError(f"{self}: {shown(url)} is no URL: {error}") from None

    def _open_file(self, url: str) -> io.BufferedReader:
        if not self._definition.allow_files:
            message = f"{self}: files may be read only by a node that listens on loopback"
            raise ConfigError(f"{message}; {shown(url)} is one")
        path = Path(unquote(urlsplit(url).path) if url[:5].lower() == "file:" else url)
        if not path.is_absolute():
            path = Path(self._definition.base_folder or ".") / path
        try:
            return path.open("rb")
        except OSError as error:
            raise PipeError(f"{self}: cannot read {path}: {error.strerror}") from None

    def _http(self) -> httpx.Client:
        if self._client is None:
            options = self._options
            headers = dict(options["headers"] or {})
            if options["authentication"] == "jwt":
                headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
                headers["Authorization"] = f"Bearer {self._needed('jwt_token')}"
            try:
                self._client = httpx.Client(
                    headers=headers,
                    auth=self._login(),
                    verify=self._verify(),
                    mounts=self._proxies(),
                    timeout=httpx.Timeout(
                        options["read_timeout"], connect=options["connect_timeout"]
                    ),
                    follow_redirects=True,
                    event_hooks={"request": [self._check_address]},
                )
            except (ValueError, ImportError, TypeError, ssl.SSLError) as error:
                raise ConfigError(f"{self} cannot be used: {error}") from None
        return self._client

    def _needed(self, name: str) -> str:
        value = self._options[name]
        if not value:
            kind = self._options["authentication"]
            raise ConfigError(f'{self}: authentication "{kind}" needs "{name}"')
        return str(value)

    def _login(self) -> httpx.Auth | None:
        kind = self._options["authentication"]
        if kind in (None, "jwt"):
            return None
        if kind not in ("basic", "digest"):
            raise NotBuiltError(f'{self}: authentication "{kind}" cannot run in this version')
        login = httpx.BasicAuth if kind == "basic" else httpx.DigestAuth
        return login(self._needed("username"), self._needed("password"))

    def _verify(self) -> ssl.SSLContext | bool:
        wanted = self._options["verify_ssl"]
        if wanted is None:
            wanted = self._definition.default("verify_ssl", otherwise=False)
        chain = self._options["custom_ca_pem_chain"]
        if wanted and chain:
            return ssl.create_default_context(cadata=chain)
        return bool(wanted)

    def _proxies(self) -> dict[str, httpx.BaseTransport | None]:
        given = self._options["proxies"] or {}
        return {
            prefix if "://" in prefix else f"{prefix}://": httpx.HTTPTransport(
                proxy=url, verify=self._verify()
            )
            for prefix, url in given.items()
        }

    def _check_address(self, request: httpx.Request) -> None:
        """Refuses link-local addresses, as those of cloud metadata, but on a loopback node."""
        if self._definition.allow_files:
            return
        host = request.url.host
        try:
            found = socket.getaddrinfo(host, request.url.port or 80, type=socket.SOCK_STREAM)
        except OSError:
            return  # the request itself tells
        for *_, address in found:
            if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_link_local:
                raise PipeError(f"{self}: the address of {host} is link-local, which is denied")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class ChunkReader(io.RawIOBase):
    """A file over chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _is_file(url: str) -> bool:
    return url[:5].lower() == "file:" or "://" not in url


def shown(url: str) -> str:
    """A URL for messages: without user, password and query, which may hold secrets."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _waited(error: httpx.TimeoutException, options: dict[str, Any]) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return f"found no connection in {options['connect_timeout']} s"
    return f"got no answer in {options['read_timeout']} s"
