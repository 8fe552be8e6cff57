"""The emulated bus: instruction bytes in, status bytes out."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator.clock import Clock
from firmware_bridge.emulator.devices import ChainConfig, Devices
from firmware_bridge.emulator.faults import Fault
from firmware_bridge.emulator.plant import Plant
from firmware_bridge.fast_read import encode_fast
from firmware_bridge.packet import (
    BROADCAST_ID,
    Frame,
    Instruction,
    StatusError,
    StreamParser,
    encode_status,
)
from firmware_bridge.xm430 import XM430_W350

OP3_SERVO_IDS = tuple(range(1, 21))
_BITS_PER_BYTE = 10
_GOAL_POSITION = XM430_W350["goal_position"]


class ServoChain:
    """20 XM430-W350 and one OpenCR on one bus, with a `Plant` behind them.

    Assumption where no document tells: the answer to a fast read ends at the first
    silent servo, because each servo continues its predecessor's frame; the answers to a
    plain group read leave a silent servo out.
    """

    def __init__(
        self,
        plant: Plant,
        clock: Clock,
        servo_ids: Sequence[int] = OP3_SERVO_IDS,
        config: ChainConfig | None = None,
    ):
        self.config = config or ChainConfig()
        self.clock = clock
        self._devices = Devices(plant, clock, servo_ids, self.config)
        self._servos = self._devices.servos
        self._board = self._devices.board
        self._parser = StreamParser()
        self._bus_time_s = 0.0
        self._byte_s = _BITS_PER_BYTE / self.config.baud
        self._heard_s = clock.now()
        self._handlers: dict[int, Callable[[Frame], bytes]] = {
            Instruction.PING: self._ping,
            Instruction.READ: self._read,
            Instruction.WRITE: self._write,
            Instruction.REG_WRITE: self._register_write,
            Instruction.ACTION: self._action,
            Instruction.REBOOT: self._reboot,
            Instruction.SYNC_READ: self._sync_read,
            Instruction.SYNC_WRITE: self._sync_write,
            Instruction.FAST_SYNC_READ: self._fast_sync_read,
            Instruction.BULK_READ: self._bulk_read,
            Instruction.BULK_WRITE: self._bulk_write,
            Instruction.FAST_BULK_READ: self._fast_bulk_read,
        }
        self.update()

    @property
    def bus_time_s(self) -> float:
        """Time all bytes and return delays so far would take on the wire."""
        return self._bus_time_s

    def handle(self, data: bytes) -> bytes:
        """Answer to `data`, which may hold several instructions, parts or noise."""
        self.update()
        answers = []
        for frame in self._parser.feed(data):
            # Devices drop damaged frames; status frames come from other devices.
            if frame.intact and frame.instruction != Instruction.STATUS:
                self._heard_s = self.clock.now()
                answers.append(self._dispatch(frame))
        self._devices.drive()
        answer = answers[0] if len(answers) == 1 else b"".join(answers)
        self._bus_time_s += (len(data) + len(answer)) * self._byte_s
        return answer

    def update(self) -> None:
        """Let due faults happen and watchdogs trip; `handle` does so by itself."""
        self._devices.update(self.clock.now() - self._heard_s)

    def drop_partial(self) -> None:
        """Forget an unfinished instruction, as devices do after a pause."""
        self._parser.reset()

    def press_buttons(self, buttons: int) -> None:
        """Hold the board's buttons whose bits are set (0 mode, 1 start, 2 user)."""
        self._board.press(buttons)

    def register(self, name: str) -> NDArray[np.int64]:
        """What a register of all servos [n] holds, past the bus.

        Silent and unpowered servos are in it too: for a look from outside, by tests and
        tools that must not depend on what they examine.

        Raises:
            KeyError: no register of this name.
        """
        return self._servos.column(name).astype(np.int64)

    def inject(self, fault: Fault) -> None:
        """Let one fault happen now.

        Raises:
            ValueError: the fault concerns a device this chain does not have.
        """
        self._devices.inject(fault)

    def _status(self, device_id: int, error: int, data: bytes = b"") -> bytes:
        self._bus_time_s += self._devices.return_delay_s(device_id)
        return self._devices.damage(device_id, encode_status(device_id, error, data))

    def _acknowledge(self, frame: Frame, device_id: int, error: int) -> bytes:
        if frame.packet_id == BROADCAST_ID or not self._devices.answers(device_id, 2):
            return b""
        return self._status(device_id, error)

    def _dispatch(self, frame: Frame) -> bytes:
        handler = self._handlers.get(frame.instruction, self._unknown)
        return handler(frame)

    def _unknown(self, frame: Frame) -> bytes:
        return b"".join(
            self._acknowledge(frame, device_id, StatusError.INSTRUCTION)
            for device_id in self._devices.audience(frame.packet_id)
        )

    def _ping(self, frame: Frame) -> bytes:
        answers = []
        for device_id in self._devices.audience(frame.packet_id):
            row = self._servos.row(device_id)
            if row is None:
                answers.append(self._status(device_id, 0, self._board.identity))
                continue
            memory = self._servos.memory[row]
            identity = bytes((memory[0], memory[1], memory[6]))
            error = self._servos.error_byte(row)
            answers.append(self._status(device_id, error, identity))
        return b"".join(answers)

    def _read(self, frame: Frame) -> bytes:
        device_id = frame.packet_id
        if not self._devices.hears(device_id) or not self._devices.answers(
            device_id, 1
        ):
            return b""
        if len(frame.parameters) != 4:
            return self._status(device_id, StatusError.DATA_LENGTH)
        address, size = _words(frame.parameters)
        return self._status(device_id, *self._devices.read(device_id, address, size))

    def _write(self, frame: Frame) -> bytes:
        address = int.from_bytes(frame.parameters[:2], "little")
        return b"".join(
            self._acknowledge(
                frame,
                device_id,
                self._devices.write(device_id, address, frame.parameters[2:]),
            )
            for device_id in self._devices.audience(frame.packet_id)
        )

    def _register_write(self, frame: Frame) -> bytes:
        return self._servo_only(
            frame,
            lambda row: self._servos.register_write(
                row,
                int.from_bytes(frame.parameters[:2], "little"),
                frame.parameters[2:],
            ),
        )

    def _action(self, frame: Frame) -> bytes:
        return self._servo_only(frame, self._servos.action)

    def _reboot(self, frame: Frame) -> bytes:
        def reboot(row: int) -> int:
            self._devices.restart([row])
            return StatusError.NONE

        return self._servo_only(frame, reboot)

    def _servo_only(self, frame: Frame, act: Callable[[int], int]) -> bytes:
        """Instructions the servos know and the board refuses."""
        answers = []
        for device_id in self._devices.audience(frame.packet_id):
            row = self._servos.row(device_id)
            error = StatusError.INSTRUCTION if row is None else act(row)
            if row is not None:
                error = self._servos.error_byte(row, error)
            answers.append(self._acknowledge(frame, device_id, error))
        return b"".join(answers)

    def _sync_write(self, frame: Frame) -> bytes:
        if len(frame.parameters) < 4:
            return b""
        address, size = _words(frame.parameters)
        payload = frame.parameters[4:]
        if size == 0 or len(payload) % (size + 1):
            return b""
        if (address, size) == (_GOAL_POSITION.address, _GOAL_POSITION.size):
            self._sync_write_goals(payload)
            return b""
        for start in range(0, len(payload), size + 1):
            device_id = payload[start]
            if self._devices.hears(device_id):
                data = payload[start + 1 : start + 1 + size]
                self._devices.write(device_id, address, data)
        return b""

    def _sync_write_goals(self, payload: bytes) -> None:
        """The write of every control cycle, all servos at once."""
        pairs = np.frombuffer(payload, [("id", "u1"), ("ticks", "<i4")])
        rows = [
            self._servos.row(device_id) if self._devices.hears(device_id) else None
            for device_id in pairs["id"].tolist()
        ]
        reached = [index for index, row in enumerate(rows) if row is not None]
        if reached:
            known = [row for row in rows if row is not None]
            self._servos.write_goals(known, pairs["ticks"][reached])

    def _bulk_write(self, frame: Frame) -> bytes:
        rest = frame.parameters
        while len(rest) >= 5:
            address, size = _words(rest[1:5])
            if self._devices.hears(rest[0]) and len(rest) >= 5 + size:
                self._devices.write(rest[0], address, rest[5 : 5 + size])
            rest = rest[5 + size :]
        return b""

    def _sync_read(self, frame: Frame) -> bytes:
        address, size = _words(frame.parameters)
        return self._plain_answers(
            [(device_id, address, size) for device_id in frame.parameters[4:]]
        )

    def _bulk_read(self, frame: Frame) -> bytes:
        if not self._devices.bulk_allowed:
            return b""
        return self._plain_answers(_bulk_requests(frame.parameters))

    def _plain_answers(self, requests: Sequence[tuple[int, int, int]]) -> bytes:
        return b"".join(
            self._status(device_id, *self._devices.read(device_id, address, size))
            for device_id, address, size in requests
            if self._devices.hears(device_id) and self._devices.answers(device_id, 1)
        )

    def _fast_sync_read(self, frame: Frame) -> bytes:
        address, size = _words(frame.parameters)
        ids = frame.parameters[4:]
        if not self._devices.fast_allowed or not self._servos.readable(address, size):
            return b""
        rows = [self._servos.row(device_id) for device_id in ids]
        known = [row for row in rows if row is not None]
        if len(known) < len(rows):
            # A device without fast reads among them: nobody continues its frame.
            return self._fast_answers([(i, address, size) for i in ids])
        data = self._servos.read_rows(known, address, size)
        errors = self._servos.error_bytes()
        heads = [
            bytes((errors[row], device_id))
            for row, device_id in zip(known, ids, strict=True)
        ]
        raw = data.tobytes()
        datas = [raw[i : i + size] for i in range(0, len(raw), size)]
        return self._join_fast(ids, heads, datas)

    def _fast_bulk_read(self, frame: Frame) -> bytes:
        return self._fast_answers(_bulk_requests(frame.parameters))

    def _fast_answers(self, requests: Sequence[tuple[int, int, int]]) -> bytes:
        if not self._devices.fast_allowed:
            return b""
        heads, datas = [], []
        for device_id, address, size in requests:
            error, data = self._devices.read(device_id, address, size)
            heads.append(bytes((error, device_id)))
            # A refused read still has to fill its place in the frame.
            datas.append(data or bytes(size))
        return self._join_fast([r[0] for r in requests], heads, datas)

    def _join_fast(
        self, ids: Sequence[int], heads: Sequence[bytes], datas: Sequence[bytes]
    ) -> bytes:
        """Fast answer, cut at the first device that does not speak."""
        if not ids:
            return b""
        parts = encode_fast(heads, datas)
        spoken = [parts[0]]
        for device_id, part in zip(ids, parts[1:], strict=True):
            if not self._devices.hears(device_id) or not self._devices.answers(
                device_id, 1
            ):
                break
            spoken.append(self._devices.damage(device_id, part))
        if len(spoken) == 1:
            return b""
        self._bus_time_s += self._devices.return_delay_s(ids[0])
        return b"".join(spoken)


def _words(data: bytes) -> tuple[int, int]:
    """Two little-endian 16-bit numbers."""
    return data[0] | data[1] << 8, data[2] | data[3] << 8


def _bulk_requests(parameters: bytes) -> list[tuple[int, int, int]]:
    """Id, address and size of each device of a bulk read."""
    return [
        (parameters[start], *_words(parameters[start + 1 : start + 5]))
        for start in range(0, len(parameters) - 4, 5)
    ]
