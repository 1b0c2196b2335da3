"""`trace` of a receiver: an event for each request that comes, in the pipe's execution log.

Headers are logged without what somebody logs in with: the `Authorization` header and cookies are
left out whatever `log_secret_redacted_bytes` says, and so are secrets of the node anywhere. The
events are written after the request was carried out; one that fails is told too.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.config.secrets import HIDDEN, redact
from sesam_node.pipes.execution_log import COMPLETED, FAILED, STARTED, write_event
from sesam_node.pipes.retries import message_of
from sesam_node.pipes.runs import now_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

LOGINS = frozenset(("authorization", "cookie", "proxy-authorization"))


@dataclass(slots=True)
class Request:
    """What came, and what was answered; `entities` counts those that were taken."""

    headers: Mapping[str, str]
    body: bytes
    answer: bytes = b"{}"
    entities: int = 0
    is_full: bool = False
    began: float = field(default_factory=time.monotonic)
    started: str = field(default_factory=now_text)


@contextmanager
def traced(
    definition: PipeDefinition, store: Store, options: Any, request: Request
) -> Iterator[None]:
    """Logs what is done within as a request, if `options` (the pipe's `trace`) ask for that."""
    wanted = definition.default("trace", otherwise=False) if options is None else options
    if wanted is False:
        yield
        return
    settings = wanted if type(wanted) is dict else {}
    try:
        yield
    except Exception as error:
        text = redact(message_of(error), definition.secrets.values())
        _tell(definition, store, settings, request, text)
        raise
    _tell(definition, store, settings, request, None)


def _tell(
    definition: PipeDefinition,
    store: Store,
    settings: Mapping[str, Any],
    request: Request,
    failure: str | None,
) -> None:
    pipe_id, secrets = definition.pipe_id, definition.secrets
    common = {
        "run_id": str(uuid4()),
        "pipe": pipe_id,
        "pump_definition": f"pump:{pipe_id}",
        "sync_type": "full" if request.is_full else "incremental",
        "start_time": request.started,
        "reason": "request",
    }
    write_event(store, pipe_id, {"_id": STARTED, "event_type": STARTED, **common})
    kind = COMPLETED if failure is None else FAILED
    event: dict[str, Any] = {
        "_id": kind,
        "event_type": kind,
        **common,
        "end_time": now_text(),
        "total_time": round(time.monotonic() - request.began, 6),
        "entities_succeeded": request.entities if failure is None else 0,
    }
    if failure is not None:
        event |= {"reason_why_stopped": failure, "original_error_message": failure}
    if settings.get("log_request_headers", True):
        event["request_headers"] = {
            name: HIDDEN if name.lower() in LOGINS else redact(value, secrets.values())
            for name, value in sorted(request.headers.items())
        }
    event["request_body"] = _start(request.body, settings, "log_request_body_maxsize", secrets)
    if failure is None:
        if settings.get("log_response_headers", True):
            event["response_headers"] = {"content-type": "application/json"}
        event["response_body"] = _start(
            request.answer, settings, "log_response_body_maxsize", secrets
        )
    write_event(store, pipe_id, event)


def _start(
    data: bytes, settings: Mapping[str, Any], option: str, secrets: Mapping[str, str]
) -> str:
    """The beginning of a body as text, without secrets that begin in it."""
    size: int = settings.get(option, 100)
    longest = max(map(len, secrets.values()), default=0)
    text = redact(data[: size + 4 * longest].decode("utf-8", "replace"), secrets.values())
    return text.encode()[:size].decode("utf-8", "ignore")
