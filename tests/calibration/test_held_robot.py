"""Slow motions over the emulated bus: what stops them, and limp servos afterwards."""

import time

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.geometry.clearance import op3_clearance
from calibration.geometry.mounts import STAND
from calibration.geometry.plan import base_pose, head_poses
from calibration.geometry.stage import Stage, StageCamera
from calibration.geometry.take import Round, Taker, stored_views, take
from calibration.held_robot import HeldConfig, HeldRobot
from calibration.store import Store
from cli.hidden_robot import HiddenRobot
from robot.bring_up import BringUpConfig, bring_up
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ServoGains
from robot.stop import FlagStop
from sim.hidden_dynamics import HiddenDynamics
from sim.hidden_op3 import draw_hidden

KNEE = JOINT_NAMES.index("l_knee")
SEED = 4


class Rig:
    """A hanging robot, limp, limbs in the base pose, zeros hidden."""

    def __init__(self):
        truth = HiddenDynamics(zero_rad=draw_hidden(SEED).zeros_rad)
        self.robot = HiddenRobot(truth, SEED)
        self.robot.world.hang()
        bring_up(self.robot.devices, ServoGains(), BringUpConfig(), self.pause)
        self.stop = FlagStop()

    def pause(self, seconds):
        self.robot.sleep_until(self.robot.now() + seconds)

    def stage(self, boards):
        stage = Stage(self.robot.world, draw_hidden(SEED), boards)
        stage.put(base_pose())
        return stage

    def held(self, waits=False):
        config = HeldConfig(let_down_s=0.2)
        robot = self.robot
        return HeldRobot(
            robot.devices, robot, config, "head", stops=[self.stop], waits=waits
        )

    def torque(self):
        return set(self.robot.chain.register("torque_enable").tolist())


@pytest.fixture
def rig():
    return Rig()


def test_a_motion_outside_the_limits_is_refused_before_anything_moves(rig):
    rig.stage(())
    with rig.held() as robot:
        robot.hold(0.5)
        before, target = robot.read(), robot.target_rad
        target[KNEE] = 2.5
        with pytest.raises(CalibrationError) as refused:
            robot.move(target)
        assert rig.torque() == {1}
        assert robot.read() == pytest.approx(before, abs=0.005)
    assert refused.value.faults == (
        "l_knee: expected -0.2 to 2.2 rad, found a motion to 2.500; nothing was moved",
    )
    assert rig.torque() == {0}


def test_a_joint_that_is_blocked_stops_the_motion_and_is_named(rig):
    rig.stage(())
    rig.robot.world.block("l_knee")
    with rig.held() as robot:
        target = robot.target_rad
        target[KNEE] -= 0.6
        with pytest.raises(CalibrationError) as stopped:
            robot.move(target)
    (told,) = stopped.value.faults
    assert told.startswith("l_knee: expected it within 17 degrees of its target")
    assert told.endswith("free it, then start again")
    assert rig.torque() == {0}


def test_a_stop_leaves_a_limp_robot_and_says_how_to_go_on(rig):
    with rig.held() as robot:
        rig.stop.set("key")
        with pytest.raises(CalibrationError, match="stopped by key; the same command"):
            robot.hold(1.0)
    assert rig.torque() == {0}


def test_a_pose_is_reached_and_read_to_a_tick(rig):
    rig.stage(())
    with rig.held() as robot:
        target = base_pose()
        target[KNEE] += 0.2
        robot.move(target)
        read = robot.read()
        index = rig.robot.world.body.index
        truth = rig.robot.world.data.qpos[index.joint_qpos]
    # Readings count the hidden zeros in; a tick is 0.0015 rad.
    zeros = draw_hidden(SEED).zeros_rad
    assert read == pytest.approx(truth + zeros, abs=0.0016)


def test_the_bus_goes_on_while_a_picture_is_looked_at(rig):
    rig.stage(())
    with rig.held(waits=True) as robot:
        before_s = rig.robot.now()
        assert robot.meanwhile(lambda: time.sleep(0.05) or "found") == "found"
        assert rig.robot.now() > before_s
        assert rig.torque() == {1}
        with pytest.raises(ValueError, match="no board"):
            robot.meanwhile(lambda: int("no board"))
    assert rig.torque() == {0}


def taking(rig, boards, folder):
    stage = rig.stage(boards)

    def run(robot, poses):
        taker = Taker(
            robot=robot,
            camera=StageCamera(stage, rig.robot),
            clock=rig.robot,
            joint_map=rig.robot.devices.joint_map,
            clearance=op3_clearance(plates=False),
            store=Store(folder, "head", {}),
            step="head",
            report=lambda number, count, seen: None,
        )
        wanted = Round(
            name="head",
            poses=poses,
            base=base_pose(),
            mounts=(STAND,),
            first_must_show=True,
            most_missed=5,
            asked="put the stand board before the head, lit evenly",
        )
        take(taker, wanted)

    return run


def test_no_board_in_the_first_view_stops_and_says_what_to_do(rig, tmp_path):
    run = taking(rig, (), tmp_path)
    with rig.held() as robot, pytest.raises(CalibrationError) as stopped:
        run(robot, head_poses(2))
    assert stopped.value.faults == (
        "expected stand in the picture, found no board in 1 view in a row; put the "
        "stand board before the head, lit evenly, then start again: 0 views are kept",
    )
    assert rig.torque() == {0}


def test_views_hold_what_the_servos_said_where_the_board_was_seen(rig, tmp_path):
    run = taking(rig, (STAND,), tmp_path)
    poses = head_poses(2)[:2]
    with rig.held() as robot:
        run(robot, poses)
    views = stored_views(Store(tmp_path, "head", {}))
    assert [list(view.sightings) for view in views] == [[STAND], [STAND]]
    head = [JOINT_NAMES.index(name) for name in ("head_pan", "head_tilt")]
    for view, pose in zip(views, poses, strict=True):
        assert view.servo_rad[head] == pytest.approx(pose[head], abs=0.03)
        assert len(view.sightings[STAND].ids) >= 12
    # The head turned by 0.45 rad of pan: the board moved across the picture.
    moved = np.median(views[1].sightings[STAND].pixels[:, 0])
    assert abs(moved - np.median(views[0].sightings[STAND].pixels[:, 0])) > 100


def test_limbs_in_each_other_s_way_are_told_before_anything_moves(rig, tmp_path):
    stage = rig.stage((STAND,))
    run = taking(rig, (STAND,), tmp_path)
    crossed = base_pose()
    crossed[JOINT_NAMES.index("l_hip_roll")] = 0.4
    crossed[JOINT_NAMES.index("r_hip_roll")] = -0.4
    stage.put(crossed)
    with rig.held() as robot:
        with pytest.raises(CalibrationError, match="expected a clear way to the base"):
            run(robot, head_poses(2))
        assert robot.target_rad == pytest.approx(crossed, abs=0.3)
    assert rig.torque() == {0}
