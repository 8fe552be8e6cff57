"""A virtual robot in a hand: it notices, freezes, and goes on when put down."""

from pathlib import Path

import mujoco
import pytest

from firmware_bridge.emulator import MemoryPort, SimulatedClock
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import load_player
from robot.reactions import LIFTED, REACTIONS
from robot.runtime import Runtime, RuntimeConfig
from robot.senses import Devices
from robot.skills import SkillRequest
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.hoist import Hoist, with_hoist
from sim.virtual_op3 import MatchWorld, robot_chain

SCRIPTED = Path(__file__).parents[2] / "policies" / "scripted"
UP_M = 0.15


class HeldRobot:
    """An OP3 in MuJoCo under the onboard loop, and a hand."""

    def __init__(self):
        place = RobotPlace(name="robot")
        arena = with_hoist(build_arena(ArenaConfig(robots=(place,))), "robot")
        self.world = MatchWorld(arena)
        self.clock = SimulatedClock()
        self.hand = Hoist(self.world, "robot")
        port = MemoryPort(robot_chain(self.world, "robot", self.clock))
        joint_map = default_joint_map()
        self.runtime = Runtime(
            devices=Devices(
                bus=ServoBus(port, joint_map.servo_ids),
                board=OpenCrBoard(port),
                joint_map=joint_map,
            ),
            player=load_player(SCRIPTED, SCRIPTED),
            identity=Identity(team=1),
            links=Links(),
            clock=self.clock,
            config=RuntimeConfig(stand_move_s=0.5),
        )
        # Without torque it would fall; with it, it stands.
        self.hand.grip()
        self.runtime.start()
        self.cycles(0.4)
        self.hand.release()
        self.cycles(2.0)
        assert self.runtime.posture == "upright"

    def cycles(self, seconds):
        """Returns when it first was lifted; None if never."""
        first_s = None
        for index in range(round(seconds / 0.008)):
            self.clock.advance(0.008)
            self.world.advance_to(self.clock.now())
            self.runtime.cycle(self.clock.now())
            if first_s is None and self.runtime.lifted:
                first_s = index * 0.008
        return first_s

    def raise_by(self, height_m):
        self.world.data.qpos[self.world.robots["robot"].index.root_qpos[2]] += height_m
        mujoco.mj_forward(self.world.model, self.world.data)


@pytest.mark.parametrize("walking", [False, True])
def test_a_lifted_robot_freezes_and_goes_on_when_put_down(walking):
    robot = HeldRobot()
    if walking:
        robot.runtime.order = SkillRequest(kind="walk", forward_m_s=0.2)
        assert robot.cycles(2.4) is None
    robot.raise_by(UP_M)
    robot.hand.grip()
    noticed_s = robot.cycles(2.5)
    assert noticed_s is not None
    assert noticed_s <= REACTIONS[LIFTED].within_s
    assert robot.runtime.lifted
    robot.runtime.order = None
    robot.raise_by(-UP_M)
    robot.hand.release()
    robot.cycles(2.0)
    assert not robot.runtime.lifted
    assert robot.runtime.mode == "playing"
    assert robot.runtime.posture == "upright"
