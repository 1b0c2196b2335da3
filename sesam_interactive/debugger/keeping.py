"""Keeps what a session shows: a test in a project, a trace as JSON, a page to read anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.debugger.documents import subset
from sesam_interactive.debugger.errors import wrong
from sesam_interactive.display.json_text import content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_interactive.debugger.session import Session

FORMATS = (".json", ".html")


def export(session: Session, path: str | Path, entities: Iterable[int] | None = None) -> Path:
    """Writes the trace as JSON, or as a page without scripts, by the name of the file.

    Of some recorded entities, or all. Raises DebuggerError for another kind of file.
    """
    file = Path(path).expanduser()
    if file.suffix not in FORMATS:
        raise wrong(f"expected a file .json or .html, got {file.name!r}")
    document = session.document
    if entities is not None:
        document = subset(document, entities)
    if file.suffix == ".json":
        text = json.dumps(document, ensure_ascii=False, indent=1)
    else:
        from sesam_interactive.debugger.page import page

        text = page(document, session.subject)
    _write(file, text)
    return file


def pin_test(session: Session, project: Any, name: str | None = None) -> list[Path]:
    """Puts the chosen entity and what came of it into a project, as a test.

    `project` is a folder, or has a `folder`. The output goes into `expected/<name>.json` (by
    default the pipe's name), in place of what is there with its ids, with `<name>.test.json` beside
    it; the source entity goes into `testdata/` where a receiver of the project brings it. Gives
    the files that were written. Raises DebuggerError for a session of no pipe, or of a failed
    entity.
    """
    folder = Path(getattr(project, "folder", project)).expanduser()
    pipe = session.subject.pipe
    if pipe is None:
        raise wrong("a test is one of a pipe: debug the rules as those of a pipe")
    if session.error is not None:
        raise wrong(f"the entity failed: {session.error['message']}", session.error["path"])
    if not folder.is_dir():
        raise wrong(f"there is no project folder {folder}")
    stem = name or pipe
    if "/" in stem or stem.startswith("."):
        raise wrong(f"{stem!r} cannot be the name of a file")
    expected = folder / "expected" / f"{stem}.json"
    source = session.source if isinstance(session.source, dict) else {}
    made = [content(one) for one in session.results if "_filtered" not in one]
    gone = {str(one.get("_id")) for one in session.results} | {str(source.get("_id"))}
    written = [_merged(expected, made, gone)]
    spec = folder / "expected" / f"{stem}.test.json"
    if not spec.exists():
        told = {"_id": stem, "type": "test", "pipe": pipe, "file": expected.name}
        _write(spec, _text(told))
        written.append(spec)
    receiver = _receiver(folder, session.subject.source_dataset)
    if receiver is not None:
        written.append(_merged(folder / "testdata" / f"{receiver}.json", [content(source)], set()))
    return written


def _receiver(folder: Path, dataset: str | None) -> str | None:
    """The pipe of the project that receives a dataset by HTTP as it is, if one does."""
    for file in sorted(folder.glob("pipes/**/*.conf.json")) if dataset else ():
        try:
            config = json.loads(file.read_text("utf-8-sig"))
        except ValueError:
            continue
        if not isinstance(config, dict) or config.get("transform"):
            continue
        sink = (config.get("sink") or {}).get("dataset") or config.get("_id")
        source = config.get("source") or {}
        if source.get("type") == "http_endpoint" and sink == dataset:
            return str(config["_id"])
    return None


def _merged(file: Path, entities: list[dict[str, Any]], gone: set[str]) -> Path:
    """A file of entities with these in the place of those of their ids; sorted by `_id`."""
    held: list[dict[str, Any]] = []
    if file.exists():
        try:
            held = json.loads(file.read_text("utf-8-sig"))
        except ValueError as error:
            raise wrong(f"{file} holds no JSON: {error}") from None
        if not isinstance(held, list):
            raise wrong(f"{file} holds no list of entities")
    ids = gone | {str(one.get("_id")) for one in entities}
    kept = [one for one in held if str(one.get("_id")) not in ids]
    _write(file, _text(sorted([*kept, *entities], key=lambda one: str(one.get("_id")))))
    return file


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=isinstance(value, list)) + "\n"


def _write(file: Path, text: str) -> None:
    """Writes a file whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.part")
    partial.write_text(text, "utf-8")
    partial.replace(file)
