"""Secrets on their way to the worker of a pipe: those its systems and rules name, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.secrets import secrets_for
from sesam_node.hub.vault import SHARED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sesam_node.hub.vault import Vault


def systems_with_secrets(
    vault: Vault, systems: Mapping[str, dict[str, Any]], named: Collection[str] = ()
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Systems and the secrets that they name.

    `named` are further common secrets. Where two systems have secrets of their own under one name,
    or a system and `named`, that of the later system is renamed.
    """
    shared = vault.values(SHARED)
    found: dict[str, dict[str, Any]] = {}
    values = {name: shared[name] for name in named if name in shared}
    for system_id, system in systems.items():
        own = secrets_for(system, vault.values(system_id), shared)
        clash = {name for name in own if values.get(name, own[name]) != own[name]}
        for name in clash:
            system = _renamed(system, name, f"{system_id}/{name}")  # noqa: PLW2901 - step by step
            own[f"{system_id}/{name}"] = own.pop(name)
        found[system_id] = system
        values.update(own)
    return found, values


def _renamed(value: Any, name: str, other: str) -> Any:
    """A system that names a secret otherwise."""
    if isinstance(value, dict):
        return {key: _renamed(item, name, other) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, name, other) for item in value]
    if isinstance(value, str):
        return value.replace(f"$SECRET({name})", f"$SECRET({other})")
    return value
