"""The OpenCR sensor board: IMU, battery, buttons, lights and the servos' power."""

import struct
from dataclasses import dataclass

from firmware_bridge import slow_items, units
from firmware_bridge.bus_types import FloatArray
from firmware_bridge.errors import BusError, raise_if_any
from firmware_bridge.group_read import GroupAnswer, collect
from firmware_bridge.link import Link, Patience
from firmware_bridge.opencr_table import OPENCR
from firmware_bridge.packet import (
    ALERT_BIT,
    BROADCAST_ID,
    Instruction,
    encode,
    status_error_name,
)
from firmware_bridge.port import BusPort
from firmware_bridge.single_device import SingleDevice
from firmware_bridge.slow_items import ServoStatus

BOARD_ID = 200
_START = OPENCR["buttons"].address
READ_BYTES = OPENCR["acceleration_z"].end - _START
"""Buttons, battery, gyro and accelerometer; the board's own attitude is not used."""
BULK_FAILURES = 3
"""Bulk reads in a row without the board, which answers alone, before two single reads
take their place."""
BULK_RETRY_READS = 125
"""Single reads before a bulk read is tried again (1 s)."""
_MEASURED = struct.Struct("<BB6h")
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
        self._request = encode(board_id, Instruction.READ, _words(_START, READ_BYTES))
        self._bulk_failures = 0
        self._single_reads = 0

    @property
    def bulk_active(self) -> bool:
        """Whether the next `read_with` is one exchange and not two."""
        return self._bulk_failures < BULK_FAILURES

    def read(self) -> BoardReading:
        """IMU, buttons and battery in one exchange, without a second try.

        Raises:
            BusError: no usable answer, or the port failed.
        """
        frame = self._link.ask(self._subject, self._request, self._board_id, READ_BYTES)
        if frame is None or not frame.intact:
            raise self._silence("silence" if frame is None else "a damaged one")
        return self._reading(frame.error, frame.data)

    def read_with(
        self, servo_id: int, longest_s: float
    ) -> tuple[BoardReading, ServoStatus | None]:
        """The board and one servo's slow items, in one exchange if that works.

        The board is asked first, so a silent servo cannot keep it waiting.

        Args:
            servo_id: whose turn it is; its indirect area must be mapped.
            longest_s: for all of it.

        Returns:
            The board's reading, and the servo's status or None if it gave none.

        Raises:
            BusError: no usable answer of the board, or the port failed.
        """
        with self._link.within(longest_s):
            if not self.bulk_active:
                return self._read_singly(servo_id)
            answer = self._bulk(servo_id)
            data = answer.data.get(self._board_id)
            if data is None:
                reading = self.read()
                if self._board_id not in answer.damaged:
                    self._bulk_failures += 1
                return reading, None
            self._bulk_failures = 0
            block = answer.data.get(servo_id)
            status = slow_items.decode(block) if block else None
            return self._reading(0, data), status

    def _bulk(self, servo_id: int) -> GroupAnswer:
        answer = GroupAnswer()
        entries = {
            self._board_id: (_START, READ_BYTES),
            servo_id: (slow_items.ADDRESS, slow_items.SIZE),
        }
        request = encode(
            BROADCAST_ID,
            Instruction.BULK_READ,
            b"".join(bytes((i,)) + _words(*span) for i, span in entries.items()),
        )
        sizes = {i: size for i, (_, size) in entries.items()}
        collect(self._link, self._subject, request, sizes, answer)
        return answer

    def _read_singly(self, servo_id: int) -> tuple[BoardReading, ServoStatus | None]:
        self._single_reads += 1
        if self._single_reads >= BULK_RETRY_READS:
            # One failure more and single reads are back.
            self._single_reads = 0
            self._bulk_failures = BULK_FAILURES - 1
        reading = self.read()
        span = _words(slow_items.ADDRESS, slow_items.SIZE)
        request = encode(servo_id, Instruction.READ, span)
        frame = self._link.ask(self._subject, request, servo_id, slow_items.SIZE)
        if frame is None or not frame.intact or len(frame.data) != slow_items.SIZE:
            return reading, None
        return reading, slow_items.decode(frame.data)

    def _silence(self, found: str) -> BusError:
        return BusError(
            self._subject,
            [
                f"expected an answer, found {found}; check the board's power, cable, "
                "id and baud rate"
            ],
        )

    def _reading(self, error: int, data: bytes) -> BoardReading:
        if error & ~ALERT_BIT or len(data) != READ_BYTES:
            raise BusError(
                self._subject,
                [
                    f"expected {READ_BYTES} bytes, found {len(data)} and the status "
                    f"{status_error_name(error)!r}; check the board's firmware"
                ],
            )
        buttons, volts, *counts = _MEASURED.unpack(data)
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


def _words(address: int, size: int) -> bytes:
    return address.to_bytes(2, "little") + size.to_bytes(2, "little")
