"""The network in a policy bundle, in JAX: a skill for a learner, or its beginning."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import onnx
import onnx.numpy_helper
from jaxtyping import Array, Float

from robot.contracts.policy import NETWORK_FILE, PolicySpec, read_spec
from robot.contracts.symmetry import action_mirror, observation_mirror
from training.run_folder import RunError

SHIPPED = Path(__file__).parent.parent / "policies"
_GOLDEN = 1e-4

Layers = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleNetwork:
    """What a bundle's `policy.onnx` computes.

    Attributes:
        spec: of the bundle.
        layers: weights and biases, ELU between them.
        mirrored: the network is averaged with its mirror image.
    """

    spec: PolicySpec
    layers: Layers
    mirrored: bool

    def __call__(self, seen: Float[Array, "*B N"]) -> Float[Array, "*B K"]:
        """The bundle's own action for its own observation."""
        mean = forward(self.layers, seen)
        if not self.mirrored:
            return mean
        image = observation_mirror(self.spec.observation).of(seen)
        back = action_mirror(self.spec.action).of(forward(self.layers, image))
        return (mean + back) / 2


def folder_of(bundle: str) -> Path:
    """Of a bundle's name or path."""
    shipped = SHIPPED / bundle
    return shipped if (shipped / "spec.json").is_file() else Path(bundle)


def read_network(bundle: str) -> BundleNetwork:
    """The network of a bundle, proved to do what its goldens say.

    Args:
        bundle: name of a shipped one, or a folder.

    Raises:
        RunError: no learned policy there, or one that is not layers with ELU between
            them, such as one that commands another.
        ContractError: the bundle's spec is out of contract.
    """
    folder = folder_of(bundle)
    if not (folder / NETWORK_FILE).is_file():
        raise RunError(
            f"expected the bundle of a learned policy in {folder}, found no "
            f"{NETWORK_FILE}"
        )
    spec = read_spec(folder / "spec.json")
    if spec.state_shapes:
        raise RunError(f"{folder}: expected a policy without memory, found {spec.name}")
    layers, mirrored = read_layers(folder / NETWORK_FILE)
    network = BundleNetwork(spec=spec, layers=layers, mirrored=mirrored)
    golden = np.load(folder / "golden.npz")
    check_network(folder, network, golden["observation"], golden["action"])
    return network


def read_layers(file: Path) -> tuple[Layers, bool]:
    """Of a network, and whether its mirror image is in it; none where it is built
    otherwise: `check_network`."""
    graph = onnx.load(str(file)).graph
    values = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    mirrored = any(node.op_type == "Mean" for node in graph.node)
    names = [node.input for node in graph.node if node.op_type == "Gemm"]
    names = names[: len(names) // 2] if mirrored else names
    try:
        return tuple((values[weight], values[bias]) for _, weight, bias in names), (
            mirrored
        )
    except (KeyError, ValueError):  # products of other things than weights
        return (), mirrored


def check_network(
    folder: Path,
    network: Callable[[Any], Any],
    seen: Any,
    wanted: Any,
    expected: str = "layers with ELU between them, as op3-soccer train exports them",
) -> None:
    """A file may hold another network than was read out of it.

    Raises:
        RunError: `network` does not give `wanted` for `seen`.
    """
    try:
        error = float(np.abs(np.asarray(network(seen)) - wanted).max())
    except (TypeError, ValueError):  # no layers, or none that follow each other
        error = float("inf")
    if not error < _GOLDEN:
        raise RunError(
            f"{folder}: expected {expected}, found actions that differ by {error:.2g}"
        )


def forward(layers: Layers, seen: Any) -> Array:
    """[..., K] of [..., N], with ELU between the layers."""
    *inner, (weight, bias) = layers
    for inner_weight, inner_bias in inner:
        seen = jax.nn.elu(seen @ inner_weight + inner_bias)
    return seen @ weight + bias
