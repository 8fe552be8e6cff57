"""A baked room against the room itself."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.baked import colour_at, march, pick, sky_index, unpacked
from nerf_render.baked_file import PART, baked_arrays, baked_of
from nerf_render.baking import BakeConfig, bake, fill_unseen, stack_scenes
from nerf_render.scene_file import SceneError, read_scene
from tests.nerf_render.analytic_room import BOX_HIGH, COARSE, room

EYE = np.array([0.5, 0.2, 0.45], np.float32)
RAYS = 2000
marched = jax.jit(
    lambda scene, eye, rays, which=0: march(pick(scene, which), eye, rays)
)


@pytest.fixture(scope="module")
def baked(room_scene):
    return baked_of(room_scene)


def directions(count, seed, down=0.3):
    rays = np.random.default_rng(seed).normal(size=(count, 3)) - [0, 0, down]
    return (rays / np.linalg.norm(rays, axis=1, keepdims=True)).astype(np.float32)


def test_rays_end_where_the_room_ends_them(baked):
    rays = directions(RAYS, 0)
    _, truth = room(np.broadcast_to(EYE, rays.shape), rays)
    found = np.asarray(marched(baked, EYE, rays))
    error = np.abs(found - np.asarray(truth))
    assert np.isinf(found).mean() < 0.003
    # Planes are exact on a grid of distances; voxels are 10 cm, edges lose a part.
    assert np.median(error) < 0.001
    assert np.quantile(error, 0.95) < 0.02


def test_grazing_rays_meet_the_floor_and_not_the_air_over_it(baked):
    # From 0.3 m, 3 m away: 5.7 degrees.
    eye = jnp.array([-2.0, 0.0, 0.3])
    rays = np.array([[3.0, y, -0.3] for y in np.linspace(-1.2, -0.6, RAYS)], np.float32)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    found = marched(baked, eye, rays)
    height = 0.3 + np.asarray(found) * rays[:, 2]
    assert np.abs(height).max() < 0.01


def test_a_ray_from_outside_enters_and_one_that_leaves_finds_nothing(baked):
    # A window that was never seen from outside: the far wall's inner side shows.
    eye = jnp.array([0.0, 0, 50.0])
    rays = np.tile(np.array([[0, 0, 1], [0, 0, -1]], np.float32), (RAYS // 2, 1))
    found = np.asarray(marched(baked, eye, rays))
    assert np.isinf(found).tolist() == [True, False] * (RAYS // 2)


def test_arrays_of_a_scene_file_give_the_same_form_back(room_file, baked):
    again = baked_of(read_scene(room_file))
    for first, second in zip(
        jax.tree.leaves(baked), jax.tree.leaves(again), strict=True
    ):
        np.testing.assert_array_equal(first, second)
    assert again.split == baked.split
    assert set(baked_arrays(baked)) == {
        "around",
        "colours",
        "distance",
        "grid",
        "surface",
    }


def test_rays_that_leave_the_grid_at_one_place_share_a_colour(baked):
    grid = pick(baked, 0)
    high = np.asarray(grid.low_m) + np.array(grid.shape) * float(grid.voxel_m)

    def index(eye, place):
        ray = tuple(jnp.asarray([float(step)]) for step in np.subtract(place, eye))
        return int(sky_index(grid, jnp.array(eye), ray)[0])

    place, beside = [high[0], 0.3, 1.0], [high[0], 0.8, 1.0]
    eyes = [(0.0, 0.0, 0.4), (1.0, -1.5, 0.5), (-2.0, 1.5, 0.2)]
    assert len({index(eye, place) for eye in eyes}) == 1
    assert index(eyes[0], beside) != index(eyes[0], place)


def test_walls_beyond_the_grid_stay_in_place_as_the_head_moves():
    # The walls stand 0.4 m outside the grid, 3.6 m from its middle.
    short = ((-3.6, -2.6, -0.2), (3.6, 2.6, 2.7))
    scene = bake(room, short, COARSE)
    rays = directions(RAYS, 3, down=-0.2)
    rays = rays[np.abs(rays[:, 2]) < 0.2]
    errors, by_direction = [], []
    steps = tuple(jnp.asarray(rays[:, i]) for i in range(3))
    for eye in ([1.5, 1.0, 0.45], [-1.5, -1.0, 0.45]):
        eye = np.array(eye, np.float32)
        out = np.isinf(np.asarray(marched(scene, eye, rays)))
        assert out.mean() > 0.3
        truth, _ = room(np.broadcast_to(eye, rays.shape), rays)
        for start, kept in ((eye, errors), (np.float32([0, 0, 0.45]), by_direction)):
            cell = sky_index(pick(scene, 0), jnp.asarray(start), steps)
            kept.append(np.abs(unpacked(scene.sky.reshape(-1)[cell]) - truth)[out])
    # A head in the middle sees in the same direction what is up to 1.8 m beside.
    error, elsewhere = (np.mean(np.concatenate(e)) for e in (errors, by_direction))
    assert error < 0.06 < 0.75 * elsewhere


def test_several_scenes_share_one_form_and_differ_in_shape_are_refused(baked):
    both = stack_scenes([baked, baked])
    rays = directions(RAYS, 1)
    first, second = (marched(both, EYE, rays, i) for i in (0, 1))
    np.testing.assert_array_equal(first, second)
    halved = replace(baked, boxes=baked.boxes[:-1])
    with pytest.raises(SceneError, match="expected baked scenes of one shape"):
        stack_scenes([baked, halved])


def test_a_scene_without_a_baked_form_says_so(room_scene):
    with pytest.raises(SceneError, match="expected a baked form, found none of"):
        baked_of(room_scene.with_part(PART, {}))


def test_a_grid_that_needs_too_much_memory_is_refused():
    config = BakeConfig(voxel_m=0.002, views=3, view_px=(32, 24), view_focal_px=18.0)
    with pytest.raises(SceneError, match="expected a grid of at most 256 MiB, found"):
        bake(room, None, config)


def test_a_scene_where_nothing_is_seen_is_refused():
    def nothing(origins, directions):
        return jnp.zeros(directions.shape), jnp.full(len(directions), jnp.inf)

    with pytest.raises(SceneError, match=r"found 0 points .* check the scene's pitch"):
        bake(nothing, None, COARSE)


def test_the_box_in_the_room_has_its_own_colour(baked):
    point = jnp.array([[1.5], [0.95], [BOX_HIGH[2]]])
    cell, row = colour_at(pick(baked, 0), tuple(point))
    assert int(row[0]) > 0
    colour = unpacked(pick(baked, 0).colours[cell])[0]
    # Brown: 0.6, 0.35, 0.2 and up to 0.2 more of each.
    assert 0.55 < float(colour[0]) < 0.85
    assert 0.15 < float(colour[2]) < 0.45


def test_unseen_colours_come_from_the_nearest_seen_and_blank_voxels_get_one():
    # Three voxels in a row, two cells each along x; cells' middles are half apart.
    x = np.array([[0.25, 0.75], [1.25, 1.75], [2.25, 2.75]])
    places = np.stack([x, np.zeros((3, 2)), np.zeros((3, 2))], axis=-1)
    seen = np.array([True, False, False, False, False, True])
    colours = np.zeros((6, 3))
    colours[0], colours[5] = 0.2, 0.8
    fill_unseen(colours, seen, places)
    # The middle of the voxel between is 1.25 from both: one of them, for both cells.
    assert colours[:2, 0].tolist() == [0.2, 0.2]
    assert colours[2, 0] == colours[3, 0] in (0.2, 0.8)
    assert colours[4:, 0].tolist() == [0.8, 0.8]
