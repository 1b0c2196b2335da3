"""Carrying out an operation: render, ask, read, and so on until the last page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from sesam_node.errors import PipeError, preview
from sesam_node.pipes.http.answer import shown
from sesam_node.pipes.plain import as_values, plain
from sesam_node.pipes.rest import pages
from sesam_node.pipes.rest.operation import Request, body_of, part_of
from sesam_node.pipes.rest.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.exchanges import Tracer
    from sesam_node.pipes.rest.statuses import Statuses
    from sesam_node.pipes.systems.rest import RestSystem

SINCE = re.compile(r"\{[{%][^{}]*\bsince\b")
MOST_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Page:
    """One answer. `url` is fit for messages, `body` is JSON data or text.

    `part` is what `payload_property` names of it, `variables` are what templates over its entities
    may use.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content_type: str
    is_json: bool
    body: Any
    part: Any
    variables: dict[str, Any]


class Call:
    """An operation with its templates; made once a component and operation.

    `allowed` are the statuses whose answers are given out, others fail. `tracer` notes what is
    asked.
    """

    def __init__(
        self,
        system: RestSystem,
        name: str,
        operation: Mapping[str, Any],
        allowed: Statuses,
        tracer: Tracer | None = None,
    ) -> None:
        self._system = system
        self._name = name
        self._operation = operation
        self._allowed = allowed
        self._tracer = tracer
        # Templates that name it take the offset themselves.
        self.uses_since = bool(SINCE.search(str(operation.get("url", ""))))

    def pages(
        self,
        variables: Mapping[str, Any],
        *,
        payload: Any = None,
        since: Any = None,
        places: bool = False,
    ) -> Iterator[Page]:
        """The answers, page by page.

        `payload` takes the place of the operation's. `since` is put where the operation says, if
        `places` is true. Raises RequestError, PipeError and ConfigError.
        """
        operation = self._operation
        paging = Pages(operation)
        known: dict[str, Any] = {"properties": operation.get("properties") or {}, **variables}
        if operation.get("page_size") is not None:
            known["page_size"] = operation["page_size"]
        if since is not None:
            known["since"] = plain(since)
        link: str | None = None
        previous: Request | None = None
        number = 0
        while True:
            known |= {"page": number, "is_first_page": number == 0}
            request = self._request(known, link, payload, since if places else None, previous)
            if previous is not None and paging.is_same(request, previous):
                return
            self._check_goes_on(paging, request, number)
            page = self._ask(request, known)
            yield page
            if not (paging.is_paged or paging.follows_header):
                return
            link = self._next_link(paging, page, request)
            if link is None and paging.follows_header:
                return
            if paging.is_last(page.part, page.body, link):
                return
            known |= {
                "previous_body": page.body,
                "previous_request_headers": dict(request.headers),
                "previous_params": dict(request.params),
                "previous_headers": dict(page.headers),
            }
            previous, number = request, number + 1

    def _check_goes_on(self, paging: Pages, request: Request, number: int) -> None:
        """Raises PipeError where the pages will not come to an end."""
        where = f"{self._system}: {shown(self._system.url(request.url))}"
        if paging.goes_round(request):
            raise PipeError(
                f'{where}: page {number + 1} of the operation "{self._name}" is a page that has '
                "been read before: the pages go round"
            )
        if number >= pages.MOST_PAGES:
            raise PipeError(
                f'{where}: the operation "{self._name}" has more than {pages.MOST_PAGES:,} pages; '
                '"next_page_termination_strategy" says how the last one is known'
            )

    # -- requests ------------------------------------------------------------------------------

    def _where(self, what: str) -> str:
        return f'"{what}" of the operation "{self._name}"'

    def _request(
        self,
        known: Mapping[str, Any],
        link: str | None,
        payload: Any,
        since: Any,
        previous: Request | None,
    ) -> Request:
        operation, render = self._operation, self._system.templates
        variables = {**known, **self._system.token_variables()}
        url = link or render.text(str(operation.get("url") or ""), variables, self._where("url"))
        variables["url"] = url
        params = self._texts("params", variables)
        headers = self._texts("headers", variables)
        if since is not None and not self.uses_since:
            place = operation.get("since_property_location") or "query"
            name = operation.get("since_property_name") or "since"
            if place != "manual":
                (params if place == "query" else headers)[name] = str(plain(since))
        if link is not None:
            # A link is whole: what it names already is not put on once more.
            there = {name for name, _ in parse_qsl(urlsplit(link).query, keep_blank_values=True)}
            params = {} if there and previous else params
            params = {name: value for name, value in params.items() if name not in there}
        if payload is None and operation.get("payload") is not None:
            variables |= {"request_params": params, "headers": headers}
            payload = render.data(operation["payload"], variables, self._where("payload"))
        body = body_of(payload, operation.get("payload-type") or "json", headers)
        return Request(str(operation.get("method")), url, params, headers, body)

    def _texts(self, name: str, variables: Mapping[str, Any]) -> dict[str, str]:
        """Rendered `params` or `headers`: what is no text becomes its JSON."""
        made = self._system.templates.data(
            self._operation.get(name) or {}, variables, self._where(name)
        )
        return {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in (made or {}).items()
            if value is not None
        }

    def _next_link(self, paging: Pages, page: Page, request: Request) -> str | None:
        if paging.link_template is None:
            found = paging.header_link(page.headers) if paging.follows_header else None
        else:
            where = self._where("next_page_link")
            found = self._system.templates.text(paging.link_template, page.variables, where).strip()
        if not found or found in ("None", "null"):
            return None
        if found.startswith(("/", "?")):
            return urljoin(self._system.url(request.url), found)
        return found

    # -- answers -------------------------------------------------------------------------------

    def _ask(self, request: Request, known: Mapping[str, Any]) -> Page:
        system, operation = self._system, self._operation
        with system.call(request, operation, self._allowed, self._tracer) as answer:
            data = answer.body.read(MOST_BYTES + 1)
            status, headers, url = answer.status, dict(answer.headers), answer.url
        if len(data) > MOST_BYTES:
            raise PipeError(f"{system}: {url} answered with more than {MOST_BYTES:,} bytes")
        content_type = str(headers.get("content-type") or headers.get("Content-Type") or "")
        is_json = system.is_json(content_type) and bool(data.strip())
        body: Any = _parsed(data, f"{system}: {url}") if is_json else _decoded(data, content_type)
        part = part_of(body, operation.get("payload_property")) if is_json else body
        variables = {
            **known,
            "body": body,
            "url": request.url,
            "request_params": dict(request.params),
            "request_headers": dict(request.headers),
            "headers": headers,
            "response_headers": headers,
        }
        page = Page(url, status, headers, content_type, is_json, body, part, variables)
        self._check(page)
        return page

    def _check(self, page: Page) -> None:
        """An answer that tells of an error with a status of success."""
        template = self._operation.get("error_expression")
        if not template or not page.is_json or not self._operation.get("payload_property"):
            return
        where = self._where("error_expression")
        text = self._system.templates.text(template, page.variables, where).strip()
        if text:
            raise PipeError(f"{self._system}: {page.url}: {text}")

    # -- entities ------------------------------------------------------------------------------

    def entities(self, page: Page, *, source_entity: Entity | None = None) -> Iterator[Entity]:
        """The entities of a page, with `_id` and `_updated` by the operation's expressions."""
        if not page.is_json:
            name = self._operation.get("response_property") or "response"
            items: list[Any] = [{name: page.body}] if page.body else []
        else:
            items = page.part if isinstance(page.part, list) else [page.part]
        for number, item in enumerate(items):
            if item is None:
                continue
            if not isinstance(item, dict):
                raise PipeError(
                    f"{self._system}: {page.url}: {self._where('payload_property')} gives "
                    f"{preview(item)} at position {number}, expected an object"
                )
            entity = as_values(item)
            name = self._operation.get("response_headers_property")
            if name:
                entity[name] = dict(page.headers)
            self._identify(entity, item, page, source_entity)
            yield entity

    def _identify(
        self, entity: Entity, item: Mapping[str, Any], page: Page, source_entity: Entity | None
    ) -> None:
        render, operation = self._system.templates, self._operation
        # An entity's own properties are variables, too, but none of them hides one of ours.
        variables = {**item, **page.variables, "entity": item}
        if source_entity is not None:
            variables["source_entity"] = plain(source_entity)
        for name, option in (("_id", "id_expression"), ("_updated", "updated_expression")):
            template = operation.get(option)
            if template and entity.get(name) is None:
                text = render.text(template, variables, self._where(option)).strip()
                if text:
                    entity[name] = text
        if isinstance(entity.get("_id"), int) and not isinstance(entity["_id"], bool):
            entity["_id"] = str(entity["_id"])


def _parsed(data: bytes, what: str) -> Any:
    try:
        return json.loads(data, parse_constant=_refused, parse_float=_finite)
    except ValueError as error:
        raise PipeError(f"{what}: the answer is no JSON: {error}") from None
    except RecursionError:
        raise PipeError(f"{what}: the answer is no JSON: it is nested too deeply") from None


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if value - value == 0 else _refused(text)


def _decoded(data: bytes, content_type: str) -> str:
    charset = content_type.partition("charset=")[2].partition(";")[0].strip("\"' ") or "utf-8"
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
