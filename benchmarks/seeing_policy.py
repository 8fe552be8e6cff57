"""A walk bundle that sees, with untrained weights: as large as the papers' would be.

Residual convolutions over the 40 x 30 picture, joined with the proprioception, then an
LSTM (arXiv:2405.02425 names the parts; the widths are the project's choice). It is for
timing only: what it does is nonsense.
"""

import math
from dataclasses import replace
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import jax2onnx
import numpy as np
import onnx
from jaxtyping import Array, Float, UInt8

from robot.contracts.camera import pinhole
from robot.contracts.policy import read_spec, write_spec
from robot.policy import OnnxPolicy, image_shape, write_golden

CAMERA = pinhole(40, 30, math.radians(43))
CHANNELS = (16, 32, 32)
MEMORY = 256
GOLDEN_STEPS = 10


class SeeingPolicy(nn.Module):
    """Picture, proprioception and memory to action and memory."""

    actions: int

    @nn.compact
    def __call__(
        self,
        observation: Float[Array, "B N"],
        image: UInt8[Array, "B H W 3"],
        cell: Float[Array, "B M"],
        hidden: Float[Array, "B M"],
    ) -> tuple[Float[Array, "B A"], Float[Array, "B M"], Float[Array, "B M"]]:
        x = image.astype(jnp.float32) / 255.0
        for channels in CHANNELS:
            x = nn.Conv(channels, (3, 3), strides=(2, 2))(x)
            y = nn.Conv(channels, (3, 3))(nn.relu(x))
            x = x + nn.Conv(channels, (3, 3))(nn.relu(y))
        seen = nn.relu(nn.Dense(MEMORY)(nn.relu(x).reshape(x.shape[0], -1)))
        felt = nn.relu(nn.Dense(MEMORY)(observation))
        both = jnp.concatenate([seen, felt], axis=-1)
        (cell, hidden), out = nn.OptimizedLSTMCell(MEMORY)((cell, hidden), both)
        out = nn.relu(nn.Dense(MEMORY)(out))
        return nn.Dense(self.actions)(out) * 0.01, cell, hidden


def write_seeing_walk(folder: Path, like: Path) -> Path:
    """Write a bundle whose spec is that of `like`, with eyes and a memory."""
    spec = replace(
        read_spec(like / "spec.json"),
        name="untrained, seeing",
        engine="onnx",
        camera=CAMERA,
        state_shapes=((1, MEMORY), (1, MEMORY)),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_spec(folder / "spec.json", spec)
    shapes = [
        jax.ShapeDtypeStruct((1, spec.observation.size), jnp.float32),
        jax.ShapeDtypeStruct((1, *image_shape(CAMERA)), jnp.uint8),
        jax.ShapeDtypeStruct((1, MEMORY), jnp.float32),
        jax.ShapeDtypeStruct((1, MEMORY), jnp.float32),
    ]
    module = SeeingPolicy(len(spec.action.joints))
    zeros = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]
    params = module.init(jax.random.key(0), *zeros)
    network = jax2onnx.to_onnx(
        lambda *seen: module.apply(params, *seen),
        shapes,
        model_name="seeing",
        input_names=["observation", "image", "state_0", "state_1"],
        output_names=["action", "next_state_0", "next_state_1"],
        opset=21,
    )
    onnx.save(network, str(folder / "policy.onnx"))
    random = np.random.default_rng(0)
    write_golden(
        folder / "golden.npz",
        OnnxPolicy(folder / "policy.onnx", spec),
        random.normal(size=(GOLDEN_STEPS, spec.observation.size)).astype(np.float32),
        random.integers(0, 256, (GOLDEN_STEPS, *image_shape(CAMERA)), dtype=np.uint8),
    )
    (folder / "CARD.md").write_text("# Untrained\n\nFor timing only.\n")
    return folder
