"""Webhooks: others are told when a dataset, or the log of a pipe, has something new; and we are.

Who may read a dataset registers a URL and a token (the manual's API, OPTIONS of its entities).
After a change the URL gets the token in a POST, and asks for the data when it likes: changes that
come meanwhile are told of once. A receiver that answers 404 does not know the token any more and is
forgotten; one that fails is tried again, later and later. Telling is best effort, as signalling is:
at a start everybody is told once, since nobody knows what was missed.

The other way round a pipe may be told by another node: its token starts it, and nothing else.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from sesam_node.errors import ConflictError, InputError, NotFoundError, SesamError, preview
from sesam_node.model import content_hash
from sesam_node.pipes.execution_log import log_name
from sesam_node.pipes.http.addresses import GuardedTransport
from sesam_node.scheduling.scheduler import Signalled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from sesam_node.hub.pumps import Pumps
    from sesam_node.hub.vault import Vault
    from sesam_node.pipes.http.address_rules import AddressRules
    from sesam_node.pipes.runs import RunResult
    from sesam_node.store.api import Settings

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
AT_ONCE: Final = 4
MOST_TRIES: Final = 10
LONGEST_WAIT_S: Final = 300.0
MOST_HOOKS: Final = 1_000
MAX_CHARACTERS: Final = 2_000
GONE: Final = 404
PREFIX: Final = "webhook/"
TOKENS: Final = "webhook-token/"


@dataclass(frozen=True, slots=True)
class Hook:
    """Whom to tell about a dataset."""

    id: str
    dataset: str
    url: str
    token: str = field(repr=False)

    def shown(self) -> dict[str, str]:
        """What is told of it: never the token."""
        return {"id": self.id, "dataset": self.dataset, "url": self.url}


class Webhooks:
    """The service behind `/api/webhooks` and `/api/pipes/{id}/webhook`."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        pumps: Pumps,
        *,
        addresses: AddressRules,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`addresses` are those that are told nothing; `sleep` is for tests."""
        self._settings = settings
        self._vault = vault
        self._pumps = pumps
        self._addresses = addresses
        self._sleep = sleep
        self._hooks: dict[str, Hook] = {}
        self._news: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._limit = asyncio.Semaphore(AT_ONCE)

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what is registered, and tell everybody once."""
        for key, stored in self._settings.items(PREFIX).items():
            values = json.loads(stored)
            token = self._vault.decrypted(values["token"])
            name = key.removeprefix(PREFIX)
            self._hooks[name] = Hook(name, values["dataset"], values["url"], token)
        self._pumps.driver.listen(self.changed)
        self._pumps.listen(self._ended)
        self.changed({hook.dataset for hook in self._hooks.values()})

    async def stop(self) -> None:
        """Tell nobody any more."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def clear(self) -> None:
        """Forget everybody."""
        for name in list(self._hooks):
            self.forget(name)

    # -- telling others ----------------------------------------------------------------------------

    def register(self, dataset: str, url: str, token: str) -> dict[str, str]:
        """Have a URL told about a dataset; again, to give it another token.

        Raises InputError for what is no URL, ConflictError for too many.
        """
        _check_url(url)
        if not token or len(token) > MAX_CHARACTERS:
            raise InputError('a webhook has a "token" that its receiver knows it by')
        name = content_hash(f"{dataset} {url}".encode()).hex()
        if name not in self._hooks and len(self._hooks) >= MOST_HOOKS:
            raise ConflictError(f"the node has {MOST_HOOKS} webhooks already")
        hook = Hook(name, dataset, url, token)
        stored = {"dataset": dataset, "url": url, "token": self._vault.encrypted(token)}
        self._settings.write({f"{PREFIX}{name}": json.dumps(stored).encode()})
        self._hooks[name] = hook
        return hook.shown()

    def list(self) -> list[dict[str, str]]:
        """All webhooks, by dataset and URL."""
        return sorted(
            (hook.shown() for hook in self._hooks.values()), key=lambda h: (h["dataset"], h["url"])
        )

    def forget(self, name: str) -> dict[str, str]:
        """Tell this one nothing any more. Raises NotFoundError."""
        hook = self._hooks.pop(name, None)
        if hook is None:
            raise NotFoundError(f"there is no webhook {preview(name)}")
        self._settings.write({f"{PREFIX}{name}": None})
        return hook.shown()

    def changed(self, datasets: Iterable[str]) -> None:
        """Datasets have something new."""
        wanted = set(datasets)
        for hook in self._hooks.values():
            if hook.dataset in wanted:
                self._news.add(hook.id)
                if hook.id not in self._tasks:
                    task = asyncio.get_running_loop().create_task(self._tell(hook.id))
                    self._tasks[hook.id] = task

    def _ended(self, result: RunResult) -> None:
        if result.events:
            self.changed([log_name(result.pipe_id)])

    async def _tell(self, name: str) -> None:
        """Tell one receiver as long as there is news; ends when it was told, or is given up."""
        failures = 0
        try:
            while name in self._news and (hook := self._hooks.get(name)) is not None:
                self._news.discard(name)
                async with self._limit:
                    status, reason = await asyncio.to_thread(self._post, hook)
                if status == GONE:
                    log.info("the webhook %s of %s is forgotten: 404", hook.url, hook.dataset)
                    if self._hooks.get(name) is hook:
                        self.forget(name)
                    return
                if 200 <= status < 300:
                    failures = 0
                    continue
                failures += 1
                if failures >= MOST_TRIES:
                    log.warning("the webhook %s was not told: %s", hook.url, reason)
                    return
                self._news.add(name)
                await self._sleep(min(2.0 ** (failures - 1), LONGEST_WAIT_S))
        finally:
            self._tasks.pop(name, None)

    def _post(self, hook: Hook) -> tuple[int, str]:
        """The status that a receiver answers with, 0 where it does not, and what went wrong."""
        rules = self._addresses
        guarded = rules.hold_back
        transport = GuardedTransport("the webhook", rules) if guarded else httpx.HTTPTransport()
        try:
            with httpx.Client(transport=transport, timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.post(hook.url, json={"token": hook.token})
        except (httpx.HTTPError, httpx.InvalidURL, SesamError, OSError) as error:
            return 0, str(error)
        return answer.status_code, f"the answer was {answer.status_code}"

    # -- being told --------------------------------------------------------------------------------

    def token(self, pipe: str) -> str:
        """The token with which another node tells this pipe of news; made where there is none."""
        stored = self._settings.get(f"{TOKENS}{pipe}")
        if stored is not None:
            return self._vault.decrypted(stored.decode())
        token = secrets.token_urlsafe(32)
        self._settings.write({f"{TOKENS}{pipe}": self._vault.encrypted(token).encode()})
        return token

    def signal(self, pipe: str, token: Any) -> None:
        """Start a pipe because of news elsewhere. Raises NotFoundError for an unknown token."""
        stored = self._settings.get(f"{TOKENS}{pipe}")
        known = self._vault.decrypted(stored.decode()) if stored is not None else ""
        given = token if isinstance(token, str) else ""
        right = hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))
        if not known or not right or pipe not in self._pumps.configuration.active.facts:
            raise NotFoundError("there is no such webhook")
        self._pumps.driver.handle(Signalled(pipe))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or len(url) > MAX_CHARACTERS:
        raise InputError(f'expected an http or https URL as "webhook", got {preview(url)}')
    if parts.username or parts.password:
        raise InputError("the URL of a webhook holds no user or password; the token is for that")
