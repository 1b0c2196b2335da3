"""A Kafka cluster for the session, and nodes that know it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from kafka_cluster import KafkaCluster
from kafka_node import KafkaNode


@pytest.fixture(scope="session")
def cluster():
    made = KafkaCluster(brokers=2)
    yield made
    made.close()


@pytest.fixture
def own_cluster():
    """One broker that the test may break."""
    made = KafkaCluster()
    yield made
    made.close()


@pytest.fixture
def kafka(cluster):
    node = KafkaNode(cluster)
    yield node
    node.store.close()
