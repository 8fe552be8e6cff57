"""The figure against the compiled robot, the pitch against its measures."""

import mujoco
import numpy as np
import pytest

from match.page.figure import STANDING_HEIGHT_M, figure_shapes, shadow_shape
from match.page.pitch import pitch_shapes
from match.page.shapes import Shape, limb, rounded
from robot.contracts.field import FieldSpec
from robot.contracts.joints import OP3_JOINTS
from sim.robot_model import load_op3

HULLS = 3


def bounds(shapes: tuple[Shape, ...]) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([shape.vertices for shape in shapes])
    return points.min(axis=0), points.max(axis=0)


def standing_hulls() -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner of the model's hulls in its stand, soles at 0."""
    model = load_op3().compile()
    data = mujoco.MjData(model)
    for joint in OP3_JOINTS:
        data.joint(joint.name).qpos[:] = joint.stand_rad
    mujoco.mj_forward(model, data)
    points = []
    for geom in np.flatnonzero(model.geom_group == HULLS):
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.geom_dataid[geom]
            first = model.mesh_vertadr[mesh]
            local = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        else:
            signs = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T
            local = signs * model.geom_size[geom]
        turn = data.geom_xmat[geom].reshape(3, 3)
        points.append(local @ turn.T + data.geom_xpos[geom])
    cloud = np.concatenate(points)
    cloud[:, 2] -= cloud[:, 2].min()
    return cloud.min(axis=0), cloud.max(axis=0)


def test_figure_is_as_large_as_the_robot() -> None:
    low, high = bounds(figure_shapes((0, 0, 255)))
    model_low, model_high = standing_hulls()
    # The grips on the torso are left out: 3 cm behind it.
    assert low[0] == pytest.approx(model_low[0], abs=0.035)
    assert low[1:] == pytest.approx(model_low[1:], abs=0.01)
    assert high == pytest.approx(model_high, abs=0.01)
    assert high[2] == pytest.approx(STANDING_HEIGHT_M, abs=1e-6)


def test_figure_wears_the_jersey_and_fades() -> None:
    shapes = {shape.name: shape for shape in figure_shapes((1, 2, 3), 0.3)}
    assert shapes["jersey"].colour == (1, 2, 3)
    assert {shape.opacity for shape in shapes.values()} == {0.3}


def test_pitch_has_the_fields_measures() -> None:
    field = FieldSpec()
    shapes = {shape.name: shape for shape in pitch_shapes(field)}
    low, high = bounds((shapes["lines"],))
    assert high == pytest.approx((2.5, 2.0, 0.004))
    assert low == pytest.approx((-2.5, -2.0, 0.0))
    # Posts of 25 mm radius outside a mouth of 0.8 m; the bar's top at 0.6 + 0.05 m.
    low, high = bounds((shapes["goal_frames"],))
    assert high[1] == pytest.approx(0.45, abs=1e-3)
    assert high[2] == pytest.approx(0.65, abs=1e-3)
    # The walls' top, behind ramps of 0.12 m.
    low, high = bounds((shapes["walls"],))
    assert high == pytest.approx((2.62, 2.12, 0.3))
    assert low[2] == pytest.approx(0.12)


def test_all_faces_of_solid_bodies_look_outward() -> None:
    for body in (
        rounded((0, 0, 0), (1, 2, 3)),
        limb((0, 0, 0), (0, 0.1, -0.2), 0.03, 0.04),
        limb((0, 0, 0), (0.05, -0.1, -0.2), 0.03, 0.04),
    ):
        assert body.is_watertight
        # A closed surface with its faces outward has a positive volume.
        assert body.volume > 0


def test_rounded_box_fills_its_corners() -> None:
    body = rounded((-1, -2, 0), (1, 2, 3))
    assert body.bounds[0] == pytest.approx((-1, -2, 0), abs=1e-6)
    assert body.bounds[1] == pytest.approx((1, 2, 3), abs=1e-6)
    # Between an ellipsoid (pi / 6 = 0.52 of the box) and the box, nearer the box.
    assert 0.85 < body.volume / (2 * 4 * 3) < 1.0


def test_shadow_looks_up() -> None:
    shadow = shadow_shape(0.1)
    first, second, third = shadow.vertices[shadow.faces[0]]
    assert np.cross(second - first, third - first)[2] > 0
    assert np.linalg.norm(shadow.vertices[:, :2], axis=1).max() == pytest.approx(0.1)
