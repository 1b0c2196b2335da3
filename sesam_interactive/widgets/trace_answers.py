"""The answers that a saved trace holds: why each property is as it is, or missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 50
Answer = dict[str, Any]


def answers(session: Session) -> list[Answer]:
    """What a page without a kernel may be asked, of the first 50 entities.

    Each is `{"name", "args", "result"}`, as the page would ask its kernel.
    """
    names = _written_names(session)
    # A session of its own: the position of the one that is looked at stays.
    here = Session(session.document, session.subject)
    return [
        answer
        for entity in range(min(len(session.entities), MOST))
        for answer in _of_entity(here.choose(entity), entity, names)
    ]


def missing(session: Session, path: str, result: int | None) -> Answer:
    """Why something is missing, with the reason as a `sentence` beside the whole text."""
    answer = session.why_not(path, result)
    return {**answer.data(), "sentence": answer["text"]}


def _of_entity(session: Session, entity: int, names: list[str]) -> Iterator[Answer]:
    results = session.results
    for number, result in enumerate(results):
        for path in ["$"] if "_filtered" in result else map(_path, result):
            told = session.why(path, number).data()
            yield _answer("why", entity, number, path, told)
    last = max(len(results) - 1, 0)
    absent = [name for name in names if not any(name in result for result in results)]
    for path in [*([] if results else ["$"]), *map(_path, absent)]:
        told = missing(session, path, last if results else None)
        yield _answer("why_not", entity, last, path, told)


def _answer(name: str, entity: int, result: int, path: str, told: Answer) -> Answer:
    args = {"world": 0, "entity": entity, "result": result, "path": path}
    return {"name": name, "args": args, "result": told}


def _path(name: str) -> str:
    return f"$[{json.dumps(name, ensure_ascii=False)}]"


def _written_names(session: Session) -> list[str]:
    """The properties that the default rule was seen to write."""
    names: dict[str, None] = {}
    for entity in session.document["entities"]:
        for event in entity["events"]:
            if event["frame"] == 0:
                names.update(dict.fromkeys(event.get("sets", ())))
    return list(names)
