"""The joint answer to a fast sync read or fast bulk read.

One status frame with id 0xFE; behind the instruction byte follows one block per
device: `error | id | data | CRC16`. Each CRC is the running value over the frame up to
that point, so the last one is the frame's. The length field is sent by the first
device before the others speak, hence there is no byte stuffing in these frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.packet import BROADCAST_ID, HEADER, Instruction, crc16

PREFIX_SIZE = 8
"""Bytes before the first block."""
BLOCK_OVERHEAD = 4
"""Error, id and CRC bytes of a block."""


def fast_answer_size(data_sizes: Sequence[int]) -> int:
    """Bytes of the whole answer for these data sizes, one per device."""
    return PREFIX_SIZE + sum(data_sizes) + BLOCK_OVERHEAD * len(data_sizes)


def fast_prefix(data_sizes: Sequence[int]) -> bytes:
    """Header, id, length and instruction the first device sends."""
    length = fast_answer_size(data_sizes) - 7
    return HEADER + bytes(
        (BROADCAST_ID, length & 0xFF, length >> 8, Instruction.STATUS)
    )


def encode_fast(heads: Sequence[bytes], datas: Sequence[bytes]) -> list[bytes]:
    """Prefix and blocks of a complete answer, to be joined.

    Args:
        heads: error byte and id byte of each device.
        datas: data of each device.
    """
    prefix = fast_prefix([len(data) for data in datas])
    parts = [prefix]
    crc = crc16(prefix)
    for head, data in zip(heads, datas, strict=True):
        block = head + data
        crc = crc16(block, crc)
        check = crc.to_bytes(2, "little")
        crc = crc16(check, crc)
        parts.append(block + check)
    return parts


@dataclass(frozen=True, slots=True)
class FastAnswer:
    """What could be trusted of a fast answer.

    Attributes:
        intact: number of leading blocks whose CRC and id are right.
        damaged: whether the block after those arrived, but wrong.
    """

    intact: int
    damaged: bool


def check_fast(data: bytes, ids: Sequence[int], data_size: int) -> FastAnswer:
    """Verify a fast sync read answer block by block.

    Args:
        data: received bytes, possibly cut short.
        ids: devices asked, in order.
        data_size: bytes asked of each.
    """
    prefix = fast_prefix([data_size] * len(ids))
    if not data.startswith(prefix):
        return FastAnswer(0, len(data) >= PREFIX_SIZE)
    crc = crc16(prefix)
    start = PREFIX_SIZE
    for index, device_id in enumerate(ids):
        end = start + 2 + data_size
        if len(data) < end + 2:
            return FastAnswer(index, False)
        crc = crc16(data[start:end], crc)
        expected = crc.to_bytes(2, "little")
        if data[end : end + 2] != expected or data[start + 1] != device_id:
            return FastAnswer(index, True)
        crc = crc16(expected, crc)
        start = end + 2
    return FastAnswer(len(ids), False)
