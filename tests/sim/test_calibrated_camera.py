"""A measured camera in the simulator: a ball appears where the lens model puts it."""

import mujoco
import numpy as np
import pytest

from robot import rotations
from robot.contracts.calibration import (
    CalibrationBundle,
    CameraPart,
    HeadCameraPart,
    Provenance,
    VectorEstimate,
)
from robot.contracts.camera import CameraModel, project
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.calibrated_draws import calibrated_model
from sim.renderer import ArenaRenderer, RenderConfig
from sim.robot_model import RobotModelConfig

MADE = Provenance(made="", robot="", procedure="", residual="", measurements=1)
LENS = CameraModel(
    width_px=320, height_px=240, fx_px=300.0, fy_px=310.0, cx_px=175.0, cy_px=100.0
)
PLACE_M = (0.02, 0.01, 0.06)
# Looks along the head's x, turned by a little about all axes.
QUAT = np.array([0.52, -0.47, 0.49, -0.52])
QUAT /= np.linalg.norm(QUAT)
BALL_M = (1.5, 0.2, 0.25)


def measured():
    head = HeadCameraPart(
        provenance=MADE,
        position_m=VectorEstimate(value=PLACE_M, sigma=(0.001, 0.001, 0.001)),
        quat_wxyz=tuple(QUAT.tolist()),
        rotation_sigma_rad=(0.002, 0.002, 0.002),
    )
    camera = CameraPart(
        provenance=MADE,
        model=LENS,
        focal_sigma_px=(1.0, 1.0),
        centre_sigma_px=(1.0, 1.0),
        coefficient_sigma=(),
        rms_px=0.2,
    )
    return CalibrationBundle(head=head, camera=camera)


def test_a_measured_camera_sees_a_ball_where_its_lens_puts_it():
    build = calibrated_model(measured(), RobotModelConfig())
    arena = build_arena(ArenaConfig(robots=(RobotPlace(name="r", config=build),)))
    data = mujoco.MjData(arena.model)
    data.qpos[arena.robots[0].root_qpos] = [0, 0, 0.3, 1, 0, 0, 0]
    data.qpos[arena.ball.qpos[:3]] = BALL_M
    mujoco.mj_forward(arena.model, data)
    head = arena.model.body("r_head_tilt_link").id
    turn = data.xmat[head].reshape(3, 3)
    eye = data.xpos[head] + turn @ np.array(PLACE_M)
    x, y, z = (turn @ rotations.matrix(QUAT)).T @ (np.array(BALL_M) - eye)
    expected = project(LENS, x / z, y / z)
    with ArenaRenderer(arena, RenderConfig(head_px=(320, 240))) as renderer:
        renderer.pose(data.qpos)
        picture = renderer.head_camera(0).astype(int)
    red, green, blue = np.moveaxis(picture, -1, 0)
    rows, columns = np.nonzero((red > 3 * blue) & (red > 1.5 * green))
    assert len(rows) > 200
    # The ball's outline is round to a pixel; its middle is where its centre appears.
    assert (columns.mean(), rows.mean()) == pytest.approx(expected, abs=1.0)


def test_nothing_measured_leaves_the_model_as_it_is():
    base = RobotModelConfig(colour=(1.0, 0.0, 0.0, 1.0))
    assert calibrated_model(CalibrationBundle(), base) == base
