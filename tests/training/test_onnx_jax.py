"""Networks of bundles in JAX, beside onnxruntime, which the robot runs them with."""

from pathlib import Path

import jax
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.onnx_jax import jax_network
from training.run_folder import RunError

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.mark.parametrize("name", ["walk", "getup", "score", "duel"])
def test_it_does_what_onnxruntime_does(name):
    """The score policy commands a walk: arithmetic of all kinds."""
    file = POLICIES / name / "policy.onnx"
    session = onnxruntime.InferenceSession(str(file))
    seen = np.load(POLICIES / name / "golden.npz")["observation"][:8]
    seen = seen + np.random.default_rng(0).normal(size=seen.shape, scale=0.3)
    seen = seen.astype(np.float32)
    wanted = [session.run(None, {"observation": row[None]})[0][0] for row in seen]  # type: ignore[index]
    found = jax.jit(jax.vmap(jax_network(file)))(seen)
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def saved(folder: Path, *nodes: onnx.NodeProto, **constants: np.ndarray) -> Path:
    """Operators between an input x [1, 4] and an output y."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    model.ir_version = 10
    onnx.save(model, str(folder / "net.onnx"))
    return folder / "net.onnx"


X = np.array([[-1.5, 0.25, 2.0, -0.5]], np.float32)


@pytest.mark.parametrize(
    ("node", "constants"),
    [
        (helper.make_node("Elu", ["x"], ["y"], alpha=0.5), {}),
        (
            helper.make_node("Clip", ["x", "", "high"], ["y"]),
            {"high": np.float32(0.5)},
        ),
        (
            helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1, beta=0.5),
            {
                "w": np.arange(8, dtype=np.float32).reshape(2, 4),
                "b": np.ones(2, np.float32),
            },
        ),
        (
            helper.make_node("Slice", ["x", "first", "last", "axis", "step"], ["y"]),
            {
                "first": np.array([3]),
                "last": np.array([0]),
                "axis": np.array([1]),
                "step": np.array([-2]),
            },
        ),
        (
            helper.make_node("Reshape", ["x", "shape"], ["y"]),
            {"shape": np.array([0, 2, -1])},
        ),
        (
            helper.make_node("ScatterND", ["x", "at", "new"], ["y"]),
            {"at": np.array([[0, 2]]), "new": np.array([9.0], np.float32)},
        ),
        (
            helper.make_node("Gather", ["x", "at"], ["y"], axis=1),
            {"at": np.array([2, 0])},
        ),
        (helper.make_node("Unsqueeze", ["x", "at"], ["y"]), {"at": np.array([0, 3])}),
        (helper.make_node("Max", ["x", "c"], ["y"]), {"c": np.zeros(4, np.float32)}),
        (helper.make_node("Expand", ["x", "s"], ["y"]), {"s": np.array([3, 1])}),
    ],
)
def test_an_operator_does_what_onnxruntime_does(tmp_path, node, constants):
    file = saved(tmp_path, node, **constants)
    session = onnxruntime.InferenceSession(str(file))
    wanted = np.asarray(session.run(None, {"x": X})[0])
    found = jax.jit(jax_network(file))(X[0])
    np.testing.assert_allclose(found, wanted[0], atol=1e-6)


def test_what_depends_on_constants_alone_is_computed_once(tmp_path):
    """Also within a function that is being compiled: indices and shapes are such."""
    nodes = [
        helper.make_node("ScatterND", ["zero", "at", "new"], ["mask"]),
        helper.make_node("Mul", ["x", "mask"], ["y"]),
    ]
    constants = {
        "zero": np.zeros((1, 4), np.float32),
        "at": np.array([[0, 1], [0, 3]]),
        "new": np.array([2.0, -1.0], np.float32),
    }
    found = jax.jit(jax_network(saved(tmp_path, *nodes, **constants)))(X[0])
    np.testing.assert_allclose(found, [0.0, 0.5, 0.0, 0.5])


def test_what_is_none_or_has_unknown_operators_is_refused(tmp_path):
    (tmp_path / "none.onnx").write_bytes(b"no network")
    with pytest.raises(RunError, match="expected an ONNX network in"):
        jax_network(tmp_path / "none.onnx")
    with pytest.raises(RunError, match=r"expected one input, .* found 1, 1 and Erf"):
        jax_network(saved(tmp_path, helper.make_node("Erf", ["x"], ["y"])))
    node = helper.make_node("ScatterND", ["x", "at", "new"], ["y"], reduction="add")
    with pytest.raises(RunError, match="found 1, 1 and ScatterND that reduces"):
        jax_network(saved(tmp_path, node))
