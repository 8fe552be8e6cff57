"""Dynamixel Protocol 2.0 frames: encode, decode, and a parser that survives garbage.

`FF FF FD 00 | id | length u16 | instruction | parameters | CRC16`. The CRC has the
polynomial 0x8005, starts at 0 and covers everything before it. `FF FF FD` inside
instruction and parameters gets a stuffed `FD`. A status frame has instruction 0x55 and
its error byte as first parameter. Source: ROBOTIS e-manual, Protocol 2.0.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

HEADER = b"\xff\xff\xfd\x00"
BROADCAST_ID = 0xFE
MAX_ID = 252
MAX_LENGTH = 1024
"""Largest length field taken for real, as in the SDK (RXPACKET_MAX_LEN)."""
ALERT_BIT = 0x80
"""Of a status frame's error byte: a fault is recorded in register 70."""
_STUFFABLE, _STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"
_LENGTH_END = 7
_OVERHEAD = 10


class Instruction(IntEnum):
    """Instruction codes of Protocol 2.0."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    FACTORY_RESET = 0x06
    REBOOT = 0x08
    CLEAR = 0x10
    STATUS = 0x55
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    FAST_SYNC_READ = 0x8A
    BULK_READ = 0x92
    BULK_WRITE = 0x93
    FAST_BULK_READ = 0x9A


class StatusError(IntEnum):
    """Low seven bits of a status frame's error byte."""

    NONE = 0
    RESULT_FAIL = 1
    INSTRUCTION = 2
    CRC = 3
    DATA_RANGE = 4
    DATA_LENGTH = 5
    DATA_LIMIT = 6
    ACCESS = 7


def status_error_name(error: int) -> str:
    """What the low seven bits of an error byte say, e.g. "data range"."""
    code = error & ~ALERT_BIT
    try:
        return StatusError(code).name.lower().replace("_", " ")
    except ValueError:
        return f"undocumented error {code}"


def _crc_entry(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
    return crc & 0xFFFF


_CRC_TABLE = tuple(_crc_entry(byte) for byte in range(256))


def crc16(data: bytes, crc: int = 0) -> int:
    """CRC of `data`, continued from `crc`."""
    table = _CRC_TABLE
    for byte in data:
        crc = ((crc & 0xFF) << 8) ^ table[(crc >> 8) ^ byte]
    return crc


def encode(packet_id: int, instruction: int, parameters: bytes = b"") -> bytes:
    """One frame, stuffed and with CRC."""
    body = bytes((instruction,)) + parameters
    if _STUFFABLE in body:
        body = body.replace(_STUFFABLE, _STUFFED)
    length = len(body) + 2
    frame = HEADER + bytes((packet_id, length & 0xFF, length >> 8)) + body
    return frame + crc16(frame).to_bytes(2, "little")


def encode_status(packet_id: int, error: int, data: bytes = b"") -> bytes:
    """A device's answer."""
    return encode(packet_id, Instruction.STATUS, bytes((error,)) + data)


def status_size(data_size: int) -> int:
    """Bytes of a status frame with `data_size` data bytes, without stuffing."""
    return _OVERHEAD + 1 + data_size


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        packet_id: sender or addressee.
        instruction: code, see `Instruction`.
        parameters: without stuffing.
        intact: whether the CRC matched; if not, no other field can be trusted.
    """

    packet_id: int
    instruction: int
    parameters: bytes
    intact: bool = True

    @property
    def error(self) -> int:
        """Error byte of a status frame."""
        return self.parameters[0]

    @property
    def data(self) -> bytes:
        """Data of a status frame."""
        return self.parameters[1:]


def decode(frame: bytes) -> Frame:
    """Decode one whole frame, from header to CRC."""
    crc = frame[-2] | frame[-1] << 8
    body = frame[_LENGTH_END + 1 : -2]
    intact = crc16(frame[:-2]) == crc
    if _STUFFABLE in body:
        # A sender stuffs every one of them, so a bare one is another frame's start.
        intact = intact and body.count(_STUFFABLE) == body.count(_STUFFED)
        body = body.replace(_STUFFED, _STUFFABLE)
    return Frame(frame[4], frame[_LENGTH_END], body, intact)


class StreamParser:
    """Cuts a byte stream into frames; skips what is not one.

    A frame with a wrong CRC is reported as not intact, and the search for the next
    header goes on right behind its own header, so a damaged length field costs nothing
    that follows once enough bytes are there.
    """

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`, in order."""
        buffer = self._pending + data if self._pending else bytes(data)
        frames = []
        start = 0
        while True:
            start = buffer.find(HEADER, start)
            if start < 0:
                # The tail may be the beginning of a header.
                self._pending = buffer[-3:]
                return frames
            if len(buffer) - start < _LENGTH_END:
                break
            length = buffer[start + 5] | buffer[start + 6] << 8
            if not 3 <= length <= MAX_LENGTH:
                start += 3
                continue
            end = start + _LENGTH_END + length
            if len(buffer) < end:
                break
            frame = decode(buffer[start:end])
            inner = buffer.find(HEADER, start + len(HEADER), end + len(HEADER) - 1)
            if inner >= 0:
                # Cut short, and the next frame fills its place: a CRC of 16 bits lets
                # one in 65536 of those pass.
                frame = replace(frame, intact=False)
            frames.append(frame)
            start = end if frame.intact else start + 3
        self._pending = buffer[start:]
        return frames

    def reset(self) -> None:
        """Forget an unfinished frame."""
        self._pending = b""
