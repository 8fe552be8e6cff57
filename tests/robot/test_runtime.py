"""The onboard runtime on the emulated bus, in simulated time."""

import math
import socket
import time
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    FaultPlan,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.contracts.game_control import (
    GameControl,
    GameState,
    Penalty,
    PlayerInfo,
    TeamColour,
    TeamInfo,
    decode_status,
    encode_control,
)
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.tracker import TrackedRobot, TrackerFrame, encode_tracker
from robot.faults import RuntimeFault
from robot.joint_map import JointMap, default_joint_map
from robot.network import Links, StatusSender, game_receiver, tracker_receiver
from robot.player import load_player
from robot.real_time import run
from robot.runtime import Runtime, RuntimeConfig
from robot.senses import Devices
from robot.skills import SkillRequest
from tests.fakes.bodies import FirstOrderPlant
from tests.fakes.bundles import write_player

STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
QUIET = RuntimeConfig(stand_move_s=0.4)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("player")
    write_player(folder)
    return folder


class Rig:
    """A runtime, the emulated robot behind it, and simulated time."""

    def __init__(
        self,
        bundles,
        *,
        joint_map=None,
        links=None,
        faults=(),
        runtime=QUIET,
        **chain,
    ):
        self.clock = SimulatedClock()
        self.plant = FirstOrderPlant(self.clock)
        config = ChainConfig(faults=FaultPlan(faults=tuple(faults)), **chain)
        self.chain = ServoChain(self.plant, self.clock, config=config)
        port = MemoryPort(self.chain)
        joint_map = joint_map or default_joint_map()
        self.bus = ServoBus(port, joint_map.servo_ids)
        self.records = []
        self.player = load_player(bundles, bundles)
        self.runtime = Runtime(
            devices=Devices(bus=self.bus, board=OpenCrBoard(port), joint_map=joint_map),
            player=self.player,
            identity=Identity(team=1),
            links=links or Links(),
            config=runtime,
            clock=self.clock,
            record=self.records.append,
        )

    def cycles(self, seconds):
        for _ in range(round(seconds / 0.008)):
            self.clock.advance(0.008)
            self.runtime.cycle(self.clock.now())

    def until_playing(self):
        self.runtime.start()
        self.cycles(1.1)
        assert self.runtime.mode == "playing"
        return self

    def fails(self, seconds):
        """Cycle until the fault; the torque must be off then."""
        with pytest.raises(RuntimeFault) as caught:
            self.cycles(seconds)
        assert not self.plant.torque_on.any()
        assert self.runtime.mode == "fault"
        (fault,) = caught.value.faults
        assert self.runtime.fault is fault
        return fault


def test_the_robot_powers_up_moves_slowly_to_the_stand_and_plays(bundles):
    rig = Rig(bundles)
    with rig.runtime as runtime:
        runtime.start()
        assert runtime.mode == "ready"
        assert not rig.plant.torque_on.any()
        rig.cycles(0.2)
        assert runtime.mode == "armed"
        assert rig.plant.torque_on.all()
        # Half of the move is still to come: the knee is between 0 and 1.2 rad.
        assert 0.1 < rig.plant.position_rad[13] < 1.1
        rig.cycles(0.8)
        assert runtime.mode == "playing"
        assert rig.plant.position_rad == pytest.approx(STAND, abs=0.1)
    assert runtime.mode == "off"
    assert not rig.plant.torque_on.any()
    assert runtime.limp_notes == ()


def test_the_slow_move_keeps_its_speed_limit(bundles):
    rig = Rig(bundles).until_playing()
    sent = [
        record.verdict.targets_rad
        for record in rig.records
        if record.mode == "armed" and record.verdict
    ]
    # From zero to 1.2 rad in 0.4 s: the arming limit of 1.5 rad/s holds.
    fastest = np.abs(np.diff(sent, axis=0)).max()
    assert fastest <= 1.5 * 0.008 + 1e-9
    assert fastest > 0.9 * 1.5 * 0.008


def test_policies_are_asked_forty_times_a_second(bundles):
    rig = Rig(bundles).until_playing()
    rig.records.clear()
    rig.cycles(2.0)
    asked = sum(record.policy_step for record in rig.records)
    assert len(rig.records) == 250
    assert asked == pytest.approx(80, abs=1)


def test_a_robot_that_hears_no_referee_stands_still(bundles):
    rig = Rig(bundles).until_playing()
    rig.cycles(0.5)
    assert rig.runtime.brain.request.kind == "stand"


def test_a_servo_that_stops_answering_stops_the_robot(bundles):
    silence = Fault(kind=FaultKind.SILENCE, at_s=1.2, device_id=14)
    rig = Rig(bundles, faults=[silence]).until_playing()
    fault = rig.fails(2.0)
    assert fault.reason == "servo silent"
    assert "l_knee" in fault.found
    # What does not confirm torque off loses its power.
    assert rig.runtime.limp_notes[-1] == ("servos 14 did not confirm: servo power cut")


