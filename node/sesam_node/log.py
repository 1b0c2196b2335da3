"""Log set-up: one line a record, as text for people or JSON for machines.

Records carry the keys `pipe`, `dataset`, `run`, `system`, `user` and `request` where they are about
one: `log.info("run failed", extra={"pipe": "orders", "run": run_id})`. `about` gives them to every
record of some work, those of libraries below it too:

    with about(pipe="orders", run=run_id):
        run_pump(request)
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from sesam_node.errors import ConfigError
from sesam_node.hiding import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = ("pipe", "dataset", "run", "system", "user", "request")
LEVELS = ("debug", "info", "warning", "error")


_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about")


@contextmanager
def about(**keys: str) -> Iterator[None]:
    """Give these keys to all records of this thread, or task, within."""
    token = _ABOUT.set({**_ABOUT.get({}), **keys})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def from_now_on(**keys: str) -> None:
    """Give these keys to all further records of this task."""
    _ABOUT.set({**_ABOUT.get({}), **keys})


def keys_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a record is about: by its own word, else by that of the work it belongs to."""
    found = {**_ABOUT.get({}), **{k: record.__dict__[k] for k in KEYS if record.__dict__.get(k)}}
    return {key: found[key] for key in KEYS if found.get(key)}


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class TextFormatter(logging.Formatter):
    """`2026-01-02T03:04:05.678Z info    sesam_node.node: started pipe=orders`."""

    def format(self, record: logging.LogRecord) -> str:
        keys = "".join(f" {key}={value}" for key, value in keys_of(record).items())
        level = record.levelname.lower()
        text = f"{_time(record)} {level:<7} {record.name}: {record.getMessage()}{keys}"
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return hidden(text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the keys, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(keys_of(record))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return hidden(json.dumps(line, ensure_ascii=False, default=str))


def set_up(level: str = "info", form: str = "text", stream: TextIO | None = None) -> None:
    """Send the records of this package to `stream` (standard error); may be called again."""
    if level not in LEVELS:
        raise ConfigError(f'expected one of {", ".join(LEVELS)} as log level, got "{level}"')
    if form not in ("text", "json"):
        raise ConfigError(f'expected text or json as log format, got "{form}"')
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    for name in ("sesam_node", "tornado"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper() if name == "sesam_node" else "WARNING")


def take_all() -> None:
    """Have what libraries log or warn of, and errors of their threads, take the same way out.

    For a process of our own: by their way they would go to standard error as they are.
    """
    root = logging.getLogger()
    root.handlers = list(logging.getLogger("sesam_node").handlers)
    root.setLevel("WARNING")
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is None or issubclass(failed.exc_type, SystemExit):
        return
    name = failed.thread.name if failed.thread is not None else "?"
    about_it = (failed.exc_type, failed.exc_value, failed.exc_traceback)
    logging.getLogger("sesam_node").error("the thread %s failed", name, exc_info=about_it)
