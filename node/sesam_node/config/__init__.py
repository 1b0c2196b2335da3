"""Configuration: what was uploaded, whether it is right, and the form the rest works with.

`files` reads and writes folders and zip files as a `Document` of untouched components; `validate`
checks it against the options that components declare (`options`, `properties`) and gives their
effective form; `diff` says what changed.
"""

from sesam_node.config.diff import Difference, diff
from sesam_node.config.document import Document
from sesam_node.config.files import (
    Project,
    ZipLimits,
    read_folder,
    read_node_config,
    read_project,
    read_zip,
    write_folder,
    write_zip,
)
from sesam_node.config.options import REQUIRED, ComponentSpec, Option
from sesam_node.config.secrets import Secret, find_secrets, resolve_secrets, secrets_for
from sesam_node.config.validate import Checked, validate

__all__ = [
    "REQUIRED",
    "Checked",
    "ComponentSpec",
    "Difference",
    "Document",
    "Option",
    "Project",
    "Secret",
    "ZipLimits",
    "diff",
    "find_secrets",
    "read_folder",
    "read_node_config",
    "read_project",
    "read_zip",
    "resolve_secrets",
    "secrets_for",
    "validate",
    "write_folder",
    "write_zip",
]
