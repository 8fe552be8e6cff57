"""An ONNX network in JAX: the policy of a bundle, for a learner.

`jaxonnxruntime` knows operators up to version 13; `jax2onnx`, which writes the bundles,
uses 21. So this evaluates the operators that a policy exported here is made of. What
depends on constants alone, such as shapes, is computed once, by NumPy.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
from jaxtyping import Array, Float

from training.run_folder import RunError

Row = Callable[[Float[Array, " N"]], Float[Array, " K"]]
_Operator = Callable[..., Any]


def jax_network(file: Path) -> Row:
    """The network in `file`, which takes one observation [1, N] to one action [1, K],
    as a function of [N]; `jax.vmap` gives it batches.

    Raises:
        RunError: no ONNX network there, or one of operators that are not known here.
    """
    try:
        model = onnx.load(str(file))
    except Exception as error:  # protobuf raises errors of its own
        raise RunError(f"expected an ONNX network in {file}, found {error}") from error
    graph = model.graph
    # Operators of other domains have a name of their own kind.
    used = {node.domain + node.op_type for node in graph.node}
    unknown = sorted(used - set(_OPERATORS))
    nodes = [(node, _attributes(node)) for node in graph.node]
    unknown += [
        f"{node.op_type} that reduces"
        for node, attributes in nodes
        if attributes.get("reduction", b"none") != b"none"
    ]
    if unknown or len(graph.input) != 1 or len(graph.output) != 1:
        raise RunError(
            f"{file}: expected one input, one output and operators of a policy that "
            f"op3-soccer train exports, found {len(graph.input)}, {len(graph.output)} "
            f"and {', '.join(unknown) or 'known operators'}"
        )
    constants = {
        item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer
    }
    (given,), (wanted,) = graph.input, graph.output

    def network(observation: Float[Array, " N"]) -> Float[Array, " K"]:
        values: dict[str, Any] = {**constants, given.name: observation[None]}
        for node, attributes in nodes:
            inputs = [values[name] if name else None for name in node.input]
            fixed = all(not isinstance(item, jax.Array) for item in inputs)
            operator = _OPERATORS[node.op_type]
            (output,) = node.output
            found = operator(np if fixed else jnp, *inputs, **attributes)
            values[output] = np.asarray(found) if fixed else found
        return values[wanted.name][0]

    return network


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    found = {
        item.name: onnx.helper.get_attribute_value(item) for item in node.attribute
    }
    return {
        name: onnx.numpy_helper.to_array(value)
        if isinstance(value, onnx.TensorProto)
        else value
        for name, value in found.items()
    }


def _clip(xp: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _div(xp: Any, a: Any, b: Any) -> Any:
    whole = np.issubdtype(a.dtype, np.integer)
    return xp.trunc(a / b).astype(a.dtype) if whole else a / b


def _elu(xp: Any, x: Any, alpha: float = 1.0) -> Any:
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0.0)))


def _expand(xp: Any, x: Any, shape: Any) -> Any:
    return xp.broadcast_to(x, np.broadcast_shapes(x.shape, _ints(shape)))


def _gemm(
    xp: Any,
    a: Any,
    b: Any,
    c: Any = None,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Any:
    product = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return product if c is None else product + beta * c


def _reshape(xp: Any, x: Any, shape: Any, allowzero: int = 0) -> Any:
    sizes = [
        x.shape[axis] if size == 0 and not allowzero else size
        for axis, size in enumerate(_ints(shape))
    ]
    return xp.reshape(x, sizes)


def _scatter(
    xp: Any, x: Any, indices: Any, updates: Any, reduction: bytes = b"none"
) -> Any:
    del reduction  # none: `jax_network` refuses others
    at = tuple(np.moveaxis(np.asarray(indices), -1, 0))
    if xp is jnp:
        return jnp.asarray(x).at[at].set(updates)
    found = x.copy()
    found[at] = updates
    return found


def _slice(
    xp: Any, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> Any:
    firsts, lasts = _ints(starts), _ints(ends)
    which = range(len(firsts)) if axes is None else _ints(axes)
    strides = (1,) * len(firsts) if steps is None else _ints(steps)
    cut = [slice(None)] * x.ndim
    for axis, first, last, stride in zip(which, firsts, lasts, strides, strict=True):
        cut[axis] = slice(first, last, stride)
    return x[tuple(cut)]


def _mean(xp: Any, *items: Any) -> Any:
    return sum(items[1:], start=items[0]) / len(items)


def _largest(xp: Any, *items: Any) -> Any:
    found = items[0]
    for item in items[1:]:
        found = xp.maximum(found, item)
    return found


def _least(xp: Any, *items: Any) -> Any:
    found = items[0]
    for item in items[1:]:
        found = xp.minimum(found, item)
    return found


_ZERO = np.zeros(1, np.float32)


def _ints(values: Any) -> tuple[int, ...]:
    """Of shapes and axes, which must not depend on the observation."""
    return tuple(int(value) for value in np.ravel(np.asarray(values)))


_OPERATORS: Mapping[str, _Operator] = MappingProxyType(
    {
        "Add": lambda xp, a, b: a + b,
        "And": lambda xp, a, b: a & b,
        "Atan": lambda xp, x: xp.arctan(x),
        "Cast": lambda xp, x, to, **_: x.astype(
            onnx.helper.tensor_dtype_to_np_dtype(to)
        ),
        "Clip": _clip,
        "Concat": lambda xp, *items, axis: xp.concatenate(items, axis=axis),
        "ConstantOfShape": lambda xp, shape, value=_ZERO: np.full(
            _ints(shape), value[0], value.dtype
        ),
        "Div": _div,
        "Elu": _elu,
        "Equal": lambda xp, a, b: a == b,
        "Expand": _expand,
        "Gather": lambda xp, x, index, axis=0: xp.take(x, index, axis=axis),
        "Gemm": _gemm,
        "Greater": lambda xp, a, b: a > b,
        "GreaterOrEqual": lambda xp, a, b: a >= b,
        "Identity": lambda xp, x: x,
        "Less": lambda xp, a, b: a < b,
        "LessOrEqual": lambda xp, a, b: a <= b,
        "Max": _largest,
        "Mean": _mean,
        "Min": _least,
        "Mul": lambda xp, a, b: a * b,
        "Neg": lambda xp, x: -x,
        "NonZero": lambda xp, x: np.stack(np.nonzero(np.asarray(x))),
        "Or": lambda xp, a, b: a | b,
        "Pow": lambda xp, a, b: (a**b).astype(a.dtype),
        "Range": lambda xp, first, end, step: np.arange(
            first.item(), end.item(), step.item(), dtype=first.dtype
        ),
        "Reshape": _reshape,
        "ScatterND": _scatter,
        "Shape": lambda xp, x, start=0, end=None: np.array(
            x.shape[start:end], np.int64
        ),
        "Slice": _slice,
        "Sqrt": lambda xp, x: xp.sqrt(x),
        "Squeeze": lambda xp, x, axes=None: xp.squeeze(
            x, axis=None if axes is None else _ints(axes)
        ),
        "Sub": lambda xp, a, b: a - b,
        "Transpose": lambda xp, x, perm=None: xp.transpose(x, perm),
        "Unsqueeze": lambda xp, x, axes: xp.expand_dims(x, _ints(axes)),
        "Where": lambda xp, mask, a, b: xp.where(mask, a, b),
    }
)
"""By name; each gets the library to compute with, its inputs, and its attributes."""
