"""MuJoCo behind the emulated Dynamixel bus: the virtual OP3.

`MatchWorld` is one MuJoCo world with any number of robots; each `VirtualOp3` in it is
the body behind one `ServoChain`. Onboard code sees nothing but bytes on a bus.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator import ChainConfig, Clock, Plant, ServoChain
from robot.contracts.joints import OP3_JOINTS
from sim.arena import Arena
from sim.model_index import RobotIndex

FloatArray = NDArray[np.float64]

POSITION_P_OF_MODEL = 800
"""P gain register the model's servo stiffness belongs to (XM430 and OP3 default)."""
TORQUE_PER_AMPERE_NM = 4.1 / 2.3
"""XM430-W350 stall at 12 V: 4.1 Nm at 2.3 A (e-manual)."""
STAND_HEIGHT_M = 0.236
"""Torso origin above the floor in `stand_rad`; a test stands the robot on its soles."""
SERVO_IDS = tuple(joint.servo_id for joint in OP3_JOINTS)
STAND_RAD: FloatArray = np.array([joint.stand_rad for joint in OP3_JOINTS])


@dataclass(frozen=True, kw_only=True)
class VirtualOp3Config:
    """What the model does not know about a robot.

    Attributes:
        supply_v: battery voltage, constant (nominal 3-cell LiPo of the OP3).
    """

    supply_v: float = 11.1


class VirtualOp3(Plant):
    """One robot's servos and IMU in a MuJoCo world. Joint order: servo id.

    Stiffness is the model's times P / 800; with torque off a servo gives no force and
    only the joint's own damping and friction remain. MuJoCo evaluates sensors and
    actuator forces before it moves, so IMU and currents are one physics step old.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        index: RobotIndex,
        config: VirtualOp3Config | None = None,
    ):
        """Bind to the robot of `index`.

        Args:
            model: its servo gains of this robot are changed by `drive`.
            data: the state all calls read and write.
            index: where the robot lies in the arrays.
            config: see `VirtualOp3Config`.
        """
        self.index = index
        self._model = model
        self._data = data
        self._supply_v = (config or VirtualOp3Config()).supply_v
        # [kp, -kp, -kv] of each servo as the model has them at P 800.
        self._stiffness = model.actuator_gainprm[index.actuators, 0].copy()
        self._bias = model.actuator_biasprm[index.actuators, 1:3].copy()

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        torque_nm = self._data.actuator_force[self.index.actuators]
        return (
            self._data.qpos[self.index.joint_qpos],
            self._data.qvel[self.index.joint_qvel],
            torque_nm / TORQUE_PER_AMPERE_NM,
        )

    def imu(self) -> tuple[FloatArray, FloatArray]:
        # The turn rate of now: sensordata holds what was before the last physics step.
        return (
            self._data.qvel[self.index.root_qvel[3:]],
            self._data.sensordata[self.index.sensors["accelerometer"]],
        )

    def supply_v(self) -> float:
        return self._supply_v

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        servos = self.index.actuators
        scale = np.where(torque_on, position_p / POSITION_P_OF_MODEL, 0.0)
        self._data.ctrl[servos] = goal_rad
        self._model.actuator_gainprm[servos, 0] = self._stiffness * scale
        self._model.actuator_biasprm[servos, 1] = self._bias[:, 0] * scale
        # Active damping, if the model has any, is part of the servo too.
        self._model.actuator_biasprm[servos, 2] = self._bias[:, 1] * (scale > 0)


class MatchWorld:
    """A MuJoCo world that follows a clock, with a `VirtualOp3` for each robot."""

    def __init__(self, arena: Arena, config: VirtualOp3Config | None = None):
        """All robots stand at the origin of their spawn; see `place`.

        Args:
            arena: its model belongs to this world from now on.
            config: of every robot.
        """
        self.arena = arena
        self.model = arena.model
        self.data = mujoco.MjData(arena.model)
        names = [place.name for place in arena.config.robots]
        self.robots: Mapping[str, VirtualOp3] = MappingProxyType(
            {name: self._body(number, config) for number, name in enumerate(names)}
        )
        spread_m = 1.0
        for number, name in enumerate(names):
            self.place(name, spread_m * (number - (len(names) - 1) / 2), 0.0, 0.0)

    @property
    def time_s(self) -> float:
        """World time: a multiple of the physics step."""
        return self.data.time

    def advance_to(self, time_s: float) -> int:
        """Step until the next step would pass `time_s`; returns the steps done."""
        count = self._steps_to(time_s)
        if count:
            mujoco.mj_step(self.model, self.data, count)
        return count

    def _body(self, number: int, config: VirtualOp3Config | None) -> VirtualOp3:
        """The body of one robot; worlds with other bodies build theirs here."""
        return VirtualOp3(self.model, self.data, self.arena.robots[number], config)

    def _steps_to(self, time_s: float) -> int:
        # Half a nanosecond of slack absorbs the rounding of summed time steps.
        ahead_s = time_s - self.data.time + 5e-10
        return max(math.floor(ahead_s / self.model.opt.timestep), 0)

    def place(self, name: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Put a robot on the floor in its stand pose, at rest.

        Args:
            name: of the robot, as in the arena's configuration.
            x_m: torso position in the pitch frame.
            y_m: torso position in the pitch frame.
            yaw_rad: heading, counter-clockwise from +x.

        Raises:
            KeyError: no robot of this name.
        """
        index = self.robots[name].index
        half = yaw_rad / 2
        quat_wxyz = (math.cos(half), 0.0, 0.0, math.sin(half))
        self.data.qpos[index.root_qpos] = (x_m, y_m, STAND_HEIGHT_M, *quat_wxyz)
        self.data.qpos[index.joint_qpos] = STAND_RAD
        self.data.qvel[index.root_qvel] = 0
        self.data.qvel[index.joint_qvel] = 0
        mujoco.mj_forward(self.model, self.data)


def robot_chain(
    world: MatchWorld, name: str, clock: Clock, config: ChainConfig | None = None
) -> ServoChain:
    """The bus of one robot: 20 servos and the board in front of its body.

    Raises:
        KeyError: no robot of this name.
    """
    return ServoChain(world.robots[name], clock, SERVO_IDS, config)