def test_a_short_silence_is_survived(bundles):
    faults = [
        Fault(kind=FaultKind.SILENCE, at_s=1.2, device_id=14),
        Fault(kind=FaultKind.ANSWER, at_s=1.3, device_id=14),
    ]
    rig = Rig(bundles, faults=faults).until_playing()
    rig.cycles(1.0)
    assert rig.runtime.mode == "playing"
    assert not all(record.sensors.fresh.all() for record in rig.records)
    assert all(np.isfinite(r.sensors.position_rad).all() for r in rig.records)


def test_nan_from_a_policy_stops_the_robot(bundles):
    rig = Rig(bundles).until_playing()

    def broken(observation, state):
        return np.full(18, np.nan, dtype=np.float32), state

    rig.player.walk.act = broken
    rig.cycles(0.1)
    assert rig.runtime.mode == "damped"
    fault = rig.fails(2.0)
    assert fault.reason == "policy output not finite"
    assert "r_sho_pitch" in fault.found
    assert np.isfinite(rig.records[-1].verdict.targets_rad).all()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_any_exception_inside_a_cycle_switches_torque_off(bundles, error):
    rig = Rig(bundles).until_playing()

    def raising(observation, state):
        raise error

    rig.player.walk.act = raising
    with pytest.raises(error):
        rig.cycles(0.1)
    assert not rig.plant.torque_on.any()
    assert rig.runtime.mode == "fault"


def test_an_interrupt_between_cycles_switches_torque_off(bundles):
    rig = Rig(bundles).until_playing()
    with pytest.raises(KeyboardInterrupt), rig.runtime:
        raise KeyboardInterrupt
    assert not rig.plant.torque_on.any()


def test_a_hardware_error_is_named(bundles):
    overload = Fault(kind=FaultKind.HARDWARE_ERROR, at_s=1.2, device_id=14, bits=1 << 5)
    fault = Rig(bundles, faults=[overload]).until_playing().fails(2.0)
    assert fault.reason == "servo hardware error"
    assert "l_knee overload" in fault.found


def test_an_empty_battery_stops_the_robot(bundles):
    rig = Rig(bundles).until_playing()
    rig.plant.voltage_v = 9.2
    fault = rig.fails(3.0)
    assert (fault.reason, fault.expected) == ("battery low", "at least 9.5 V")


def test_a_silent_sensor_board_stops_the_robot(bundles):
    silence = Fault(kind=FaultKind.SILENCE, at_s=1.2, device_id=200)
    fault = Rig(bundles, faults=[silence]).until_playing().fails(2.5)
    assert fault.reason == "sensor board silent"


def test_a_dead_computer_leaves_the_servos_to_their_watchdogs(bundles):
    rig = Rig(bundles).until_playing()
    rig.clock.advance(0.2)  # no cycle for 200 ms, twice the watchdog's time
    rig.chain.update()
    assert set(rig.bus.read_all("bus_watchdog").values()) == {-1}


def test_a_missing_servo_is_found_before_torque(bundles):
    entries = default_joint_map().entries
    wrong = JointMap((*entries[:-1], type(entries[0])(joint="head_tilt", servo_id=42)))
    rig = Rig(bundles, joint_map=wrong)
    with pytest.raises(RuntimeFault, match="servo 42"):
        rig.runtime.start()
    assert not rig.plant.torque_on.any()


def test_a_wrong_model_at_an_id_is_a_wrong_joint_map(bundles):
    entries = default_joint_map().entries
    wrong = JointMap(
        (
            *entries[:-1],
            type(entries[0])(joint="head_tilt", servo_id=20, model_number=1120),
        )
    )
    with pytest.raises(RuntimeFault) as caught:
        Rig(bundles, joint_map=wrong).runtime.start()
    (fault,) = caught.value.faults
    assert fault.reason == "wrong joint map"
    assert fault.found == (
        "head_tilt: expected model 1120 at servo id 20, found model 1020"
    )


def test_a_slow_servo_setting_is_refused_for_every_servo_at_once(bundles):
    rig = Rig(bundles, return_delay_code=250)
    with pytest.raises(RuntimeFault) as caught:
        rig.runtime.start()
    assert len(caught.value.faults) == 20
    assert str(caught.value.faults[13]) == (
        "wrong servo register: expected return_delay_time 1 of l_knee (servo 14), "
        "found 250; write return_delay_time = 1 with torque off"
    )


def test_the_policys_gains_are_written(bundles):
    rig = Rig(bundles)
    rig.bus.write_all("position_p_gain", 100)
    rig.runtime.start()
    assert set(rig.bus.read_all("position_p_gain").values()) == {800}


def test_a_cycle_before_the_start_is_refused(bundles):
    with pytest.raises(ValueError, match="expected a started robot, found mode off"):
        Rig(bundles).runtime.cycle(0.0)


