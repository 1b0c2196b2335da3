"""A request that is passed on to a system, with what the system logs in with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from sesam_node.config.secrets import HIDDEN, redact
from sesam_node.errors import InputError, NotBuiltError, preview
from sesam_node.model import encode
from sesam_node.pipes.batch import Context
from sesam_node.pipes.exchanges import SHORTEST_SECRET as SHORTEST
from sesam_node.pipes.exchanges import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.runs import PipeDefinition

CHUNK_BYTES = 64 * 1024
KEPT = frozenset(
    (
        "cache-control",
        "content-disposition",
        "content-language",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "link",
        "location",
        "retry-after",
    )
)
"""Headers of an answer that are passed on, beside those that begin with `x-`."""


def proxy(
    definition: PipeDefinition,
    system_id: str,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Iterator[bytes]:
    """Status and headers of the system's answer as one JSON chunk, then its body as it comes.

    `path` is decoded and below the system's own URL; `query` is as it came. Raises InputError for
    a path that leads out of there, RequestError where there is no answer.

    What the system logs in with is left out of the answer, should the server send it back.
    """
    if re.match(r"[a-z][a-z0-9+.-]*:", path, re.IGNORECASE) or path.startswith(("/", "\\")):
        raise InputError(f"expected a path below the system's URL, got {preview(path)}")
    if any(part in (".", "..") for part in re.split(r"[/\\]", unquote(path))):
        raise InputError(f"the path {preview(path)} leads out of the system's URL")
    relative = quote(path, safe="/:@!$&'()*+,;=~-._")
    context = Context(definition)
    try:
        system: Any = context.system(system_id)
        pass_on = getattr(system, "pass_on", None)
        if pass_on is None or system.is_file(relative):
            raise NotBuiltError(f"{system} is not reached over HTTP")
        with pass_on(method, relative, query=query, headers=headers, body=body) as answer:
            # Taken now: the token of this request is known.
            secrets = [text for text in escaped(system.secret_texts()) if len(text) >= SHORTEST]
            kept = {
                name.lower(): redact(value, secrets)
                for name, value in answer.headers.items()
                if name.lower() in KEPT or name.lower().startswith("x-")
            }
            yield encode({"status": answer.status, "headers": kept})
            yield from _redacted(iter(lambda: answer.body.read(CHUNK_BYTES), b""), secrets)
    finally:
        context.close()


def _redacted(chunks: Iterator[bytes], secrets: list[str]) -> Iterator[bytes]:
    """Chunks of bytes without secrets, also where one begins in one chunk and ends in the next."""
    wanted = sorted((text.encode() for text in secrets), key=len, reverse=True)
    held_back = len(wanted[0]) - 1 if wanted else 0
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        for secret in wanted:
            data = data.replace(secret, HIDDEN.encode())
        cut = max(0, len(data) - held_back)
        rest = data[cut:]
        if cut:
            yield data[:cut]
    if rest:
        yield rest
