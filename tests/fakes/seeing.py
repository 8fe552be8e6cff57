"""A walk that sees: its action is the picture's mean brightness, 0 to 1."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from robot.contracts.camera import pinhole
from robot.contracts.policy import PolicySpec, write_spec
from robot.policy import OnnxPolicy, write_golden
from tests.fakes.bundles import small_spec

CAMERA = pinhole(40, 30, 0.7)


def brightness_network(
    width_px: int = CAMERA.width_px, height_px: int = CAMERA.height_px
) -> onnx.ModelProto:
    """observation [1, 9] is an input, as the contract asks, and counts for nothing."""
    ends_in = [
        helper.make_tensor_value_info("observation", TensorProto.FLOAT, (1, 9)),
        helper.make_tensor_value_info(
            "image", TensorProto.UINT8, (1, height_px, width_px, 3)
        ),
    ]
    ends_out = [helper.make_tensor_value_info("action", TensorProto.FLOAT, (1, 18))]
    constants = [
        numpy_helper.from_array(np.zeros((9, 18), np.float32), "nothing"),
        numpy_helper.from_array(np.array(255, np.float32), "white"),
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "white"], ["brightness"]),
        helper.make_node("MatMul", ["observation", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "brightness"], ["action"]),
    ]
    graph = helper.make_graph(nodes, "seeing", ends_in, ends_out, constants)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )


def write_seeing_walk(folder: Path) -> PolicySpec:
    """A sound bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = replace(small_spec(), camera=CAMERA)
    onnx.save(brightness_network(), str(folder / "policy.onnx"))
    write_spec(folder / "spec.json", spec)
    (folder / "CARD.md").write_text("A test's policy.\n")
    random = np.random.default_rng(1)
    write_golden(
        folder / "golden.npz",
        OnnxPolicy(folder / "policy.onnx", spec),
        random.normal(size=(3, 9)).astype(np.float32),
        random.integers(0, 256, (3, 30, 40, 3), dtype=np.uint8),
    )
    return spec
