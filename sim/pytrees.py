"""The project's frozen dataclasses as JAX pytrees."""

from dataclasses import fields, is_dataclass
from typing import Any

import jax


def register_pytrees(*values: Any) -> None:
    """Make the types of `values` and of all dataclasses within them known to JAX.

    All fields count as children. Types that JAX knows already stay as they are.
    """
    for value in values:
        _register(value)


def _register(value: Any) -> None:
    if isinstance(value, dict):
        register_pytrees(*value.values())
    elif isinstance(value, tuple):
        register_pytrees(*value)
    elif is_dataclass(value) and not isinstance(value, type):
        register_pytrees(*vars(value).values())
        # What JAX does not know is a leaf to it.
        if jax.tree.structure(value) == jax.tree.structure(0):
            names = [field.name for field in fields(value)]
            jax.tree_util.register_dataclass(type(value), names, [])
