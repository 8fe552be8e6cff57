"""The exact field: what nerfstudio's nerfacto evaluates, in JAX.

`field_of(scene)` gives a `Field`, a pytree that `jit`, `vmap` (over rays, and over
scenes of one shape after `jax.tree.map(jnp.stack, ...)`) and `device_put` take as they
take an array. All positions are in the scene frame and scene units,
`scene.header.pitch` leads to metres:

    to_scene = scene.header.pitch.inverse
    seen = render_exact(field, to_scene.points(origin_p), to_scene.directions(ray_p))
    depth_m = seen.depth * scene.header.pitch.scale
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nerf_render.encodings import direction_harmonics, hash_grid, unit_cube
from nerf_render.sampling import (
    expected_distance,
    median_distance,
    piecewise_distance,
    resample,
    sample_weights,
    uniform_distance,
)
from nerf_render.scene_file import FieldShape, Scene, SceneError

PART = "field"
_RAYS_AT_ONCE = 2048


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["weights", "biases"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Linear layers with ReLU between them: x @ weights[i] + biases[i]."""

    weights: tuple[Float[Array, "I O"], ...]
    biases: tuple[Float[Array, "O"], ...]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["table", "scalings", "mlp"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class HashNetwork:
    """A hash grid and what reads it. `table` [L * T, F], `scalings` [L]."""

    table: Float[Array, "entries F"]
    scalings: Float[Array, "L"]
    mlp: Mlp


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["base", "head", "appearance", "proposals"],
    meta_fields=["shape"],
)
@dataclass(frozen=True, kw_only=True)
class Field:
    """The whole field.

    Attributes:
        base: position -> log density and 15 features.
        head: direction harmonics (16), features, appearance -> colour before sigmoid.
        appearance: [A] mean over the capture's pictures.
        proposals: position -> log density, for choosing samples.
        shape: sampling; static, so fields of equal shape share compiled code.
    """

    base: HashNetwork
    head: Mlp
    appearance: Float[Array, "A"]
    proposals: tuple[HashNetwork, ...]
    shape: FieldShape


class Rendered(NamedTuple):
    """What rays see. Leading axes as the rays'; depths in scene units along the ray.

    Attributes:
        rgb: [..., 3] in 0..1, display-encoded as the photographs were (sRGB).
        depth: [...] median: where half of the ray has been stopped.
        accumulation: [...] share of the ray that was stopped at all, 0..1.
        expected_depth: [...] mean; smoother than the median, wrong at edges.
    """

    rgb: Float[Array, "*R 3"]
    depth: Float[Array, "*R"]
    accumulation: Float[Array, "*R"]
    expected_depth: Float[Array, "*R"]


def field_of(scene: Scene) -> Field:
    """The exact field of a scene, float32.

    Raises:
        SceneError: arrays are missing.
    """
    arrays = scene.part(PART)
    try:
        count = len(scene.header.field.proposal_samples)
        return Field(
            base=_hash_network(arrays, "base"),
            head=_mlp(arrays, "head"),
            appearance=_float(arrays["appearance"]),
            proposals=tuple(
                _hash_network(arrays, f"proposal_{index}") for index in range(count)
            ),
            shape=scene.header.field,
        )
    except KeyError as error:
        raise SceneError(
            f"{scene.header.name}: expected the array {PART}/{error.args[0]}, found "
            "none; fit the scene again"
        ) from None


def density(field: Field, xyz: Float[Array, "*N 3"]) -> Float[Array, "*N"]:
    """Absorption per scene unit at positions in the scene frame; >= 0."""
    return _base(field, xyz)[0]


def colour(
    field: Field, xyz: Float[Array, "*N 3"], direction: Float[Array, "*N 3"]
) -> Float[Array, "*N 3"]:
    """RGB in 0..1 at positions, seen along unit `direction` (from the camera away)."""
    return _head(field, _base(field, xyz)[1], direction)


def density_and_colour(
    field: Field, xyz: Float[Array, "*N 3"], direction: Float[Array, "*N 3"]
) -> tuple[Float[Array, "*N"], Float[Array, "*N 3"]]:
    """Both at the price of one."""
    sigma, features = _base(field, xyz)
    return sigma, _head(field, features, direction)


def render_exact(
    field: Field, origins: Float[Array, "*R 3"], directions: Float[Array, "*R 3"]
) -> Rendered:
    """What nerfstudio shows for the same rays: unit `directions`, scene frame.

    All rays at once; memory grows with them, about 0.6 MB per ray and level of the
    grids for 64 samples. `render_exact_image` bounds that.
    """
    shape = origins.shape[:-1]
    flat = _render(field, origins.reshape(-1, 3), directions.reshape(-1, 3))
    return Rendered(*(leaf.reshape(*shape, *leaf.shape[1:]) for leaf in flat))


