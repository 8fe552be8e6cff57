"""What of a match's model is drawn over a scene."""

import mujoco
import numpy as np
import pytest

from sim.arena import AWAY_RGBA, match_arena
from sim.primitives_of_model import PrimitivesError, primitives_of


@pytest.fixture(scope="module")
def arena():
    return match_arena()


@pytest.fixture(scope="module")
def primitives(arena):
    return primitives_of(arena)


def of(primitives, label):
    return primitives.labels.index(label)


def test_the_ball_is_one_sphere_of_the_fields_size(arena, primitives):
    mine = primitives.capsule_label == of(primitives, "ball")
    assert mine.sum() == 1
    assert primitives.capsule_radius_m[mine].tolist() == pytest.approx([0.07])
    assert primitives.capsule_ends_m[mine].tolist() == [[[0, 0, 0], [0, 0, 0]]]
    assert primitives.capsule_body[mine].tolist() == [arena.ball.body]
    assert of(primitives, "ball") not in primitives.convex_label


def test_every_link_that_has_a_hull_is_there_with_its_teams_colour(arena, primitives):
    model = arena.model
    for robot, place in zip(arena.robots, arena.config.robots, strict=True):
        mine = primitives.convex_label == of(primitives, place.name)
        hulls = {
            int(model.geom_bodyid[geom])
            for geom in range(model.ngeom)
            if model.geom_group[geom] == 3 and model.geom_bodyid[geom] in robot.bodies
        }
        assert set(primitives.convex_body[mine].tolist()) == hulls
    away = primitives.convex_rgba[primitives.convex_label == of(primitives, "away")]
    assert np.isclose(away, AWAY_RGBA, atol=1e-6).all(1).any()


def test_faces_enclose_the_meshes_vertices(arena, primitives):
    model = arena.model
    for row, geom in enumerate(primitives.geoms[: len(primitives.convex_body)]):
        if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
            continue
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
        placed = vertices @ turn.reshape(3, 3).T + model.geom_pos[geom]
        beyond = placed @ primitives.face_normal[row].T - primitives.face_offset_m[row]
        assert beyond.max() < 1e-5


def test_turf_and_painted_lines_are_not_drawn_and_goals_are(arena, primitives):
    names = {arena.model.geom(int(geom)).name for geom in primitives.geoms}
    assert "floor" not in names
    assert not any("line" in name for name in names)
    assert (primitives.capsule_label == of(primitives, "goals")).sum() == 6
    assert (primitives.convex_label == of(primitives, "walls")).sum() >= 4


def test_parts_can_be_left_out_and_unknown_ones_are_refused(arena):
    some = primitives_of(arena, parts=("home", "ball"))
    assert set(some.convex_label.tolist()) == {0}
    assert some.capsule_label.tolist() == [some.labels.index("ball")]
    with pytest.raises(PrimitivesError, match="expected any of home, away, ball, "):
        primitives_of(arena, parts=("sky",))
