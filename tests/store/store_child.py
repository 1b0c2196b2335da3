"""Another process that uses a store: obeys lines of JSON on stdin, answers on stdout.

Started by `Child` below: `python store_child.py FOLDER`.
"""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from store_helpers import item, items, resolver

from sesam_node.errors import SesamError
from sesam_node.store import Commit, Fence, Retention, open_store

BATCH = 20
IDS = 150


def batch_of(number):
    """The batch with that number: overlapping ids, some deletes."""
    start = number * BATCH * 7
    return [
        item(f"e{n % IDS}", deleted=(n * number) % 11 == 3, k=n % 5, n=number)
        for n in range(start, start + BATCH)
    ]


def commit_of(number):
    """Its pipe state, which expects that of the batch before."""
    before = None if number == 0 else str(number - 1).encode()
    return Commit("p", {"offset": str(number).encode()}, None, {"offset": before})


class Child:
    """The process, as the test sees it."""

    def __init__(self, folder, *options):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do, *arguments):
        """The answer to one command."""
        self.tell(do, *arguments)
        return self.answer()

    def tell(self, do, *arguments):
        self.process.stdin.write(json.dumps([do, *arguments]) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def kill(self):
        self.process.kill()
        rest = self.process.stdout.read().splitlines(keepends=True)
        self.end()
        return [json.loads(line) for line in rest if line.endswith("\n")]

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.process.stdin.closed:
            self.end()


class Commands:
    """What the process can be asked to do."""

    def __init__(self, folder):
        self.folder = folder
        self.store = open_store(f"lmdb:{folder}", index_resolver=resolver)

    def batches(self, first, last):
        """Write numbered batches and say each number when it is acknowledged."""
        dataset = self.store.dataset("orders")
        for number in range(first, last):
            dataset.write(batch_of(number), commit_of(number))
            say(number)

    def own(self, name, count):
        """Write ids of its own and one that all share."""
        dataset = self.store.dataset("orders")
        for number in range(count):
            dataset.write(
                [*items(f"{name}-{number}", of=name), item("shared", n=f"{name}{number}")]
            )
        say(count)

    def write(self, name, entity_id, properties):
        dataset = self.store.dataset(name)
        dataset.write([item(entity_id, **properties)])
        say([dataset.head(), dataset.generation])

    def write_as(self, fence, entity_id):
        fence = Fence(*fence)
        self.store.dataset("orders").write(items(entity_id), Commit(fence.pipe, {}, fence))
        say("written")

    def claim(self, fence):
        self.store.dataset("orders").claim(Fence(*fence))
        say("claimed")

    def head(self, name):
        say(self.store.dataset(name, create=False).head())

    def large(self, name, count):
        dataset = self.store.dataset(name)
        for number in range(count):
            dataset.write([item(f"large-{number}", text="x" * 100_000)])
        say(dataset.head())

    def compact(self, keep_versions, times):
        """Compact again and again, and say each time how many versions went."""
        dataset = self.store.dataset("orders")
        for _ in range(times):
            say(dataset.compact(Retention(keep_versions)).versions)

    def reclaim(self, times):
        """Move to new files again and again, and say so each time."""
        dataset = self.store.dataset("orders")
        for _ in range(times):
            dataset.reclaim(always=True)
            say("moved")

    def delete(self, name):
        self.store.delete(name)
        say("deleted")

    def lock(self):
        say(self.store.lock_node())

    def fork(self):
        """What a forked child hears when it reads."""
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                self.store.names()
            except SesamError as error:
                os.write(writer, str(error).encode())
            os._exit(0)
        os.wait()
        say(os.read(reader, 1000).decode())


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main():
    # A test that waits in vain shows where its child stands.
    faulthandler.dump_traceback_later(120)
    commands = Commands(sys.argv[1])
    for line in sys.stdin:
        do, *arguments = json.loads(line)
        try:
            getattr(commands, do)(*arguments)
        except SesamError as error:
            say({"error": type(error).__name__, "message": str(error)})


if __name__ == "__main__":
    main()
