"""The Jupyter server extension: keeps a node for the workbench and tells kernels where it is."""

from sesam_interactive.serverextension.app import SesamInteractive

__all__ = ["SesamInteractive"]
