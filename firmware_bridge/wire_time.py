"""How long one control cycle keeps the wire busy, from the bytes of its real frames.

A byte takes ten bits (start, eight, stop). USB latency comes on top: about 1 ms per
question and answer if the adapter's latency timer is 1 ms.
"""

from dataclasses import dataclass

from firmware_bridge import opencr, slow_items
from firmware_bridge.fast_read import fast_answer_size
from firmware_bridge.joint_reader import JOINT_BYTES
from firmware_bridge.packet import BROADCAST_ID, Instruction, encode, status_size

BITS_PER_BYTE = 10
RETURN_DELAY_UNIT_S = 2e-6
_GOAL_BYTES = 4
_ADDRESS_AND_SIZE = 4
_BULK_ENTRY = 5


@dataclass(frozen=True, kw_only=True)
class CycleBytes:
    """Bytes of one cycle's frames, without byte stuffing.

    Attributes:
        goal_write: sync write of all goal positions; nobody answers.
        joint_request: sync read or fast sync read of current, velocity, position.
        joint_answer: of all servos together.
        side_request: bulk read of the board and one servo's slow items.
        side_answer: of both.
        answers: devices that wait for their return delay before they speak.
    """

    goal_write: int
    joint_request: int
    joint_answer: int
    side_request: int
    side_answer: int
    answers: int

    @property
    def total(self) -> int:
        return (
            self.goal_write
            + self.joint_request
            + self.joint_answer
            + self.side_request
            + self.side_answer
        )

    def wire_s(self, baud: int, return_delay_code: int) -> float:
        """Time on the wire.

        Args:
            baud: bits per second.
            return_delay_code: register 9 of the servos, in units of 2 us.
        """
        delays_s = self.answers * return_delay_code * RETURN_DELAY_UNIT_S
        return self.total * BITS_PER_BYTE / baud + delays_s


def cycle_bytes(servos: int, *, fast: bool) -> CycleBytes:
    """Frames of one cycle with `servos` servos, read fast or plainly."""
    joint_answer = (
        fast_answer_size([JOINT_BYTES] * servos)
        if fast
        else servos * status_size(JOINT_BYTES)
    )
    read = Instruction.FAST_SYNC_READ if fast else Instruction.SYNC_READ
    return CycleBytes(
        goal_write=_frame_size(
            Instruction.SYNC_WRITE, _ADDRESS_AND_SIZE + servos * (1 + _GOAL_BYTES)
        ),
        joint_request=_frame_size(read, _ADDRESS_AND_SIZE + servos),
        joint_answer=joint_answer,
        side_request=_frame_size(Instruction.BULK_READ, 2 * _BULK_ENTRY),
        side_answer=status_size(opencr.READ_BYTES) + status_size(slow_items.SIZE),
        # In a fast answer only the first servo waits. The board waits as set there.
        answers=(1 if fast else servos) + 1,
    )


def _frame_size(instruction: Instruction, parameters: int) -> int:
    return len(encode(BROADCAST_ID, instruction, bytes(parameters)))
