"""The virtual OP3: MuJoCo moves what the bus commands, and the bus reads it back."""

import math
import re
import subprocess
import sys
import time

import dynamixel_sdk as sdk
import mujoco
import numpy as np
import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    MemoryPort,
    PtyServer,
    SimulatedClock,
    WallClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.contracts.joints import JOINT_NAMES
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.virtual_op3 import STAND_RAD, MatchWorld, robot_chain

CYCLE_S = 0.008


@pytest.fixture
def patient_sdk(monkeypatch):
    """The SDK's timeout is a constant to set per machine; 34 ms are few under load."""
    monkeypatch.setattr(sdk.port_handler, "LATENCY_TIMER", 200)


class LockStep:
    """Robots on simulated time."""

    def __init__(self, *names):
        places = tuple(RobotPlace(name=name) for name in names)
        self.clock = SimulatedClock()
        self.world = MatchWorld(build_arena(ArenaConfig(robots=places, ball=False)))
        config = ChainConfig(servo_power=True)
        self.ports = {
            name: MemoryPort(robot_chain(self.world, name, self.clock, config))
            for name in names
        }
        self.buses = {
            name: ServoBus(port, range(1, 21)) for name, port in self.ports.items()
        }

    def stand(self, name):
        self.buses[name].write_goals(STAND_RAD)
        self.buses[name].set_torque(True)

    def pass_time(self, duration_s):
        for _ in range(round(duration_s / CYCLE_S)):
            self.clock.advance(CYCLE_S)
            self.world.advance_to(self.clock.now())

    def height_m(self, name):
        index = self.world.robots[name].index
        return self.world.data.qpos[index.root_qpos[2]]


def test_robot_stands_on_its_soles_while_it_holds_the_pose():
    rig = LockStep("robot")
    rig.stand("robot")
    rig.pass_time(2.0)
    assert rig.height_m("robot") == pytest.approx(0.236, abs=0.01)
    found = rig.buses["robot"].read_joints()
    np.testing.assert_allclose(found.position_rad, STAND_RAD, atol=0.15)


def test_robot_without_torque_collapses():
    rig = LockStep("robot")
    rig.pass_time(2.0)
    assert rig.height_m("robot") < 0.18


def test_upright_robot_feels_gravity_upwards_in_the_torso_frame():
    rig = LockStep("robot")
    rig.stand("robot")
    rig.pass_time(2.0)
    reading = OpenCrBoard(rig.ports["robot"]).read()
    np.testing.assert_allclose(reading.acceleration_m_s2, [0, 0, 9.81], atol=1.0)
    assert np.linalg.norm(reading.acceleration_m_s2) == pytest.approx(9.81, abs=0.1)
    np.testing.assert_allclose(reading.gyro_rad_s, 0, atol=0.05)


def test_gyro_measures_a_left_turn_as_positive_z():
    rig = LockStep("robot")
    index = rig.world.robots["robot"].index
    rig.world.data.qvel[index.root_qvel[5]] = 1.5
    mujoco.mj_forward(rig.world.model, rig.world.data)
    reading = OpenCrBoard(rig.ports["robot"]).read()
    np.testing.assert_allclose(reading.gyro_rad_s, [0, 0, 1.5], atol=0.001)


def test_servo_id_moves_the_joint_of_that_name_and_no_other():
    rig = LockStep("robot")
    rig.stand("robot")
    rig.pass_time(0.5)
    goals = STAND_RAD.copy()
    goals[JOINT_NAMES.index("head_pan")] = 0.5  # servo 19
    rig.buses["robot"].write_goals(goals)
    rig.pass_time(0.8)
    moved = rig.world.data.joint("robot_head_pan").qpos[0]
    assert moved == pytest.approx(0.5, abs=0.05)
    found = rig.buses["robot"].read_joints()
    # Half a tick of 0.088 deg = 0.00077 rad.
    assert found.position_rad[18] == pytest.approx(moved, abs=0.00077)
    np.testing.assert_allclose(found.position_rad[:18], STAND_RAD[:18], atol=0.15)


