"""The emulated OpenCR board: memory and measurements."""

import struct

from firmware_bridge import units
from firmware_bridge.emulator.plant import Plant
from firmware_bridge.opencr_table import OPENCR
from firmware_bridge.packet import StatusError

_BY_ADDRESS = {register.address: register for register in OPENCR.registers}
_FIRST_MEASURED = OPENCR["buttons"].address
_END_MEASURED = OPENCR["yaw"].end
_IMU = struct.Struct("<6h")
_FIRMWARE_VERSION = 1
_LIMITS = {"dynamixel_power": 1, "led": 7, "rgb_led": 0x7FFF}


class Board:
    """OpenCR memory; roll, pitch and yaw read 0 (no attitude filter is emulated)."""

    def __init__(self, plant: Plant, board_id: int, servo_power: bool):
        self._plant = plant
        self._memory = bytearray(OPENCR.size)
        for register in OPENCR.registers:
            self._set(register.name, register.initial)
        self._set("id", board_id)
        self._set("firmware_version", _FIRMWARE_VERSION)
        self._set("dynamixel_power", int(servo_power))
        self.imu_frozen = False
        self._measure_imu()

    @property
    def servo_power(self) -> bool:
        """Whether the servos are powered."""
        return bool(self._memory[OPENCR["dynamixel_power"].address])

    @property
    def status_return_level(self) -> int:
        return self._memory[OPENCR["status_return_level"].address]

    @property
    def return_delay_code(self) -> int:
        return self._memory[OPENCR["return_delay_time"].address]

    @property
    def identity(self) -> bytes:
        """Model number and firmware version, as in a ping answer."""
        return bytes(self._memory[0:3])

    def press(self, buttons: int) -> None:
        """Hold the buttons whose bits are set."""
        self._set("buttons", buttons)

    def read(self, address: int, size: int) -> tuple[int, bytes]:
        """Error code and bytes (empty with an error)."""
        if not 0 < size <= OPENCR.size - address:
            return StatusError.ACCESS, b""
        if address < _END_MEASURED and address + size > _FIRST_MEASURED:
            if not self.imu_frozen:
                self._measure_imu()
            volts = round(self._plant.supply_v() / units.V_PER_COUNT)
            self._set("battery_voltage", min(max(volts, 0), 255))
        return StatusError.NONE, bytes(self._memory[address : address + size])

    def write(self, address: int, data: bytes) -> int:
        """Write whole registers; returns the error code."""
        steps = []
        offset = 0
        while offset < len(data):
            register = _BY_ADDRESS.get(address + offset)
            if register is None or register.access != "RW":
                return StatusError.ACCESS
            raw = data[offset : offset + register.size]
            if len(raw) < register.size:
                return StatusError.DATA_LENGTH
            value = register.decode(raw)
            if value > _LIMITS.get(register.name, register.highest):
                return StatusError.DATA_RANGE
            steps.append((register.name, value))
            offset += register.size
        for name, value in steps:
            self._set(name, value)
        return StatusError.NONE if steps else StatusError.DATA_LENGTH

    def _measure_imu(self) -> None:
        rate_rad_s, acceleration_m_s2 = self._plant.imu()
        counts = (
            *units.torso_rad_s_to_gyro(rate_rad_s).tolist(),
            *units.torso_m_s2_to_acceleration(acceleration_m_s2).tolist(),
        )
        _IMU.pack_into(self._memory, OPENCR["gyro_x"].address, *counts)

    def _set(self, name: str, value: int) -> None:
        register = OPENCR[name]
        self._memory[register.address : register.end] = register.encode(value)
