"""LMDB environments of this process: each opened once, closed when idle, grown when full.

LMDB's locks belong to the (process, file) pair, so an environment is opened once in a process
however many stores use it, and never carried over a fork. `read` and `write` run a piece of work in
a transaction, and run it again where the map was too small; they are the only way to one.
"""

from __future__ import annotations

import errno
import os
import resource
import time
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock, local
from typing import TYPE_CHECKING, TypeVar

import lmdb

from sesam_node.errors import StoreError
from sesam_node.store.lmdb.length import (
    DamageError,
    file_bytes,
    lengthen,
    make_whole,
    needed_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.store.lmdb.layout import Snapshot

Result = TypeVar("Result")

MAP_BYTES = 1 << 30
MAX_DATABASES = 256
MAX_READERS = 1024
DESCRIPTORS_EACH = 3
DESCRIPTORS_WANTED = 65_536
MOST_OPEN = 4096
READER_CHECK_COMMITS = 256
SWEEP_S = 60
KEPT_S = 1.0
DATABASES = (b"log", b"latest", b"superseded", b"meta", b"state")
DAMAGED = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
)


class GoneError(StoreError):
    """The dataset has been deleted, or made again elsewhere, since its place was looked up."""


class MissingDatabaseError(Exception):
    """A database inside the environment has to be opened first; then the work runs again."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        super().__init__(name)


class Environment:
    """One open environment and who uses it. Fields belong to the registry's lock."""

    def __init__(self, path: str, handle: lmdb.Environment, map_bytes: int) -> None:
        self.path = path
        self.handle = handle
        self.map_bytes = map_bytes
        self.users = 0
        self.exclusive = False
        self.paused = 0
        self.broken = False
        self.commits = 0
        # Writers of this process wait here: one that waits in LMDB would hold up an abort.
        self.writing = Lock()
        self.databases: dict[bytes, lmdb._Database] = {}

    def needed_bytes(self) -> int:
        """How long the file must be for every page that LMDB knows of to lie in it."""
        return needed_bytes(self.handle)

    def database(self, name: bytes) -> lmdb._Database:
        """A database, by name. Raises MissingDatabaseError where this process has not opened it."""
        found = self.databases.get(name)
        if found is None:
            raise MissingDatabaseError(name)
        return found


class Kept:
    """A read transaction that a thread keeps, and what it has read of the datasets in there."""

    __slots__ = ("environment", "snapshots", "txn", "until")

    def __init__(self, environment: Environment, txn: lmdb.Transaction[bytes]) -> None:
        self.environment = environment
        self.txn = txn
        self.until = time.monotonic() + KEPT_S
        self.snapshots: dict[bytes, Snapshot] = {}

    def is_in_the_way(self) -> bool:
        """Does somebody wait for it to end, or is it old?"""
        environment = self.environment
        return bool(
            environment.exclusive
            or environment.paused
            or environment.broken
            or time.monotonic() > self.until
        )


class Reading(local):
    """The transactions that a thread keeps, by path; null outside of `Registry.reading`."""

    kept: dict[str, Kept] | None = None


