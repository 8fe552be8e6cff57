"""A virtual OP3 whose true values nobody tells: what calibration is tried on.

Servo laws, zeros, delays, noise and battery of a `HiddenDynamics` lie behind the
emulated bus; a program sees ticks, counts and volts, as on a real robot.
"""

from collections import deque
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.actuator import ServoCalibration
from robot.contracts.joints import JOINT_NAMES
from sim.actuator_fields import plug_voltage, servo_fields, stack_servos
from sim.actuators import Xm430Servo
from sim.arena import Arena, ArenaConfig, RobotPlace, build_arena
from sim.hidden_dynamics import HiddenDynamics
from sim.hoist import Hoist, with_hoist
from sim.model_index import RobotIndex
from sim.robot_model import RobotModelConfig
from sim.virtual_op3 import (
    POSITION_P_OF_MODEL,
    STAND_HEIGHT_M,
    FloatArray,
    MatchWorld,
    VirtualOp3,
    VirtualOp3Config,
)

ROBOT = "robot"
STEP_S = 0.001
"""Physics step: delays are multiples of it."""
LIFT_M = 0.35
"""How far above the floor a robot hangs, so that its legs are free."""
_COUNT = len(JOINT_NAMES)
_LONGEST_AGE = 64
_SUPPLY_EVERY = 4
"""Physics steps between two looks at the battery."""


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """What there was to measure after one physics step."""

    position_rad: FloatArray
    velocity_rad_s: FloatArray
    goal_rad: FloatArray
    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray


class HiddenBody(VirtualOp3):
    """The body. `before_step` and `after_step` belong around each physics step."""

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        index: RobotIndex,
        truth: HiddenDynamics,
        rng: np.random.Generator,
    ):
        super().__init__(model, data, index, VirtualOp3Config(supply_v=truth.battery_v))
        self.truth = truth
        self._rng = rng
        self._table = stack_servos(truth.servos)
        per_volt = servo_fields(self._table, np.ones(_COUNT))
        self._gain_v, self._limit_v = per_volt.gain, per_volt.force_limit_nm
        resistance = self._table.resistance_ohm + self._table.supply_resistance_ohm
        self._volt_per_nm = resistance / self._table.torque_constant_nm_a
        self._damping_a = self._table.torque_constant_nm_a / resistance
        self._sensor_axes = np.zeros(9)
        mujoco.mju_quat2Mat(self._sensor_axes, truth.imu_quat_wxyz)
        self._delay = np.rint(self._table.command_delay_s / STEP_S).astype(int)
        self._scale = np.zeros(_COUNT)
        self._rows = np.arange(_COUNT)
        self._goal_rad = data.qpos[index.joint_qpos].copy()
        self._goals: deque[FloatArray] = deque(maxlen=int(self._delay.max()) + 1)
        self._samples: deque[_Sample] = deque(maxlen=_LONGEST_AGE)
        self._steps = 0
        self._battery_v = self._terminal_v = truth.battery_v
        self._plug_v = np.full(_COUNT, truth.battery_v)
        self.moved()

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        seen, truth = self._aged(self.truth.joint_age_s), self.truth
        noise = self._rng.standard_normal((2, _COUNT))
        return (
            seen.position_rad + truth.zero_rad + truth.angle_noise_rad * noise[0],
            seen.velocity_rad_s,
            truth.current_gain * self._current_a(seen)
            + truth.current_noise_a * noise[1],
        )

    def imu(self) -> tuple[FloatArray, FloatArray]:
        seen, truth = self._aged(self.truth.imu_age_s), self.truth
        noise = self._rng.standard_normal((2, 3))
        return (
            self._sensed(seen.gyro_rad_s)
            + truth.gyro_bias_rad_s
            + truth.gyro_noise_rad_s * noise[0],
            self._sensed(seen.acceleration_m_s2)
            + truth.acceleration_bias_m_s2
            + truth.acceleration_noise_m_s2 * noise[1],
        )

    def supply_v(self) -> float:
        """At the battery's terminals, sagging under all currents."""
        return self._terminal_v

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        self._goal_rad = goal_rad - self.truth.zero_rad
        was_limp = not self._scale.any()
        self._scale = np.where(torque_on, position_p / POSITION_P_OF_MODEL, 0.0)
        if was_limp:
            # A limp servo has no older goal to follow first.
            self._goals.extend([self._goal_rad] * (self._goals.maxlen or 1))

    def before_step(self) -> None:
        """Let the goals act that have arrived, at the voltage of now."""
        servos = self.index.actuators
        self._goals.append(self._goal_rad)
        held = np.array(self._goals)
        goal = held[len(held) - 1 - self._delay, self._rows]
        self._data.ctrl[servos] = goal
        gain = self._gain_v * self._plug_v * self._scale
        limit = self._limit_v * self._plug_v
        self._model.actuator_gainprm[servos, 0] = gain
        self._model.actuator_biasprm[servos, 1] = -gain
        self._model.actuator_forcerange[servos, 0] = -limit
        self._model.actuator_forcerange[servos, 1] = limit

    def after_step(self) -> None:
        """Remember what there is to measure; look at the battery."""
        self._steps += 1
        self._samples.append(self._sample())
        if self._steps % _SUPPLY_EVERY == 0:
            self._discharge()

    def moved(self) -> None:
        """Forget the past of a robot that was carried elsewhere."""
        self._goals.extend([self._goal_rad] * (self._goals.maxlen or 1))
        for _ in range(_LONGEST_AGE):
            self._samples.append(self._sample())

    def _discharge(self) -> None:
        truth = self.truth
        self._battery_v = truth.battery_v - truth.discharge_v_s * self._steps * STEP_S
        newest = self._samples[-1]
        # A chopper draws its duty times the winding's current.
        duty = self._duty(newest)
        drawn_a = duty * self._current_a(newest)
        supply_ohm = self._table.supply_resistance_ohm
        self._terminal_v = float(self._battery_v - supply_ohm[0] * drawn_a.sum())
        self._plug_v = plug_voltage(self._table, np.array([self._battery_v]), drawn_a)

    def _duty(self, seen: _Sample) -> FloatArray:
        wanted = self._scale * self._table.duty_per_rad
        wanted = wanted * (seen.goal_rad - seen.position_rad)
        limit = np.where(self._scale > 0, self._table.pwm_limit, 0.0)
        return np.clip(wanted, -limit, limit)

    def _current_a(self, seen: _Sample) -> FloatArray:
        """Of the windings, at the voltage of now; none in a servo that is limp."""
        resistance = self._table.torque_constant_nm_a / self._damping_a
        driven = self._duty(seen) * self._plug_v / resistance
        back = self._damping_a * seen.velocity_rad_s
        return np.where(self._scale > 0, driven - back, 0.0)

    def _sensed(self, torso_vector: FloatArray) -> FloatArray:
        """[3] the same vector in the sensor's frame."""
        return self._sensor_axes.reshape(3, 3).T @ torso_vector

    def _aged(self, age_s: float) -> _Sample:
        return self._samples[-1 - round(age_s / STEP_S)]

    def _sample(self) -> _Sample:
        data, index = self._data, self.index
        # Fancy indexing copies.
        return _Sample(
            position_rad=data.qpos[index.joint_qpos],
            velocity_rad_s=data.qvel[index.joint_qvel],
            goal_rad=data.ctrl[index.actuators],
            gyro_rad_s=data.qvel[index.root_qvel[3:]],
            acceleration_m_s2=data.sensordata[index.sensors["accelerometer"]],
        )


