"""The hub: holds the services that the API and the command line call, and starts and stops them."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import time
from typing import TYPE_CHECKING

from sesam_node.errors import SesamError
from sesam_node.hub.accounts import Accounts
from sesam_node.hub.active import Active
from sesam_node.hub.compaction import Compaction
from sesam_node.hub.configuration import Configuration
from sesam_node.hub.containers import containers_of
from sesam_node.hub.datasets import Datasets
from sesam_node.hub.dtl import Dtl
from sesam_node.hub.events import Events
from sesam_node.hub.feeds import Feeds
from sesam_node.hub.flow import Flow
from sesam_node.hub.insight import Insight
from sesam_node.hub.introspection import Introspection
from sesam_node.hub.lineage import Lineage
from sesam_node.hub.metrics import Metrics
from sesam_node.hub.microservices import Microservices
from sesam_node.hub.pipes import Pipes
from sesam_node.hub.proxies import Proxies
from sesam_node.hub.pump_operations import PumpOperations
from sesam_node.hub.pumps import Pumps
from sesam_node.hub.rows import Rows
from sesam_node.hub.runner import Runner
from sesam_node.hub.schemas import Schemas
from sesam_node.hub.status import Status
from sesam_node.hub.systems import Systems
from sesam_node.hub.tokens import StoredTokens
from sesam_node.hub.vault import Vault
from sesam_node.hub.webhooks import Webhooks
from sesam_node.pipes.http.address_rules import AddressRules
from sesam_node.pipes.shared.desk import Desk
from sesam_node.scheduling.driver import Driver
from sesam_node.scheduling.scheduler import Scheduler
from sesam_node.settings import networks

if TYPE_CHECKING:
    from sesam_node.scheduling.executor import Executor
    from sesam_node.settings import Settings
    from sesam_node.store import Store

log = logging.getLogger(__name__)

MIN_FREE_BYTES = 64 * 1024 * 1024
"""With less room than this on the disk nothing is sure to be written any more."""

RESTART, RESET, STOPPING = "restart", "reset", "stopping"


class Hub:
    """The services of one node."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        executor: Executor,
        *,
        epoch: int,
        vault_key: bytes,
        base_folder: str = "",
    ) -> None:
        self._settings = settings
        self._store = store
        self._executor = executor
        self._started = False
        addresses = AddressRules(
            networks("allowed_addresses", settings.allowed_addresses),
            networks("denied_addresses", settings.denied_addresses),
            own=not settings.is_loopback,
        )
        self.pumps = Pumps(
            store,
            epoch,
            cancel_grace_s=settings.cancel_grace_s,
            base_folder=base_folder,
            allow_files=settings.is_loopback,
            addresses=addresses,
        )
        vault = Vault(vault_key)
        self._tokens = StoredTokens(store.settings, vault)
        self._desk = Desk(self._tokens)
        executor.share(self._desk)
        self.configuration = Configuration(store, executor, vault, self.pumps)
        self.access = self.configuration.access
        self.accounts = Accounts(store.settings)
        self.pumps.configuration = self.configuration
        self.microservices = self.pumps.microservices = Microservices(
            self.configuration,
            folder=base_folder,
            allowed=settings.allow_commands,
            containers=containers_of(settings.containers, settings.data),
        )
        self.pumps.driver = Driver(Scheduler(random.random), executor, self.pumps)
        self.compaction = self.pumps.compaction = Compaction(self.pumps, executor)
        self.operations = PumpOperations(store, self.pumps, executor)
        self.webhooks = Webhooks(store.settings, vault, self.pumps, addresses=addresses)
        self.datasets = Datasets(
            store, self.pumps, self.operations, executor, timeout_s=settings.publish_timeout_s
        )
        self.systems = Systems(self.configuration, self._desk)
        self.rows = Rows(store, self.datasets, executor, timeout_s=settings.publish_timeout_s)
        self.pipes = Pipes(
            self.configuration,
            self.pumps,
            self.operations,
            self.datasets,
            executor,
            call_timeout_s=settings.call_timeout_s,
            publish_timeout_s=settings.publish_timeout_s,
        )
        self.feeds = Feeds(
            store,
            self.configuration,
            self.pumps,
            executor,
            timeout_s=settings.publish_timeout_s,
        )
        self.proxies = Proxies(self.pumps, executor, timeout_s=settings.publish_timeout_s)
        self.introspection = Introspection(
            store, self.configuration, self.pumps, executor, timeout_s=settings.call_timeout_s
        )
        self.dtl = Dtl(
            store, self.configuration, self.pumps, executor, timeout_s=settings.call_timeout_s
        )
        self.insight = Insight(
            store,
            self.configuration,
            self.pumps,
            executor,
            timeout_s=settings.call_timeout_s,
            job_timeout_s=settings.publish_timeout_s,
        )
        self.lineage = Lineage(
            store, self.configuration, self.pumps, executor, timeout_s=settings.call_timeout_s
        )
        self.schemas = Schemas(
            store, self.configuration, self.pumps, executor, timeout_s=settings.call_timeout_s
        )
        self.runner = Runner(self.pumps, settings.cancel_grace_s)
        self.status = Status(
            self.pumps,
            time.time(),
            developer_mode=settings.developer_mode,
            healthy=self._problem,
        )

        self.events = Events(store, self.pumps)
        self.flow = Flow(store, self.pumps, self.systems)
        self.metrics = Metrics(self.pumps, self._problem, settings.data)

    async def start(self) -> None:
        """Take up the configuration in the store and begin to schedule."""
        await self.configuration.load()
        self._tokens.keep_those_of(self.configuration.active.document.systems)
        await self.insight.diffs.start()
        self.pumps.activated(Active(), self.configuration.active, startup=True)
        self.compaction.start()
        self.microservices.start()
        self.webhooks.start()
        self._started = True

    async def stop(self) -> None:
        """End what runs, within the grace time of the settings."""
        self._started = False
        await asyncio.gather(self.compaction.stop(), self.webhooks.stop(), self.events.stop())
        await self.microservices.stop()
        grace_s = self._settings.stop_grace_s
        self.pumps.driver.hold(STOPPING)
        # The runner waits for its pumps, which the driver ends in less time than it would take.
        await asyncio.gather(
            self.runner.stop(grace_s),
            self.pumps.driver.close(grace_s),
            self.insight.diffs.stop(),
        )

    async def reset(self) -> None:
        """Empty the node: configuration, datasets, variables, secrets."""
        driver = self.pumps.driver
        driver.hold(RESET)
        try:
            await self.insight.diffs.stop()
            await self.runner.stop()
            await driver.cancel(list(driver.running), self._settings.cancel_grace_s)
            self.webhooks.clear()
            self._tokens.keep_those_of(())
            self._desk.clear()
            await self.configuration.clear()
            await self.datasets.delete_all()
        except Exception:
            log.exception("the node could not be emptied")
        finally:
            driver.release(RESET)
        await self.restart()

    async def restart(self) -> None:
        """Start again in new workers; everything is kept."""
        driver = self.pumps.driver
        self._started = False
        driver.hold(RESTART)
        try:
            await self.insight.diffs.stop()
            await self.runner.stop()
            await driver.cancel(list(driver.running), self._settings.stop_grace_s)
            await asyncio.to_thread(self._executor.restart, self._settings.stop_grace_s)
            await self.configuration.load()
            self.pumps.activated(Active(), self.configuration.active, startup=True)
        finally:
            driver.release(RESTART)
        self._started = True
        self.status.started = max(time.time(), self.status.started + 1e-6)

    def _problem(self) -> str:
        """What keeps the node from working; nothing where it is well."""
        if not self._started:
            return "the node is starting or stopping"
        try:
            self._store.settings.get("revision")
        except SesamError as error:
            return f"the store cannot be read: {error.message}"
        data = self._settings.data
        if data.is_dir() and shutil.disk_usage(data).free < MIN_FREE_BYTES:
            return "the disk of the data folder is full"
        return ""
