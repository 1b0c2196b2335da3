"""`sesam-node verify-data`: reads everything that a node has stored, and says what is not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.cli.serve import settings_of
from sesam_node.dtl import compile_index
from sesam_node.errors import ConfigError, SesamError
from sesam_node.pipes import emitted, recorded
from sesam_node.store import open_store
from sesam_node.store.verify import verify

if TYPE_CHECKING:
    import argparse

    from sesam_node.store import KeyFunction


def verify_data(options: argparse.Namespace) -> int:
    """Print what is wrong, by dataset; 0 where nothing is. The node must not run meanwhile."""
    settings = settings_of(options)
    if not settings.data.is_dir():
        raise ConfigError(f"there is no node's data in {settings.data}")
    store = open_store(settings.store_url, index_resolver=compile_index)
    wrong = 0
    try:
        store.lock_node()
        names = [name for name in store.names() if not options.datasets or name in options.datasets]
        for missing in sorted(set(options.datasets) - set(names)):
            raise ConfigError(f'there is no dataset "{missing}"')
        for name in names:
            try:
                problems = list(verify(store.dataset(name, create=False), key_function))
            except SesamError as error:
                problems = [str(error)]
            for problem in problems:
                print(f"{name}: {problem}")
            wrong += bool(problems)
    finally:
        store.close()
    print(f"{len(names)} datasets, {wrong} with errors")
    return 1 if wrong else 0


def key_function(index: str) -> KeyFunction:
    """The key function of an index that the node has made."""
    own = {emitted.INDEX: emitted.emitted_ids, recorded.INDEX: recorded.lookups_of}
    return own.get(index) or compile_index(index)
