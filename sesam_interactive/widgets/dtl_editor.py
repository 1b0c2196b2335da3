"""The editor of rules: checked, completed and tried on real entities while they are typed.

`draft_answers.py` has what the page asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.widgets.base import View, request
from sesam_interactive.widgets.draft_answers import (
    FAILED,
    SAMPLE,
    DraftAnswers,
    rules_of,
    vocabulary,
)
from sesam_interactive.widgets.rules_html import rules_html
from sesam_node.dtl.source_text import read_source
from sesam_node.errors import Problem, SesamError

if TYPE_CHECKING:
    from sesam_interactive.widgets.draft_answers import Draft


class DtlEditor(DraftAnswers, View, module="dtl_editor"):
    """Rules under work. `text` and `rules` are what is written now; setting `text` shows it."""

    text = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    pipe = traitlets.Unicode("").tag(sync=True)
    entity = traitlets.Unicode("").tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)

    def __init__(self, draft: Draft, text: str) -> None:
        DraftAnswers.__init__(self, draft)
        View.__init__(
            self, text=text, title=draft.title, pipe=draft.pipe or "", vocabulary=vocabulary()
        )

    # -- for who writes Python ---------------------------------------------------------------------

    @property
    def rules(self) -> Any:
        """The rules as JSON, comments left out. Raises InputError where the text is no JSON."""
        return rules_of(read_source(self.text))

    @property
    def problems(self) -> list[Problem]:
        """The problems of the text as it is now."""
        names = ("path", "code", "message", "hint", "level")
        found = self._draft.live(self.text, self.entity, self._sample)["problems"]
        told = (one for one in found if one["code"] != FAILED)
        return [Problem(**{n: one[n] for n in names if one.get(n)}) for one in told]

    def preview(self, limit: int = SAMPLE) -> list[dict[str, Any]]:
        """What the rules make of the sample: `source`, `emitted`, `filtered`, `error` of each."""
        return self._draft.preview(self.rules, self._sampled()[:limit])

    def changes(self, pipe: str | None = None) -> Any:
        """What `save` would change: the configuration line by line, and the output."""
        return self._draft.changes(self.rules, pipe)

    def save(self, pipe: str | None = None, *, yes: bool = False) -> Any:
        """Show what would change; with `yes` save it, on the node, where it is as it was shown."""
        changes = self.changes(pipe)
        if yes:
            self._draft.save(self.rules, pipe)
        return changes

    def still(self) -> str:
        """The text with the values of the chosen entity beside it, as far as they can be had."""
        try:
            found = super().live(self.text, self.entity)
        except SesamError as error:
            return rules_html(self.text, note=error.message)
        shown, problems = found["shown"], found["problems"]
        if shown is None:
            note = found["note"] or "; ".join(one["message"] for one in problems)
            return rules_html(self.text, note=note)
        return rules_html(self.text, shown["trace"], shown["spans"])

    def __repr__(self) -> str:
        lines = self.text.count("\n") + (not self.text.endswith("\n"))
        return f"<DtlEditor of {self.title}: {lines} lines>\n{self.text}"

    # -- what the page asks ------------------------------------------------------------------------

    @request(apart=True)
    def live(self, text: str, entity: str = "") -> dict[str, Any]:
        """Everything about a text, which is that of the widget from now on."""
        self.set_trait("text", text)
        return super().live(text, entity)

    @request(apart=True)
    def debug(self, text: str, entity_id: str) -> None:
        """Show the debugger of an entity in the rules as they are written, below the editor."""
        self.show_below(self._draft.debug(rules_of(read_source(text)), entity_id))
