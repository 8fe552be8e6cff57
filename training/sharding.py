"""Placing learner and batches on several devices."""

from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")


def over_devices(tree: Tree) -> Tree:
    """Every array's first axis split evenly over all devices.

    Raises:
        ValueError: an axis that does not divide.
    """
    count = len(jax.devices())
    sizes = {len(leaf) for leaf in jax.tree.leaves(tree)}
    if any(size % count for size in sizes):
        raise ValueError(
            f"batch: expected a multiple of the {count} devices, found {sorted(sizes)}"
        )
    return jax.device_put(tree, NamedSharding(_mesh(), PartitionSpec("batch")))


def replicated(tree: Tree) -> Tree:
    """A copy of every array on each device."""
    return jax.device_put(tree, NamedSharding(_mesh(), PartitionSpec()))


def _mesh() -> Mesh:
    return Mesh(np.array(jax.devices()), ("batch",))
