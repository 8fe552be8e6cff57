"""Device behaviour of the emulated chain, seen through the bus."""

import numpy as np
import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    FaultPlan,
    KinematicPlant,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.errors import BusError
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.packet import Instruction, StreamParser, encode
from firmware_bridge.servo_bus import ServoBus


def ask(bench, servo_id, instruction, parameters=b""):
    """The one answer to one instruction."""
    raw = bench.chain.handle(encode(servo_id, instruction, parameters))
    (frame,) = StreamParser().feed(raw)
    return frame


def write(bench, servo_id, address, data):
    span = address.to_bytes(2, "little")
    return ask(bench, servo_id, Instruction.WRITE, span + data).error


def test_eeprom_is_locked_while_torque_is_on(bench):
    assert write(bench, 1, 9, b"\x05") == 0
    assert write(bench, 1, 64, b"\x01") == 0
    assert write(bench, 1, 9, b"\x06") == 7  # access error
    assert bench.bus.read(1, "return_delay_time") == 5
    assert write(bench, 1, 64, b"\x00") == 0
    assert write(bench, 1, 9, b"\x06") == 0


@pytest.mark.parametrize(
    ("address", "data", "error"),
    [
        (116, (4096).to_bytes(4, "little"), 4),  # beyond max position limit 4095
        (64, b"\x02", 4),  # torque is 0 or 1
        (11, b"\x01", 4),  # velocity mode is not emulated
        (116, b"\x00\x08", 5),  # half a register
        (132, b"\x00\x00\x00\x00", 7),  # read-only
        (60, b"\x00", 7),  # nothing there
    ],
)
def test_wrong_writes_get_the_manuals_error_code(bench, address, data, error):
    assert write(bench, 1, address, data) == error


def test_goal_outside_the_position_limits_is_ignored_in_a_sync_write(bench):
    bench.bus.write(3, "max_position_limit", 2100)
    bench.bus.write_goals(np.full(20, 0.5))
    # 0.5 rad = 325.9 -> tick 2048 + 326 = 2374
    assert bench.bus.read(2, "goal_position") == 2374
    assert bench.bus.read(3, "goal_position") == 2048


def test_watchdog_trips_after_its_time_and_makes_goals_read_only(bench):
    bench.bus.set_torque(True)
    bench.bus.write_all("bus_watchdog", 5)  # 5 * 20 ms = 100 ms
    bench.bus.write_goals(np.full(20, 1.0))
    bench.clock.advance(0.099)
    assert bench.bus.read(1, "bus_watchdog") == 5
    bench.clock.advance(0.101)
    bench.chain.update()
    # 0.2 s at 4.5 rad/s: stopped at 0.9 rad instead of the goal 1.0.
    bench.clock.advance(1.0)
    assert bench.bus.read(1, "bus_watchdog") == -1
    assert bench.bus.read_joints().position_rad[0] == pytest.approx(0.9, abs=0.001)
    assert write(bench, 1, 116, (2048).to_bytes(4, "little")) == 4
    bench.bus.write_all("bus_watchdog", 0)
    assert write(bench, 1, 116, (2048).to_bytes(4, "little")) == 0


def test_watchdog_rests_while_torque_is_off(bench):
    bench.bus.write_all("bus_watchdog", 1)
    bench.clock.advance(10)
    assert bench.bus.read(1, "bus_watchdog") == 1


def test_reboot_forgets_ram_and_keeps_eeprom(bench):
    bench.bus.write(6, "return_delay_time", 7)
    bench.bus.write(6, "position_p_gain", 300)
    bench.bus.set_torque(True)
    bench.bus.reboot(6)
    assert bench.bus.read(6, "return_delay_time") == 7
    assert bench.bus.read(6, "position_p_gain") == 800
    assert bench.bus.read(6, "torque_enable") == 0
    assert bench.bus.read(5, "torque_enable") == 1


def test_servo_is_silent_while_it_boots():
    clock = SimulatedClock()
    config = ChainConfig(servo_power=True, boot_time_s=0.3)
    chain = ServoChain(KinematicPlant(clock), clock, config=config)
    bus = ServoBus(MemoryPort(chain), range(1, 21))
    bus.reboot(2)
    assert not bus.read_joints().answered[1]
    clock.advance(0.31)
    assert bus.read(2, "torque_enable") == 0


def test_servos_are_silent_until_the_board_gives_power():
    clock = SimulatedClock()
    chain = ServoChain(KinematicPlant(clock), clock)
    port = MemoryPort(chain)
    bus, board = ServoBus(port, range(1, 21)), OpenCrBoard(port)
    with pytest.raises(BusError, match="OpenCR dynamixel_power"):
        bus.ping_all()
    board.set_servo_power(True)
    assert len(bus.ping_all()) == 20


