"""Objects in a scene: hidden by it, hiding it, shading it, by area."""

import math
from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.cameras import CameraError, looking
from nerf_render.primitives import BodyPoses, primitives_from
from nerf_render.scene_file import SceneError
from nerf_render.stage import draw, missing_parts, refuse_blocked, stage_of
from robot.contracts.camera import pinhole
from tests.nerf_render.analytic_room import BOX_LOW, room

RADIUS_M = 0.07
CAMERA = pinhole(40, 30, math.radians(43.3))
BALL = primitives_from(
    SimpleNamespace(
        face_normal=np.zeros((0, 6, 3), np.float32),
        face_offset_m=np.zeros((0, 6), np.float32),
        convex_body=np.zeros(0, np.int32),
        convex_rgba=np.zeros((0, 4), np.float32),
        convex_label=np.zeros(0, np.int32),
        capsule_ends_m=np.zeros((1, 2, 3), np.float32),
        capsule_radius_m=np.full(1, RADIUS_M, np.float32),
        capsule_body=np.ones(1, np.int32),
        capsule_rgba=np.array([[1.0, 0.45, 0.05, 1]], np.float32),
        capsule_label=np.zeros(1, np.int32),
        labels=("ball",),
    )
)
drawn = jax.jit(draw)


@pytest.fixture(scope="module")
def stage(room_scene):
    return stage_of([room_scene], BALL, CAMERA, fine=2)


def seen(stage, ball_at, camera):
    bodies = BodyPoses(
        position=jnp.array([[0.0, 0, 0], ball_at]),
        rotation=jnp.broadcast_to(jnp.eye(3), (2, 3, 3)),
    )
    return drawn(stage, jnp.int32(0), bodies, camera)


FROM = looking(jnp.array([-0.5, 0.95, 0.4]), 0.0, -0.1)
"""Looks along x at the room's box, whose near side is at x = 1.2, 1.7 m ahead."""


def test_a_ball_before_the_scenes_box_hides_it_and_behind_it_is_hidden(stage):
    before = seen(stage, (BOX_LOW[0] - 0.4, 0.95, 0.2), FROM)
    behind = seen(stage, (BOX_LOW[0] + 0.3, 0.95, 0.2), FROM)
    # 0.14 m at 1.3 m, focal length 37.8 px: 4.1 px across, 13 px in area.
    assert 10 < float(before.share.sum()) < 17
    assert float(behind.share.sum()) == 0


def test_half_sunk_into_the_floor_half_of_it_is_seen(stage):
    whole = seen(stage, (0.6, 0.95, RADIUS_M), FROM)
    sunk = seen(stage, (0.6, 0.95, 0.0), FROM)
    assert 0.4 < float(sunk.share.sum() / whole.share.sum()) < 0.75


def test_depth_is_the_nearer_ones(stage):
    place = (0.6, 0.95, 0.3)
    frame = seen(stage, place, FROM)
    ball = np.asarray(frame.share[..., 0]) == 1
    axis = np.asarray(FROM.rotation[:, 2])
    ahead = (np.array(place) - np.asarray(FROM.position)) @ axis
    nearest = np.asarray(frame.depth_m)[ball].min()
    assert nearest == pytest.approx(ahead - RADIUS_M, abs=0.01)
    without = seen(stage, (0.0, -2.0, 0.1), FROM)
    assert np.asarray(without.depth_m)[ball].min() > ahead


def test_a_pixels_share_is_a_multiple_of_its_parts_and_edges_are_between(stage):
    share = np.asarray(seen(stage, (0.35, 0.95, 0.3), FROM).share[..., 0])
    assert set(np.unique(share)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert ((share > 0) & (share < 1)).sum() >= 6
    radius_px = CAMERA.fy_px * RADIUS_M / 0.85
    assert share.sum() == pytest.approx(math.pi * radius_px**2, rel=0.12)


def test_a_ball_on_the_floor_leaves_shade_and_one_in_the_air_little(stage):
    none = seen(stage, (0.0, -2.0, 0.1), FROM).rgb
    low = seen(stage, (0.6, 0.95, RADIUS_M), FROM)
    high = seen(stage, (0.6, 0.95, 0.6), FROM)
    free = np.asarray((low.share.sum(-1) == 0) & (high.share.sum(-1) == 0))

    def darkest(frame):
        return np.where(free[..., None], frame.rgb / none, 1.0).min()

    assert darkest(low) < 0.75
    assert darkest(low) < darkest(high) - 0.1


def test_the_picture_without_objects_is_the_room(stage):
    frame = seen(stage, (0.0, 50.0, 0.0), FROM)
    rays = np.asarray(stage.grid.fine)
    ahead = np.concatenate([rays, np.ones((len(rays), 1))], -1)
    unit = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    turned = (unit @ np.asarray(FROM.rotation).T).astype(np.float32)
    origin = np.broadcast_to(np.asarray(FROM.position), turned.shape)
    rgb, distance = room(origin, turned)
    mean = np.asarray(stage.grid.pixels(jnp.asarray(rgb)).mean(2))
    # Lines of the pitch are painted on, since the room has none of its own.
    unpainted = np.abs(mean - frame.rgb).max(-1) < 0.15
    assert unpainted.mean() > 0.75
    depth = stage.grid.pixels(distance / np.linalg.norm(ahead, axis=1)).mean(2)
    error = np.abs(np.asarray(frame.depth_m) - np.asarray(depth))
    assert np.median(error) < 0.03


def test_lines_are_painted_where_the_scene_has_none(stage):
    # Down on the touch line, which runs from y = 1.96 to 2 m; the room has grass there.
    above = looking(jnp.array([0.9, 1.98, 0.6]), 0.0, -1.5)
    rgb = np.asarray(seen(stage, (0.0, 50.0, 0.0), above).rgb)
    # 0.04 m at 0.6 m, focal length 37.8 px: 2.5 px wide, about x = 19.5.
    assert rgb[15, 19:21].min() > 0.6
    assert rgb[15, :17].max() < 0.6
    assert rgb[15, 23:].max() < 0.6


def test_scenes_that_show_different_parts_are_refused(room_scene):
    header = replace(room_scene.header, name="hall", contains=("goals",))
    hall = replace(room_scene, header=header)
    assert missing_parts([hall]) == ("lines", "walls")
    with pytest.raises(SceneError, match="room: nothing; hall: goals; use them in"):
        missing_parts([room_scene, hall])


def test_a_camera_in_the_box_or_outside_is_refused(stage):
    refuse_blocked(stage, 0, np.array([0.0, 0.0, 0.5]))
    with pytest.raises(
        CameraError, match="expected free space, found it inside a wall"
    ):
        refuse_blocked(stage, 0, np.array([BOX_LOW[0] + 0.12, 0.95, 0.4]))
    with pytest.raises(CameraError, match="expected a place within the scene, x -4"):
        refuse_blocked(stage, 0, np.array([0.0, 30.0, 0.5]))