def test_a_robot_on_its_face_gets_up_when_the_game_is_on(bundles):
    game, tracker = game_receiver(0), tracker_receiver(0)
    rig = Rig(bundles, links=Links(game=game, tracker=tracker)).until_playing()
    rig.plant.gravity = np.array([1.0, 0.0, 0.0])
    for _ in range(6):
        # Without a packet for 2 s no game would be on.
        tell(game, control(GameState.PLAYING))
        rig.cycles(1.0)
    assert rig.runtime.posture == "front"
    assert rig.runtime.brain.loop.skill == "getup"
    game.close()
    tracker.close()


def test_an_order_overrules_the_tactics_until_it_is_taken_back(bundles):
    rig = Rig(bundles).until_playing()
    rig.runtime.order = SkillRequest(kind="kick")
    rig.cycles(0.05)
    assert rig.runtime.brain.loop.skill == "kick"
    rig.runtime.order = None
    # The small kick commits to 0.4 s; without a referee the tactics ask to stand.
    rig.cycles(0.5)
    assert rig.runtime.brain.loop.skill == "walk"
    assert rig.runtime.brain.request.kind == "stand"


def test_the_robot_moves_to_another_ready_pose_where_one_is_set(bundles):
    # Elbows stand at 0.5 and -0.5 rad: servos 5 and 6.
    bent = replace(QUIET, ready_rad=(*STAND[:4], 0.1, -0.1, *STAND[6:]))
    rig = Rig(bundles, runtime=bent).until_playing()
    armed = [record for record in rig.records if record.mode == "armed"]
    assert armed[-1].verdict.targets_rad[4:6] == pytest.approx([0.1, -0.1], abs=0.01)
    first = next(record for record in rig.records if record.mode == "playing")
    assert first.skill == "walk"


def test_the_robot_obeys_referee_and_tracker_and_reports_back(bundles):
    game, tracker = game_receiver(0), tracker_receiver(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as referee:
        referee.bind(("127.0.0.1", 0))
        referee.settimeout(1.0)
        status = StatusSender("127.0.0.1", referee.getsockname()[1])
        links = Links(game=game, tracker=tracker, status=status)
        rig = Rig(bundles, links=links).until_playing()
        # Team 1 defends the right goal here, so it attacks toward -x: robot at
        # (1, 0) facing -x sees the ball at (0, 0) one metre ahead.
        robot = TrackedRobot(team=1, player=1, x_m=1.0, y_m=0.0, yaw_rad=math.pi)
        seen = TrackerFrame(time_s=0.0, ball_xy_m=(0.0, 0.0), robots=(robot,))
        tell(game, control(GameState.PLAYING))
        tell(tracker, encode_tracker(seen))
        rig.cycles(0.1)
        assert rig.runtime.brain.request.kind == "walk"
        assert rig.runtime.brain.request.forward_m_s > 0.2
        tell(game, control(GameState.PLAYING, penalty=Penalty.PUSHING))
        tell(tracker, encode_tracker(seen))
        rig.cycles(0.1)
        assert rig.runtime.brain.request.kind == "stand"
        rig.cycles(1.2)
        referee.recv(100)  # the first report, before anything was heard
        report = decode_status(referee.recv(100))
        links.close()
    assert report.team == 1
    assert report.ball_age_s > 0


def control(state, penalty=Penalty.NONE):
    teams = tuple(
        TeamInfo(
            team_number=number,
            field_player_colour=TeamColour.BLUE,
            goalkeeper_colour=TeamColour.BLUE,
            players=(PlayerInfo(penalty=penalty),) * 20,
        )
        for number in (2, 1)
    )
    return encode_control(
        GameControl(
            packet_number=1,
            players_per_team=1,
            state=state,
            kicking_team=1,
            secs_remaining=600,
            teams=teams,
        )
    )


def tell(receiver, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, ("127.0.0.1", receiver.port))
    time.sleep(0.005)


class SteppedClock:
    """Real time's interface on the rig's clock; `slow_s` is added to each sleep."""

    def __init__(self, clock, slow_at=(), slow_s=0.0):
        self._clock = clock
        self._sleeps = 0
        self._slow_at = slow_at
        self._slow_s = slow_s

    def now(self):
        return self._clock.now()

    def sleep_until(self, time_s):
        self._sleeps += 1
        late = self._slow_s if self._sleeps in self._slow_at else 0.0
        ahead = max(0.0, time_s - self._clock.now())
        self._clock.advance(ahead + late)


def test_the_real_time_loop_skips_missed_deadlines_and_ends_limp(bundles):
    rig = Rig(bundles)
    clock = SteppedClock(rig.clock, slow_at=(50,), slow_s=0.02)
    timing = run(rig.runtime, clock, lambda: len(rig.records) >= 200)
    assert timing.cycles == 200
    # 20 ms late at 8 ms per cycle: the next deadlines, 8 and 16 ms on, have passed.
    assert timing.missed == 2
    assert timing.latest_s == pytest.approx(0.02)
    assert rig.runtime.mode == "off"
    assert not rig.plant.torque_on.any()
