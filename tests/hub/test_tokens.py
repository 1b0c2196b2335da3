"""Access tokens at rest: encrypted, under names that tell nothing, as long as their systems are."""

from __future__ import annotations

from cryptography.fernet import Fernet

from sesam_node.hub.tokens import PREFIX, StoredTokens
from sesam_node.hub.vault import Vault

KEY = Fernet.generate_key()
TOKEN = {"access": "t0ken", "refresh": "r3fresh", "renew": 5.0}


def test_a_token_is_there_again_with_the_key_and_with_no_other(store):
    StoredTokens(store.settings, Vault(KEY)).save("k", "api", TOKEN)
    assert StoredTokens(store.settings, Vault(KEY)).load("k") == TOKEN
    assert StoredTokens(store.settings, Vault(Fernet.generate_key())).load("k") is None
    assert StoredTokens(store.settings, Vault(KEY)).load("other") is None


def test_neither_token_nor_key_can_be_read(store):
    StoredTokens(store.settings, Vault(KEY)).save("the-key", "api", TOKEN)
    text = repr(store.settings.items(PREFIX))
    assert not any(word in text for word in ("t0ken", "r3fresh", "the-key"))


def test_a_key_that_does_not_fit_costs_the_token_and_not_the_node(store):
    StoredTokens(store.settings, Vault(KEY)).save("k", "api", TOKEN)
    other = StoredTokens(store.settings, Vault(KEY))
    (name,) = store.settings.items(PREFIX)
    stored = store.settings.get(name).replace(b'"sealed": "g', b'"sealed": "h')
    store.settings.write({name: stored})
    assert other.load("k") is None


def test_a_token_goes_with_the_last_of_its_systems(store):
    tokens = StoredTokens(store.settings, Vault(KEY))
    tokens.save("k", "north", TOKEN)
    tokens.save("k", "south", TOKEN)
    tokens.keep_those_of(["south", "east"])
    assert tokens.load("k") == TOKEN
    tokens.keep_those_of(["east"])
    assert tokens.load("k") is None
