"""A virtual OP3 with the faults of one randomization draw: late, offset and noisy.

What an episode's draw changes in the model's own numbers (`sim.env_models`) is in the
model already; here is the rest, between the body and its bus, as `sim.env_senses` and
`sim.env_step` put it between the body and a policy. The noise on the gravity direction
has no place: onboard, the attitude filter makes that direction from gyro and
accelerometer, whose noise is here.
"""

from collections import deque
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.env_parameters import EpisodeParameters
from sim.model_index import RobotIndex
from sim.randomization import RandomizationConfig
from sim.virtual_op3 import FloatArray, VirtualOp3, VirtualOp3Config

LAW_SUPPLY_V = 12.0
"""Supply the drawn factor `battery` refers to (see its axis in `sim.randomization`)."""


@dataclass(frozen=True, kw_only=True)
class Imperfections:
    """One robot's draw, as far as it lies between body and bus.

    Attributes:
        joint_offset_rad: [20] measured minus true angle; goals are off by as much.
        imu_tilt_rad: [3] small rotation of the IMU.
        supply_v: of the battery.
        sensor_delay, goal_delay: physics steps.
        sensor_jitter, goal_jitter: most physics steps added, drawn at each of them.
        joint_noise_rad, gyro_noise_rad_s, acceleration_noise_m_s2: sigma.
    """

    joint_offset_rad: FloatArray
    imu_tilt_rad: FloatArray
    supply_v: float
    sensor_delay: int
    goal_delay: int
    sensor_jitter: int
    goal_jitter: int
    joint_noise_rad: float
    gyro_noise_rad_s: float
    acceleration_noise_m_s2: float


def imperfections(
    ranges: RandomizationConfig, drawn: EpisodeParameters, robot: int
) -> Imperfections:
    """Of robot number `robot` in a draw for one environment, [1, ...] each."""
    return Imperfections(
        joint_offset_rad=drawn.joint_offset_rad[0, robot],
        imu_tilt_rad=drawn.imu_tilt_rad[0, robot],
        supply_v=LAW_SUPPLY_V * float(drawn.battery[0, robot]),
        sensor_delay=int(drawn.observation_delay_steps[0, robot]),
        goal_delay=int(drawn.action_delay_steps[0, robot]),
        sensor_jitter=ranges.observation_jitter_steps[1],
        goal_jitter=ranges.action_jitter_steps[1],
        joint_noise_rad=float(drawn.joint_noise_rad[0, robot]),
        gyro_noise_rad_s=float(drawn.gyro_noise_rad_s[0, robot]),
        acceleration_noise_m_s2=float(drawn.acceleration_noise_m_s2[0, robot]),
    )


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """What all sensors hold after one physics step."""

    position_rad: FloatArray
    velocity_rad_s: FloatArray
    current_a: FloatArray
    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray


class ImperfectOp3(VirtualOp3):
    """Answers with old, offset, noisy values and takes goals over late.

    `before_step` and `after_step` belong around each physics step. Torque switches and
    gains take effect at once: they are not part of a control step.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        index: RobotIndex,
        faults: Imperfections,
        rng: np.random.Generator,
    ):
        super().__init__(model, data, index, VirtualOp3Config(supply_v=faults.supply_v))
        self._faults = faults
        self._rng = rng
        self._steps = 0
        self._goals: deque[tuple[int, FloatArray]] = deque()
        kept = faults.sensor_delay + faults.sensor_jitter + 1
        self._samples: deque[_Sample] = deque([self._sample()] * kept, maxlen=kept)
        self._age = faults.sensor_delay

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        seen, faults = self._samples[-1 - self._age], self._faults
        noise = faults.joint_noise_rad * self._rng.standard_normal(20)
        position = seen.position_rad + faults.joint_offset_rad + noise
        return position, seen.velocity_rad_s, seen.current_a

    def imu(self) -> tuple[FloatArray, FloatArray]:
        seen, faults = self._samples[-1 - self._age], self._faults
        noise = self._rng.standard_normal((2, 3))
        return (
            self._tilted(seen.gyro_rad_s) + faults.gyro_noise_rad_s * noise[0],
            self._tilted(seen.acceleration_m_s2)
            + faults.acceleration_noise_m_s2 * noise[1],
        )

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        true_rad = goal_rad - self._faults.joint_offset_rad
        if not torque_on.any():
            # Nothing to be late for: a limp servo holds its goal until it is used.
            self._goals.clear()
            super().drive(true_rad, torque_on, position_p)
            return
        due = self._steps + self._faults.goal_delay + self._jitter("goal_jitter")
        self._goals.append((due, true_rad))
        now_rad = self._data.ctrl[self.index.actuators].copy()
        super().drive(now_rad, torque_on, position_p)

    def before_step(self) -> None:
        """Let the goals act that have arrived."""
        while self._goals and self._goals[0][0] <= self._steps:
            _, goal_rad = self._goals.popleft()
            self._data.ctrl[self.index.actuators] = goal_rad

    def after_step(self) -> None:
        """Remember what the sensors hold."""
        self._steps += 1
        self._samples.append(self._sample())
        self._age = self._faults.sensor_delay + self._jitter("sensor_jitter")

    def moved(self) -> None:
        """Forget the past of a robot that was carried elsewhere."""
        for _ in range(len(self._samples)):
            self._samples.append(self._sample())

    def _jitter(self, name: str) -> int:
        most = getattr(self._faults, name)
        return int(self._rng.integers(most + 1)) if most else 0

    def _sample(self) -> _Sample:
        position, velocity, current = super().joints()
        gyro, acceleration = super().imu()
        # Fancy indexing copied them already.
        return _Sample(
            position_rad=position,
            velocity_rad_s=velocity,
            current_a=current,
            gyro_rad_s=gyro,
            acceleration_m_s2=acceleration,
        )

    def _tilted(self, vector: FloatArray) -> FloatArray:
        """As `sim.env_senses` turns it."""
        return vector + np.cross(vector, self._faults.imu_tilt_rad)
