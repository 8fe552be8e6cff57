"""Tiny policy bundles: networks of a handful of numbers, built node by node."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import (
    ActionSpec,
    CommandSpec,
    ObservationSpec,
    ObservationTerm,
    PolicySpec,
    Role,
    ServoGains,
    write_spec,
)
from robot.policy import OnnxPolicy, write_golden

BODY = tuple(joint for joint in OP3_JOINTS if not joint.name.startswith("head"))


def term(name: str, size: int, history: int = 1) -> ObservationTerm:
    return ObservationTerm(
        name=name, size=size, unit="1", frame="torso", history=history
    )


def small_spec(
    role: Role = "walk", *, commit_s: float = 0.0, memory: int = 0
) -> PolicySpec:
    """A policy over gravity (two steps) and command that moves the body joints."""
    return PolicySpec(
        name=f"small {role}",
        role=role,
        engine="onnx",
        control_period_s=0.025,
        observation=ObservationSpec(
            terms=(term("gravity", 3, history=2), term("velocity_command", 3))
        ),
        action=ActionSpec(
            joints=tuple(joint.name for joint in BODY),
            default_rad=tuple(joint.stand_rad for joint in BODY),
            scale_rad=(0.1,) * len(BODY),
            min_rad=tuple(joint.min_rad for joint in BODY),
            max_rad=tuple(joint.max_rad for joint in BODY),
            filter_keep=0.8,
        ),
        command=CommandSpec(
            names=("forward_m_s", "left_m_s", "turn_rad_s"),
            low=(-0.2, -0.1, -1.0),
            high=(0.4, 0.1, 1.0),
        ),
        clock_hz=0.0,
        commit_s=commit_s,
        state_shapes=((memory,),) if memory else (),
        gains=ServoGains(),
        robot_model_sha256="0" * 64,
        made_by="tests",
        commit="0" * 40,
    )


def linear_network(
    inputs: int, outputs: int, *, memory: int = 0, seed: int = 0, hidden: int = 0
) -> onnx.ModelProto:
    """action = observation @ W (+ sum of the state); next state = state + 1.

    With `hidden`, two tanh layers of that width come first.
    """
    random = np.random.default_rng(seed)
    widths = [inputs, *((hidden, hidden) if hidden else ()), outputs]
    nodes, constants, last = [], [], "observation"
    for index, (rows, columns) in enumerate(pairwise(widths)):
        weight = random.normal(0, 0.3 / np.sqrt(rows), (rows, columns))
        constants.append(
            numpy_helper.from_array(weight.astype(np.float32), f"weight_{index}")
        )
        final = index == len(widths) - 2
        raw = ("dense" if memory else "action") if final else f"raw_{index}"
        nodes.append(helper.make_node("MatMul", [last, f"weight_{index}"], [raw]))
        last = raw
        if not final:
            last = f"layer_{index}"
            nodes.append(helper.make_node("Tanh", [raw], [last]))
    ends_in = [_tensor("observation", (1, inputs))]
    ends_out = [_tensor("action", (1, outputs))]
    if memory:
        constants.append(numpy_helper.from_array(np.float32([1.0]), "one"))
        nodes += [
            helper.make_node("ReduceSum", ["state_0"], ["total"], keepdims=0),
            helper.make_node("Add", ["dense", "total"], ["action"]),
            helper.make_node("Add", ["state_0", "one"], ["next_state_0"]),
        ]
        ends_in.append(_tensor("state_0", (memory,)))
        ends_out.append(_tensor("next_state_0", (memory,)))
    graph = helper.make_graph(nodes, "small", ends_in, ends_out, constants)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )


def write_bundle(
    folder: Path,
    role: Role = "walk",
    *,
    commit_s: float = 0.0,
    memory: int = 0,
    seed: int = 0,
    hidden: int = 0,
) -> PolicySpec:
    """A sound bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = small_spec(role, commit_s=commit_s, memory=memory)
    network = linear_network(
        spec.observation.size,
        len(spec.action.joints),
        memory=memory,
        seed=seed,
        hidden=hidden,
    )
    onnx.save(network, str(folder / "policy.onnx"))
    write_spec(folder / "spec.json", spec)
    (folder / "CARD.md").write_text("A test's policy.\n")
    observation = np.random.default_rng(1).normal(size=(5, spec.observation.size))
    policy = OnnxPolicy(folder / "policy.onnx", spec)
    write_golden(folder / "golden.npz", policy, observation.astype(np.float32))
    return spec


def write_player(folder: Path) -> None:
    """Sound bundles for all three roles."""
    write_bundle(folder / "walk", "walk")
    write_bundle(folder / "getup", "getup", commit_s=0.5, seed=2)
    write_bundle(folder / "kick", "kick", commit_s=0.4, seed=3)


def _tensor(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
