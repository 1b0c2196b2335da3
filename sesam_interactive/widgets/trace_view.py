"""The face of the debugger: a session of recorded entities, to walk about in with keys and clicks.

`TraceView(session)` is what `session.view()` gives. Where the page goes, the session goes too:
`view.session.state` tells of the step that is shown. What the page tries (another value, other
rules) or finds on the node is a further session: `session_answers.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.widgets.base import View
from sesam_interactive.widgets.session_answers import SessionAnswers

if TYPE_CHECKING:
    from sesam_interactive.debugger import Session


class TraceView(SessionAnswers, View, module="trace_view"):
    """Sessions in a page. `world`, `entity` and `position` are where it is.

    `breakpoints` are JSON paths of the rules.
    """

    world = traitlets.Int(0).tag(sync=True)
    entity = traitlets.Int(0).tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)
    breakpoints = traitlets.List(traitlets.Unicode()).tag(sync=True)
    live = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, session: Session) -> None:
        SessionAnswers.__init__(self, [session])
        points = [place for point in session.breakpoints for place in point.paths if point.enabled]
        View.__init__(
            self,
            entity=session.entity,
            position=session.position,
            breakpoints=list(dict.fromkeys(points)),
            live=session.node is not None,
        )
        self.observe(self._moved, names=["world", "entity", "position"])

    @property
    def session(self) -> Session:
        """The session that is shown, at the step that is shown."""
        return self.sessions[self.world if self.world < len(self.sessions) else 0]

    def _moved(self, _change: Any) -> None:
        session = self.session
        if 0 <= self.entity < len(session.entities):
            session.choose(self.entity)
        if 0 <= self.position <= session.end:
            session.goto(self.position)

    def save(self, file: str | Path) -> Path:
        """Write the trace as a page of its own, for people without a kernel; gives the file."""
        path = Path(file)
        path.write_text(self.page(self.world), encoding="utf-8")
        return path

    def still(self) -> str:
        return self.sessions[0]._repr_html_()

    def __repr__(self) -> str:
        return repr(self.session)
