"""The robot of `op3-soccer calibrate ... --virtual`: hidden true values, lock-step.

Everything the calibration gets goes over the emulated bus, in simulated time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

from firmware_bridge.clock import SimulatedClock
from firmware_bridge.emulator import ChainConfig, MemoryPort, ServoChain
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.camera.virtual import FrameTiming, VirtualCamera
from robot.contracts.camera import Image
from robot.joint_map import JointMap, default_joint_map
from robot.senses import Devices
from sim.hidden_body import LIFT_M, HungWorld
from sim.hidden_dynamics import HiddenDynamics
from sim.renderer import ArenaRenderer
from sim.virtual_op3 import SERVO_IDS

_BOOT_TIME_S = 0.3
_STEP_S = 0.004


class HiddenRobot:
    """Body, bus and clock of one virtual robot that is to be measured.

    Attributes:
        world: what really is; calibration must not look.
        devices: what a program has.
    """

    def __init__(
        self,
        truth: HiddenDynamics,
        seed: int = 0,
        joint_map: JointMap | None = None,
        world: HungWorld | None = None,
    ):
        """Servos are unpowered; the robot is held where it stands.

        Args:
            truth: what there is to find.
            seed: of the noise.
            joint_map: what is known of its zeros so far.
            world: to measure in; by default a new one.
        """
        joint_map = joint_map or default_joint_map()
        self.world = world or HungWorld(truth, seed)
        self._clock = SimulatedClock()
        config = ChainConfig(
            servo_power=False, return_delay_code=1, boot_time_s=_BOOT_TIME_S
        )
        self.chain = ServoChain(self.world.body, self._clock, SERVO_IDS, config)
        self.port = MemoryPort(self.chain)
        self.devices = Devices(
            bus=ServoBus(self.port, joint_map.servo_ids),
            board=OpenCrBoard(self.port),
            joint_map=joint_map,
        )

    @contextmanager
    def camera(self) -> Iterator[VirtualCamera]:
        """Its head camera, with the truth's delay, while the block lasts."""
        truth = self.world.body.truth
        timing = FrameTiming(
            delay_s=truth.camera_delay_s, jitter_s=truth.camera_jitter_s
        )
        with ArenaRenderer(self.world.arena) as renderer:

            def draw() -> Image:
                renderer.pose(self.world.data.qpos)
                return renderer.head_camera(0)

            yield VirtualCamera(draw, self, timing)

    def now(self) -> float:
        """Simulated seconds; with `sleep_until` this is a `Clock`."""
        return self._clock.now()

    def sleep_until(self, time_s: float) -> None:
        """Pass time, and let the body move."""
        while self._clock.now() < time_s - 1e-9:
            self._clock.advance_to(min(self._clock.now() + _STEP_S, time_s))
            self.chain.update()
            self.world.advance_to(self._clock.now())


class VirtualHand:
    """Puts a virtual robot where a step needs it, as exactly as a person does."""

    _PLACING_RAD = 0.002

    def __init__(self, robot: HiddenRobot, seed: int = 0):
        self._robot = robot
        self._rng = np.random.default_rng([seed, 13])

    def hang(self) -> None:
        self._robot.world.hang()

    def stand(self) -> None:
        self._robot.world.hang(0.0)

    def let_go(self) -> None:
        self._robot.world.hoist.release()

    def turn(self, told: str, quat_wxyz: tuple[float, ...]) -> None:
        off = np.array([1.0, *(self._PLACING_RAD / 2 * self._rng.standard_normal(3))])
        turned = np.zeros(4)
        mujoco.mju_mulQuat(turned, off / np.linalg.norm(off), np.array(quat_wxyz))
        self._robot.world.turn(turned, LIFT_M)
