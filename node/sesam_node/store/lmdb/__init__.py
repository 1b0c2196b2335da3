"""Datasets in LMDB files: one environment a dataset, shared by all processes of a node.

Durability. LMDB writes a transaction to free pages, flushes them, and only then writes the page
that makes them the current state, flushed as well. So a kill loses nothing that was committed, and
after a power cut the file is the last committed state, whole. That holds with the flags used here:
no `writemap` and no `nosync`, with which a power cut can break the file. `nometasync` would save a
flush and keep the file whole, but other processes would see a commit before it is on disk, build
on it and make their own durable: after a power cut their offsets would lie beyond the head of the
dataset they read. Therefore every commit is synced, `sync=False` too, and what is saved is the
number of commits: writes that wait for one another are merged into one (`dataset`), and a pump
commits every 10,000 entities or so, which makes the flush 0.05 microseconds an entity.

Processes. Each opens the environments it needs, once (`environment`). Every transaction reads the
head of its dataset first; where it is gone the name is looked up again (`catalog`), so deleting and
making again is noticed by all. Writers take turns by LMDB's own lock, which the system frees when
its owner dies; claims and compare-and-set (`store.commits`) say which of them may commit.
"""

from sesam_node.store.lmdb.store import LmdbStore

__all__ = ["LmdbStore"]
