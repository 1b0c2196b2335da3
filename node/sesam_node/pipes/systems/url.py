"""The url system: a web server, object storage, or files where the node may read files."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from sesam_node.config.options import further_flaws
from sesam_node.errors import ConfigError, NotBuiltError, PipeError
from sesam_node.pipes.common_options import URL_SYSTEM
from sesam_node.pipes.component import system
from sesam_node.pipes.file_offers import of_file
from sesam_node.pipes.http.answer import Answer, ChunkReader, RequestError, shown
from sesam_node.pipes.http.client import make_client
from sesam_node.pipes.http.oauth2 import OAuth2
from sesam_node.pipes.http.retries import RetryStrategy, flaws, retry_after
from sesam_node.pipes.kept_secrets import kept_secrets
from sesam_node.pipes.shared import line
from sesam_node.pipes.storage.folder import Folder
from sesam_node.pipes.storage.objects import Objects
from sesam_node.pipes.storage.stores import STORAGE, scheme_of
from sesam_node.pipes.storage.stores import flaws as storage_flaws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.introspection import Offer

REFUSED = ("tripletex", "ignore_invalid_content_length_response_header")
MAX_REDIRECTS: Final = 10
ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
SAFE_METHODS = ("GET", "HEAD")
KEPT_METHOD = (307, 308)
REFUSES_LOGIN = (401, 403)
OUT_OF_ORDER = (500, 502, 503, 504)
WANTS_A_PAUSE = (429, 503)
"""Statuses whose `Retry-After` holds for all requests to the system."""
ANYWHERE = ("accept", "content-type")
"""Headers that may go to a server that is not the system's own."""