@partial(jax.jit, static_argnames="rays_at_once")
def render_exact_image(
    field: Field,
    origins: Float[Array, "*R 3"],
    directions: Float[Array, "*R 3"],
    rays_at_once: int = _RAYS_AT_ONCE,
) -> Rendered:
    """As `render_exact`, `rays_at_once` rays after another."""
    shape = origins.shape[:-1]
    rays = (origins.reshape(-1, 3), directions.reshape(-1, 3))
    flat = jax.lax.map(
        lambda ray: Rendered(
            *(leaf[0] for leaf in _render(field, ray[0][None], ray[1][None]))
        ),
        rays,
        batch_size=rays_at_once,
    )
    return Rendered(*(leaf.reshape(*shape, *leaf.shape[1:]) for leaf in flat))


def _render(
    field: Field, origins: Float[Array, "R 3"], directions: Float[Array, "R 3"]
) -> Rendered:
    shape = field.shape
    distance = (
        piecewise_distance if shape.initial_spacing == "piecewise" else uniform_distance
    )

    def positions(edges: Float[Array, "R B"]) -> Float[Array, "R S 3"]:
        middles = (edges[..., :-1] + edges[..., 1:]) / 2
        return origins[:, None] + directions[:, None] * middles[..., None]

    counts = (*shape.proposal_samples, shape.field_samples)
    spacing = jnp.linspace(0.0, 1.0, counts[0] + 1)
    spacing = jnp.broadcast_to(spacing, (origins.shape[0], counts[0] + 1))
    edges = distance(spacing, shape.far)
    for network, following in zip(field.proposals, counts[1:], strict=True):
        sigma = _proposed(network, positions(edges))
        weights = sample_weights(sigma, edges) ** shape.anneal
        spacing = resample(spacing, weights, following)
        edges = distance(spacing, shape.far)
    at = positions(edges)
    sigma, rgb = density_and_colour(
        field, at, jnp.broadcast_to(directions[:, None], at.shape)
    )
    weights = sample_weights(sigma, edges)
    middles = (edges[..., :-1] + edges[..., 1:]) / 2
    accumulation = jnp.sum(weights, axis=-1)
    seen = jnp.sum(weights[..., None] * rgb, axis=-2)
    # What lies behind the last sample has that sample's colour.
    seen += rgb[..., -1, :] * (1 - accumulation)[..., None]
    return Rendered(
        rgb=jnp.clip(seen, 0, 1),
        depth=median_distance(weights, middles),
        accumulation=accumulation,
        expected_depth=expected_distance(weights, middles),
    )


def _base(
    field: Field, xyz: Float[Array, "*N 3"]
) -> tuple[Float[Array, "*N"], Float[Array, "*N G"]]:
    position, inside = unit_cube(xyz)
    out = _grid_network(field.base, position)
    return jnp.exp(out[..., 0]) * inside, out[..., 1:]


def _head(
    field: Field, features: Float[Array, "*N G"], direction: Float[Array, "*N 3"]
) -> Float[Array, "*N 3"]:
    appearance = jnp.broadcast_to(
        field.appearance, (*features.shape[:-1], *field.appearance.shape)
    )
    joined = jnp.concatenate(
        [direction_harmonics(direction), features, appearance], axis=-1
    )
    return jax.nn.sigmoid(_apply(field.head, joined))


def _proposed(network: HashNetwork, xyz: Float[Array, "*N 3"]) -> Float[Array, "*N"]:
    position, inside = unit_cube(xyz)
    return jnp.exp(_grid_network(network, position)[..., 0]) * inside


def _grid_network(
    network: HashNetwork, position: Float[Array, "*N 3"]
) -> Float[Array, "*N O"]:
    return _apply(network.mlp, hash_grid(network.table, network.scalings, position))


def _apply(mlp: Mlp, x: Float[Array, "*N I"]) -> Float[Array, "*N O"]:
    last = len(mlp.weights) - 1
    for index, (weight, bias) in enumerate(zip(mlp.weights, mlp.biases, strict=True)):
        x = jnp.matmul(x, weight, precision=jax.lax.Precision.HIGHEST) + bias
        x = jax.nn.relu(x) if index < last else x
    return x


def _hash_network(arrays: Mapping[str, np.ndarray], name: str) -> HashNetwork:
    return HashNetwork(
        table=_float(arrays[f"{name}_table"]),
        scalings=_float(arrays[f"{name}_scalings"]),
        mlp=_mlp(arrays, name),
    )


def _mlp(arrays: Mapping[str, np.ndarray], name: str) -> Mlp:
    count = sum(key.startswith(f"{name}_weight_") for key in arrays)
    if not count:
        raise KeyError(f"{name}_weight_0")
    return Mlp(
        weights=tuple(_float(arrays[f"{name}_weight_{i}"]) for i in range(count)),
        biases=tuple(_float(arrays[f"{name}_bias_{i}"]) for i in range(count)),
    )


def _float(array: np.ndarray) -> Float[Array, "..."]:
    return jnp.asarray(array, dtype=jnp.float32)
