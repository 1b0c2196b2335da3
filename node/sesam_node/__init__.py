"""An open data integration node, compatible with Sesam's configuration, DTL and HTTP API."""

__version__ = "0.1.0"
