"""The bus budget of one cycle, and the slow items that share it."""

import pytest

from firmware_bridge.bus_types import BusConfig
from firmware_bridge.emulator import Fault, FaultKind, MemoryPort
from firmware_bridge.errors import BusError
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from firmware_bridge.slow_items import ServoStatus, map_to_block
from firmware_bridge.wire_time import cycle_bytes

COOL = ServoStatus(
    torque_on=False,
    watchdog_units=0,
    voltage_v=pytest.approx(11.1),
    temperature_c=35,
)


class CountingPort(MemoryPort):
    """Counts what goes over the wire."""

    def __init__(self, chain):
        super().__init__(chain)
        self.bytes = 0
        self.requests = 0

    def writePort(self, packet):
        before = self.getBytesAvailable()
        written = super().writePort(packet)
        self.bytes += written + self.getBytesAvailable() - before
        self.requests += 1
        return written


@pytest.mark.parametrize(
    ("fast", "joint_answer", "total", "wire_ms"),
    [
        # Sync write 10 + 4 + 20 * 5 = 114, request 10 + 4 + 20 = 34, answers 20 * 21;
        # bulk read 10 + 2 * 5 = 20, answers (11 + 14) + (11 + 6) = 42. 5 us a byte, and
        # 2 us of return delay for each that answers by itself.
        (False, 420, 630, 630 * 0.005 + 21 * 0.002),
        # One frame: 8 + 20 * (10 + 4) = 288; only its first servo waits.
        (True, 288, 498, 498 * 0.005 + 2 * 0.002),
    ],
)
def test_a_whole_cycle_fits_into_3_2_ms(fast, joint_answer, total, wire_ms):
    found = cycle_bytes(20, fast=fast)
    assert (found.goal_write, found.joint_request) == (114, 34)
    assert found.joint_answer == joint_answer
    assert (found.side_request, found.side_answer) == (20, 42)
    assert found.total == total
    wire_s = found.wire_s(2_000_000, return_delay_code=1)
    assert wire_s == pytest.approx(wire_ms / 1000)
    assert wire_s <= 0.0032


def test_the_factory_return_delay_breaks_the_cycle():
    # 21 answers * 250 * 2 us = 10.5 ms.
    wire_s = cycle_bytes(20, fast=False).wire_s(2_000_000, return_delay_code=250)
    assert wire_s > 0.008


@pytest.mark.parametrize("fast", [True, False])
def test_the_bytes_are_those_of_the_real_frames_in_three_exchanges(bench, fast):
    port = CountingPort(bench.chain)
    bus = ServoBus(port, range(1, 21), BusConfig(fast_read=fast))
    board = OpenCrBoard(port)
    map_to_block(bus)
    port.bytes = port.requests = 0
    bus.write_goals([0.0] * 20)
    bus.read_joints()
    board.read_with(7, 0.01)
    assert port.bytes == cycle_bytes(20, fast=fast).total
    assert port.requests == 3


def test_a_servos_slow_items_come_with_the_board(bench):
    assert map_to_block(bench.bus) == []
    reading, status = bench.board.read_with(7, 0.01)
    assert reading.voltage_v == pytest.approx(11.1)
    assert status == COOL
    bench.chain.inject(fault(FaultKind.TEMPERATURE, 7, temperature_c=61))
    bench.bus.write(7, "bus_watchdog", 5)
    bench.bus.write(7, "torque_enable", 1)
    _, status = bench.board.read_with(7, 0.01)
    assert status == ServoStatus(
        torque_on=True,
        watchdog_units=5,
        voltage_v=pytest.approx(11.1),
        temperature_c=61,
    )


def test_a_restarted_servos_slow_items_say_torque_off(bench):
    map_to_block(bench.bus)
    bench.bus.set_torque(True)
    bench.inject(FaultKind.REBOOT, 7)
    _, status = bench.board.read_with(7, 0.01)
    assert status is not None
    assert not status.torque_on


def test_a_silent_servo_costs_its_own_items_only(bench):
    map_to_block(bench.bus)
    bench.inject(FaultKind.SILENCE, 7)
    reading, status = bench.board.read_with(7, 0.01)
    assert status is None
    assert reading.buttons == 0
    assert bench.board.bulk_active


def test_servos_that_do_not_take_the_mapping_are_named(bench):
    bench.inject(FaultKind.SILENCE, 3)
    bench.inject(FaultKind.SILENCE, 20)
    assert map_to_block(bench.bus) == [3, 20]


def test_single_reads_take_over_where_bulk_reads_fail_and_bulk_comes_back(bench):
    map_to_block(bench.bus)
    bench.inject(FaultKind.REFUSE_BULK)
    for _ in range(3):
        assert bench.board.bulk_active
        reading, status = bench.board.read_with(7, 0.01)
        assert reading.voltage_v == pytest.approx(11.1)
        assert status is None
    assert not bench.board.bulk_active
    assert bench.board.read_with(7, 0.01)[1] == COOL
    bench.inject(FaultKind.ALLOW_BULK)
    for _ in range(124):
        bench.board.read_with(7, 0.01)
    assert bench.board.bulk_active
    assert bench.board.read_with(7, 0.01)[1] == COOL


def test_a_damaged_board_answer_is_asked_again_at_once(bench):
    map_to_block(bench.bus)
    bench.inject(FaultKind.CORRUPT_NEXT, 200)
    reading, _ = bench.board.read_with(7, 0.01)
    assert reading.voltage_v == pytest.approx(11.1)
    assert bench.board.bulk_active


def test_a_silent_board_raises_and_does_not_blame_bulk_reads(bench):
    map_to_block(bench.bus)
    bench.inject(FaultKind.SILENCE, 200)
    for _ in range(4):
        with pytest.raises(BusError, match="found silence"):
            bench.board.read_with(7, 0.01)
    assert bench.board.bulk_active


def test_write_each_gives_every_servo_its_value(bench):
    values = list(range(600, 620))
    bench.bus.write_each("goal_pwm", values)
    assert list(bench.bus.read_all("goal_pwm").values()) == values
    with pytest.raises(BusError, match="expected 20 values, found 3"):
        bench.bus.write_each("goal_pwm", [1, 2, 3])


def fault(kind, device_id, **what):
    return Fault(kind=kind, device_id=device_id, **what)
