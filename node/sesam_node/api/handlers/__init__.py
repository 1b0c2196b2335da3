"""The handlers, one module a noun; each ends with its ROUTES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sesam_node.api.handlers import (
    about,
    accounts,
    config,
    datasets,
    dtl,
    env,
    events,
    feeds,
    flow,
    insight,
    live,
    metadata,
    metrics,
    offers,
    permissions,
    pipes,
    publishers,
    reasons,
    receivers,
    reference,
    runner,
    schemas,
    secrets,
    status,
    systems,
    webhooks,
)

if TYPE_CHECKING:
    from types import ModuleType

MODULES: Final[tuple[ModuleType, ...]] = (
    status,
    about,
    metrics,
    events,
    flow,
    offers,
    permissions,
    config,
    env,
    secrets,
    metadata,
    accounts,
    runner,
    pipes,
    systems,
    datasets,
    publishers,
    receivers,
    feeds,
    webhooks,
    dtl,
    live,
    reasons,
    insight,
    schemas,
    reference,
)
