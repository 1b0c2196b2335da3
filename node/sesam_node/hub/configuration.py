"""The configuration in force, and every way to change it.

A change is checked as a whole before anything happens. Then the runs of the pipes it concerns are
stopped, the new revision is written in one durable step, and becomes active; runs of other pipes go
on. What is stored are the originals; effective forms are made from them at every start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.config.diff import diff
from sesam_node.config.document import (
    METADATA_TYPE,
    NODE,
    PIPE_TYPE,
    Document,
    is_pipe,
)
from sesam_node.config.environment import check_env
from sesam_node.errors import (
    ConfigError,
    ConflictError,
    NotFoundError,
    OutdatedError,
    Problem,
    preview,
)
from sesam_node.hub.access import WHOLE, Access, kind_of, new_owners
from sesam_node.hub.active import (
    Active,
    abandoned_datasets,
    concerned_pipes,
    config_tag,
    delete_datasets,
    json_bytes,
    same,
    written_datasets,
)
from sesam_node.hub.applied import apply_to
from sesam_node.hub.checking import OPERATION, Outcome
from sesam_node.hub.groups import (
    DEFAULT,
    PLACED,
    group_of,
    marked,
    part,
    placed_values,
    with_part,
)
from sesam_node.hub.history import history_of, history_values
from sesam_node.hub.refusals import break_circuit, checked_id, refuse, with_ids
from sesam_node.hub.secrets import systems_with_secrets
from sesam_node.hub.vault import SHARED, Vault
from sesam_node.model.namespaces import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sesam_node.hub.access import Principal
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store

log = logging.getLogger(__name__)

CHECK_TIMEOUT_S = 300.0


class Activation(Protocol):
    """What follows from a change, for those who run pipes."""

    async def stop_pipes(self, pipes: Collection[str]) -> None:
        """End the runs of these pipes, and start none of them until `activated`."""
        ...

    def activated(self, old: Active, new: Active) -> None:
        """The new configuration is in force; also called when `stop_pipes` was for nothing."""
        ...


class Configuration:
    """The service behind `/api/config`, `/api/env`, `/api/secrets` and `/api/metadata`."""

    def __init__(
        self, store: Store, executor: Executor, vault: Vault, activation: Activation
    ) -> None:
        self.active = Active()
        self._store = store
        self._executor = executor
        self._vault = vault
        self._activation = activation
        self._lock = asyncio.Lock()
        self._owners: Mapping[str, str] = {}
        self._placed: frozenset[str] = frozenset()
        self.access = Access(lambda: self.active, self.owners)

    # -- reading -----------------------------------------------------------------------------------

    def original(self) -> list[dict[str, Any]]:
        """The components as they were uploaded, in their order."""
        return self.active.document.to_list()

    def document(self, group: str | None = DEFAULT, by: Principal | None = None) -> Document:
        """The originals of a config group, or of all, that somebody may read."""
        document = self.active.document
        found = document if group is None else part(document, group, self._placed)
        if by is None or by.is_admin:
            return found
        may = self.access.may
        return Document(
            tuple(
                item
                for item in found.components
                if type(item) is dict and may(by, "read_config", kind_of(item), item.get("_id", ""))
            )
        )

    def group(self, component_id: str) -> str:
        """The config group of a component."""
        return group_of(self.active.document.by_id[component_id], self._placed)

    def component(self, kind: str, component_id: str) -> dict[str, Any]:
        """A pipe or system: its configuration, and whether it is right."""
        original = self._original(kind, component_id)
        active = self.active
        return {
            "_id": component_id,
            "type": original["type"],
            "config": {"original": original, "effective": active.effective(component_id)},
            "runtime": {
                "state": "Deployed",
                "is-valid-config": component_id not in active.invalid,
                "config-errors": active.config_errors(component_id),
            },
        }

    def _original(self, kind: str, component_id: str) -> dict[str, Any]:
        document = self.active.document
        known = document.pipes if kind == "pipe" else document.systems
        if component_id not in known:
            raise NotFoundError(f'there is no {kind} "{component_id}"')
        return known[component_id]

    def metadata(self) -> dict[str, Any]:
        """The node metadata, as uploaded and in force."""
        active = self.active
        original = active.document.metadata or {}
        return {"_id": NODE, "config": {"original": original, "effective": active.metadata}}

    def namespaces(self) -> dict[str, str]:
        """Prefix to namespace, the built-in ones included."""
        own = self.active.metadata.get("namespaces")
        given = own.get("default") if type(own) is dict else None
        return {**BUILT_IN, **(given if type(given) is dict else {})}

    def env(self) -> dict[str, Any]:
        return dict(self.active.env)

    def secrets(self, system: str | None = None) -> list[str]:
        """The names of the secrets of a system, or of those that all may name."""
        if system is not None:
            self._original("system", system)
        return self._vault.names().get(system or SHARED, [])

    def with_secrets(
        self, systems: Mapping[str, dict[str, Any]], named: Collection[str] = ()
    ) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
        """Systems and the secrets that they name; see `systems_with_secrets`."""
        return systems_with_secrets(self._vault, systems, named)

    def history(self, component_id: str, **wanted: Any) -> list[dict[str, Any]]:
        """What a component was, revision by revision; see `history_of`."""
        return history_of(self._store.settings, component_id, **wanted)

    def check_history(self, who: Principal, component_id: str) -> None:
        """Raises ForbiddenError where somebody may not see what a component was.

        What was deleted has no permissions any more: whoever may change the node sees it.
        """
        there = self.active.document.by_id.get(component_id)
        if there is not None:
            name = "" if component_id == NODE else component_id
            self.access.check(who, "read_config", kind_of(there), name)
        else:
            self.access.check(who, "write_config", WHOLE)

    def owners(self) -> Mapping[str, str]:
        """Who has added which component, where that is known."""
        return self._owners

    async def check(self, document: Document, env: Any = None) -> list[Problem]:
        """Everything that is wrong with a configuration, by component and path; nothing changes.

        `env` are the variables to check it with, those in force if null. Raises ConfigError where
        they are none.
        """
        problems = [] if env is None else check_env(env)
        if problems:
            raise ConfigError("these are no variables", problems)
        outcome = await self._check(
            document, self.active.env if env is None else env, self._vault.names()
        )
        return sorted({*outcome.checked.problems, *document.warnings})

    # -- changing ----------------------------------------------------------------------------------

    async def put(
        self,
        document: Document,
        *,
        group: str | None = DEFAULT,
        force: bool = False,
        by: Principal | None = None,
    ) -> list[Problem]:
        """Replace all components of a config group, or of all groups where it is null.

        Gives the problems that did not prevent it. Raises ConfigError with every problem, and
        changes nothing, where there is an error; with `force` what is valid is loaded and the rest
        is marked. `by` is who changes it, here and below; null for the node itself. Raises
        ForbiddenError where he may not, naming every permission that is missing.
        """
        async with self._lock:
            if group is None:
                return await self._change(document, force=force, by=by, placed=frozenset())
            old, placed = self.active.document, self._placed
            if group != DEFAULT:
                document = marked(document, group)
            whole = with_part(old, group, document, placed)
            if group == DEFAULT:
                placed = frozenset(
                    name for name, item in document.by_id.items() if group_of(item) != DEFAULT
                )
            return await self._change(whole, force=force, by=by, placed=placed)

    async def add(
        self,
        components: list[Any],
        *,
        kind: str,
        force: bool = False,
        by: Principal | None = None,
    ) -> list[str]:
        """Add pipes or systems and give their ids. Raises ConflictError where one exists."""
        async with self._lock:
            document = self.active.document
            ids = [checked_id(component, kind) for component in components]
            for component_id in ids:
                if component_id in document.by_id or ids.count(component_id) > 1:
                    raise ConflictError(f'the {kind} "{component_id}" exists already')
            changed = document.with_components(components)
            await self._change(changed, force=force, only=ids, by=by)
            return ids

    async def put_one(
        self,
        kind: str,
        component_id: str,
        component: dict[str, Any],
        *,
        force: bool = False,
        by: Principal | None = None,
        seen: Collection[str] | None = None,
    ) -> None:
        """Replace or add one pipe or system.

        With `seen` only where its `config_tag` is one of these (`""`: it is not there); raises
        OutdatedError where it is another.
        """
        component = {"_id": component_id, **component}
        if component["_id"] != component_id:
            raise ConfigError(
                f'expected the {kind} "{component_id}", got {preview(component["_id"])}'
            )
        if "type" not in component and kind == "pipe":
            component["type"] = PIPE_TYPE
        checked_id(component, kind)
        async with self._lock:
            document = self.active.document
            other = document.by_id.get(component_id)
            if other is not None and is_pipe(other) != (kind == "pipe"):
                raise ConflictError(f'"{component_id}" is not the id of a {kind}')
            if seen is not None and config_tag(other) not in seen:
                state = "is not there" if other is None else "has been changed or added meanwhile"
                raise OutdatedError(f'the {kind} "{component_id}" {state}; nothing was saved')
            changed = document.with_components([component])
            placed = self._placed - {component_id}
            await self._change(changed, force=force, only=[component_id], by=by, placed=placed)

    async def delete(self, kind: str, component_id: str, *, by: Principal | None = None) -> None:
        """Delete a pipe with its datasets, or a system with its secrets."""
        async with self._lock:
            self._original(kind, component_id)
            await self._change(self.active.document.without([component_id]), only=[], by=by)

    async def put_permissions(
        self,
        kind: str,
        component_id: str,
        entries: list[Any],
        *,
        force: bool = False,
        by: Principal | None = None,
    ) -> None:
        """Give a pipe, a system or the node (kind "node") a list of permissions; [] takes it away.

        Raises NotFoundError, ConfigError, ForbiddenError.
        """
        async with self._lock:
            name = NODE if kind == WHOLE else component_id
            document = self.active.document
            old = {"_id": NODE, "type": METADATA_TYPE, **(document.metadata or {})}
            if kind != WHOLE:
                old = self._original(kind, component_id)
            new = {key: value for key, value in old.items() if key != "permissions"}
            if entries:
                new["permissions"] = entries
            changed = document.with_components([new])
            await self._change(changed, force=force, only=[name], by=by)

    async def put_metadata(self, metadata: dict[str, Any], *, by: Principal | None = None) -> None:
        """Replace the node metadata; an empty object goes back to the defaults."""
        async with self._lock:
            document = self.active.document
            if not metadata:
                await self._change(document.without([NODE]), only=[], by=by)
                return
            component = {"_id": NODE, "type": METADATA_TYPE, **metadata}
            await self._change(document.with_components([component]), only=[NODE], by=by)

    async def put_env(
        self, values: Any, *, replace: bool = False, by: Principal | None = None
    ) -> None:
        """Replace all variables, or add these. Components that miss one are marked."""
        problems = check_env(values)
        if problems:
            raise ConfigError("these are no variables", problems)
        async with self._lock:
            env = dict(values) if replace else {**self.active.env, **values}
            await self._change(self.active.document, env=env, force=True, by=by)

    async def delete_env(self, name: str, *, by: Principal | None = None) -> None:
        async with self._lock:
            if name not in self.active.env:
                raise NotFoundError(f'there is no variable "{name}"')
            env = {key: value for key, value in self.active.env.items() if key != name}
            await self._change(self.active.document, env=env, force=True, by=by)

    async def put_secrets(
        self, values: Mapping[str, str], *, system: str | None = None, replace: bool = False
    ) -> None:
        """Replace the secrets of a system (or the common ones), or add these."""
        for name, value in values.items():
            if type(value) is not str or not name or "(" in name or ")" in name:
                raise ConfigError(f"the secret {preview(name)} is not a name with a string")
        async with self._lock:
            if system is not None:
                self._original("system", system)
            owner = system or SHARED
            secrets = self._vault.with_values(owner, values, replace=replace)
            await self._change(self.active.document, secrets=secrets, force=True)

    async def delete_secret(self, key: str, *, system: str | None = None) -> None:
        async with self._lock:
            if key not in self.secrets(system):
                raise NotFoundError(f'there is no secret "{key}"')
            secrets = self._vault.without(system or SHARED, key)
            await self._change(self.active.document, secrets=secrets, force=True)

    async def apply(
        self, source: str, digest: str, document: Document, env: Mapping[str, Any] | None = None
    ) -> bool:
        """Take over a folder or file that has changed since it was last applied.

        Only components that the source brings or has brought are touched, see `apply_to`. What is
        invalid is marked. Gives whether there was anything to do. Raises ConfigError for a source
        that has become empty, or would delete more than the node allows.
        """
        async with self._lock:
            key = f"applied/{source}"
            stored = self._store.settings.get(key)
            found = apply_to(self.active, stored, digest, document, env or {})
            if found is None:
                return False
            break_circuit(self.active, diff(self.active.document, found.document))
            also = {key: found.record}
            problems = await self._change(found.document, env=found.env, force=True, also=also)
            for problem in problems:
                if problem.component in document.by_id:
                    level = logging.ERROR if problem.level == "error" else logging.WARNING
                    log.log(level, "%s: %s", source, problem)
            return True

    async def load(self) -> None:
        """Take up what the store has, when a node starts."""
        settings = self._store.settings
        self._vault.load(settings.get("secrets"))
        self._owners = json.loads(settings.get("owners") or b"{}")
        self._placed = frozenset(json.loads(settings.get(PLACED) or b"[]"))
        document = Document(tuple(json.loads(settings.get("configuration") or b"[]")))
        env = json.loads(settings.get("environment") or b"{}")
        revision = int(settings.get("revision") or 0)
        outcome = await self._check(document, env, self._vault.names())
        self.active = Active(revision, document, env, outcome.checked, outcome.facts)
        await self._remove_datasets()

    async def clear(self) -> None:
        """Back to an empty node, but for what was applied from folders and the secrets' key."""
        async with self._lock:
            await self._change(Document(), env={}, secrets={}, force=True)

    # -- how ---------------------------------------------------------------------------------------

    async def _check(
        self, document: Document, env: Mapping[str, Any], secrets: Mapping[str, list[str]]
    ) -> Outcome:
        owners = {SHARED, *document.systems}
        known = {owner: names for owner, names in secrets.items() if owner in owners}
        payload = {"components": document.to_list(), "env": dict(env), "known_secrets": known}
        call = self._executor.call(OPERATION, payload, timeout_s=CHECK_TIMEOUT_S)
        outcome: Outcome = await call.value()
        return outcome

    async def _change(
        self,
        document: Document,
        *,
        env: Mapping[str, Any] | None = None,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        force: bool = False,
        only: Collection[str] | None = None,
        also: Mapping[str, bytes | None] | None = None,
        by: Principal | None = None,
        placed: frozenset[str] | None = None,
    ) -> list[Problem]:
        """Check and activate; `only` are the components whose old errors count too."""
        old = self.active
        env = old.env if env is None else env
        document = with_ids(document) if force else document
        difference = diff(old.document, document)
        if by is not None:
            self.access.check_change(by, old, document.by_id, difference)
        if not force:
            break_circuit(old, difference)
        known = self._vault.names() if secrets is None else _names(secrets)
        systems = {SHARED, *document.systems}
        outcome = await self._check(document, env, known)
        new = Active(old.revision + 1, document, env, outcome.checked, outcome.facts)
        if by is not None:
            self.access.check_use(by, new)
        refuse(outcome.checked, document, old, force=force, only=only)
        owners = new_owners(self._owners, difference, by)
        placed = self._placed if placed is None else placed
        also = {**(also or {}), **placed_values(self._placed, placed)}
        sealed = None
        if secrets is not None or set(known) - systems:
            kept = self._vault.without(SHARED) if secrets is None else secrets
            shared = self._vault.values(SHARED) if secrets is None else secrets.get(SHARED, {})
            sealed = self._vault.sealed(
                {SHARED: shared, **{k: v for k, v in kept.items() if k in document.systems}}
            )
        if same(old, new) and sealed is None and not also:
            return list(new.checked.problems)
        concerned = concerned_pipes(old, new, secrets_changed=sealed is not None)
        try:
            await self._activation.stop_pipes(concerned)
            values = self._values(old, new, sealed)
            values |= history_values(
                self._store.settings, difference, new, by.subject if by else ""
            )
            values["owners"] = json_bytes(owners) if owners else None
            self._store.settings.write({**values, **also})
            if sealed is not None:
                self._vault.load(sealed)
            self.active, self._owners, self._placed = new, owners, placed
            await self._remove_datasets()
        finally:
            self._activation.activated(old, self.active)
        log.info("revision %d of the configuration is active", new.revision)
        return list(new.checked.problems)

    def _values(self, old: Active, new: Active, sealed: bytes | None) -> dict[str, bytes | None]:
        """What a new revision writes of itself; with its history and owners, in one step."""
        values: dict[str, bytes | None] = {
            "configuration": json_bytes(new.document.to_list()),
            "environment": json_bytes(new.env),
            "revision": str(new.revision).encode(),
        }
        abandoned = self._still_to_delete().union(abandoned_datasets(old, new)) - written_datasets(
            new
        )
        values["datasets-to-delete"] = json_bytes(sorted(abandoned)) if abandoned else None
        for name in set(old.document.pipes).difference(new.document.pipes):
            values[f"pipe/{name}"] = None
        if sealed is not None:
            values["secrets"] = sealed
        return values

    def _still_to_delete(self) -> set[str]:
        return set(json.loads(self._store.settings.get("datasets-to-delete") or b"[]"))

    async def _remove_datasets(self) -> None:
        """Delete what removed pipes have left; a start goes on where a crash interrupted it."""
        names = self._still_to_delete()
        if not names:
            return
        await asyncio.to_thread(delete_datasets, self._store, names)
        self._store.settings.write({"datasets-to-delete": None})


def _names(secrets: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    return {owner: sorted(values) for owner, values in secrets.items()}
