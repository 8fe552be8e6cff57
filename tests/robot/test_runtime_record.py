"""The real runtime on the emulated bus, recorded, and its policies asked again."""

import numpy as np
import pytest

from firmware_bridge.emulator import MemoryPort, ServoChain, SimulatedClock
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import load_player
from robot.record import schemas
from robot.record.log_reader import read_log
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.replay import replay
from robot.record.segments import SegmentConfig
from robot.runtime import Runtime, RuntimeConfig
from robot.senses import Devices
from robot.skills import SkillRequest
from tests.fakes.bodies import FirstOrderPlant
from tests.fakes.bundles import write_bundle, write_player


@pytest.fixture
def bundles(tmp_path):
    """The walk remembers: its action depends on how often it was asked."""
    folder = tmp_path / "player"
    write_player(folder)
    write_bundle(folder / "walk", "walk", memory=3)
    return folder


def recorded(folder, bundles, *, cycles, each=lambda index, runtime: None):
    clock = SimulatedClock()
    plant = FirstOrderPlant(clock)
    port = MemoryPort(ServoChain(plant, clock))
    joint_map = default_joint_map()
    files = SegmentConfig(folder=folder)
    with Recorder(RecorderConfig(files=files, inline=True)) as recorder:
        runtime = Runtime(
            devices=Devices(
                bus=ServoBus(port, joint_map.servo_ids),
                board=OpenCrBoard(port),
                joint_map=joint_map,
            ),
            player=load_player(bundles, bundles),
            identity=Identity(team=1),
            links=Links(),
            config=RuntimeConfig(stand_move_s=0.4),
            clock=clock,
            record=recorder.cycle,
        )
        with runtime:
            runtime.start()
            for index in range(cycles):
                clock.advance(0.008)
                each(index, runtime)
                runtime.cycle(clock.now())
    return read_log(folder)


def test_a_run_replays_bit_for_bit_through_the_bundle_it_ran(tmp_path, bundles):
    log = recorded(tmp_path / "log", bundles, cycles=500)
    player = load_player(bundles, bundles)
    found = replay(log, player.policies)
    # 4 s, of which more than 2.5 are played at 40 Hz.
    assert found.compared["walk"] > 100
    assert found.skipped == 0
    assert found.identical


def test_skills_that_take_turns_replay_each_from_their_start(tmp_path, bundles):
    def orders(index, runtime):
        if index == 300:
            runtime.order = SkillRequest(kind="kick")
        if index == 320:
            runtime.order = SkillRequest(kind="walk", forward_m_s=0.1)

    log = recorded(tmp_path / "log", bundles, cycles=500, each=orders)
    starts = [m.skill for m in log.topic(schemas.POLICY_TOPIC) if m.step == 0]
    assert starts[0] == starts[-1] == "walk"
    assert "kick" in starts
    player = load_player(bundles, bundles)
    found = replay(log, player.policies)
    assert found.identical
    assert set(found.compared) == {"walk", "kick"}


def test_the_log_tells_modes_times_and_every_servos_slow_items(tmp_path, bundles):
    log = recorded(tmp_path / "log", bundles, cycles=200)
    modes = log.column(schemas.CYCLE_TOPIC, "mode")
    assert list(dict.fromkeys(modes.tolist())) == ["armed", "playing"]
    times = log.column(schemas.CYCLE_TOPIC, "time_s")
    assert np.diff(times) == pytest.approx(np.full(199, 0.008))
    heard = {message.joint for message in log.topic(schemas.SERVO_TOPIC)}
    assert heard == set(log.joints)
    lines = [message.message for message in log.topic(schemas.LOG_TOPIC)]
    assert "mode playing (was armed)" in lines