def test_registered_write_waits_for_action(bench):
    parameters = (116).to_bytes(2, "little") + (2300).to_bytes(4, "little")
    assert ask(bench, 1, Instruction.REG_WRITE, parameters).error == 0
    assert bench.bus.read(1, "goal_position") == 2048
    assert bench.bus.read(1, "registered_instruction") == 1
    assert ask(bench, 1, Instruction.ACTION).error == 0
    assert bench.bus.read(1, "goal_position") == 2300


def test_indirect_data_reads_and_writes_the_registers_it_points_at(bench):
    # Data 1-4 -> goal position 116..119; data 5, 6 -> P gain 84, 85.
    for index, target in enumerate((116, 117, 118, 119, 84, 85)):
        bench.bus.write(1, f"indirect_address_{1 + index}", target)
    data = (2222).to_bytes(4, "little") + (500).to_bytes(2, "little")
    assert write(bench, 1, 224, data) == 0
    assert bench.bus.read(1, "goal_position") == 2222
    assert bench.bus.read(1, "position_p_gain") == 500
    answer = ask(bench, 1, Instruction.READ, bytes((224, 0, 6, 0)))
    assert answer.data == data


@pytest.mark.parametrize(("level", "answers"), [(0, (1, 0, 0)), (1, (1, 1, 0))])
def test_status_return_level_mutes_answers(bench, level, answers):
    bench.bus.write_all("status_return_level", level)
    frames = (
        encode(1, Instruction.PING),
        encode(1, Instruction.READ, bytes((64, 0, 1, 0))),
        encode(1, Instruction.WRITE, bytes((65, 0, 1))),
    )
    found = tuple(int(bool(bench.chain.handle(frame))) for frame in frames)
    assert found == answers


def test_bus_time_is_that_of_the_bytes_and_the_return_delay(bench):
    # 2 Mbit/s, 10 bits per byte: 5 us. Fast read of 10 B of 20 servos: request 34 B,
    # answer 8 + 20 * 14 = 288 B, one return delay of 2 us: 322 * 5 + 2 = 1612 us.
    before = bench.chain.bus_time_s
    bench.bus.read_joints()
    assert bench.chain.bus_time_s - before == pytest.approx(1612e-6)
    # Plain: 34 + 20 * 21 = 454 B and 20 return delays: 2270 + 40 = 2310 us.
    bench.inject(FaultKind.REFUSE_FAST)
    request = encode(0xFE, Instruction.SYNC_READ, bytes((126, 0, 10, 0, *range(1, 21))))
    before = bench.chain.bus_time_s
    bench.chain.handle(request)
    assert bench.chain.bus_time_s - before == pytest.approx(2310e-6)


def test_frozen_imu_repeats_itself(bench):
    class TurningPlant(KinematicPlant):
        def imu(self):
            return np.array([0, 0, bench.clock.now()]), np.array([0, 0, 9.81])

    chain = ServoChain(TurningPlant(bench.clock), bench.clock)
    board = OpenCrBoard(MemoryPort(chain))
    bench.clock.advance(1.0)
    assert board.read().gyro_rad_s[2] == pytest.approx(1.0, abs=0.001)
    chain.inject(Fault(kind=FaultKind.FREEZE_IMU))
    bench.clock.advance(1.0)
    assert board.read().gyro_rad_s[2] == pytest.approx(1.0, abs=0.001)
    chain.inject(Fault(kind=FaultKind.THAW_IMU))
    assert board.read().gyro_rad_s[2] == pytest.approx(2.0, abs=0.001)


def test_brown_out_takes_the_torque_of_all(bench):
    bench.bus.set_torque(True)
    bench.inject(FaultKind.BROWN_OUT)
    assert bench.bus.read_all("torque_enable") == dict.fromkeys(range(1, 21), 0)


def test_planned_fault_happens_at_its_time():
    clock = SimulatedClock()
    fault = Fault(kind=FaultKind.SILENCE, at_s=0.5, device_id=11)
    config = ChainConfig(servo_power=True, faults=FaultPlan(faults=(fault,)))
    chain = ServoChain(KinematicPlant(clock), clock, config=config)
    bus = ServoBus(MemoryPort(chain), range(1, 21))
    clock.advance(0.49)
    assert bus.read_joints().answered.all()
    clock.advance(0.01)
    assert not bus.read_joints().answered[10]


def test_fault_of_an_unknown_device_is_refused(bench):
    with pytest.raises(ValueError, match="found 21"):
        bench.inject(FaultKind.SILENCE, 21)


def test_damaged_instruction_is_ignored(bench):
    frame = bytearray(encode(1, Instruction.PING))
    frame[-1] ^= 1
    assert bench.chain.handle(bytes(frame)) == b""


def test_instruction_in_pieces_is_answered_when_complete(bench):
    frame = encode(1, Instruction.PING)
    assert bench.chain.handle(frame[:5]) == b""
    assert bench.chain.handle(frame[5:]) != b""


def test_homing_offset_shifts_what_the_bus_sees_and_not_the_joint(bench):
    bench.bus.write(1, "homing_offset", 100)
    assert bench.bus.read(1, "present_position") == 2148