@system(
    "url",
    *URL_SYSTEM,
    STORAGE,
    one_of=(("url_pattern", "base_url"),),
    further=further_flaws(lambda options: [*flaws(options), *storage_flaws(options)]),
)
class UrlSystem:
    """A web server that is reached over HTTP, a folder of files, or object storage."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self._options = options
        self._definition = context.definition
        self._folder = Folder(str(self), context.definition)
        self._objects = Objects(str(self), options, context.definition)
        self._client: httpx.Client | None = None
        self._login: httpx.Auth | None = None
        options.setdefault("storage", None)  # systems that are made of this one have no storage
        for name in REFUSED:
            if options[name]:
                raise NotBuiltError(f'the option "{name}" of {self} cannot run in this version')
        if not (options["url_pattern"] or options["base_url"]):
            raise ConfigError(f'{self} has no "url_pattern"')
        self._turns = line.Turns(self.id, options["rate_limit_per_second"])
        self.retries = RetryStrategy(str(self), options["retry_strategy"])

    def __str__(self) -> str:
        return f'system "{self.id}"'

    def is_file(self, relative: str) -> bool:
        """Is it a file, of this machine or of a storage, that a relative URL means?"""
        return self._files(self.url(relative)) is not None

    def url(self, relative: str) -> str:
        """The whole URL of a relative one; an absolute one stays as it is.

        A pattern that takes the URL as a part of its query gets it whatever it is.
        """
        pattern: str | None = self._options["url_pattern"]
        if not pattern:
            return urljoin(str(self._options["base_url"]), relative)
        before, place, _ = pattern.partition("%s")
        if ABSOLUTE.match(relative) and not (place and "?" in before):
            return relative
        return pattern.replace("%s", relative, 1) if place else f"{pattern}{relative}"

    def whole_url(
        self, relative: str, params: Mapping[str, str] | None = None, query: str = ""
    ) -> str:
        """The URL that is asked for: with `params` in its query, and `query` as it is."""
        url = self.url(relative)
        for more in (urlencode(params or {}), query):
            if more:
                url += ("&" if "?" in url else "?") + more
        return url

    def secret_texts(self) -> list[str]:
        """What must not be told of requests and answers: secrets, passwords, tokens."""
        options = self._options
        found = [*kept_secrets(self._definition), options["password"], options["jwt_token"]]
        oauth = options["oauth2"] or {}
        found += [oauth.get(name) for name in ("client_secret", "access_token", "refresh_token")]
        if options["password"]:
            login = f"{options['username']}:{options['password']}"
            found.append(b64encode(login.encode()).decode())
        if isinstance(self._login, OAuth2):
            found += self._login.secret_texts()
        return [text for text in found if text]

    @contextmanager
    def open(self, relative: str) -> Iterator[BinaryIO]:
        """The bytes behind a relative URL, read as they come.

        Raises PipeError naming the system and the URL, never what it logs in with.
        """
        with self.request("GET", relative) as answer:
            yield answer.body

    @contextmanager
    def request(
        self,
        method: str,
        relative: str,
        *,
        params: Mapping[str, str] | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        any_status: bool = False,
    ) -> Iterator[Answer]:
        """The answer to a request, whose body is read as it comes.

        `params` are added to the query, and `query` as it is. Redirects are followed; what the
        system logs in with, and its headers, go only to where it was configured to go.

        Raises RequestError where there is no answer, or its status is no success and `any_status`
        is false.
        """
        url = self.url(relative)
        files = self._files(url)
        if files is not None:
            if method not in SAFE_METHODS:
                raise PipeError(f"{self}: {method} {shown(url)}: a file can only be read")
            with files.open(url) as file:
                yield Answer(shown(url), 200, {}, file)
            return
        url = self.whole_url(relative, params, query)
        what = f"{self}: {method} {shown(url)}"
        begun = False
        try:
            response = self._send(method, url, headers or {}, body)
            try:
                if not (response.is_success or any_status):
                    status = response.status_code
                    text = f"{status} {response.reason_phrase}".strip()
                    raise RequestError(
                        f"{what} answered {text}{_detail(response)}",
                        status,
                        self.retries.options(status),
                    )
                reader = io.BufferedReader(ChunkReader(response.iter_bytes()))
                begun = True
                yield Answer(shown(url), response.status_code, response.headers, reader)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise self._failed(f"{what} {_waited(error, self._options, begun=begun)}") from None
        except httpx.HTTPError as error:
            raise self._failed(f"{what} failed: {str(error) or type(error).__name__}") from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise PipeError(f"{self}: {shown(url)} is no URL: {error}") from None

    def _failed(self, message: str) -> RequestError:
        return RequestError(message, None, self.retries.options(None))

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        """The answer behind all redirects."""
        try:
            return self._follow(method, url, headers, body)
        finally:
            self._turns.answered()

    def _follow(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        client = self._http()
        home = self._home()
        for _ in range(MAX_REDIRECTS + 1):
            ours = home is None or _origin(url) == home
            sent = httpx.Headers(self._headers() if ours else None)
            sent.update({k: v for k, v in headers.items() if ours or k.lower() in ANYWHERE})
            request = client.build_request(method, url, headers=sent, content=body)
            login = self._login if ours else None
            response = client.send(request, auth=login, stream=True, follow_redirects=False)
            place = response.headers.get("Location") if response.is_redirect else None
            if place is None:
                return response
            response.close()
            # What is not configured is the place where the first request went.
            home = home or _origin(url)
            if method not in SAFE_METHODS and response.status_code not in KEPT_METHOD:
                raise RequestError(
                    f"{self}: {method} {shown(url)} answered {response.status_code}: it is to be "
                    f"sent to {shown(urljoin(url, place))}",
                    response.status_code,
                )
            if body and _origin(urljoin(url, place)) != home:
                raise RequestError(
                    f"{self}: {method} {shown(url)} answered {response.status_code}: it is to be "
                    f"sent to another server, {shown(urljoin(url, place))}; if that is right, name "
                    "it in the system",
                    response.status_code,
                )
            url = urljoin(url, place)
            if not ABSOLUTE.match(url):
                raise RequestError(f"{self}: redirected to {shown(url)}, which is not HTTP")
        raise RequestError(
            f"{self}: {method} {shown(url)} redirects more than {MAX_REDIRECTS} times"
        )

    def _home(self) -> tuple[str, str, int] | None:
        """Where the system's login may go; null where its pattern leaves the server open."""
        pattern = str(self._options["url_pattern"] or self._options["base_url"])
        before = pattern.partition("%s")[0]
        return _origin(before) if re.match(r"https?://[^/?#]+[/?#]", f"{before}/") else None

    def _headers(self) -> dict[str, str]:
        headers = dict(self._options["headers"] or {})
        if self._options["authentication"] == "jwt":
            headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
            headers["Authorization"] = f"Bearer {self._options['jwt_token']}"
        return headers

    # -- files -----------------------------------------------------------------------------------

    def _files(self, url: str) -> Folder | Objects | None:
        """What has the files behind a URL; null for a web server."""
        if _is_file(url):
            return self._folder
        return None if scheme_of(url) is None else self._objects

    def exists(self, relative: str) -> bool:
        """Is there a file behind a relative URL? Of servers nobody knows before they are asked."""
        url = self.url(relative)
        files = self._files(url)
        return files is not None and files.size(url) is not None

    @contextmanager
    def replacing(self, relative: str) -> Iterator[BinaryIO]:
        """A file to write, that takes the place of the one behind a relative URL.

        It does so when the block ends without error; else nothing has changed. Raises PipeError.
        """
        url = self.url(relative)
        files = self._files(url)
        if files is None:
            raise PipeError(f"{self}: {shown(url)}: files are written to folders and storage only")
        with files.replacing(url) as file:
            yield file

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """The files of a folder or bucket; what a server has nobody knows."""
        url = self._start()
        files = self._files(url)
        for name, size in () if files is None else files.listing(url):
            found = self._offer(name, size)
            if found is not None:
                yield found

    def offer(self, offer_id: str) -> Offer | None:
        url = self.url(offer_id)
        files = self._files(url)
        size = None if files is None else files.size(url)
        return None if size is None else self._offer(offer_id, size)

    def _offer(self, name: str, size: int) -> Offer | None:
        files, url = self._files(self._start()), self.url(name)
        return None if files is None else of_file(name, size, lambda: files.open(url))

    def check(self) -> str:
        url = self._start()
        files = self._files(url)
        if files is not None:
            return files.check(url)
        with self.request("HEAD", "", any_status=True) as answer:
            status: int = answer.status
            where = answer.url
        if status in REFUSES_LOGIN and self._logs_in():
            raise PipeError(f"{self}: {where} refuses the login ({status})")
        if status in OUT_OF_ORDER:
            raise PipeError(f"{self}: {where} is out of order ({status})")
        return f"the server answers ({status})"

    def _logs_in(self) -> bool:
        return bool(self._options["authentication"] or self._options["oauth2"])

    @contextmanager
    def pass_on(
        self,
        method: str,
        relative: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[Answer]:
        """The answer to somebody's request, whatever its status."""
        with self.request(
            method, relative, query=query, headers=headers, body=body, any_status=True
        ) as answer:
            yield answer

    def _start(self) -> str:
        """What stands before relative URLs."""
        return str(self._options["url_pattern"] or self._options["base_url"]).partition("%s")[0]

    def _before(self, request: httpx.Request) -> None:
        """Requests to the system wait for their turn; those to others, as for tokens, do not."""
        if self._home() in (None, _origin(str(request.url))):
            self._turns.take()

    def _after(self, response: httpx.Response) -> None:
        self._turns.answered()
        if response.status_code in WANTS_A_PAUSE:
            seconds = retry_after(response.headers)
            if seconds is not None and self._home() in (None, _origin(str(response.url))):
                line.pause(self.id, seconds)

    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client, self._login = make_client(
                self.id,
                self._options,
                verify_ssl=self._definition.default("verify_ssl", otherwise=False),
                rules=self._definition.addresses,
                before=self._before,
                after=self._after,
            )
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _is_file(url: str) -> bool:
    return url[:5].lower() == "file:" or "://" not in url


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80)


def _detail(response: httpx.Response) -> str:
    """What a server says of an error, if it is a short text."""
    kind = response.headers.get("Content-Type", "")
    if not kind.startswith(("application/json", "text/plain")):
        return ""
    text = ""
    for chunk in response.iter_text(500):
        text = " ".join(chunk.split())
        break
    return f": {text[:200]}" if text else ""


def _waited(error: httpx.TimeoutException, options: dict[str, Any], *, begun: bool) -> str:
    if begun:
        return f"broke off: nothing came for {options['read_timeout']} s"
    if isinstance(error, httpx.ConnectTimeout):
        return f"found no connection in {options['connect_timeout']} s"
    return f"got no answer in {options['read_timeout']} s"
