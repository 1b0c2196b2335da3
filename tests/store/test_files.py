"""The files of the LMDB store: growth, descriptors, damage, a full disk, left-overs, merging."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from store_helpers import item, items, resolver

from sesam_node.errors import FenceError, NotFoundError, StoreError
from sesam_node.store import Commit, Fence, open_store
from sesam_node.store.lmdb import LmdbStore, environment, length
from sesam_node.store.lmdb.environment import REGISTRY
from sesam_node.store.lmdb.layout import HEAD_KEY


def reopen(folder):
    return open_store(f"lmdb:{folder}", index_resolver=resolver)


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def run_python(code, folder):
    """The output of a program in a process of its own, after its imports."""
    header = f"""
import os, resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from store_helpers import item, items, resolver
from sesam_node.errors import StoreError
from sesam_node.store import open_store
FOLDER = {str(folder)!r}
"""
    program = header + code
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_is_there_after_closing_and_opening(folder):
    store = reopen(folder)
    dataset = store.dataset("orders")
    dataset.ensure_index("k", resolver("k"))
    dataset.write([item("a", k=1)], Commit("p", {"offset": b"1"}, None))
    dataset.set_populated()
    generation = dataset.generation
    store.settings.write({"config": b"{}"})
    store.close()
    store = reopen(folder)
    dataset = store.dataset("orders", create=False)
    assert (dataset.generation, dataset.populated, dataset.head()) == (generation, True, 1)
    assert dataset.state("p") == {"offset": b"1"}
    assert [version.entity_id for version in dataset.lookup_many("k", [1])[0]] == ["a"]
    assert store.settings.get("config") == b"{}"
    store.close()


def test_two_stores_of_one_folder_share_their_files(folder):
    one, two = reopen(folder), reopen(folder)
    one.dataset("orders").write(items("a"))
    assert two.dataset("orders", create=False).head() == 1
    one.close()
    two.dataset("orders").write(items("b"))
    assert two.dataset("orders").head() == 2
    two.close()


def test_closing_gives_all_descriptors_back(folder):
    before = descriptors()
    store = reopen(folder)
    store.lock_node()
    for number in range(20):
        store.dataset(f"d{number}").write(items("a"))
    for number in range(10):
        store.delete(f"d{number}")
    store.close()
    assert descriptors() == before


def test_the_map_grows_while_threads_read_in_a_row_and_write(folder):
    """Each thread reads both datasets and writes one: none waits for one that waits for it."""
    store = LmdbStore(str(folder), resolver, map_bytes=1 << 20)
    names = ("a", "b", "system:a", "system:b")
    datasets = [store.dataset(name) for name in names]
    text = "x" * 20_000

    def work(number):
        own = datasets[number]
        for turn in range(20):
            with store.reading():
                for dataset in (own, *datasets):
                    dataset.get("1")
                    dataset.changes(limit=5)
                own.write([item(f"{turn}-{n}", text=text) for n in range(10)])
                for dataset in datasets:
                    dataset.get(f"{turn}-1")
                assert own.get(f"{turn}-9").seq == turn * 10 + 9

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [dataset.head() for dataset in datasets] == [200] * 4
    store.close()


def test_a_write_that_fails_while_the_thread_reads_in_a_row_leaves_it_able_to_go_on(folder):
    store = reopen(folder)
    dataset = store.dataset("a")
    dataset.claim(Fence(2, 1, "p", "r"))
    with store.reading():
        assert dataset.get("a") is None
        with pytest.raises(FenceError):
            dataset.write(items("a"), Commit("p", {}, Fence(1, 1, "p", "r")))
        with pytest.raises(NotFoundError):
            store.delete("none")
        assert dataset.get("a") is None
        dataset.write(items("a"))
        assert dataset.get("a").seq == 0
    store.close()


def test_a_transaction_that_is_kept_ends_when_it_is_old(folder, monkeypatch):
    store = reopen(folder)
    dataset = store.dataset("a")
    monkeypatch.setattr(environment, "KEPT_S", -1.0)
    with store.reading():
        assert dataset.get("a") is None
        writer = threading.Thread(target=dataset.write, args=(items("a"),))
        writer.start()
        writer.join()
        assert dataset.get("a").seq == 0
    store.close()


def test_a_store_can_be_closed_while_a_thread_reads_in_a_row(folder):
    before = descriptors()
    store = reopen(folder)
    dataset = store.dataset("a")
    with store.reading():
        dataset.get("a")
        store.close()
        with pytest.raises(StoreError, match="closed"):
            dataset.get("a")
    assert descriptors() == before


def test_the_map_grows_under_readers_and_writers(folder):
    store = LmdbStore(str(folder), resolver, map_bytes=1 << 20)
    dataset = store.dataset("orders")
    dataset.ensure_index("k", resolver("k"))
    stop = threading.Event()
    failures = []

    def read():
        while not stop.is_set():
            try:
                versions = dataset.changes(limit=50)
                assert all(len(version.body) > 20_000 for version in versions)
                dataset.lookup_many("k", [0, 1])
            except StoreError as error:
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    text = "x" * 20_000
    for number in range(40):
        dataset.write([item(f"{number}-{n}", k=n, text=text) for n in range(20)])
    store.settings.write({"large": bytes(5 << 20)})
    store.dataset("system:log").write([item("a", text="x" * (3 << 20))])
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert dataset.head() == 800
    store.close()


def test_waiting_writes_are_merged_into_one_transaction(folder):
    store = reopen(folder)
    dataset = store.dataset("orders")
    dataset.head()
    environment = REGISTRY._open[dataset._place.path]
    before = environment.handle.info()["last_txnid"]
    results = {}

    def write(name, expect):
        try:
            commit = Commit(name, {"offset": b"1"}, None, {"offset": expect})
            results[name] = dataset.write([item(name), item("shared", by=name)], commit).changed
        except StoreError as error:
            results[name] = type(error).__name__

    threads = [
        threading.Thread(target=write, args=(f"p{number}", b"0" if number == 2 else None))
        for number in range(6)
    ]
    with dataset._writer:
        for thread in threads:
            thread.start()
        while len(dataset._queue) < len(threads):
            pass
    for thread in threads:
        thread.join()
    assert results == {f"p{n}": "FenceError" if n == 2 else 2 for n in range(6)}
    assert environment.handle.info()["last_txnid"] == before + 1
    assert dataset.head() == 10
    assert dataset.state("p2") == {}
    store.close()


def test_a_write_that_fails_takes_no_other_with_it(folder):
    store = reopen(folder)
    dataset = store.dataset("orders")
    dataset.ensure_index("n", lambda entity: [1 // entity["n"]])
    results = {}

    def write(number):
        try:
            results[number] = dataset.write([item(f"e{number}", n=number)]).changed
        except StoreError as error:
            results[number] = str(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    with dataset._writer:
        for thread in threads:
            thread.start()
        while len(dataset._queue) < len(threads):
            pass
    for thread in threads:
        thread.join()
    failed = results.pop(0)
    assert 'the index n fails on entity "e0"' in failed
    assert results == dict.fromkeys(range(1, 5), 1)
    assert dataset.head() == 4
    store.close()


def test_more_datasets_than_descriptors(folder):
    output = run_python(
        """
resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))
store = open_store("lmdb:" + FOLDER)
store.lock_node()
for number in range(300):
    store.dataset(f"dataset-{number}").write(items("a", number=number))
print(len(os.listdir("/proc/self/fd")) < 160)
found = [store.dataset(f"dataset-{number}").get("a").body for number in range(300)]
print(found == [item("a", number=number).body for number in range(300)], len(store.names()))
store.close()
""",
        folder,
    )
    assert output == "True\nTrue 300\n"


def test_the_soft_limit_of_descriptors_is_raised(folder):
    output = run_python(
        """
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
store = open_store("lmdb:" + FOLDER)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 128)
store.close()
""",
        folder,
    )
    assert output == "True\n"


def test_a_full_disk_is_an_error_and_work_goes_on_when_there_is_room(folder):
    output = run_python(
        """
store = open_store("lmdb:" + FOLDER, index_resolver=resolver)
dataset = store.dataset("orders")
dataset.write(items("a"))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
size = 1 << 20
resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
written = errors = 0
for number in range(40):
    try:
        dataset.write([item(f"e{number}", text="x" * 100_000)])
        written += 1
    except StoreError as error:
        errors += 1
        message = str(error)
print(message.split(":")[0], "nothing was written" in message, errors > 20)
print(dataset.head() == written + 1, dataset.get("a").seq)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
dataset.write([item(f"late{number}", text="x" * 100_000) for number in range(40)])
print(dataset.head() == written + 41, len(dataset.changes()) == written + 41)
store.close()
""",
        folder,
    )
    assert output == 'dataset "orders" True True\nTrue 0\nTrue True\n'


def data_file(folder, name="orders"):
    (path,) = Path(folder, "datasets").glob(f"{name}.*")
    return path / "data.mdb"


DAMAGES = [
    lambda data: b"not a database, " * 1000,
    lambda data: data[: len(data) // 2],
    lambda data: data[:100],
    lambda data: bytes(len(data)),
]


def put_and_take_back(folder):
    """Commit a transaction that has allotted pages at the end of the file and freed them."""

    def work(txn, environment):
        meta = environment.databases[b"meta"]
        for number in range(40):
            txn.put(b"large %d" % number, bytes(100_000), db=meta)
        for number in range(40):
            txn.delete(b"large %d" % number, db=meta)

    path = str(data_file(folder).parent)
    environment.REGISTRY.write(path, "the test", work)
    return length.needed_bytes(environment.REGISTRY._open[path].handle)


def test_a_file_is_as_long_as_its_pages_after_each_commit(folder):
    store = reopen(folder)
    store.dataset("orders").write(items("a"))
    needed = put_and_take_back(folder)
    assert data_file(folder).stat().st_size >= needed > 100_000
    store.close()


def test_a_file_that_was_left_shorter_than_its_pages_is_whole_nevertheless(folder, monkeypatch):
    """As a kill leaves it between a commit and the lengthening."""
    store = reopen(folder)
    store.dataset("orders").write(items(*(f"e{n}" for n in range(5000))))
    monkeypatch.setattr(environment, "lengthen", lambda _path, _size: None)
    needed = put_and_take_back(folder)
    assert data_file(folder).stat().st_size < needed
    store.close()
    monkeypatch.undo()
    store = reopen(folder)
    assert len(store.dataset("orders").changes(limit=9999)) == 5000
    assert data_file(folder).stat().st_size >= needed
    store.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_an_error_that_names_the_dataset(folder, damage):
    store = reopen(folder)
    store.dataset("orders").write(items(*(f"e{n}" for n in range(5000))))
    store.dataset("others").write(items("a"))
    store.close()
    file = data_file(folder)
    file.write_bytes(damage(file.read_bytes()))
    store = reopen(folder)
    with pytest.raises(StoreError, match=r'dataset "orders": .*damaged'):
        store.dataset("orders").changes()
    assert store.dataset("others").head() == 1
    store.delete("orders")
    assert store.names() == ["others"]
    store.close()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        open_store(f"lmdb:{tmp_path}/file/store")


def test_left_overs_are_removed_when_the_node_starts(folder):
    store = reopen(folder)
    store.dataset("orders").write(items("a"))
    for left in ("datasets/gone.0123456789abcdef", "trash/old"):
        path = Path(folder, left)
        path.mkdir()
        (path / "data.mdb").write_bytes(b"x")
    store.lock_node()
    assert [path.name for path in Path(folder, "datasets").iterdir()] == [
        data_file(folder).parent.name
    ]
    assert list(Path(folder, "trash").iterdir()) == []
    assert store.dataset("orders").head() == 1
    store.close()


@pytest.mark.parametrize("through", ["handle", "store"])
def test_a_delete_that_was_cut_short_is_completed(folder, through):
    store = reopen(folder)
    dataset = store.dataset("orders")
    dataset.write(items("a"))
    REGISTRY.write(
        dataset._place.path,
        "test",
        lambda txn, environment: txn.delete(HEAD_KEY, db=environment.databases[b"meta"]),
    )
    if through == "handle":
        with pytest.raises(NotFoundError):
            dataset.head()
        assert not store.exists("orders")
    assert store.dataset("orders").head() == 0
    dataset.write(items("b"))
    assert store.names() == ["orders"]
    store.close()


def test_deleted_data_leaves_the_disk(folder):
    store = reopen(folder)
    for name in ("orders", "system:orders"):
        store.dataset(name).write(items(*(f"e{n}" for n in range(100))))
    store.dataset("system:other").write(items("a"))
    for name in ("orders", "system:orders"):
        store.delete(name)
    assert list(Path(folder, "datasets").iterdir()) == []
    assert list(Path(folder, "trash").iterdir()) == []

    def entries(txn, environment):
        return {name: txn.stat(db)["entries"] for name, db in environment.databases.items()}

    assert REGISTRY.read(str(folder / "system"), "test", entries) == {
        b"log": 1,
        b"latest": 1,
        b"superseded": 0,
        b"meta": 1,
        b"state": 0,
    }
    store.close()


def test_an_index_is_built_while_others_write(folder):
    store = reopen(folder)
    dataset = store.dataset("orders")
    names = [f"e{n}" for n in range(20_000)]
    dataset.write([item(name, k=0) for name in names])
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            dataset.write([item(name, k=1) for name in names[number : number + 50]])
            number += 50

    writer = threading.Thread(target=write)
    writer.start()
    dataset.ensure_index("k", resolver("k"))
    stop.set()
    writer.join()
    zero, one = dataset.lookup_many("k", [0, 1])
    moved = {version.entity_id for version in dataset.changes(since=19_999, limit=10**6)}
    assert {version.entity_id for version in one} == moved
    assert [version.entity_id for version in zero] == [name for name in names if name not in moved]
    store.close()


def test_only_the_folder_of_the_store_is_used(tmp_path):
    store = reopen(tmp_path / "store")
    for name in ("../../evil", "/tmp/evil", "a/b", "..", "x" * 4096, "\x00", "CON", "é" * 60):
        store.dataset(name).write(items("a"))
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    names = [path.name for path in (tmp_path / "store" / "datasets").iterdir()]
    assert len(names) == 8
    assert all(len(name) <= 77 and name.replace("%", "").isascii() for name in names)
    assert all("/" not in name and not name.startswith(".") for name in names)


def test_aborts_among_busy_readers_and_writers_hold_nobody_up(folder):
    store = reopen(folder)
    dataset = store.dataset("orders")
    dataset.claim(Fence(2, 1, "p", "r"))
    refused = []

    def claim():
        for _ in range(50):
            with pytest.raises(FenceError):
                dataset.claim(Fence(1, 1, "p", "old"))
            refused.append(1)

    def write(name):
        for number in range(50):
            dataset.write(items(f"{name}-{number}"))
            dataset.set_populated(value=number % 2 == 0)

    threads = [threading.Thread(target=claim) for _ in range(3)]
    threads += [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        dataset.changes(limit=10)
    assert (len(refused), dataset.head()) == (150, 150)
    store.close()