class HungWorld(MatchWorld):
    """A floor, one robot with hidden values, and a hand that holds it stiffly."""

    def __init__(
        self, truth: HiddenDynamics, seed: int = 0, arena: Arena | None = None
    ):
        """The robot stands, held.

        Args:
            truth: what there is to find.
            seed: of the noise.
            arena: of `hung_arena`, if it is shared; its model is changed.
        """
        self._truth = truth
        self._rng = np.random.default_rng([seed, 11])
        super().__init__(arena or hung_arena(truth))
        self.hoist = Hoist(self, ROBOT)
        self.hang(0.0)

    @property
    def body(self) -> HiddenBody:
        """The robot."""
        body = self.robots[ROBOT]
        assert isinstance(body, HiddenBody)
        return body

    def advance_to(self, time_s: float) -> int:
        """As `MatchWorld`, with delays, battery and history at each step."""
        steps, body = self._steps_to(time_s), self.body
        for _ in range(steps):
            body.before_step()
            mujoco.mj_step(self.model, self.data)
            body.after_step()
        return steps

    def hang(self, above_m: float = LIFT_M) -> None:
        """Hold the torso upright and still, so far above where it stands."""
        self.turn((1.0, 0.0, 0.0, 0.0), above_m)

    def turn(self, quat_wxyz: tuple[float, ...] | FloatArray, above_m: float) -> None:
        """Hold the torso turned like this; joints stay as they are."""
        index = self.body.index
        self.hoist.release()
        self.data.qpos[index.root_qpos[:3]] = (0.0, 0.0, STAND_HEIGHT_M + above_m)
        self.data.qpos[index.root_qpos[3:]] = quat_wxyz
        self.data.qvel[:] = 0
        mujoco.mj_forward(self.model, self.data)
        self.hoist.grip()
        self.body.moved()

    def block(self, joint: str) -> None:
        """Jam a joint: from now on its servo stalls."""
        dof = self.body.index.joint_qvel[JOINT_NAMES.index(joint)]
        self.model.dof_frictionloss[dof] = 50.0

    def _body(self, number: int, config: VirtualOp3Config | None) -> HiddenBody:
        index = self.arena.robots[number]
        return HiddenBody(self.model, self.data, index, self._truth, self._rng)


def hung_arena(truth: HiddenDynamics) -> Arena:
    """What a `HungWorld` is built on."""
    # Delays, voltage and zeros are the body's; here is the law at any voltage.
    law = Xm430Servo(servos=_prompt(truth.servos), battery_v=truth.battery_v)
    place = RobotPlace(name=ROBOT, config=RobotModelConfig(actuator=law))
    config = ArenaConfig(robots=(place,), ball=False, timestep_s=STEP_S)
    arena = with_hoist(build_arena(config), ROBOT)
    # A bench vice, not a rubber band: twice the step is the stiffest MuJoCo takes.
    weld = arena.model.equality(f"{ROBOT}_hoist").id
    arena.model.eq_solref[weld] = (2 * STEP_S, 1.0)
    arena.model.eq_solimp[weld, :2] = (0.999, 0.9999)
    return arena


def _prompt(servos: ServoCalibration) -> ServoCalibration:
    """`servos` without their delays."""
    kept = [one for one in servos.overrides if one.parameter != "command_delay_s"]
    return replace(servos, overrides=tuple(kept))
