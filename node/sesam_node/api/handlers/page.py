"""The node's own page at `/`, for people without Jupyter: files only, no data.

The page is built in `frontend/` into `api/static`, whose manifest says which file is which. It asks
the API with a token that the person brings, so whoever has none sees a form and nothing else. Names
of files hold a hash of what is in them: a browser keeps them, and asks for `/` each time.

A strict policy: scripts are files from here, nothing is asked elsewhere, no frame holds the page.
The editor makes a style sheet while it runs, which a nonce lets through.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec
from tornado.web import RequestHandler

from sesam_node.api.errors import ApiError
from sesam_node.api.hosts import check_request

if TYPE_CHECKING:
    from sesam_node.api.application import NodeApplication

STATIC: Final = Path(__file__).parents[1] / "static"
NOT_BUILT: Final = """\
This is a Sesam-compatible node; its API is at /api/, told at /api/reference.
The page that belongs here is not built: `make setup` builds it, and a wheel brings it.
"""
FOR_YEARS: Final = "public, max-age=31536000, immutable"
KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sesam node</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="static/{icon}">
<link rel="stylesheet" href="static/{style}" id="looks" nonce="{nonce}">
{preloads}<script type="module" src="static/{script}"></script>
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript; the <a href="api/reference">API</a> does not.</noscript>
</body>
</html>
"""


class Manifest(msgspec.Struct, frozen=True):
    """What the build has made: the names of the files, some of them by what they are for."""

    script: str
    style: str
    icon: str
    preload: tuple[str, ...]
    files: frozenset[str]


def manifest(folder: Path = STATIC) -> Manifest | None:
    """What is built, null where nothing is."""
    file = folder / "manifest.json"
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return None
    return _read(file, changed)


@cache
def _read(file: Path, _changed: int) -> Manifest:
    return msgspec.json.decode(file.read_bytes(), type=Manifest)


def page(built: Manifest, nonce: str) -> str:
    """The page itself; every address in it is relative, so that it may be behind a prefix."""
    preloads = "".join(
        f'<link rel="modulepreload" href="static/{name}">\n' for name in built.preload
    )
    return PAGE.format(
        icon=built.icon, style=built.style, script=built.script, preloads=preloads, nonce=nonce
    )


class OpenHandler(RequestHandler):
    """What anybody may have, from a host that is served."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

    def prepare(self) -> None:
        # A link of another site may lead here: there is nothing here to read, or to do.
        application = cast("NodeApplication", self.application)
        try:
            check_request(self.request.headers.get("Host"), None, loopback=application.loopback)
        except ApiError as error:
            self.tell(403, f"{error.message}: {error.detail}\n")

    def head(self, *names: str) -> None:
        self.get(*names)

    def tell(self, status: int, text: str) -> None:
        """Answer with plain text."""
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(text)

    def write_error(self, status_code: int, **_kwargs: object) -> None:
        self.tell(status_code, "only GET and HEAD do something here\n")


class PageHandler(OpenHandler):
    def get(self) -> None:
        built = manifest()
        if built is None:
            self.tell(404, NOT_BUILT)
            return
        nonce = secrets.token_urlsafe(16)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY.format(nonce=nonce))
        self.set_header("Cache-Control", "no-store")
        self.finish(page(built, nonce))


class FileHandler(OpenHandler):
    def get(self, name: str) -> None:
        built = manifest()
        # Only what the build names, so no path leads out of the folder.
        if built is None or name not in built.files:
            self.tell(404, "there is no such file\n")
            return
        self.set_header("Content-Type", KINDS[Path(name).suffix])
        self.set_header("Cache-Control", FOR_YEARS)
        self.finish((STATIC / name).read_bytes())


ROUTES = [
    (r"/", PageHandler),
    (r"/static/(.+)", FileHandler),
]
"""Not of the API: they are no operations, and stand in no document of it."""
