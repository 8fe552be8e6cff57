"""The servo bus against the emulated chain: values, silence, corruption, fall-back."""

import math
import time

import numpy as np
import pytest

from firmware_bridge.bus_types import BusConfig, ServoHealth
from firmware_bridge.emulator import (
    ChainConfig,
    FaultKind,
    KinematicPlant,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.errors import BusError
from firmware_bridge.servo_bus import ServoBus

ALL_BUT_7 = [servo_id != 7 for servo_id in range(1, 21)]


class TimedPort(MemoryPort):
    """A USB adapter in simulated time: 5 us per byte and 1 ms per round trip."""

    def __init__(self, chain):
        super().__init__(chain)
        self.now_ms = 0.0
        self._deadline_ms = 0.0
        self._arrives_ms = 0.0

    def writePort(self, packet):
        written = super().writePort(packet)
        self._arrives_ms = self.now_ms + 0.005 * written + 1.0
        return written

    def readPort(self, length):
        # A blocking read wakes up every 62 bytes, one USB packet.
        ready = min(length, 62, self.getBytesAvailable())
        wakes_ms = self._arrives_ms + 0.005 * ready if ready else self._deadline_ms
        self.now_ms = max(self.now_ms, min(wakes_ms, self._deadline_ms))
        if not ready or wakes_ms > self._deadline_ms:
            return b""
        self._arrives_ms = wakes_ms
        return super().readPort(ready)

    def setPacketTimeoutMillis(self, msec):
        self._deadline_ms = self.now_ms + msec

    def isPacketTimeout(self):
        return self.now_ms >= self._deadline_ms

    def getCurrentTime(self):
        return self.now_ms


class FixedPlant(KinematicPlant):
    """Joints with fixed measurements."""

    def joints(self):
        count = np.arange(20)
        return 0.01 * count, 0.1 * count - 1, 0.05 * count - 0.5


def test_ping_tells_every_servos_model_and_firmware(bench):
    found = bench.bus.ping_all()
    assert sorted(found) == list(range(1, 21))
    assert found[20].model_number == 1020
    assert found[20].firmware_version == 45


def test_ping_lists_all_missing_servos_at_once(bench):
    bench.inject(FaultKind.SILENCE, 3)
    bench.inject(FaultKind.SILENCE, 17)
    with pytest.raises(BusError) as caught:
        bench.bus.ping_all()
    assert len(caught.value.faults) == 2
    assert caught.value.faults[0].startswith(
        "expected servo 3 to answer, found silence; check the servo power"
    )
    assert "servo 17" in caught.value.faults[1]


def test_readings_are_physical_and_signed():
    clock = SimulatedClock()
    chain = ServoChain(FixedPlant(clock), clock, config=ChainConfig(servo_power=True))
    found = ServoBus(MemoryPort(chain), range(1, 21)).read_joints()
    count = np.arange(20)
    # Half a count of each: 0.088 deg, 0.229 rpm = 0.024 rad/s, 2.69 mA.
    np.testing.assert_allclose(found.position_rad, 0.01 * count, atol=0.00077)
    np.testing.assert_allclose(found.velocity_rad_s, 0.1 * count - 1, atol=0.0121)
    np.testing.assert_allclose(found.current_a, 0.05 * count - 0.5, atol=0.00136)
    assert found.answered.all()
    assert not found.alert.any()


def test_readings_follow_the_order_of_the_servo_ids():
    clock = SimulatedClock()
    chain = ServoChain(FixedPlant(clock), clock, config=ChainConfig(servo_power=True))
    found = ServoBus(MemoryPort(chain), (20, 1)).read_joints()
    np.testing.assert_allclose(found.position_rad, [0.19, 0.0], atol=0.00077)


def test_goals_are_rounded_and_limited_and_the_answer_says_so(bench):
    goals = np.zeros(20)
    goals[0], goals[1] = 0.1, 4.0
    sent = bench.bus.write_goals(goals)
    # 0.1 rad = 65.19 ticks -> 65 * pi / 2048; 4 rad is beyond 4095 - 2048 = 2047 ticks
    assert sent[0] == pytest.approx(65 * math.pi / 2048)
    assert sent[1] == pytest.approx(2047 * math.pi / 2048)
    assert bench.bus.read(1, "goal_position") == 2048 + 65
    assert bench.bus.read(2, "goal_position") == 4095


def test_a_goal_that_is_no_number_is_never_sent(bench):
    bench.bus.write_goals(np.full(20, 0.1))
    goals = np.zeros(20)
    goals[4] = math.nan
    with pytest.raises(BusError, match="servo 5: expected a finite angle, found nan"):
        bench.bus.write_goals(goals)
    assert bench.bus.read(1, "goal_position") == 2048 + 65


def test_goals_move_joints_once_torque_is_on(bench):
    bench.bus.write_goals(np.full(20, 0.5))
    bench.clock.advance(1.0)
    assert bench.bus.read_joints().position_rad[0] == 0
    bench.bus.set_torque(True)
    bench.clock.advance(1.0)
    moved = bench.bus.read_joints().position_rad
    np.testing.assert_allclose(moved, 0.5, atol=0.00077)


def test_silent_servo_loses_no_servo_behind_it_and_nothing_old_is_published(bench):
    bench.bus.read_joints()
    bench.inject(FaultKind.SILENCE, 7)
    found = bench.bus.read_joints()
    assert found.answered.tolist() == ALL_BUT_7
    assert np.isnan(found.position_rad[6])
    assert np.isnan(found.velocity_rad_s[6])
    assert np.isfinite(found.position_rad[7:]).all()


def test_servo_that_stays_silent_is_left_out_and_found_again(bench):
    bench.inject(FaultKind.SILENCE, 7)
    for _ in range(5):
        assert bench.bus.statistics.left_out == ()
        assert bench.bus.read_joints().answered.tolist() == ALL_BUT_7
    assert bench.bus.statistics.left_out == (7,)
    assert bench.bus.statistics.fast_active
    bench.inject(FaultKind.ANSWER, 7)
    # Probed every 25 reads; read 6 to 24 leave it out.
    answered = [bench.bus.read_joints().answered[6] for _ in range(21)]
    assert answered == [False] * 19 + [True, True]
    assert bench.bus.statistics.left_out == ()


def test_silent_servo_leaves_time_in_the_cycle(bench):
    port = TimedPort(bench.chain)
    bus = ServoBus(port, range(1, 21))
    spent_ms = []
    for silent in (False, *[True] * 6):
        if silent:
            bench.inject(FaultKind.SILENCE, 7)
        began_ms = port.now_ms
        found = bus.read_joints()
        spent_ms.append(port.now_ms - began_ms)
        assert found.answered[7:].all()
    # All speak: 34 B + 1 ms + 288 B = 2.61 ms.
    assert spent_ms[0] == pytest.approx(34 * 0.005 + 1 + 288 * 0.005)
    # First silence: 34 B + 1 ms + prefix and six servos' 92 B + 1.5 ms of pause, then a
    # plain read of the 13 behind: 27 B + 1 ms + 13 * 21 B. In all 5.63 ms.
    first_ms = (34 + 92 + 27 + 13 * 21) * 0.005 + 1.5 + 2 * 1
    assert spent_ms[1] == pytest.approx(first_ms)
    # Then it is asked last: 34 B + 1 ms + (8 + 19 * 14) B + 1.5 ms = 4.04 ms.
    then_ms = (34 + 274) * 0.005 + 1 + 1.5
    assert spent_ms[2:6] == pytest.approx([then_ms] * 4)
    # Left out after five reads: 33 B + 1 ms + (8 + 19 * 14) B = 2.54 ms.
    assert spent_ms[6] == pytest.approx((33 + 274) * 0.005 + 1)


def test_servo_behind_a_dead_one_is_heard_again_at_once(bench):
    bench.inject(FaultKind.SILENCE, 3)
    bench.inject(FaultKind.SILENCE, 9)
    bench.bus.read_joints()
    bench.inject(FaultKind.ANSWER, 9)
    expected = [servo_id != 3 for servo_id in range(1, 21)]
    assert bench.bus.read_joints().answered.tolist() == expected


def test_whole_bus_silent_gives_no_reading_and_recovers(bench):
    bench.board.set_servo_power(False)
    for _ in range(10):
        assert not bench.bus.read_joints().answered.any()
    bench.board.set_servo_power(True)
    assert bench.bus.read_joints().answered.all()
    assert bench.bus.statistics.servos[1].silent == 10


def test_corrupt_answer_is_asked_again_within_the_same_read(bench):
    bench.inject(FaultKind.CORRUPT_NEXT, 9)
    assert bench.bus.read_joints().answered.all()
    ninth = bench.bus.statistics.servos[9]
    assert (ninth.answered, ninth.corrupted, ninth.silent) == (1, 1, 0)
    # Servo 9 and the 11 behind it came by the plain read.
    fallbacks = [bench.bus.statistics.servos[i].fallbacks for i in range(1, 21)]
    assert fallbacks == [0] * 8 + [1] * 12


def test_corrupt_plain_answer_is_counted_and_not_published(bench):
    bus = ServoBus(bench.port, range(1, 21), BusConfig(fast_read=False))
    bench.inject(FaultKind.CORRUPT_NEXT, 9)
    found = bus.read_joints()
    assert found.answered.tolist() == [i != 9 for i in range(1, 21)]
    assert np.isnan(found.position_rad[8])
    ninth = bus.statistics.servos[9]
    assert (ninth.answered, ninth.corrupted, ninth.silent) == (0, 1, 1)


def test_servos_without_fast_read_are_read_plainly_and_fast_is_tried_again(bench):
    config = BusConfig(fast_failures=3, fast_retry_reads=10)
    bus = ServoBus(bench.port, range(1, 21), config)
    bench.inject(FaultKind.REFUSE_FAST)
    for _ in range(3):
        assert bus.statistics.fast_active
        assert bus.read_joints().answered.all()
    for _ in range(10):
        assert not bus.statistics.fast_active
        assert bus.read_joints().answered.all()
    # The 11th read tries fast once, and falls back at its first failure.
    assert bus.read_joints().answered.all()
    assert not bus.statistics.fast_active
    assert bus.statistics.fast_failures == 4
    bench.inject(FaultKind.ALLOW_FAST)
    for _ in range(11):
        assert bus.read_joints().answered.all()
    assert bus.statistics.fast_active
    assert bus.statistics.fast_failures == 4


def test_fast_and_plain_reads_agree(bench):
    bench.bus.set_torque(True)
    bench.bus.write_goals(np.linspace(-1, 1, 20))
    bench.clock.advance(0.1)
    plain = ServoBus(bench.port, range(1, 21), BusConfig(fast_read=False))
    first, second = bench.bus.read_joints(), plain.read_joints()
    np.testing.assert_array_equal(first.position_rad, second.position_rad)
    np.testing.assert_array_equal(first.velocity_rad_s, second.velocity_rad_s)


def test_hardware_error_is_an_alert_and_can_be_read_and_rebooted_away(bench):
    bench.bus.set_torque(True)
    bench.inject(FaultKind.HARDWARE_ERROR, 5, bits=1 << 5)
    found = bench.bus.read_joints()
    assert found.alert.tolist() == [i == 5 for i in range(1, 21)]
    assert found.answered.all()
    assert bench.bus.read_health(5) == ServoHealth(
        voltage_v=pytest.approx(11.1), temperature_c=35, hardware_error=("overload",)
    )
    assert bench.bus.read(5, "torque_enable") == 0
    with pytest.raises(BusError, match=r"servo 5: expected torque_enable 1, found 0"):
        bench.bus.set_torque(True)
    bench.bus.reboot(5)
    bench.bus.set_torque(True)
    assert not bench.bus.read_joints().alert.any()


def test_torque_off_names_every_servo_it_cannot_confirm(bench):
    bench.bus.set_torque(True)
    bench.inject(FaultKind.SILENCE, 2)
    bench.inject(FaultKind.SILENCE, 20)
    with pytest.raises(BusError) as caught:
        bench.bus.set_torque(False)
    assert len(caught.value.faults) == 2
    assert "servo 20: expected torque_enable 0, found silence" in str(caught.value)
    assert bench.bus.read(3, "torque_enable") == 0


def test_refused_write_says_why(bench):
    bench.bus.set_torque(True)
    with pytest.raises(BusError, match="the device refused: access error"):
        bench.bus.write(1, "return_delay_time", 0)


def test_unanswered_write_raises(bench):
    bench.inject(FaultKind.SILENCE, 4)
    with pytest.raises(BusError, match="expected an answer in 3 attempts"):
        bench.bus.write(4, "position_p_gain", 400)


def test_write_all_reaches_all(bench):
    bench.bus.write_all("position_p_gain", 400)
    assert bench.bus.read_all("position_p_gain") == dict.fromkeys(range(1, 21), 400)


def test_repeated_servo_ids_are_refused(bench):
    with pytest.raises(BusError, match="expected distinct servo ids"):
        ServoBus(bench.port, (1, 2, 2))


def test_board_reading_is_in_the_torso_frame(bench):
    class TiltedPlant(KinematicPlant):
        def imu(self):
            return np.array([0.1, -0.2, 0.3]), np.array([1.0, 2.0, 9.0])

    chain = ServoChain(TiltedPlant(bench.clock), bench.clock)
    chain.press_buttons(0b0010)
    found = type(bench.board)(MemoryPort(chain)).read()
    # Half a count: 0.0005 rad/s and 0.0003 m/s2.
    np.testing.assert_allclose(found.gyro_rad_s, [0.1, -0.2, 0.3], atol=0.00054)
    np.testing.assert_allclose(found.acceleration_m_s2, [1.0, 2.0, 9.0], atol=0.0003)
    assert found.voltage_v == pytest.approx(11.1)
    assert found.buttons == 0b0010


def test_board_answer_that_needs_stuffing_is_read(bench):
    class StuffedPlant(KinematicPlant):
        def imu(self):
            # Board x = -1 count (FF FF), y = 253 counts (FD 00); 16.4 per deg/s.
            rate = np.radians([1 / 16.4, -253 / 16.4, 0])
            return rate, np.array([0, 0, 9.81])

    chain = ServoChain(StuffedPlant(bench.clock), bench.clock)
    found = type(bench.board)(MemoryPort(chain)).read()
    np.testing.assert_allclose(
        found.gyro_rad_s, np.radians([1 / 16.4, -253 / 16.4, 0]), atol=1e-9
    )


def test_silent_board_raises(bench):
    bench.inject(FaultKind.SILENCE, 200)
    with pytest.raises(BusError, match=r"OpenCR board \(id 200\)(.|\n)*found silence"):
        bench.board.read()


def test_damaged_board_answer_raises(bench):
    bench.inject(FaultKind.CORRUPT_NEXT, 200)
    with pytest.raises(BusError, match="a damaged one"):
        bench.board.read()


def test_led_and_colour_reach_the_board(bench):
    bench.board.set_led(0b101)
    # 1 + 2 * 32 + 3 * 1024 = 3137
    bench.board.set_rgb_led(1, 2, 3)
    with pytest.raises(BusError, match="green: expected 0 to 31, found 32"):
        bench.board.set_rgb_led(0, 32, 0)


def test_lock_step_cycle_takes_less_than_half_a_millisecond(bench):
    spent_s = []
    goals = np.zeros(20)
    for _ in range(300):
        began_s = time.perf_counter()
        bench.bus.write_goals(goals)
        bench.bus.read_joints()
        bench.board.read()
        spent_s.append(time.perf_counter() - began_s)
        bench.clock.advance(0.008)
    # The fastest tenth: what the code costs, without what else the machine does.
    assert np.quantile(spent_s, 0.1) < 0.0005
