"""A policy with a camera, from its bundle over the running robot to the replay."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.camera.eyes import Eyes
from robot.camera.undistort import Undistorter
from robot.camera.v4l2 import C920_NOMINAL
from robot.camera.virtual import FrameTiming, VirtualCamera
from robot.contracts.camera import pinhole
from robot.contracts.errors import ContractError
from robot.contracts.policy import read_spec, write_spec
from robot.faults import RuntimeFault
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import load_player
from robot.policy import load_bundle
from robot.record.log_reader import read_log
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.replay import replay
from robot.record.segments import SegmentConfig
from robot.runtime import Runtime, RuntimeConfig
from robot.senses import Devices
from tests.fakes.bodies import FirstOrderPlant
from tests.fakes.bundles import write_bundle, write_player
from tests.fakes.seeing import CAMERA, brightness_network, write_seeing_walk

GRAY = 51  # of 255: a brightness of 0.2


def test_the_action_is_what_the_picture_makes_it(tmp_path):
    write_seeing_walk(tmp_path)
    policy = load_bundle(tmp_path)
    image = np.full((30, 40, 3), GRAY, dtype=np.uint8)
    action, _ = policy.act(np.zeros(9, np.float32), policy.initial_state(), image)
    assert action == pytest.approx(np.full(18, 0.2))


def test_a_camera_survives_the_spec_file(tmp_path):
    write_seeing_walk(tmp_path)
    assert read_spec(tmp_path / "spec.json").camera == CAMERA


def test_a_network_that_sees_other_pictures_is_refused(tmp_path):
    write_seeing_walk(tmp_path)
    onnx.save(brightness_network(width_px=20), str(tmp_path / "policy.onnx"))
    with pytest.raises(
        ContractError, match=r"input image: expected uint8 \(1, 30, 40, 3\)"
    ):
        load_bundle(tmp_path)


def test_a_policy_cannot_be_trained_with_a_bent_lens(tmp_path):
    spec = write_seeing_walk(tmp_path)
    bent = replace(CAMERA, distortion="fisheye", coefficients=(0.1, 0.0, 0.0, 0.0))
    with pytest.raises(ContractError, match=r"camera\.distortion: expected none"):
        write_spec(tmp_path / "spec.json", replace(spec, camera=bent))


def test_skills_that_see_differently_do_not_make_one_player(tmp_path):
    write_player(tmp_path)
    write_seeing_walk(tmp_path / "walk")
    kick = write_bundle(tmp_path / "kick", "kick")
    assert load_player(tmp_path, tmp_path).camera == CAMERA
    onnx.save(brightness_network(), str(tmp_path / "kick" / "policy.onnx"))
    other = replace(kick, camera=pinhole(40, 30, 0.9))
    write_spec(tmp_path / "kick" / "spec.json", other)
    golden = dict(np.load(tmp_path / "walk" / "golden.npz"))
    np.savez(tmp_path / "kick" / "golden.npz", **golden)
    with pytest.raises(ContractError, match="expected the same camera for all skills"):
        load_player(tmp_path, tmp_path)


def seeing_runtime(folder, clock, *, camera=None, record=lambda record: None):
    chain = ServoChain(FirstOrderPlant(clock), clock, config=ChainConfig())
    port, joint_map = MemoryPort(chain), default_joint_map()
    return Runtime(
        devices=Devices(
            bus=ServoBus(port, joint_map.servo_ids),
            board=OpenCrBoard(port),
            joint_map=joint_map,
        ),
        player=load_player(folder, folder),
        identity=Identity(team=1),
        links=Links(),
        config=RuntimeConfig(stand_move_s=0.4),
        clock=clock,
        camera=camera,
        record=record,
    )


@pytest.fixture
def folder(tmp_path):
    write_player(tmp_path)
    write_seeing_walk(tmp_path / "walk")
    return tmp_path


def test_a_player_that_sees_does_not_start_on_a_blind_robot(folder):
    runtime = seeing_runtime(folder, SimulatedClock())
    with pytest.raises(
        RuntimeFault, match="expected a camera: the player sees 40 x 30"
    ):
        runtime.start()


def test_the_robot_sees_logs_and_replays_the_same(folder, tmp_path):
    clock, records = SimulatedClock(), []
    source = VirtualCamera(
        lambda: np.full((480, 640, 3), int(60 * clock.now()), dtype=np.uint8),
        clock,
        FrameTiming(rate_hz=30, delay_s=0.03, jitter_s=0.0),
    )
    eyes = Eyes(source, Undistorter(C920_NOMINAL, CAMERA))
    recorder = Recorder(
        RecorderConfig(files=SegmentConfig(folder=tmp_path / "log"), inline=True)
    )

    def record(item):
        records.append(item)
        recorder.cycle(item)

    with seeing_runtime(folder, clock, camera=eyes, record=record) as runtime:
        runtime.start()
        for _ in range(round(3.0 / 0.008)):
            clock.advance(0.008)
            runtime.cycle(clock.now())
    recorder.close()
    steps = [(r.time_s, r.policy) for r in records if r.policy and r.policy_step]
    shown = [int(step.image[0, 0, 0]) for _, step in steps]
    # A picture is asked for every 8 ms cycle, so drawn up to 8 ms after its shutter; it
    # comes 30 ms after it and is the newest for 33 ms more, to the next cycle. Its
    # shade tells its time to 1/60 s.
    ages = [
        time_s - shade / 60 for (time_s, _), shade in zip(steps, shown, strict=True)
    ]
    assert len(steps) > 40
    assert min(ages[2:]) > 0.030 - 0.008
    assert max(ages[2:]) < 0.030 + 1 / 30 + 0.008 + 1 / 60
    assert len(set(shown)) > 20
    answered = [float(step.action[0]) for _, step in steps]
    assert answered == pytest.approx([shade / 255 for shade in shown])
    log = read_log(tmp_path / "log")
    found = replay(log, {"walk": load_bundle(folder / "walk")})
    assert found.identical
    assert found.compared["walk"] == len(steps)
    blind = write_bundle(tmp_path / "blind")
    assert blind.camera is None
    with pytest.raises(RuntimeFault, match="image of 3600 bytes"):
        replay(log, {"walk": load_bundle(tmp_path / "blind")})
