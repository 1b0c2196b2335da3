"""A process that runs a pipe and kills itself once it has brought so many entities.

Arguments: the URL of the store, JSON of the pipe and its surroundings, the number.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipes_helpers import Node

from sesam_node.pipes import writer


def main():
    url, told, number = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    writer.COMMIT_ENTITIES = 500
    node = Node(url)
    node.more = told["more"]
    pipe = told["pipe"]
    node.pipe(pipe["_id"], **{name: value for name, value in pipe.items() if name != "_id"})

    def report(progress):
        if progress.processed >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    result = node.try_run(pipe["_id"], "full", report=report, run_id="killed")
    sys.exit(str(result.error or "it ended"))


if __name__ == "__main__":
    main()
