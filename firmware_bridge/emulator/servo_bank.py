"""All emulated servos at once: control tables as one array, one row per servo."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import units
from firmware_bridge.emulator.plant import Plant
from firmware_bridge.emulator.write_rules import RANGES, SYMMETRIC_LIMITS
from firmware_bridge.packet import ALERT_BIT, StatusError
from firmware_bridge.registers import Register
from firmware_bridge.xm430 import INDIRECT_COUNT, XM430_W350

WATCHDOG_UNIT_S = 0.02
_TABLE = XM430_W350
_BY_ADDRESS = {register.address: register for register in _TABLE.registers}
_GOALS = range(_TABLE["goal_pwm"].address, _TABLE["goal_position"].end)
_FIRST_PRESENT = _TABLE["realtime_tick"].address
_MOTION = slice(_TABLE["present_current"].address, _TABLE["present_position"].end)
_SUPPLY = _TABLE["present_input_voltage"].address
_END_PRESENT = _TABLE["present_temperature"].end
_INDIRECT = tuple(
    (
        _TABLE[f"indirect_data_{first}"].address,
        _TABLE[f"indirect_address_{first}"].address,
    )
    for first in (1, 1 + INDIRECT_COUNT)
)
_DRIVING = frozenset({"torque_enable", "goal_position", "position_p_gain"})
_FIRMWARE_VERSION = 45
_DTYPES = {
    (1, False): "u1",
    (1, True): "i1",
    (2, False): "<u2",
    (2, True): "<i2",
    (4, False): "<u4",
    (4, True): "<i4",
}
_MOTION_DTYPE = np.dtype([("current", "<i2"), ("velocity", "<i4"), ("ticks", "<i4")])

Bytes2d = NDArray[np.uint8]


class ServoBank:
    """Memory and behaviour of n servos; knows nothing of packets.

    Assumptions where the e-manual is silent: a tripped watchdog holds the position the
    servo had at that moment; the goal survives torque off; a write must cover whole
    registers. Moving status, PWM and velocity trajectory read 0. Position I and D gains
    are stored but the plant gets only P.
    """

    def __init__(
        self,
        plant: Plant,
        servo_ids: Sequence[int],
        *,
        baud_code: int,
        return_delay_code: int,
        temperature_c: int,
    ):
        self.ids = tuple(servo_ids)
        self._rows = {servo_id: row for row, servo_id in enumerate(servo_ids)}
        self._plant = plant
        count = len(self.ids)
        self.memory: Bytes2d = np.zeros((count, _TABLE.size), np.uint8)
        self._columns: dict[str, NDArray] = {}
        for register in _TABLE.registers:
            self.column(register.name)[:] = register.initial
        self.column("id")[:] = self.ids
        self.column("firmware_version")[:] = _FIRMWARE_VERSION
        self.column("baud_rate")[:] = baud_code
        self.column("return_delay_time")[:] = return_delay_code
        self.column("present_temperature")[:] = temperature_c
        self._factory = self.memory[0].copy()
        self._goal = self.column("goal_position")
        self._torque = self.column("torque_enable")
        self._watchdog = self.column("bus_watchdog")
        self._position_p = self.column("position_p_gain")
        self._error_status = self.column("hardware_error_status")
        self._homing = self.column("homing_offset")
        self._motion = self.memory[:, _MOTION]
        self._pending: dict[int, tuple[int, bytes]] = {}
        self._must_drive = False
        self.restart(range(count))

    def column(self, name: str) -> NDArray:
        """Live view [n] of one register of all servos."""
        column = self._columns.get(name)
        if column is None:
            register = _TABLE[name]
            raw = self.memory[:, register.address : register.end]
            column = raw.view(_DTYPES[register.size, register.signed])[:, 0]
            self._columns[name] = column
        return column

    def row(self, servo_id: int) -> int | None:
        """Row of a servo, None if the chain has none with this id."""
        return self._rows.get(servo_id)

    def error_byte(self, row: int, error: int = 0) -> int:
        """`error` with the alert bit where a hardware error is recorded."""
        return error | (ALERT_BIT if self._error_status[row] else 0)

    def error_bytes(self) -> list[int]:
        """Error byte [n] of answers without an error."""
        return np.where(self._error_status, ALERT_BIT, 0).tolist()

    # Reading

    def read(self, row: int, address: int, size: int) -> tuple[int, bytes]:
        """Error code and bytes (empty with an error)."""
        if not 0 < size <= _TABLE.size - address:
            return StatusError.ACCESS, b""
        return StatusError.NONE, self.read_rows([row], address, size)[0].tobytes()

    def readable(self, address: int, size: int) -> bool:
        """Whether such a range lies within the control table."""
        return 0 < size <= _TABLE.size - address

    def read_rows(self, rows: Sequence[int], address: int, size: int) -> Bytes2d:
        """Bytes [k, size] of a readable range, indirect data followed."""
        indirect = any(
            address < base + INDIRECT_COUNT and base < address + size
            for base, _ in _INDIRECT
        )
        if not indirect:
            self._measure(address, address + size)
            return self.memory[rows, address : address + size]
        sources = [
            [self._resolve(row, at) for at in range(address, address + size)]
            for row in rows
        ]
        everywhere = [at for row in sources for at in row if at >= _FIRST_PRESENT]
        if everywhere:
            self._measure(min(everywhere), max(everywhere) + 1)
        return self.memory[np.asarray(rows)[:, None], sources]

    def _resolve(self, row: int, address: int) -> int:
        """Address behind one byte of indirect data; others are their own."""
        for data_base, address_base in _INDIRECT:
            index = address - data_base
            if 0 <= index < INDIRECT_COUNT:
                at = address_base + 2 * index
                low, high = self.memory[row, at : at + 2].tolist()
                return low | high << 8
        return address

    def _measure(self, start: int, end: int) -> None:
        """Bring the present values in [start, end) up to date."""
        if end <= _FIRST_PRESENT or start >= _END_PRESENT:
            return
        if end > _SUPPLY:
            volts = round(self._plant.supply_v() / units.V_PER_COUNT)
            self.column("present_input_voltage")[:] = volts
        if start >= _SUPPLY:
            return
        position_rad, velocity_rad_s, current_a = self._plant.joints()
        values = np.empty(len(self.ids), _MOTION_DTYPE)
        values["current"] = np.rint(current_a / units.A_PER_COUNT)
        values["velocity"] = np.rint(velocity_rad_s / units.RAD_S_PER_COUNT)
        values["ticks"] = units.rad_to_ticks(position_rad) + self._homing
        self._motion[:] = values.view(np.uint8).reshape(len(self.ids), -1)
        if start >= _MOTION.start and end <= _MOTION.stop:
            return
        moving = np.abs(values["velocity"]) > self.column("moving_threshold")
        self.column("moving")[:] = moving
        self.column("position_trajectory")[:] = self._goal

    # Writing

    def write(self, row: int, address: int, data: bytes) -> int:
        """Write one servo's registers; returns the error code.

        Nothing is written unless every register takes its value.
        """
        start = self._resolve(row, address)
        if start != address:
            return self._write_indirect(row, address, data)
        steps: list[tuple[Register, int]] = []
        offset = 0
        while offset < len(data):
            register = _BY_ADDRESS.get(address + offset)
            if register is None or register.access != "RW":
                return StatusError.ACCESS
            raw = data[offset : offset + register.size]
            if len(raw) < register.size:
                return StatusError.DATA_LENGTH
            error = self._check(row, register, register.decode(raw))
            if error:
                return error
            steps.append((register, register.decode(raw)))
            offset += register.size
        for register, value in steps:
            self._store(row, register, value)
        return StatusError.NONE if steps else StatusError.DATA_LENGTH

    def _write_indirect(self, row: int, address: int, data: bytes) -> int:
        """Write through indirect data: contiguous targets become one write."""
        targets = [self._resolve(row, address + i) for i in range(len(data))]
        start = 0
        for end in range(1, len(targets) + 1):
            if end == len(targets) or targets[end] != targets[end - 1] + 1:
                if targets[start] == address + start:
                    self.memory[row, address + start : address + end] = list(
                        data[start:end]
                    )
                else:
                    error = self.write(row, targets[start], data[start:end])
                    if error:
                        return error
                start = end
        return StatusError.NONE

    def _check(self, row: int, register: Register, value: int) -> int:
        if register.eeprom and self._torque[row]:
            return StatusError.ACCESS
        if register.address in _GOALS and self._watchdog[row] == -1:
            return StatusError.DATA_RANGE
        low, high = RANGES.get(register.name, (register.lowest, register.highest))
        if register.name in SYMMETRIC_LIMITS:
            high = int(self.column(SYMMETRIC_LIMITS[register.name])[row])
            low = -high
        elif register.name == "goal_position":
            low = int(self.column("min_position_limit")[row])
            high = int(self.column("max_position_limit")[row])
        elif register.name == "bus_watchdog" and self._watchdog[row] == -1:
            high = 0
        elif register.name == "torque_enable" and value and self._is_shut_down(row):
            return StatusError.RESULT_FAIL
        return StatusError.NONE if low <= value <= high else StatusError.DATA_RANGE

    def _store(self, row: int, register: Register, value: int) -> None:
        self.memory[row, register.address : register.end] = list(register.encode(value))
        if register.name in _DRIVING:
            self._must_drive = True

    def write_goals(self, rows: Sequence[int], ticks: NDArray[np.int32]) -> None:
        """Goal positions [k] in one go; out of limits or tripped ones are ignored."""
        index = np.asarray(rows)
        taken = (
            (ticks >= self.column("min_position_limit")[index])
            & (ticks <= self.column("max_position_limit")[index])
            & (self._watchdog[index] != -1)
        )
        self._goal[index[taken]] = ticks[taken]
        self._must_drive = True

    # Registered writes, errors, watchdog, restart

    def register_write(self, row: int, address: int, data: bytes) -> int:
        """Keep a write until `action`."""
        self._pending[row] = (address, data)
        self.column("registered_instruction")[row] = 1
        return StatusError.NONE

    def action(self, row: int) -> int:
        """Carry out the kept write."""
        pending = self._pending.pop(row, None)
        self.column("registered_instruction")[row] = 0
        return self.write(row, *pending) if pending else StatusError.RESULT_FAIL

    def raise_hardware_error(self, row: int, bits: int) -> None:
        """Record a fault; torque goes off if `shutdown` says so."""
        self._error_status[row] |= bits
        if self._is_shut_down(row):
            self._torque[row] = 0
            self._must_drive = True

    def _is_shut_down(self, row: int) -> bool:
        return bool(self._error_status[row] & self.column("shutdown")[row])

    def watch(self, silence_s: float) -> None:
        """Trip the watchdogs that allow less than `silence_s` without instruction."""
        armed = (self._watchdog > 0) & (self._torque > 0)
        tripped = armed & (silence_s > self._watchdog * WATCHDOG_UNIT_S)
        if tripped.any():
            self._measure(_MOTION.start, _MOTION.stop)
            position = self.column("present_position")
            self._goal[tripped] = position[tripped]
            self._watchdog[tripped] = -1
            self._must_drive = True

    def restart(self, rows: Sequence[int]) -> None:
        """Reboot: RAM registers back to their initial values, errors cleared."""
        first_ram = _TABLE["torque_enable"].address
        for row in rows:
            self.memory[row, first_ram:] = self._factory[first_ram:]
            self._pending.pop(row, None)
        self._measure(_MOTION.start, _MOTION.stop)
        index = list(rows)
        self._goal[index] = self.column("present_position")[index]
        self._must_drive = True

    def drive(self, powered: bool) -> None:
        """Hand changed goals, torque and gains to the plant."""
        if not self._must_drive:
            return
        self._must_drive = False
        torque = self._torque > 0
        self._plant.drive(
            units.ticks_to_rad(self._goal - self._homing),
            torque if powered else np.zeros_like(torque),
            self._position_p.astype(np.int64),
        )
