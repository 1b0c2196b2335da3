"""The pages of an operation: which request comes next, and which page is the last one.

`next_page_termination_strategy` of the manual's REST system; without a `next_page_link` the next
page is behind the `Link` header with `rel="next"` (RFC 5988), or what the operation's own templates
make of `page` and the `previous_…` variables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.rest.operation import Request

STRATEGIES = (
    "empty-result",
    "same-next-page-link",
    "next-page-link-empty",
    "same-next-page-request",
    "same-response",
    "not-full-page",
)
USUAL = ("next-page-link-empty", "same-next-page-request", "same-response")
MOST_PAGES = 1_000_000
NEXT_LINK = re.compile(r'<([^>]*)>[^,<]*;\s*rel="?next"?', re.IGNORECASE)


class Pages:
    """Decides, given one page after the other, whether there is another. Does no I/O."""

    def __init__(self, operation: Mapping[str, Any]) -> None:
        given = operation.get("next_page_termination_strategy")
        wanted = [given] if isinstance(given, str) else given
        for name in wanted or ():
            if name not in STRATEGIES:
                hint = suggestion(str(name), STRATEGIES)
                raise ConfigError(
                    f'unknown "next_page_termination_strategy" {preview(name)}; {hint}'
                )
        self.link_template: str | None = operation.get("next_page_link")
        self.follows_header = wanted is None and self.link_template is None
        self.is_paged = wanted is not None or self.link_template is not None
        self._strategies = frozenset(wanted if wanted is not None else USUAL)
        self._size: int | None = operation.get("page_size")
        if "not-full-page" in self._strategies and self._size is None:
            raise ConfigError('the strategy "not-full-page" needs "page_size"')
        self._link: str | None = None
        self._body: Any = None
        self._count = 0
        self._seen: set[int] = set()

    def header_link(self, headers: Mapping[str, str]) -> str | None:
        """The next page that the `Link` header names; null where it names none."""
        match = NEXT_LINK.search(headers.get("Link") or headers.get("link") or "")
        return match[1] if match else None

    def is_last(self, result: Any, body: Any, link: str | None) -> bool:
        """Is this page the last one, going by what it holds and by the link to the next one?"""
        self._count += 1
        wanted = self._strategies
        previous_body, self._body = self._body, body
        previous_link, self._link = self._link, link
        return (
            ("empty-result" in wanted and not result)
            or ("next-page-link-empty" in wanted and self.link_template is not None and not link)
            or ("same-next-page-link" in wanted and self._count > 1 and link == previous_link)
            or ("same-response" in wanted and self._count > 1 and body == previous_body)
            or ("not-full-page" in wanted and _length(result) < (self._size or 0))
        )

    def is_same(self, request: Request, previous: Request) -> bool:
        """Would the next request only repeat the last one?"""
        return "same-next-page-request" in self._strategies and request == previous

    def goes_round(self, request: Request) -> bool:
        """Was this asked before, where pages are told apart by what is asked for them?"""
        if not (self.is_paged or self.follows_header):
            return False
        if "same-next-page-request" not in self._strategies:
            return False
        mark = hash(repr(request))
        found = mark in self._seen
        self._seen.add(mark)
        return found


def _length(result: Any) -> int:
    if isinstance(result, list):
        return len(result)
    return 0 if result is None else 1
