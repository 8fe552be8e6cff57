"""Reading the body: bus and board in, one `SensorFrame` and signs of health out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from firmware_bridge.opencr import BoardReading, OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from firmware_bridge.slow_items import ServoStatus
from robot.attitude import STANDARD_GRAVITY_M_S2
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.sensors import SensorFrame
from robot.imu_correction import ImuCorrection
from robot.joint_map import JointMap
from robot.safety import SafetyConfig, Vitals

COUNT = len(JOINT_NAMES)


@dataclass(frozen=True, kw_only=True)
class Devices:
    """One robot's hardware. The bus lists its servos as `joint_map.servo_ids`.

    Attributes:
        imu: how the board is mounted; None: as the vendor says.
    """

    bus: ServoBus
    board: OpenCrBoard
    joint_map: JointMap
    imu: ImuCorrection | None = None


class Senses:
    """Reads once per bus cycle; a silent device keeps its last values.

    Every cycle another servo tells its slow items, so all have done so after 20.

    Attributes:
        complete: every servo and the board have answered at least once.
        torque_expected: torque was switched on; a servo without it has restarted.
        turn: joint index and slow items of the servo whose turn this cycle was; None
            if it gave none.
    """

    def __init__(self, devices: Devices, config: SafetyConfig, clock: Clock):
        self.complete = False
        self.torque_expected = False
        self.turn: tuple[int, ServoStatus] | None = None
        self._devices = devices
        self._config = config
        self._clock = clock
        self._cycles = 0
        self._position_rad = np.zeros(COUNT)
        self._velocity_rad_s = np.zeros(COUNT)
        self._current_a = np.zeros(COUNT)
        self._heard = np.zeros(COUNT, dtype=np.bool_)
        self._silent = np.zeros(COUNT, dtype=np.int64)
        self._alert = np.zeros(COUNT, dtype=np.int64)
        self._restarted = np.zeros(COUNT, dtype=np.bool_)
        self._shut_down = np.zeros(COUNT, dtype=np.bool_)
        self._tripped = np.zeros(COUNT, dtype=np.bool_)
        self._temperature_c = np.full(COUNT, np.nan)
        self._gyro_rad_s = np.zeros(3)
        self._acceleration_m_s2 = np.array([0.0, 0.0, STANDARD_GRAVITY_M_S2])
        self._voltage_v = float("nan")
        self._buttons = 0
        self._board_silent = 0
        self._low_voltage_s = 0.0
        self._frozen_s = 0.0
        self._frozen_at_rad = self._position_rad

    def read(self, now_s: float, dt_s: float) -> tuple[SensorFrame, Vitals]:
        """One cycle's measurements.

        Args:
            now_s: clock time.
            dt_s: time since the last cycle.

        Raises:
            BusError: the port itself failed.
        """
        began_s = self._clock.now()
        fresh = self._read_joints()
        spent_s = self._clock.now() - began_s
        board_answered = self._read_board(dt_s, spent_s)
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
        return frame, self._vitals()

    @property
    def temperature_c(self) -> NDArray[np.float64]:
        """[20] inside the servos; NaN where not read yet."""
        return self._temperature_c

    def restarted_together(self) -> int:
        """How many servos have lost their torque, asked of all at once."""
        found = self._devices.bus.read_all("torque_enable")
        return sum(value == 0 for value in found.values())

    def _vitals(self) -> Vitals:
        moved = np.abs(self._position_rad - self._frozen_at_rad).max()
        return Vitals(
            silent_cycles=self._silent,
            alert_cycles=self._alert,
            board_silent_cycles=self._board_silent,
            voltage_v=self._voltage_v,
            low_voltage_s=self._low_voltage_s,
            restarted=self._restarted,
            shut_down=self._shut_down,
            tripped=self._tripped,
            temperature_c=self._temperature_c,
            frozen_s=self._frozen_s,
            frozen_motion_rad=float(moved),
        )

    def _read_joints(self) -> NDArray[np.bool_]:
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

    def _read_board(self, dt_s: float, spent_s: float) -> bool:
        index = self._cycles % COUNT
        self._cycles += 1
        self.turn = None
        left_s = self._devices.bus.patience.cycle_s - spent_s
        servo_id = self._devices.joint_map.servo_ids[index]
        try:
            reading, status = self._devices.board.read_with(servo_id, left_s)
        except BusError:
            self._board_silent += 1
            return False
        self._board_silent = 0
        if status is not None:
            self._note_status(index, status)
        if self._devices.imu is not None:
            reading = self._devices.imu.corrected(reading)
        self._note_stillness(reading, dt_s)
        self._gyro_rad_s = reading.gyro_rad_s
        self._acceleration_m_s2 = reading.acceleration_m_s2
        self._voltage_v = reading.voltage_v
        self._buttons = reading.buttons
        low = reading.voltage_v < self._config.lowest_voltage_v
        self._low_voltage_s = self._low_voltage_s + dt_s if low else 0.0
        return True

    def _note_status(self, index: int, status: ServoStatus) -> None:
        self.turn = (index, status)
        lost = self.torque_expected and not status.torque_on
        failed = bool(status.hardware_error)
        # Arrays in earlier vitals stay as they are.
        self._restarted = _with(self._restarted, index, lost and not failed)
        self._shut_down = _with(self._shut_down, index, lost and failed)
        self._tripped = _with(self._tripped, index, status.watchdog_units < 0)
        if not lost:
            # A restarted servo has forgotten where its temperature is to be read.
            self._temperature_c = _with(
                self._temperature_c, index, status.temperature_c
            )

    def _note_stillness(self, reading: BoardReading, dt_s: float) -> None:
        same = np.array_equal(reading.gyro_rad_s, self._gyro_rad_s) and np.array_equal(
            reading.acceleration_m_s2, self._acceleration_m_s2
        )
        if same:
            self._frozen_s += dt_s
        else:
            self._frozen_s = 0.0
            self._frozen_at_rad = self._position_rad


def _with(values: NDArray, index: int, value: float) -> NDArray:
    if values[index] == value:
        return values
    changed = values.copy()
    changed[index] = value
    return changed
