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


def test_records_of_some_work_carry_what_it_is_about(monkeypatch):
    stream = io.StringIO()
    log.set_up("info", "json", stream)
    with log.about(pipe="orders", run="r1"):
        logging.getLogger("sesam_node.pipes").info("read", extra={"dataset": "x"})
        with log.about(pipe="other"):
            logging.getLogger("sesam_node.pipes").info("inner")
    logging.getLogger("sesam_node.pipes").info("after")
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    keys = [{key: line[key] for key in log.KEYS if key in line} for line in found]
    assert keys == [
        {"pipe": "orders", "dataset": "x", "run": "r1"},
        {"pipe": "other", "run": "r1"},
        {},
    ]
