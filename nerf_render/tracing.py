"""The nearest of many primitives along each ray of one camera."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from nerf_render.cameras import CameraPose
from nerf_render.primitives import (
    BodyPoses,
    Convexes,
    Primitives,
    SeenConvexes,
    seen_capsules,
    seen_convexes,
)
from nerf_render.shading import Lighting, shaded

_NOTHING = 1e-4
"""Inverse depth below which there is nothing: farther than 10 km."""
_UNBOUNDED = 1e9


class Traced(NamedTuple):
    """What R rays meet first.

    Attributes:
        inverse_depth: [R] 1 / m along the optical axis; 0 where there is nothing.
        rgb: [R, 3] display colour in 0..1; 0 where there is nothing.
        label: [R]; -1 where there is nothing.
    """

    inverse_depth: Float[Array, "R"]
    rgb: Float[Array, "R 3"]
    label: Int[Array, "R"]


def trace(
    primitives: Primitives,
    poses: BodyPoses,
    camera: CameraPose,
    rays: Float[Array, "R 2"],
    light: Lighting,
) -> Traced:
    """The first opaque primitive along each ray. Bodies that hold the camera are open.

    Args:
        rays: x / z and y / z.
    """
    window = jnp.stack([rays.min(0), rays.max(0)])
    flat = _trace_convexes(primitives.solid, poses, camera, rays, light, window)
    if primitives.capsules.radius_m.shape[0] == 0:
        return flat
    round_ = _trace_capsules(primitives, poses, camera, rays, light, window)
    nearer = round_.inverse_depth > flat.inverse_depth
    return Traced(
        inverse_depth=jnp.maximum(round_.inverse_depth, flat.inverse_depth),
        rgb=jnp.where(nearer[:, None], round_.rgb, flat.rgb),
        label=jnp.where(nearer, round_.label, flat.label),
    )


def blend_sheets(
    primitives: Primitives,
    poses: BodyPoses,
    camera: CameraPose,
    rays: Float[Array, "R 2"],
    light: Lighting,
    behind: tuple[Float[Array, "R 3"], Float[Array, "R"]],
) -> Float[Array, "R 3"]:
    """Lay the translucent bodies over what lies behind them, the farthest first.

    Args:
        behind: display colour and inverse depth of what is opaque.
    """
    sheets = primitives.sheets
    rgb, inverse_depth = behind
    count = sheets.alpha.shape[0]
    if count == 0:
        return rgb
    window = jnp.stack([rays.min(0), rays.max(0)])
    seen = seen_convexes(sheets, poses, camera, window)
    centre = poses.position[sheets.body] + jnp.einsum(
        "cij,cj->ci", poses.rotation[sheets.body], sheets.centre
    )
    distance = jnp.linalg.norm(centre - camera.position, axis=-1)
    order = jnp.argsort(jnp.where(seen.visible, -distance, jnp.inf))
    colours = shaded(sheets.albedo[:, None], seen.normal_w, light)

    def over(step: int, rgb: Float[Array, "R 3"]) -> Float[Array, "R 3"]:
        index = order[step]
        _, face = _entry(seen, index, rays, inverse_depth)
        share = jnp.where(face >= 0, sheets.alpha[index], 0.0)[:, None]
        return rgb * (1 - share) + colours[index][jnp.maximum(face, 0)] * share

    return jax.lax.fori_loop(0, jnp.sum(seen.visible), over, rgb)


def _trace_convexes(
    convexes: Convexes,
    poses: BodyPoses,
    camera: CameraPose,
    rays: Float[Array, "R 2"],
    light: Lighting,
    window: Float[Array, "2 2"],
) -> Traced:
    count, faces = convexes.offset_m.shape
    rays_count = rays.shape[0]
    if count == 0:
        return Traced(
            jnp.zeros(rays_count),
            jnp.zeros((rays_count, 3)),
            jnp.full(rays_count, -1, jnp.int32),
        )
    seen = seen_convexes(convexes, poses, camera, window)
    order, visible = _visible_first(seen.visible)

    def nearer(
        step: int, best: tuple[Float[Array, "R"], Int[Array, "R"]]
    ) -> tuple[Float[Array, "R"], Int[Array, "R"]]:
        depth, code = best
        index = order[step]
        found, face = _entry(seen, index, rays, depth)
        return found, jnp.where(face >= 0, index * faces + face, code)

    start = (jnp.full(rays_count, _NOTHING), jnp.full(rays_count, -1, jnp.int32))
    depth, code = jax.lax.fori_loop(0, visible, nearer, start)
    colours = shaded(convexes.albedo[:, None], seen.normal_w, light).reshape(-1, 3)
    hit = code >= 0
    which = jnp.maximum(code, 0)
    return Traced(
        inverse_depth=jnp.where(hit, depth, 0.0),
        rgb=jnp.where(hit[:, None], colours[which], 0.0),
        label=jnp.where(hit, convexes.label[which // faces], -1),
    )


def _entry(
    seen: SeenConvexes,
    index: Int[Array, ""],
    rays: Float[Array, "R 2"],
    least: Float[Array, "R"],
) -> tuple[Float[Array, "R"], Int[Array, "R"]]:
    """Inverse depth where rays enter one body, and by which face.

    Rays that miss it, or meet it behind `least`, keep `least` and get face -1.
    """
    x, y = rays[:, 0], rays[:, 1]
    bound, before = seen.bound[index], seen.before[index]
    upper = jnp.full_like(x, _UNBOUNDED)
    lower = least
    face = jnp.zeros(x.shape, jnp.int32)
    for k in range(bound.shape[0]):
        value = bound[k, 0] * x + bound[k, 1] * y + bound[k, 2]
        as_upper = jnp.where(before[k], value, _UNBOUNDED)
        lower = jnp.maximum(lower, jnp.where(before[k], -_UNBOUNDED, value))
        face = jnp.where(as_upper < upper, k, face)
        upper = jnp.minimum(upper, as_upper)
    hit = upper > lower
    return jnp.where(hit, upper, least), jnp.where(hit, face, -1)


def _trace_capsules(
    primitives: Primitives,
    poses: BodyPoses,
    camera: CameraPose,
    rays: Float[Array, "R 2"],
    light: Lighting,
    window: Float[Array, "2 2"],
) -> Traced:
    capsules = primitives.capsules
    ends, visible = seen_capsules(capsules, poses, camera, window)
    order, count = _visible_first(visible)
    rays_count = rays.shape[0]

    def nearer(
        step: int, best: tuple[Float[Array, "R"], Int[Array, "R"]]
    ) -> tuple[Float[Array, "R"], Int[Array, "R"]]:
        depth, which = best
        index = order[step]
        found = capsule_entry(ends[index], capsules.radius_m[index], rays)
        hit = found > depth
        return jnp.where(hit, found, depth), jnp.where(hit, index, which)

    start = (jnp.full(rays_count, _NOTHING), jnp.full(rays_count, -1, jnp.int32))
    depth, which = jax.lax.fori_loop(0, count, nearer, start)
    hit, index = which >= 0, jnp.maximum(which, 0)
    # One table, one gather: ends, albedo and label of each capsule.
    table = jnp.concatenate(
        [ends.reshape(-1, 6), capsules.albedo, 1 / capsules.radius_m[:, None]], axis=-1
    )[index]
    point = jnp.concatenate([rays, jnp.ones((rays_count, 1))], axis=-1) / depth[:, None]
    start_point, end_point = table[:, :3], table[:, 3:6]
    axis, away = end_point - start_point, point - start_point
    square = jnp.sum(axis * axis, axis=-1)
    share = jnp.sum(away * axis, axis=-1) / jnp.maximum(square, 1e-12)
    nearest = start_point + jnp.clip(share, 0, 1)[:, None] * axis
    normal = (point - nearest) * table[:, 9:10] @ camera.rotation.T
    rgb = shaded(table[:, 6:9], normal, light)
    return Traced(
        inverse_depth=jnp.where(hit, depth, 0.0),
        rgb=jnp.where(hit[:, None], rgb, 0.0),
        label=jnp.where(hit, capsules.label[index], -1),
    )


def capsule_entry(
    ends: Float[Array, "2 3"], radius: Float[Array, ""], rays: Float[Array, "R 2"]
) -> Float[Array, "R"]:
    """[R] inverse depth where rays (x, y, 1) from the origin enter a capsule, or 0.

    A ray first meets the cylinder about the axis, or one of the spheres about the ends:
    the nearest of those roots that belong to the capsule's surface.
    """
    x, y = rays[:, 0], rays[:, 1]
    start, axis = ends[0], ends[1] - ends[0]
    length = jnp.dot(axis, axis)

    def along(v: Float[Array, "3"]) -> Float[Array, "R"]:
        return v[0] * x + v[1] * y + v[2]

    ray_square = x * x + y * y + 1
    ray_axis, ray_start = along(axis), along(start)
    start_axis = jnp.dot(start, axis)
    inverse_length = jnp.where(length > 1e-12, 1 / jnp.maximum(length, 1e-12), 0.0)
    # Cylinder: both vectors less their parts along the axis.
    a = ray_square - ray_axis * ray_axis * inverse_length
    b = ray_start - ray_axis * start_axis * inverse_length
    c = jnp.dot(start, start) - start_axis**2 * inverse_length - radius**2
    root = b * b - a * c
    t = (b - jnp.sqrt(jnp.maximum(root, 0.0))) / jnp.maximum(a, 1e-12)
    share = (t * ray_axis - start_axis) * inverse_length
    inside = (root > 0) & (t > 0) & (share > 0) & (share < 1) & (length > 1e-12)
    nearest = jnp.where(inside, t, jnp.inf)
    for end in (ends[0], ends[1]):
        b = along(end)
        root = b * b - ray_square * (jnp.dot(end, end) - radius**2)
        t = (b - jnp.sqrt(jnp.maximum(root, 0.0))) / ray_square
        nearest = jnp.where((root > 0) & (t > 0), jnp.minimum(nearest, t), nearest)
    # From inside, an end sphere's near root lies behind; then the capsule is open.
    holds = _distance_to_axis(ends) < radius
    return jnp.where(jnp.isfinite(nearest) & ~holds, 1 / nearest, 0.0)


def _distance_to_axis(ends: Float[Array, "2 3"]) -> Float[Array, ""]:
    """From the origin to a segment."""
    axis = ends[1] - ends[0]
    share = -jnp.dot(ends[0], axis) / jnp.maximum(jnp.dot(axis, axis), 1e-12)
    return jnp.linalg.norm(ends[0] + jnp.clip(share, 0, 1) * axis)


def _visible_first(
    visible: Bool[Array, "N"],
) -> tuple[Int[Array, "N"], Int[Array, ""]]:
    """Indices with the visible ones first, and their number."""
    return jnp.argsort(~visible, stable=True), jnp.sum(visible)
