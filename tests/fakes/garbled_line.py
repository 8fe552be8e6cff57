"""Answers of servos, damaged on their way in every manner a line can damage them.

Flipped bits stay within what a CRC of 16 bits with polynomial 0x8005 detects for
certain: up to three anywhere (Hamming distance 4), or any number within 16 neighbours
before the CRC. Beyond that one in 65536 passes any receiver. So it does where a burst
reaches from the data into the CRC: Protocol 2.0 sends the CRC's low byte first, which
tears the burst in two, and what arrives is the right frame of other data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firmware_bridge.group_read import GroupAnswer, GroupReader
from firmware_bridge.link import Link
from firmware_bridge.packet import HEADER, encode_status
from firmware_bridge.port import BusPort

IDS = (3, 4, 5)
SIZE = 10
CRC_SIZE = 2
STUFFED = b"\xff\xff\xfd"


class ScriptedPort:
    """A port on which the next answer was decided beforehand; no time passes."""

    def __init__(self) -> None:
        self.is_using = False
        self.answer = b""
        self._left = b""

    def clearPort(self) -> None:
        self._left = b""

    def readPort(self, length: int) -> bytes:
        taken, self._left = self._left[:length], self._left[length:]
        return taken

    def writePort(self, packet: bytes) -> int:
        self._left = self.answer
        return len(packet)

    def getPortName(self) -> str:
        return "scripted"

    def getBaudRate(self) -> int:
        return 2_000_000

    def setPacketTimeout(self, packet_length: int) -> None:
        """Nothing to wait for."""

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """Nothing to wait for."""

    def isPacketTimeout(self) -> bool:
        return not self._left

    def getCurrentTime(self) -> float:
        return 0.0

    def closePort(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, kw_only=True)
class DamageResult:
    """What came of many damaged answers.

    Attributes:
        tried: damaged answers, each of one servo among three.
        wrong_values: data accepted that no servo sent.
        lost: good answers beside a damaged one that were not read in that exchange.
        unread_good: good answers that were not read in the exchange after it.
    """

    tried: int
    wrong_values: int
    lost: int
    unread_good: int


Random = np.random.Generator


def _flip_bits(frame: bytes, random: Random) -> bytes:
    bits = random.choice(8 * len(frame), int(random.integers(1, 4)), replace=False)
    return _flipped(frame, bits)


def _burst(frame: bytes, random: Random) -> bytes:
    start = int(random.integers(0, 8 * (len(frame) - CRC_SIZE) - 16 + 1))
    pattern = np.nonzero(random.integers(0, 2, 16))[0]
    return _flipped(frame, start + (pattern if pattern.size else np.array([0])))


def _flipped(frame: bytes, bits: np.ndarray) -> bytes:
    damaged = bytearray(frame)
    for bit in bits.tolist():
        # In the order of the wire's CRC: the highest bit of a byte first.
        damaged[bit // 8] ^= 0x80 >> bit % 8
    return bytes(damaged)


def _cut_short(frame: bytes, random: Random) -> bytes:
    return frame[: int(random.integers(0, len(frame)))]


def _doubled(frame: bytes, random: Random) -> bytes:
    return frame * int(random.integers(2, 4))


def _led_by_noise(frame: bytes, random: Random) -> bytes:
    noise = random.integers(0, 256, int(random.integers(1, 30)), dtype=np.uint8)
    return noise.tobytes().replace(HEADER, b"") + frame


def _left_unstuffed(frame: bytes, random: Random) -> bytes:
    """As of a sender that forgets the stuffing: header bytes in the middle of data."""
    return frame.replace(STUFFED + b"\xfd", STUFFED, 1)


DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "one to three flipped bits": _flip_bits,
    "a burst within 16 bits before the CRC": _burst,
    "cut short": _cut_short,
    "sent two or three times": _doubled,
    "noise before it": _led_by_noise,
    "stuffing left out": _left_unstuffed,
}


def try_damage(damage: str, count: int, seed: int) -> DamageResult:
    """Damage `count` answers, each followed by an exchange with good ones.

    Args:
        damage: one of `DAMAGES`.
        count: exchanges.
        seed: of data and damage.
    """
    random = np.random.default_rng(seed)
    port = ScriptedPort()
    typed: BusPort = port
    reader = GroupReader(Link(typed), 126, SIZE)
    wrong = lost = unread = 0
    for _ in range(count):
        sent = {i: _data(random) for i in IDS}
        frames = {i: encode_status(i, 0, data) for i, data in sent.items()}
        hit = int(random.choice(IDS))
        damaged = DAMAGES[damage](frames[hit], random)
        frames_sent = {**frames, hit: damaged}
        found = _ask(reader, port, b"".join(frames_sent.values()))
        wrong += sum(sent[i] != data for i, data in found.items())
        lost += sum(i not in found for i in IDS if i != hit)
        after = _ask(reader, port, b"".join(frames.values()))
        unread += sum(after.get(i) != sent[i] for i in IDS)
    return DamageResult(tried=count, wrong_values=wrong, lost=lost, unread_good=unread)


def _data(random: Random) -> bytes:
    """Random data; half of it needs stuffing."""
    data = random.integers(0, 256, SIZE, dtype=np.uint8).tobytes()
    if random.integers(2):
        at = int(random.integers(0, SIZE - len(STUFFED)))
        data = data[:at] + STUFFED + data[at + len(STUFFED) :]
    return data


def _ask(reader: GroupReader, port: ScriptedPort, answer: bytes) -> dict[int, bytes]:
    port.answer = answer
    found = GroupAnswer()
    reader.plain("damaged answers", IDS, found)
    return found.data
