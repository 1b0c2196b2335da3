"""`sesam-node secrets rotate`: all that a node has encrypted, under a new key.

While it is replaced the key's file holds both keys, so that an interruption leaves what can be
read, and the command can be given again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.cli.serve import settings_of
from sesam_node.errors import ConfigError
from sesam_node.hub.vault import Vault, new_key
from sesam_node.settings import read_private, write_private
from sesam_node.store import open_store

if TYPE_CHECKING:
    import argparse

    from sesam_node.store.api import Settings


def rotate_secrets(options: argparse.Namespace) -> int:
    """Give a node that does not run another key; says how much was encrypted anew."""
    from sesam_node.dtl import compile_index

    settings = settings_of(options)
    file = settings.secrets_key
    if not settings.data.is_dir():
        raise ConfigError(f"there is no node's data in {settings.data}")
    old = read_private(file)
    if not old:
        raise ConfigError(f"there is no key in {file}; the node makes one when it starts")
    store = open_store(settings.store_url, index_resolver=compile_index)
    try:
        store.lock_node()
        new = new_key()
        vault = Vault(f"{new}\n{old}".encode())
        # Refuses where the key is not the one of this store.
        vault.load(store.settings.get("secrets"))
        changed = renewed(store.settings, vault)
        write_private(file, f"{new}\n{old}")
        store.settings.write(changed)
        write_private(file, new)
    finally:
        store.close()
    print(f"{len(changed)} entries are encrypted under a new key in {file}")
    return 0


def renewed(settings: Settings, vault: Vault) -> dict[str, bytes | None]:
    """The settings that hold something encrypted, as they are under the vault's first key."""
    found: dict[str, bytes | None] = {}
    for name, stored in settings.items().items():
        made = vault.renewed(stored)
        if made != stored:
            found[name] = made
    return found
