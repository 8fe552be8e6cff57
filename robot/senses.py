"""Reading the body: bus and board in, one `SensorFrame` and signs of health out."""

from dataclasses import dataclass

import numpy as np

from firmware_bridge.errors import BusError
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.attitude import STANDARD_GRAVITY_M_S2
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.sensors import SensorFrame
from robot.joint_map import JointMap
from robot.safety import SafetyConfig, Vitals


@dataclass(frozen=True, kw_only=True)
class Devices:
    """One robot's hardware. The bus lists its servos as `joint_map.servo_ids`."""

    bus: ServoBus
    board: OpenCrBoard
    joint_map: JointMap


class Senses:
    """Reads once per bus cycle; a silent device keeps its last values.

    Attributes:
        complete: every servo and the board have answered at least once.
    """

    def __init__(self, devices: Devices, config: SafetyConfig):
        count = len(JOINT_NAMES)
        self.complete = False
        self._devices = devices
        self._config = config
        self._position_rad = np.zeros(count)
        self._velocity_rad_s = np.zeros(count)
        self._current_a = np.zeros(count)
        self._heard = np.zeros(count, dtype=np.bool_)
        self._silent = np.zeros(count, dtype=np.int64)
        self._alert = np.zeros(count, dtype=np.int64)
        self._gyro_rad_s = np.zeros(3)
        self._acceleration_m_s2 = np.array([0.0, 0.0, STANDARD_GRAVITY_M_S2])
        self._voltage_v = float("nan")
        self._buttons = 0
        self._board_silent = 0
        self._low_voltage_s = 0.0

    def read(self, now_s: float, dt_s: float) -> tuple[SensorFrame, Vitals]:
        """One cycle's measurements.

        Args:
            now_s: clock time.
            dt_s: time since the last cycle.

        Raises:
            BusError: the port itself failed.
        """
        fresh = self._read_joints()
        board_answered = self._read_board(dt_s)
        if not self.complete:
            self._heard |= fresh
            self.complete = bool(self._heard.all()) and board_answered
        frame = SensorFrame(
            time_s=now_s,
            position_rad=self._position_rad,
            velocity_rad_s=self._velocity_rad_s,
            current_a=self._current_a,
            fresh=fresh,
            gyro_rad_s=self._gyro_rad_s,
            acceleration_m_s2=self._acceleration_m_s2,
            voltage_v=self._voltage_v,
            buttons=self._buttons,
        )
        vitals = Vitals(
            silent_cycles=self._silent,
            alert_cycles=self._alert,
            board_silent_cycles=self._board_silent,
            voltage_v=self._voltage_v,
            low_voltage_s=self._low_voltage_s,
        )
        return frame, vitals

    def _read_joints(self) -> np.ndarray:
        readings = self._devices.bus.read_joints()
        joint_map = self._devices.joint_map
        position = joint_map.joint_positions(readings.position_rad)
        velocity = joint_map.joint_rates(readings.velocity_rad_s)
        current = joint_map.joint_rates(readings.current_a)
        answered = readings.answered
        if not answered.all():
            position = np.where(answered, position, self._position_rad)
            velocity = np.where(answered, velocity, self._velocity_rad_s)
            current = np.where(answered, current, self._current_a)
        self._position_rad = position
        self._velocity_rad_s = velocity
        self._current_a = current
        self._silent = np.where(answered, 0, self._silent + 1)
        self._alert = np.where(readings.alert, self._alert + 1, 0)
        return answered

    def _read_board(self, dt_s: float) -> bool:
        try:
            reading = self._devices.board.read()
        except BusError:
            self._board_silent += 1
            return False
        self._board_silent = 0
        self._gyro_rad_s = reading.gyro_rad_s
        self._acceleration_m_s2 = reading.acceleration_m_s2
        self._voltage_v = reading.voltage_v
        self._buttons = reading.buttons
        low = reading.voltage_v < self._config.lowest_voltage_v
        self._low_voltage_s = self._low_voltage_s + dt_s if low else 0.0
        return True