class Registry:
    """The open environments of a process."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._open: OrderedDict[str, Environment] = OrderedDict()
        self._opening: set[str] = set()
        self._roots: dict[str, int] = {}
        self._capacity = 0
        self._next_sweep = 0.0
        self.forked_from: int | None = None
        self.here = Reading()

    # -- work in transactions ----------------------------------------------------------------------

    def read(
        self, path: str, what: str, work: Callable[[lmdb.Transaction[bytes], Environment], Result]
    ) -> Result:
        """What `work` gives in a read transaction; it may be called more than once."""
        return self._run(path, what, work, write=False)

    def write(
        self, path: str, what: str, work: Callable[[lmdb.Transaction[bytes], Environment], Result]
    ) -> Result:
        """What `work` gives in a write transaction, which is on disk when this returns."""
        self.let_go()
        kept, self.here.kept = self.here.kept, None
        try:
            return self._run(path, what, work, write=True)
        finally:
            self.here.kept = kept

    # -- read transactions that are kept -----------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[None]:
        """In the block `kept` gives this thread transactions that last.

        They end with the block, and before: when the thread writes, when it would wait for others,
        when others wait for it, after a second.
        """
        if self.here.kept is not None:
            yield
            return
        self.here.kept = {}
        try:
            yield
        finally:
            self.let_go()
            self.here.kept = None

    def kept(self, path: str) -> Kept | None:
        """The transaction that is kept for a path; null where there can be none now."""
        all_kept = self.here.kept
        if all_kept is None:
            return None
        found = all_kept.get(path)
        if found is not None:
            if not found.is_in_the_way():
                return found
            self.let_go()
        with self._changed:
            environment = self._open.get(path)
            if environment is None or self.forked_from is not None:
                return None
            if environment.exclusive or environment.paused or environment.broken:
                self.let_go()
                return None
            self._open.move_to_end(path)
            environment.users += 1
        try:
            made = all_kept[path] = Kept(environment, environment.handle.begin())
        except BaseException as error:
            self._release(environment)
            if isinstance(error, lmdb.Error):
                return None  # `read` knows what to do about it
            raise
        return made

    def let_go(self) -> None:
        """End the transactions that this thread keeps; new ones begin when they are asked for."""
        all_kept = self.here.kept
        while all_kept:
            _, kept = all_kept.popitem()
            kept.txn.abort()
            self._release(kept.environment)

    def _run(
        self,
        path: str,
        what: str,
        work: Callable[[lmdb.Transaction[bytes], Environment], Result],
        *,
        write: bool,
    ) -> Result:
        full_readers = 0
        while True:
            environment = self._acquire(path, what)
            map_bytes = environment.map_bytes
            missing = None
            try:
                return self._transaction(environment, work, write=write)
            except MissingDatabaseError as error:
                missing = error.name
            except (lmdb.MapFullError, lmdb.MapResizedError) as error:
                resize = 0 if isinstance(error, lmdb.MapResizedError) else 2 * map_bytes
            except lmdb.ReadersFullError as error:
                full_readers += 1
                if full_readers > 1 or not environment.handle.reader_check():
                    raise failure(what, path, error) from error
                continue
            except lmdb.Error as error:
                if isinstance(error, lmdb.PanicError):
                    environment.broken = True  # LMDB wants it closed and opened again
                raise failure(what, path, error) from error
            finally:
                self._release(environment)
            if missing is not None:
                self._open_database(environment, missing, what)
            else:
                self._resize(environment, map_bytes, resize, what)

    def _transaction(
        self,
        environment: Environment,
        work: Callable[[lmdb.Transaction[bytes], Environment], Result],
        *,
        write: bool,
    ) -> Result:
        if not write:
            txn = environment.handle.begin()
            try:
                return work(txn, environment)
            finally:
                txn.abort()
        with environment.writing:
            txn = environment.handle.begin(write=True)
            try:
                result = work(txn, environment)
                txn.commit()
            except BaseException:
                self._abort(environment, txn)
                raise
            environment.commits += 1
            if file_bytes(environment.path) < environment.needed_bytes():
                with environment.handle.begin(write=True):  # nobody else writes meanwhile
                    lengthen(environment.path, environment.needed_bytes())
        if environment.commits % READER_CHECK_COMMITS == 0:
            environment.handle.reader_check()  # a killed reader would keep its pages for ever
        return result

    def _abort(self, environment: Environment, txn: lmdb.Transaction[bytes]) -> None:
        """Abort a write transaction, for which py-lmdb waits until nobody reads.

        Without a pause for new readers that could take for ever, with the writer's lock held.
        """
        with self._changed:
            environment.paused += 1
        try:
            txn.abort()
        finally:
            with self._changed:
                environment.paused -= 1
                self._changed.notify_all()

    # -- opening and closing -----------------------------------------------------------------------

    def create(self, path: str, what: str, map_bytes: int = MAP_BYTES) -> None:
        """Make an environment where there is none, so that `read` and `write` can find it."""
        self._open_new(path, what, map_bytes, create=True)

    def attach(self, root: str) -> None:
        """A store on the folder `root` has been opened."""
        with self._changed:
            self._roots[root] = self._roots.get(root, 0) + 1

    def detach(self, root: str) -> None:
        """A store was closed; with the last one of a folder its environments are closed too."""
        with self._changed:
            self._roots[root] -= 1
            if self._roots[root]:
                return
            del self._roots[root]
            for environment in list(self._open.values()):
                if environment.path.startswith(root + os.sep):
                    self._close(environment)

    def forget(self, path: str) -> None:
        """Close an environment whose dataset is gone, as soon as nobody uses it."""
        with self._changed:
            environment = self._open.get(path)
            if environment is not None:
                self._close(environment)

    def _acquire(self, path: str, what: str) -> Environment:
        while True:
            with self._changed:
                environment = self._open.get(path)
                if environment is not None:
                    self._check_process(what)
                    if not (environment.exclusive or environment.paused or environment.broken):
                        self._open.move_to_end(path)
                        environment.users += 1
                        return environment
                    self.let_go()
                    self._changed.wait()
                    continue
            self._open_new(path, what, MAP_BYTES, create=False)

    def _release(self, environment: Environment) -> None:
        with self._changed:
            environment.users -= 1
            if not environment.users and (environment.broken or environment.exclusive):
                if environment.broken and not environment.exclusive:
                    self._close(environment)
                self._changed.notify_all()

    def _check_process(self, what: str) -> None:
        if self.forked_from is not None:
            raise StoreError(
                f"{what}: process {os.getpid()} was forked from process {self.forked_from}, which "
                "has the store open; start processes with the method spawn"
            )

    def _open_new(self, path: str, what: str, map_bytes: int, *, create: bool) -> None:
        """Open an environment, unless another thread does; others are not held up meanwhile."""
        with self._changed:
            while path in self._opening:
                self._changed.wait()
            if path in self._open:
                return
            self._check_process(what)
            if not self._is_attached(path):
                raise StoreError(f"{what}: the store is closed")
            self._make_room()
            self._opening.add(path)
        environment = None
        try:
            handle = self._open_files(path, what, map_bytes, create=create)
            try:
                environment = self._prepare(path, what, handle, create=create)
            except BaseException:
                handle.close()
                raise
        finally:
            with self._changed:
                self._opening.discard(path)
                if environment is not None:
                    self._open[path] = environment
                    if not self._is_attached(path):
                        self._close(environment)
                self._changed.notify_all()

    def _is_attached(self, path: str) -> bool:
        return any(path.startswith(root + os.sep) for root in self._roots)

    def _open_files(
        self, path: str, what: str, map_bytes: int, *, create: bool
    ) -> lmdb.Environment:
        while True:
            try:
                return lmdb.open(
                    path,
                    map_size=map_bytes,
                    create=create,
                    max_dbs=MAX_DATABASES,
                    max_readers=MAX_READERS,
                    max_spare_txns=1,
                    readahead=False,
                    mode=0o700,
                )
            except (lmdb.Error, OSError) as error:
                code = getattr(error, "code", 0) or getattr(error, "errno", 0)
                if code == errno.ENOENT and not create:
                    raise GoneError(f"{what}: its folder {path} is gone") from None
                if code in (errno.EMFILE, errno.ENFILE):
                    with self._changed:
                        if self._close_idle(1):
                            continue
                raise failure(what, path, error) from error

    @staticmethod
    def _prepare(path: str, what: str, handle: lmdb.Environment, *, create: bool) -> Environment:
        environment = Environment(path, handle, handle.info()["map_size"])
        try:
            if file_bytes(path) < needed_bytes(handle):
                make_whole(path, what, handle)
        except FileNotFoundError:
            # Another process has moved the dataset since the file was opened.
            raise GoneError(f"{what}: its folder {path} is gone") from None
        try:
            handle.reader_check()
            with handle.begin(write=True) as txn:  # in a read transaction handles do not last
                for name in DATABASES:
                    environment.databases[name] = handle.open_db(name, txn=txn, create=create)
        except lmdb.NotFoundError as error:
            raise DamageError(
                f"{what}: the file {path}/data.mdb is damaged: it lacks a database"
            ) from error
        except lmdb.Error as error:
            raise failure(what, path, error) from error
        return environment

    def _make_room(self) -> None:
        if not self._capacity:
            self._capacity = most_open()
        now = time.monotonic()
        if now > self._next_sweep:
            self._next_sweep = now + SWEEP_S
            for environment in list(self._open.values()):
                if not environment.users and not Path(environment.path).exists():
                    self._close(environment)  # deleted by another process: free its disk space
        excess = len(self._open) + 1 - self._capacity
        if excess > 0:
            self._close_idle(excess)

    def _close_idle(self, number: int) -> int:
        idle = [environment for environment in self._open.values() if not environment.users]
        for environment in idle[:number]:
            self._close(environment)
        return len(idle[:number])

    def _close(self, environment: Environment) -> None:
        if environment.users or environment.exclusive:
            environment.broken = True  # closed by the last one to leave
            return
        if self._open.get(environment.path) is environment:
            del self._open[environment.path]
        environment.handle.close()
        self._changed.notify_all()

    # -- alone in an environment -------------------------------------------------------------------

    def _alone(self, environment: Environment, what: str, work: Callable[[], None]) -> None:
        """Run `work` while no transaction of this process is open in the environment."""
        self.let_go()
        with self._changed:
            while environment.exclusive:
                self._changed.wait()
            if self._open.get(environment.path) is not environment:
                return
            environment.exclusive = True
            while environment.users:
                self._changed.wait()
        try:
            work()
        except lmdb.Error as error:
            environment.broken = True
            raise failure(what, environment.path, error) from error
        finally:
            with self._changed:
                environment.exclusive = False
                if environment.broken:
                    self._close(environment)
                self._changed.notify_all()

    def _resize(self, environment: Environment, seen: int, size: int, what: str) -> None:
        def resize() -> None:
            if environment.map_bytes == seen:  # else another thread has done it
                environment.handle.set_mapsize(size)
                environment.map_bytes = environment.handle.info()["map_size"]

        self._alone(environment, what, resize)

    def _open_database(self, environment: Environment, name: bytes, what: str) -> None:
        def open_database() -> None:
            if name not in environment.databases:
                with environment.handle.begin(write=True) as txn:
                    database = environment.handle.open_db(name, txn=txn, create=False)
                environment.databases[name] = database

        self._alone(environment, what, open_database)


def most_open() -> int:
    """How many environments may be open at once; raises the soft limit of descriptors first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft == resource.RLIM_INFINITY:
        return MOST_OPEN
    reserve = max(64, soft // 4)
    return max(8, min(MOST_OPEN, (soft - reserve) // DESCRIPTORS_EACH))


def failure(what: str, path: str, error: Exception) -> StoreError:
    """The StoreError for an error of LMDB or of the file system."""
    code = getattr(error, "code", 0) or getattr(error, "errno", 0)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"{what}: the disk is full, nothing was written ({path})")
    if code in (errno.EFBIG, errno.EIO):
        reason = os.strerror(code)
        return StoreError(f"{what}: writing failed, nothing was written: {reason} ({path})")
    if isinstance(error, DAMAGED):
        return DamageError(f"{what}: the file {path}/data.mdb is damaged: {error}")
    if isinstance(error, lmdb.TxnFullError):
        return StoreError(f"{what}: the batch is too large for one transaction ({path})")
    return StoreError(f"{what}: {error} ({path})")


REGISTRY = Registry()


def _forked() -> None:
    """In a forked child: the parent's environments must not be used, and never be closed."""
    if REGISTRY._open:  # noqa: SLF001 - the hook belongs to the registry
        REGISTRY._changed = Condition()  # noqa: SLF001 - another thread may have held it
        REGISTRY.here = Reading()
        REGISTRY.forked_from = os.getppid()


os.register_at_fork(after_in_child=_forked)
