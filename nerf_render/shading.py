"""How dynamic objects take a scene's light, and the shade they leave on it.

Display colours are linear light to the power 1 / 2.2 (close to sRGB's curve, and a
power of a product is the product of powers). Lambert's law for one directional light,
and an ambient part that is weaker from below, where the turf reflects less than walls
and ceiling.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nerf_render.scene_file import Light

_GAMMA = 2.2
AMBIENT_FROM_BELOW = 0.45
"""Ambient light on a face that looks down, of that on one that looks up."""
LINE_ALBEDO = 0.88
"""Of white paint on turf (project's choice)."""
_PENUMBRA = 0.25
"""Width of a lamp as seen from the floor, as a tangent: panels on a ceiling."""

DEFAULT_LIGHT = Light(
    toward_p=(0.25, 0.15, 0.957),
    diffuse_rgb=(0.45, 0.45, 0.45),
    ambient_rgb=(0.55, 0.55, 0.55),
)
"""A bright hall with lamps overhead, for scenes without an estimate."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["toward", "diffuse", "ambient"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Lighting:
    """`scene_file.Light` as arrays; [3] each, or with a leading axis of scenes."""

    toward: Float[Array, "*S 3"]
    diffuse: Float[Array, "*S 3"]
    ambient: Float[Array, "*S 3"]


def lighting_of(light: Light | None) -> Lighting:
    """Arrays of an estimate, or of `DEFAULT_LIGHT`."""
    light = light or DEFAULT_LIGHT
    toward = np.array(light.toward_p)
    return Lighting(
        toward=jnp.asarray(toward / np.linalg.norm(toward), jnp.float32),
        diffuse=jnp.asarray(light.diffuse_rgb, jnp.float32),
        ambient=jnp.asarray(light.ambient_rgb, jnp.float32),
    )


def albedo_of(display_rgb: Any) -> Any:
    """Linear reflectance of a display colour in 0..1."""
    return display_rgb**_GAMMA


def display(linear: Float[Array, "*N"]) -> Float[Array, "*N"]:
    """Display-encode linear light, 0..1."""
    bounded = jnp.clip(linear, 1e-6, 1.0)
    # exp(log()) compiles to vector code where a general power does not.
    return jnp.exp(jnp.log(bounded) / _GAMMA)


def shaded(
    albedo: Float[Array, "*N 3"], normal: Float[Array, "*N 3"], light: Lighting
) -> Float[Array, "*N 3"]:
    """Display colour of a surface with unit `normal`, pitch frame."""
    facing = jnp.maximum(normal @ light.toward, 0.0)
    low = AMBIENT_FROM_BELOW
    upward = (1 + low) / 2 + (1 - low) / 2 * normal[..., 2]
    received = light.diffuse * facing[..., None] + light.ambient * upward[..., None]
    return display(albedo * received)


def shade(
    points: Float[Array, "N 3"],
    centres: Float[Array, "O 3"],
    radii_m: Float[Array, "O"],
    light: Lighting,
) -> Float[Array, "N 3"]:
    """Factor on the display colour of level surfaces at `points` below spheres.

    Ambient light: a sphere of radius r whose centre is at distance d in direction u
    hides (n . u) (r / d)^2 of a cosine-weighted sky (Iwanicki, "Lighting Technology of
    The Last of Us", SIGGRAPH 2013 talks, gives the form factor; n is up here).
    The directional light: hidden where it passes the centre within the radius, with a
    soft border as wide as the sphere is far, times `_PENUMBRA`.
    """
    lit, open_sky = jnp.ones(points.shape[0]), jnp.ones(points.shape[0])
    toward = light.toward

    def one(
        index: int, state: tuple[Float[Array, "N"], Float[Array, "N"]]
    ) -> tuple[Float[Array, "N"], Float[Array, "N"]]:
        lit, open_sky = state
        centre, radius = centres[index], radii_m[index]
        x, y, z = (centre[i] - points[:, i] for i in range(3))
        square = jnp.maximum(x * x + y * y + z * z, 1e-6)
        inverse = jax.lax.rsqrt(square)
        share = jnp.minimum(radius * radius / square, 1.0)
        open_sky = open_sky * (1 - jnp.maximum(z * inverse, 0.0) * share)
        along = x * toward[0] + y * toward[1] + z * toward[2]
        across = jnp.sqrt(jnp.maximum(square - along * along, 0.0))
        border = _PENUMBRA * jnp.maximum(along, 0.0) + 0.2 * radius
        passed = jnp.clip((across - radius) / border + 0.5, 0.0, 1.0)
        lit = lit * jnp.where(along > 0, passed, 1.0)
        return lit, open_sky

    lit, open_sky = jax.lax.fori_loop(0, centres.shape[0], one, (lit, open_sky))
    direct = light.diffuse * jnp.maximum(toward[2], 0.0)
    received = direct * lit[:, None] + light.ambient * open_sky[:, None]
    return display(received / (direct + light.ambient))
