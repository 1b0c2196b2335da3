"""The kafka system: a cluster of brokers. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "kafka",
    Option("bootstrap_servers", "string", doc="host:port of the brokers, commas between them"),
    Option("sasl_username", "string", None, "the user to log in as"),
    Option("sasl_password", "string", None, "the user's password", secret=True),
    Option("registry_url", "string", None, "where the schema registry is"),
    Option("registry_username", "string", None, "the user at the registry"),
    Option("registry_password", "string", None, "that user's password", secret=True),
    doc="A Kafka cluster.",
)
