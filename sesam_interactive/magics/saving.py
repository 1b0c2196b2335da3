"""`%%dtl --save`: a cell becomes a pipe of the node and of the project, after its diff was seen.

What is put on the node must stand on the configuration that was looked at: the node refuses it
(412) where somebody has changed it meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import ClientError
from sesam_interactive.client.connection import segment
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.comparing import as_pipe, compared, deployed

if TYPE_CHECKING:
    from argparse import Namespace

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.comparison import Comparison
    from sesam_interactive.magics.draft import Draft
    from sesam_interactive.magics.sample import Sample

_seen: dict[tuple[str, str], str] = {}
"""The ETag of the configuration that the last shown difference of a pipe was about."""


class Saved:
    """What was saved where, and what it changed; `comparison` is null for a new pipe."""

    def __init__(self, text: str, comparison: Comparison | None) -> None:
        self.text = text
        self.comparison = comparison

    def __repr__(self) -> str:
        return self.text if self.comparison is None else f"{self.comparison!r}\n\n{self.text}"

    def _repr_html_(self) -> str:
        from sesam_interactive.magics.look import GREEN, note

        shown = "" if self.comparison is None else self.comparison._repr_html_()
        return f"{shown}{note(self.text, GREEN)}"


def save(hub: Hub, draft: Draft, sample: Sample, options: Namespace) -> Saved:
    """Put the draft on the node as the pipe `options.save`, and into the project folder.

    An existing pipe is replaced with --yes only, and only where its configuration is still that of
    the difference that was shown. Raises CellError with the difference where it is not saved.
    """
    name = options.save
    folder = project_folder(hub, options.project)
    project = hub.project(folder) if folder else None
    before, tag = deployed(hub, name)
    after = as_pipe(draft, name, options.pipe)
    difference = None
    if before is not None and before != after:
        difference = compared(hub, draft, name, before, sample, options)
        _check_seen(hub, difference, tag, is_sure=options.yes)
    if before is None or before != after:
        _put(hub, draft, after, tag)
        _seen.pop((hub.url, name), None)
    where = ""
    if project is not None:
        file = project.save(after).relative_to(project.folder)
        where = f", written to {project.folder.name}/{file.as_posix()}"
    said = "unchanged on" if before == after else "saved on"
    return Saved(f'pipe "{name}" {said} {hub.url}{where}', difference)


def _check_seen(hub: Hub, difference: Comparison, tag: str, *, is_sure: bool) -> None:
    """Raises CellError where the difference to what is deployed has not been seen and agreed."""
    name = difference.name
    key = hub.url, name
    shown = _seen.get(key)
    _seen[key] = tag
    if not is_sure:
        text = f'not saved: "{name}" exists, and this would change it; --yes saves it'
    elif shown not in (None, tag):
        text = (
            f'not saved: "{name}" has changed since its difference was shown; --yes again saves it'
        )
    else:
        return
    raise CellError("not saved", text=f"{text}\n\n{difference!r}\n\n{difference.unified()}")


def _put(hub: Hub, draft: Draft, config: dict[str, Any], tag: str) -> None:
    headers = {"If-Match": tag} if tag else {"If-None-Match": "*"}
    path = f"/pipes/{segment(str(config['_id']))}/config"
    try:
        hub.connection.json("PUT", path, json=config, headers=headers)
    except ClientError as error:
        if error.status == 412:
            raise CellError(f"not saved: {error.message}; run the cell again") from None
        inside = [problem for problem in error.problems if problem.path]
        raise (draft.error(inside) if inside else error) from None


def project_folder(hub: Hub, given: str | None) -> Path | None:
    """The project folder that is meant: the given one, or the hub's; null for none."""
    return Path(given) if given else hub.folder
