"""Everything on the emulated bus: servos, board, their power, silence and faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_bridge.emulator.board import Board
from firmware_bridge.emulator.clock import Clock
from firmware_bridge.emulator.faults import Fault, FaultKind, FaultPlan
from firmware_bridge.emulator.plant import Plant
from firmware_bridge.emulator.servo_bank import ServoBank
from firmware_bridge.packet import BROADCAST_ID

RETURN_DELAY_UNIT_S = 2e-6
_FLIPPED_BIT = 0x10


@dataclass(frozen=True, kw_only=True)
class ChainConfig:
    """How the emulated chain is set up.

    Attributes:
        board_id: of the OpenCR board.
        baud: bits per second, for the account of bus time (10 bits per byte).
        baud_code: what the servos' baud register reads (4 = 2 Mbit/s).
        return_delay_code: servos' register, 2 us each (1 as in the OP3's set-up).
        servo_power: whether the servos are powered at the start; on a real OP3 the
            board's register 24 has to be set first.
        boot_time_s: how long a servo is silent after power-on or reboot.
        temperature_c: what the servos' temperature register reads.
        faults: what goes wrong, and when.
    """

    board_id: int = 200
    baud: int = 2_000_000
    baud_code: int = 4
    return_delay_code: int = 1
    servo_power: bool = False
    boot_time_s: float = 0.0
    temperature_c: int = 35
    faults: FaultPlan = field(default_factory=FaultPlan)


class Devices:
    """Servos and board by device id: who listens, and what they read and write."""

    def __init__(
        self,
        plant: Plant,
        clock: Clock,
        servo_ids: Sequence[int],
        config: ChainConfig,
    ):
        self.servos = ServoBank(
            plant,
            servo_ids,
            baud_code=config.baud_code,
            return_delay_code=config.return_delay_code,
            temperature_c=config.temperature_c,
        )
        self.board = Board(plant, config.board_id, config.servo_power)
        self.fast_allowed = True
        self.bulk_allowed = True
        self._clock = clock
        self._config = config
        self._silenced: set[int] = set()
        self._corrupt: set[int] = set()
        self._booting_s: dict[int, float] = {}
        self._listening: frozenset[int] = frozenset()
        self._updated_s = float("-inf")
        self._refresh_listening()

    def update(self, silence_s: float) -> None:
        """Let due faults happen, boots end and watchdogs trip.

        Args:
            silence_s: time since the last instruction.
        """
        now_s = self._clock.now()
        if self._config.faults.faults:
            for fault in self._config.faults.due(self._updated_s, now_s):
                self.inject(fault)
        self._updated_s = now_s
        if self._booting_s:
            self._refresh_listening()
        if silence_s > 0:
            self.servos.watch(silence_s)
        self.drive()

    def drive(self) -> None:
        """Hand changed goals, torque and gains to the plant."""
        self.servos.drive(self.board.servo_power)

    def inject(self, fault: Fault) -> None:
        """Let one fault happen now.

        Raises:
            ValueError: the fault concerns a device this chain does not have.
        """
        device_id = fault.device_id
        match fault.kind:
            case FaultKind.SILENCE:
                self._silenced.add(self._known(device_id))
            case FaultKind.ANSWER:
                self._silenced.discard(self._known(device_id))
            case FaultKind.CORRUPT_NEXT:
                self._corrupt.add(self._known(device_id))
            case FaultKind.HARDWARE_ERROR:
                self.servos.raise_hardware_error(self._servo(device_id), fault.bits)
            case FaultKind.TEMPERATURE:
                temperatures = self.servos.column("present_temperature")
                temperatures[self._servo(device_id)] = fault.temperature_c
            case FaultKind.REBOOT:
                self.restart([self._servo(device_id)])
            case FaultKind.FREEZE_IMU:
                self.board.imu_frozen = True
            case FaultKind.THAW_IMU:
                self.board.imu_frozen = False
            case FaultKind.BROWN_OUT:
                self.restart(range(len(self.servos.ids)))
            case FaultKind.REFUSE_BULK:
                self.bulk_allowed = False
            case FaultKind.ALLOW_BULK:
                self.bulk_allowed = True
            case FaultKind.REFUSE_FAST:
                self.fast_allowed = False
            case FaultKind.ALLOW_FAST:
                self.fast_allowed = True
        self._refresh_listening()
        self.drive()

    def _servo(self, device_id: int) -> int:
        row = self.servos.row(device_id)
        if row is None:
            raise ValueError(
                f"expected a servo id of {self.servos.ids}, found {device_id}"
            )
        return row

    def _known(self, device_id: int) -> int:
        if device_id != self._config.board_id and self.servos.row(device_id) is None:
            raise ValueError(
                f"expected the board's id {self._config.board_id} or one of "
                f"{self.servos.ids}, found {device_id}"
            )
        return device_id

    def restart(self, rows: Sequence[int]) -> None:
        """Reboot servos by row: RAM lost, silent for the boot time."""
        self.servos.restart(rows)
        ready_s = self._clock.now() + self._config.boot_time_s
        self._booting_s |= {self.servos.ids[row]: ready_s for row in rows}
        self._refresh_listening()

    def _refresh_listening(self) -> None:
        """Find out who is there, powered, booted and not silenced."""
        now_s = self._clock.now()
        self._booting_s = {i: t for i, t in self._booting_s.items() if t > now_s}
        servos = set(self.servos.ids) if self.board.servo_power else set()
        deaf = self._silenced | self._booting_s.keys()
        self._listening = frozenset((servos | {self._config.board_id}) - deaf)

    def hears(self, device_id: int) -> bool:
        """Whether a device is there, powered, booted and not silenced."""
        return device_id in self._listening

    def audience(self, packet_id: int) -> list[int]:
        """Devices an instruction reaches, in id order."""
        everyone = sorted(self._listening)
        wanted = everyone if packet_id == BROADCAST_ID else [packet_id]
        return [device_id for device_id in wanted if self.hears(device_id)]

    def read(self, device_id: int, address: int, size: int) -> tuple[int, bytes]:
        """Error byte and data (empty with an error) of a device that is there."""
        row = self.servos.row(device_id)
        if row is None:
            return self.board.read(address, size)
        error, data = self.servos.read(row, address, size)
        return self.servos.error_byte(row, error), data

    def write(self, device_id: int, address: int, data: bytes) -> int:
        """Write to a device that is there; returns its error byte."""
        row = self.servos.row(device_id)
        if row is not None:
            error = self.servos.write(row, address, data)
            return self.servos.error_byte(row, error)
        powered_before = self.board.servo_power
        error = self.board.write(address, data)
        if self.board.servo_power != powered_before:
            # Either way the servos lose their RAM.
            self.restart(range(len(self.servos.ids)))
        return error

    def answers(self, device_id: int, needed_level: int) -> bool:
        """Whether the device's status return level lets it answer."""
        row = self.servos.row(device_id)
        if row is None:
            return self.board.status_return_level >= needed_level
        return bool(self.servos.column("status_return_level")[row] >= needed_level)

    def return_delay_s(self, device_id: int) -> float:
        """Pause a device makes before it answers."""
        row = self.servos.row(device_id)
        code = (
            self.board.return_delay_code
            if row is None
            else int(self.servos.column("return_delay_time")[row])
        )
        return code * RETURN_DELAY_UNIT_S

    def damage(self, device_id: int, answer: bytes) -> bytes:
        """Flip a bit near the end of the answer if a fault asks for it."""
        if device_id not in self._corrupt:
            return answer
        self._corrupt.discard(device_id)
        return answer[:-3] + bytes((answer[-3] ^ _FLIPPED_BIT,)) + answer[-2:]
