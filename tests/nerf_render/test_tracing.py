"""Primitives along rays, against slower second implementations."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.cameras import CameraPose, looking, pixel_rays
from nerf_render.primitives import BodyPoses, primitives_from
from nerf_render.shading import lighting_of
from nerf_render.tracing import blend_sheets as blended_eagerly
from nerf_render.tracing import capsule_entry as entered_eagerly
from nerf_render.tracing import trace as traced_eagerly
from robot.contracts.camera import pinhole

LIGHT = lighting_of(None)
# One shape for all: two boxes of six faces, 40 x 30 rays; so each compiles once.
trace, blend_sheets = jax.jit(traced_eagerly), jax.jit(blended_eagerly)
capsule_entry = jax.jit(entered_eagerly)
RAYS = np.asarray(pixel_rays(pinhole(40, 30, 0.8))[:, :, 0, 0].reshape(-1, 2))
MIDDLE = 15 * 40 + 20
BOX_NORMALS = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)
HERE = looking(jnp.zeros(3), 0.0, 0.0)
FAR = ((0, 0, -90), (1, 1, 1))
WORLD = BodyPoses(position=jnp.zeros((1, 3)), rotation=jnp.eye(3)[None])


def boxes(first, second=FAR, alpha=1.0, colours=((1.0, 0, 0), (0, 1.0, 0))):
    """Two boxes (centre, half size) of the world body, one label each."""
    offsets = [
        np.concatenate([np.array(c) + h, np.array(h) - c]) for c, h in (first, second)
    ]
    return primitives_from(
        SimpleNamespace(
            face_normal=np.stack([BOX_NORMALS] * 2),
            face_offset_m=np.array(offsets, np.float32),
            convex_body=np.zeros(2, np.int32),
            convex_rgba=np.array([(*c, alpha) for c in colours], np.float32),
            convex_label=np.arange(2, dtype=np.int32),
            capsule_ends_m=np.zeros((0, 2, 3), np.float32),
            capsule_radius_m=np.zeros(0, np.float32),
            capsule_body=np.zeros(0, np.int32),
            capsule_rgba=np.zeros((0, 4), np.float32),
            capsule_label=np.zeros(0, np.int32),
            labels=("first", "second"),
        )
    )


def slabs(origin, directions, centre, half):
    """Distance to a box by the slab method (Kay and Kajiya 1986); inf for a miss."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a = (np.array(centre) - half - origin) / directions
        b = (np.array(centre) + half - origin) / directions
    near = np.minimum(a, b).max(1)
    far = np.maximum(a, b).min(1)
    return np.where((near < far) & (near > 0), near, np.inf)


def test_boxes_lie_where_the_slab_method_finds_them():
    places = [((3, 0.3, 0.1), (0.5, 0.4, 0.3)), ((5, -0.5, 0), (1, 1.2, 0.5))]
    pose = looking(jnp.array([0.2, -0.1, 0.3]), 0.1, -0.05)
    found = trace(boxes(*places), WORLD, pose, RAYS, LIGHT)
    ahead = np.concatenate([RAYS, np.ones((len(RAYS), 1))], -1) @ pose.rotation.T
    depth = np.stack([slabs(np.array(pose.position), ahead, *p) for p in places])
    nearest = depth.min(0)
    # Edges may fall either way by rounding.
    label = np.where(np.isfinite(nearest), depth.argmin(0), -1)
    assert (np.asarray(found.label) == label).mean() > 0.998
    both = (np.asarray(found.label) == label) & (label >= 0)
    inverse = np.asarray(found.inverse_depth)
    np.testing.assert_allclose(1 / inverse[both], nearest[both], rtol=1e-4)
    assert set(label.tolist()) == {-1, 0, 1}


def test_a_box_behind_or_around_the_camera_is_not_seen():
    primitives = boxes(((-3, 0, 0), (1, 1, 1)), ((0, 0, 0), (1, 1, 1)))
    found = trace(primitives, WORLD, HERE, RAYS, LIGHT)
    assert (np.asarray(found.label) == -1).all()


def segment_distance(points, a, b):
    axis = b - a
    share = np.clip(((points - a) @ axis) / max(axis @ axis, 1e-12), 0, 1)
    return np.linalg.norm(points - a - share[:, None] * axis, axis=-1)


@pytest.mark.parametrize(
    "ends",
    [
        ((0.5, 0.2, 4.0), (-0.6, -0.3, 5.0)),
        ((0.1, 0.0, 3.0), (0.1, 0.0, 3.0)),
        ((0.0, 0.1, 2.0), (0.05, 0.1, 6.0)),
    ],
    ids=["across", "sphere", "nearly along the view"],
)
def test_a_capsule_lies_where_sphere_tracing_finds_it(ends):
    ends, radius = np.array(ends), 0.25
    found = np.asarray(capsule_entry(ends.astype(np.float32), np.float32(radius), RAYS))
    ahead = np.concatenate([RAYS, np.ones((len(RAYS), 1))], -1)
    unit = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    travelled = np.zeros(len(RAYS))
    for _ in range(300):
        travelled += segment_distance(unit * travelled[:, None], *ends) - radius
    points = unit * travelled[:, None]
    hit = np.abs(segment_distance(points, *ends) - radius) < 1e-5
    assert ((found > 0) == hit).mean() > 0.99
    both = hit & (found > 0)
    np.testing.assert_allclose(1 / found[both], points[both, 2], rtol=1e-4)
    assert 20 < both.sum() < 1000


def test_a_capsule_around_the_camera_is_open():
    ends = np.array([[0.0, 0, -1], [0, 0, 1]], np.float32)
    assert not np.asarray(capsule_entry(ends, np.float32(0.3), RAYS)).any()


def test_sheets_tint_what_lies_behind_them_the_nearer_one_last():
    sheets = boxes(((2, 0, 0), (0.01, 5, 5)), ((3, 0, 0), (0.01, 5, 5)), alpha=0.25)
    black = np.zeros((len(RAYS), 3), np.float32)
    # The face toward -x gets ambient light only: 0.55 (1 + 0.45) / 2, display-encoded.
    shade = (0.55 * 0.725) ** (1 / 2.2)
    for metres, expected in (
        # Red over green over black: a quarter of red, a quarter of what is left.
        (4.0, [shade / 4, shade * 3 / 16, 0]),
        (2.5, [shade / 4, 0, 0]),
        (1.5, [0, 0, 0]),
    ):
        behind = (black, np.full(len(RAYS), 1 / metres, np.float32))
        out = blend_sheets(sheets, WORLD, HERE, RAYS, LIGHT, behind)
        np.testing.assert_allclose(out[MIDDLE], expected, atol=2e-3)


def test_turned_bodies_carry_their_boxes():
    primitives = boxes(((1, 0, 0), (0.2, 0.2, 0.2)))
    quarter = jnp.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    poses = BodyPoses(position=jnp.array([[4.0, -1, 0]]), rotation=quarter[None])
    found = trace(primitives, poses, HERE, RAYS, LIGHT)
    # The box's middle (1, 0, 0) turns to (0, 1, 0), moves to (4, 0, 0): face at 3.8.
    assert 1 / float(found.inverse_depth[MIDDLE]) == pytest.approx(3.8, rel=1e-5)
    away = CameraPose(position=HERE.position, rotation=-HERE.rotation)
    assert trace(primitives, poses, away, RAYS, LIGHT).label[MIDDLE] == -1
