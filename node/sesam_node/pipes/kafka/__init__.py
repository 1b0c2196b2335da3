"""Kafka: connections to a cluster, reading partitions, and how keys and values are written."""
