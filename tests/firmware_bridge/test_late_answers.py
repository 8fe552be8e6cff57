"""An answer that comes after its reader gave up is not the next question's answer."""

import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    KinematicPlant,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.servo_bus import ServoBus

IDS = range(1, 21)


LATE_MS = 12.0
"""Later than any patience within a cycle, sooner than a USB adapter's 16 ms."""


class LatePort(MemoryPort):
    """Each look at the line takes 1 ms; it can stop for `LATE_MS`, as a busy adapter.

    What is asked meanwhile is answered behind what was asked before.
    """

    late = False

    def __init__(self, chain):
        super().__init__(chain)
        self._now_ms = self._end_ms = 0.0
        self._held = b""
        self._arrives_ms = 0.0

    def writePort(self, packet):
        size = super().writePort(packet)
        if self.late:
            self.late = False
            self._arrives_ms = self._now_ms + LATE_MS
        if self._now_ms < self._arrives_ms:
            self._held, self._answer = self._held + self._answer, b""
        return size

    def readPort(self, length):
        self._now_ms += 1.0
        if self._held and self._now_ms >= self._arrives_ms:
            self._answer, self._held = self._held + self._answer, b""
        return super().readPort(length)

    def setPacketTimeout(self, packet_length):
        self._end_ms = self._now_ms + 4.0

    def setPacketTimeoutMillis(self, msec):
        self._end_ms = self._now_ms + msec

    def isPacketTimeout(self):
        return self._now_ms > self._end_ms

    def getCurrentTime(self):
        return self._now_ms


@pytest.fixture
def port():
    clock = SimulatedClock()
    config = ChainConfig(servo_power=True)
    return LatePort(ServoChain(KinematicPlant(clock), clock, config=config))


def test_group_read(port):
    bus = ServoBus(port, IDS)
    port.late = True
    assert bus.read_all("operating_mode") == {}
    # As delivered: position control is mode 3, the return delay 1 unit of 2 us.
    assert set(bus.read_all("return_delay_time").values()) == {1}
    assert set(bus.read_all("operating_mode").values()) == {3}


def test_single_read(port):
    bus = ServoBus(port, IDS)
    port.late = True
    # Asked again after the first attempt gave up; the late answer is of another kind.
    assert bus.read(7, "return_delay_time") == 1
    assert bus.read(7, "operating_mode") == 3
