"""`python -m sesam_node` is the command line `sesam-node`."""

from __future__ import annotations

from sesam_node.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
