"""The OpenCR sensor board: IMU, battery, buttons, lights and the servos' power."""

import struct
from dataclasses import dataclass

from firmware_bridge import units
from firmware_bridge.bus_types import FloatArray
from firmware_bridge.errors import BusError, raise_if_any
from firmware_bridge.link import Link, Patience
from firmware_bridge.opencr_table import OPENCR
from firmware_bridge.packet import (
    ALERT_BIT,
    Instruction,
    encode,
    status_error_name,
)
from firmware_bridge.port import BusPort
from firmware_bridge.single_device import SingleDevice

BOARD_ID = 200
_START = OPENCR["buttons"].address
_SIZE = OPENCR["yaw"].end - _START
_MEASURED = struct.Struct("<BB6h6x")
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class BoardReading:
    """One reading of the board.

    Attributes:
        gyro_rad_s: [3] angular velocity, torso frame (x forward, y left, z up).
        acceleration_m_s2: [3] specific force, torso frame; +9.81 on z at rest.
        buttons: bit 0 mode, 1 start, 2 user, 3 S4.
        voltage_v: battery.
    """

    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray
    buttons: int
    voltage_v: float


class OpenCrBoard:
    """The board on the servos' bus."""

    def __init__(
        self,
        port: BusPort,
        board_id: int = BOARD_ID,
        patience: Patience | None = None,
    ):
        self._port = port
        self._board_id = board_id
        self._link = Link(port, patience)
        self._device = SingleDevice(self._link, _ATTEMPTS)
        self._subject = f"reading the OpenCR board (id {board_id})"
        span = _START.to_bytes(2, "little") + _SIZE.to_bytes(2, "little")
        self._request = encode(board_id, Instruction.READ, span)

    def read(self) -> BoardReading:
        """IMU, buttons and battery in one exchange, without a second try.

        Raises:
            BusError: no usable answer, or the port failed.
        """
        frame = self._link.ask(self._subject, self._request, self._board_id, _SIZE)
        if frame is None or not frame.intact:
            raise BusError(
                self._subject,
                [
                    "expected an answer, found "
                    + ("silence" if frame is None else "a damaged one")
                    + "; check the board's power, cable, id and baud rate"
                ],
            )
        if frame.error & ~ALERT_BIT or len(frame.data) != _SIZE:
            raise BusError(
                self._subject,
                [
                    f"expected {_SIZE} bytes, found {len(frame.data)} and the status "
                    f"{status_error_name(frame.error)!r}; check the board's firmware"
                ],
            )
        buttons, volts, *counts = _MEASURED.unpack(frame.data)
        return BoardReading(
            gyro_rad_s=units.gyro_to_torso_rad_s(counts[:3]),
            acceleration_m_s2=units.acceleration_to_torso_m_s2(counts[3:]),
            buttons=buttons,
            voltage_v=volts * units.V_PER_COUNT,
        )

    def set_servo_power(self, on: bool) -> None:
        """Switch the supply of all servos, and read back that it obeyed.

        Either way the servos lose their RAM registers and torque is off afterwards.

        Raises:
            BusError: no answer, or the board did not switch.
        """
        self._write("dynamixel_power", int(on))
        found = self._read("dynamixel_power")
        if found != int(on):
            raise BusError(
                f"servo power {'on' if on else 'off'}",
                [
                    f"expected dynamixel_power {int(on)}, found {found}; check battery "
                    "and emergency switch"
                ],
            )

    def set_led(self, bits: int) -> None:
        """Light the LEDs whose bits (0 to 2) are set."""
        self._write("led", bits)

    def set_rgb_led(self, red: int, green: int, blue: int) -> None:
        """Colour of the RGB LED, 0 to 31 each.

        Raises:
            BusError: a value out of range, or no answer.
        """
        wrong = {
            name: value
            for name, value in (("red", red), ("green", green), ("blue", blue))
            if not 0 <= value <= 31
        }
        raise_if_any(
            "setting the RGB LED",
            [
                f"{name}: expected 0 to 31, found {value}"
                for name, value in wrong.items()
            ],
        )
        self._write("rgb_led", red | green << 5 | blue << 10)

    def _write(self, name: str, value: int) -> None:
        register = OPENCR.writable(name)
        data = list(register.encode(value))
        self._device.perform(
            f"write {name} = {value} to the OpenCR board (id {self._board_id})",
            lambda: (
                None,
                *self._device.handler.writeTxRx(
                    self._port, self._board_id, register.address, register.size, data
                ),
            ),
        )

    def _read(self, name: str) -> int:
        register = OPENCR[name]
        data = self._device.perform(
            f"read {name} of the OpenCR board (id {self._board_id})",
            lambda: self._device.handler.readTxRx(
                self._port, self._board_id, register.address, register.size
            ),
        )
        return register.decode(bytes(data))
