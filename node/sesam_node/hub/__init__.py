"""The services of a node, one a noun; the API and the command line call nothing else.

- `configuration`: components, variables, secrets and metadata; every change is atomic.
- `pipes`: pipes and their pumps, with entities, preview, publishers and receivers.
- `datasets`: datasets, their entities and indexes.
- `runner`: `run-all-pipes`, for tests.
- `status`: what the node says of itself.

`Hub` makes them and holds them together. Services know nothing of HTTP: they raise the errors of
`sesam_node.errors` and give plain data, or iterators of bytes.
"""

from sesam_node.hub.datasets import Stream
from sesam_node.hub.hub import Hub
from sesam_node.hub.pipes import Published
from sesam_node.hub.runner import RunAllOptions

__all__ = ["Hub", "Published", "RunAllOptions", "Stream"]
