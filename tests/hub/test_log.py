"""Log lines, for people and for machines."""

from __future__ import annotations

import io
import json
import logging

import pytest

from sesam_node import log
from sesam_node.errors import ConfigError


@pytest.fixture(autouse=True)
def loggers():
    """The loggers are left as they were."""
    names = ("sesam_node", "tornado")
    before = [
        (logger, logger.handlers, logger.propagate, logger.level)
        for logger in map(logging.getLogger, names)
    ]
    yield
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(form):
    stream = io.StringIO()
    log.set_up("info", form, stream)
    logger = logging.getLogger("sesam_node.test")
    logger.info("run %s", "failed", extra={"pipe": "orders", "run": "5"})
    logger.debug("not shown")
    return stream.getvalue().splitlines()


def test_text_ends_with_the_keys():
    (line,) = lines("text")

    assert line.partition(" ")[2] == "info    sesam_node.test: run failed pipe=orders run=5"


def test_json_has_the_keys_as_members():
    record = json.loads(*lines("json"))
    record.pop("time")

    assert record == {
        "level": "info",
        "logger": "sesam_node.test",
        "message": "run failed",
        "pipe": "orders",
        "run": "5",
    }


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="expected one of debug, info, warning, error"):
        log.set_up("loud")