def test_lower_p_gain_is_a_softer_servo():
    rig = LockStep("robot")
    index = rig.world.robots["robot"].index
    hip = index.actuators[JOINT_NAMES.index("l_hip_pitch")]
    rig.stand("robot")
    full = rig.world.model.actuator_gainprm[hip, 0]
    rig.buses["robot"].write_all("position_p_gain", 200)
    # 200 / 800 of the stiffness, in gain and bias.
    assert rig.world.model.actuator_gainprm[hip, 0] == pytest.approx(full / 4)
    assert rig.world.model.actuator_biasprm[hip, 1] == pytest.approx(-full / 4)


def test_current_is_torque_over_the_torque_constant():
    rig = LockStep("robot")
    rig.stand("robot")
    rig.pass_time(0.5)
    index = rig.world.robots["robot"].index
    torque_nm = rig.world.data.actuator_force[index.actuators]
    found = rig.buses["robot"].read_joints().current_a
    # 4.1 Nm at 2.3 A; half a count is 1.35 mA.
    np.testing.assert_allclose(found, torque_nm * 2.3 / 4.1, atol=0.00136)
    assert abs(found).max() > 0.05


def test_two_robots_share_a_world_and_obey_only_their_own_bus():
    rig = LockStep("home", "away")
    rig.world.place("home", -1.0, 0.5, 0.0)
    rig.world.place("away", 1.0, 0.0, math.pi)
    rig.stand("home")
    rig.pass_time(2.0)
    assert rig.height_m("home") > 0.22
    assert rig.height_m("away") < 0.18
    home = rig.world.robots["home"].index
    xy = rig.world.data.qpos[home.root_qpos[:2]]
    np.testing.assert_allclose(xy, [-1.0, 0.5], atol=0.05)


def test_world_never_runs_ahead_of_the_clock():
    rig = LockStep("robot")
    # 8 ms cycles, 5 ms steps: 1, 3, 4, 6, 8 steps done after 1..5 cycles.
    done = []
    for cycle in range(1, 6):
        rig.world.advance_to(cycle * CYCLE_S)
        done.append(round(rig.world.time_s / 0.005))
    assert done == [1, 3, 4, 6, 8]


def test_same_commands_give_the_same_bits():
    def final_qpos():
        rig = LockStep("robot")
        rig.stand("robot")
        for cycle in range(50):
            rig.buses["robot"].write_goals(STAND_RAD + 0.1 * math.sin(cycle / 5))
            rig.pass_time(CYCLE_S)
        return rig.world.data.qpos.copy()

    np.testing.assert_array_equal(final_qpos(), final_qpos())


def test_unmodified_sdk_moves_a_joint_over_the_pseudo_terminal(patient_sdk):
    clock = WallClock()
    places = (RobotPlace(name="robot"),)
    world = MatchWorld(build_arena(ArenaConfig(robots=places)))
    chain = robot_chain(world, "robot", clock, ChainConfig(servo_power=True))
    with PtyServer(chain, lambda: world.advance_to(clock.now())) as server:
        port, handler = sdk.PortHandler(server.path), sdk.PacketHandler(2.0)
        assert port.setBaudRate(2_000_000)
        for servo_id in range(1, 21):
            assert handler.ping(port, servo_id) == (1020, sdk.COMM_SUCCESS, 0)
        before, _, _ = handler.read4ByteTxRx(port, 19, 132)
        assert abs(before - 2048) < 40
        handler.write1ByteTxRx(port, 19, 64, 1)
        handler.write4ByteTxRx(port, 19, 116, 2048 + 300)
        deadline_s = time.monotonic() + 5
        found = before
        while abs(found - 2348) > 60 and time.monotonic() < deadline_s:
            time.sleep(0.05)
            found, _, _ = handler.read4ByteTxRx(port, 19, 132)
        assert found == pytest.approx(2348, abs=60)
        port.closePort()
        server.check()


def test_command_prints_a_path_that_an_sdk_client_can_open(patient_sdk):
    command = [sys.executable, "-m", "cli.main", "virtual", "--seconds", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        path = re.search(r"/dev/\S+", process.stdout.readline())
        assert path is not None
        port, handler = sdk.PortHandler(path.group()), sdk.PacketHandler(2.0)
        assert port.setBaudRate(2_000_000)
        assert handler.ping(port, 200) == (0x7400, sdk.COMM_SUCCESS, 0)
        assert handler.read1ByteTxRx(port, 13, 64)[0] == 1
        port.closePort()
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "ended after 3" in rest
