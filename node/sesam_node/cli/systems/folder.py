"""Systems of a project folder, without a node: this process asks them itself.

A project holds no secrets: they are asked for at the terminal, or read from a file.
"""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.config.files import file_name, read_project, replace_file
from sesam_node.config.secrets import asked_in_templates, find_secrets
from sesam_node.config.text import write_json
from sesam_node.errors import ConfigError, ConflictError, NotFoundError, SesamError, suggestion
from sesam_node.hiding import hidden_error, hidden_messages, keeping
from sesam_node.hub.checking import check_configuration
from sesam_node.pipes import introspection
from sesam_node.pipes.kept_secrets import kept_secrets
from sesam_node.pipes.runs import PipeDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class ProjectFolder:
    """A `Place`: pipes are saved as files of the project, and none is run."""

    def __init__(self, folder: Path, profile: str, secrets: Path | None = None) -> None:
        """Raises ConfigError where the folder, or the file of secrets, cannot be read."""
        if not folder.is_dir():
            raise ConfigError(f"there is no folder {folder}")
        self._folder = folder.absolute()
        self._profile = profile
        self._secrets = {} if secrets is None else _read_secrets(secrets)
        self.where = f"the project {folder}"
        self._read()

    def _read(self) -> None:
        try:
            content = read_project(self._folder, self._profile)
        except OSError as error:
            raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from None
        self._document, self._files = content.document, content.files
        outcome = check_configuration(
            content.document.to_list(), content.env, warnings=content.document.warnings
        )
        self._checked = outcome.checked

    def systems(self) -> list[dict[str, Any]]:
        return list(self._document.systems.values())

    def status(self, system: str) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(introspection.system_status, system)
        return found

    def offers(self, system: str, search: str, *, targets: bool) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(
            introspection.offers, system, search=search, sinks=targets
        )
        return found

    def offer(self, system: str, offer: str, limit: int) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(introspection.offer, system, offer_id=offer, limit=limit)
        return found

    def sharing(self, system: str, target: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask(
            introspection.prototypes, system, offer_id=target, sinks=True
        )
        return found

    def _ask(self, question: Callable[..., Any], system: str, **more: Any) -> Any:
        definition = self._definition(system)
        with keeping(kept_secrets(definition)):
            try:
                return hidden_messages(question(definition, system, **more))
            except SesamError as error:
                raise hidden_error(error) from None

    def _definition(self, system: str) -> PipeDefinition:
        if system not in self._document.systems:
            hint = suggestion(system, self._document.systems)
            message = f'there is no system "{system}" in {self.where}'
            raise NotFoundError(f"{message}; {hint}" if hint else message)
        problems = [one for one in self._checked.of(system) if one.level == "error"]
        if problems:
            raise ConfigError(f'the system "{system}" has an invalid configuration', problems)
        effective = self._checked.effective[system]
        names = {name for _, name in find_secrets(effective)} | asked_in_templates(effective)
        return PipeDefinition(
            pipe={"_id": "", "type": "pipe"},
            systems={system: effective},
            metadata=self._document.metadata or {},
            secrets={name: self._secret(system, name) for name in sorted(names)},
            base_folder=str(self._folder),
            allow_files=True,
        )

    def _secret(self, system: str, name: str) -> str:
        if name not in self._secrets:
            if not sys.stdin.isatty():
                raise ConfigError(
                    f'the system "{system}" names the secret "{name}", and a project has none:'
                    " --secrets FILE gives them, or ask a running node"
                )
            self._secrets[name] = getpass.getpass(f'the secret "{name}" of "{system}": ')
        return self._secrets[name]

    def has(self, component: str) -> bool:
        return component in self._document.by_id

    def save(self, component: Mapping[str, Any]) -> str:
        name = file_name(component)
        file = self._folder / name
        known = self._files.get(component["_id"])
        if known is not None or file.exists():
            raise ConflictError(f"{self._folder / (known or name)} is there already")
        try:
            replace_file(file, write_json(component).encode())
        except OSError as error:
            raise ConfigError(f"{file} cannot be written: {error.strerror}") from None
        self._read()
        return str(file)

    def run(self, pipe: str) -> None:
        """Without a node nothing runs."""

    def close(self) -> None:
        """Nothing is kept open."""


def _read_secrets(file: Path) -> dict[str, str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    try:
        found = json.loads(text)
    except ValueError as error:
        # Not the text: it holds secrets.
        line = getattr(error, "lineno", 1)
        raise ConfigError(f"{file} is no JSON, line {line}") from None
    if not (isinstance(found, dict) and all(isinstance(one, str) for one in found.values())):
        raise ConfigError(f'expected {{"name": "secret"}} in {file}')
    return found
