"""What a project expects of its pipes, and whether they give it: by the official client's rules.

`spec.py` reads `expected/*.test.json`, `comparison.py` compares texts and entities, `verify.py`
asks a node. Both the commands of the node and the workbench use it, so they agree.
"""

from sesam_node.expected.spec import Spec, read_project_json, read_specs
from sesam_node.expected.verify import Outcome, failing_pipes, is_output, verify

__all__ = [
    "Outcome",
    "Spec",
    "failing_pipes",
    "is_output",
    "read_project_json",
    "read_specs",
    "verify",
]
