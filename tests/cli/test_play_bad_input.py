"""Bad input to `op3-soccer play`: one clear error, torque off, the record kept."""

import json
import re
import shutil
import socket
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from firmware_bridge.emulator import ChainConfig, Fault, FaultKind, FaultPlan
from robot.contracts.policy import write_spec
from robot.joint_map import JointMap, JointMapEntry, default_joint_map
from robot.policy import OnnxPolicy, write_golden
from sim.robot_model import model_hash
from tests.cli.conftest import SHIPPED
from tests.fakes.bundles import small_spec

NAN_AFTER_STEPS = 40


@pytest.fixture
def complaint(capsys):
    """The command's error text; there must be exactly one, and no traceback."""

    def read():
        text = capsys.readouterr().err
        assert text.count("error:") == 1
        assert "Traceback" not in text
        return text

    return read


def edit_spec(folder, **changes):
    path = folder / "spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# Before the match


def test_a_missing_bundle_is_named_with_a_remedy(stadium, complaint, tmp_path):
    assert stadium.play(home=tmp_path / "nowhere") == 2
    text = complaint()
    assert str(tmp_path / "nowhere") in text
    assert "expected a folder with spec.json" in text
    assert "found no such folder; give e.g. policies/walk" in text
    assert not stadium.out.exists()


def test_faults_of_both_sides_come_in_one_error(stadium, complaint, tmp_path):
    assert stadium.play(home=tmp_path / "one", away=tmp_path / "two") == 2
    text = complaint()
    assert re.search(r"- home: .*one: expected a folder", text)
    assert re.search(r"- away: .*two: expected a folder", text)


def test_a_bundle_of_another_version_is_refused(stadium, complaint, bundle):
    # A later format may also have fields that this one does not know.
    edit_spec(bundle, version=2, a_new_field=1)
    assert stadium.play(away=bundle) == 2
    assert (
        "version: expected 1, found 2; export the policy again with this release"
        in complaint()
    )


def test_a_bundle_that_acts_otherwise_than_its_golden_is_refused(
    stadium, complaint, bundle
):
    with np.load(bundle / "golden.npz") as golden:
        observation, action = golden["observation"], golden["action"].copy()
    action[2, 5] += 0.01
    np.savez(bundle / "golden.npz", observation=observation, action=action)
    assert stadium.play(home=bundle) == 2
    text = complaint()
    joint = json.loads((bundle / "spec.json").read_text())["action"]["joints"][5]
    assert re.search(rf"expected action \S+ at step 2 for joint {joint}, found", text)
    assert f"(1 of {action.size} values differ by more than 0.0001)" in text
    assert "export the bundle again" in text


def test_a_damaged_golden_is_refused(stadium, complaint, bundle):
    whole = (bundle / "golden.npz").read_bytes()
    (bundle / "golden.npz").write_bytes(whole[: len(whole) // 2])
    assert stadium.play(home=bundle) == 2
    assert "golden.npz" in complaint()


def test_a_bundle_for_another_robot_model_is_refused(stadium, complaint, bundle):
    edit_spec(bundle, robot_model_sha256="0" * 64)
    assert stadium.play(home=bundle) == 2
    text = complaint()
    assert (
        f"home: walk: expected robot model {model_hash()[:12]}, found 000000000000"
        in text
    )
    assert "make the bundle again for this model" in text


def test_a_bundle_that_moves_an_unknown_joint_is_refused(stadium, complaint, bundle):
    spec = json.loads((bundle / "spec.json").read_text())
    spec["action"]["joints"][0] = "r_shoulder"
    edit_spec(bundle, action=spec["action"])
    assert stadium.play(home=bundle) == 2
    assert re.search(
        "action joint 'r_shoulder': expected one of r_sho_pitch", complaint()
    )


def test_a_walk_in_the_place_of_a_getup_is_refused(stadium, complaint, tmp_path):
    team = tmp_path / "team"
    shutil.copytree(SHIPPED / "walk", team / "getup")
    assert stadium.play(home=team) == 2
    assert "expected a bundle of role 'getup', found 'walk'" in complaint()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--seconds", "0"], "expected seconds > 0, found 0"),
        (["--seconds", "soon"], "expected seconds > 0, found soon"),
        (["--seconds", "nan"], "expected seconds > 0, found nan"),
        (["--seed", "-1"], "expected a whole number from 0 up, found -1"),
        (["--port-offset", "-1"], "expected a whole number from 0 up, found -1"),
        (["--port-offset", "70000"], "expected 0 to 55281, found 70000"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(stadium, capsys, arguments, found):
    with pytest.raises(SystemExit) as exit_code:
        stadium.play(*arguments)
    assert exit_code.value.code == 2
    assert found in capsys.readouterr().err


def test_an_output_folder_that_is_a_file_is_refused(stadium, complaint, tmp_path):
    stadium.out = tmp_path / "file"
    stadium.out.write_text("")
    assert stadium.play() == 2
    assert "choose a folder that can be written" in complaint()
    assert stadium.torque() == {0}


@pytest.mark.parametrize("which", ["control", "status", "tracker"])
def test_a_taken_port_is_named_and_an_earlier_record_survives(
    stadium, complaint, ports, which
):
    stadium.out.mkdir()
    (stadium.out / "match.mcap").write_bytes(b"an earlier match")
    number = getattr(ports, which)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", number))
        assert stadium.play() == 2
    text = complaint()
    assert f"expected UDP port {number}" in text
    assert "or choose another port" in text
    assert stadium.torque() <= {0}
    assert (stadium.out / "match.mcap").read_bytes() == b"an earlier match"
    assert not (stadium.out / "match.json").exists()


def test_a_wrong_joint_map_is_found_before_torque(stadium, complaint):
    entries = default_joint_map().entries
    wrong = JointMap((*entries[:-1], JointMapEntry(joint="head_tilt", servo_id=42)))
    stadium.changes["joint_maps"] = {"away": wrong}
    assert stadium.play() == 2
    text = complaint()
    assert "away robot: servo missing: expected every servo of the joint map" in text
    assert "42" in text
    assert "correct the joint map" in text
    assert stadium.torque() == {0}
    assert stadium.driven() == {0.0}
    assert not stadium.messages()


# During the match


def write_bundle_that_fails_late(folder):
    """Stands, then says NaN: the square root of what is left of its steps."""
    spec = replace(small_spec(memory=1), robot_model_sha256=model_hash())
    width = len(spec.action.joints)
    weight = np.zeros((spec.observation.size, width), dtype=np.float32)
    constants = {
        "weight": weight,
        "zero": np.float32([0]),
        "one": np.float32([1]),
        "limit": np.float32([NAN_AFTER_STEPS]),
    }
    nodes = [
        helper.make_node("MatMul", ["observation", "weight"], ["still"]),
        helper.make_node("Sub", ["limit", "state_0"], ["left"]),
        helper.make_node("Sqrt", ["left"], ["root"]),
        helper.make_node("Mul", ["root", "zero"], ["zero_or_nan"]),
        helper.make_node("Add", ["still", "zero_or_nan"], ["action"]),
        helper.make_node("Add", ["state_0", "one"], ["next_state_0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "late",
        [_tensor("observation", (1, spec.observation.size)), _tensor("state_0", (1,))],
        [_tensor("action", (1, width)), _tensor("next_state_0", (1,))],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    folder.mkdir()
    onnx.save(model, str(folder / "policy.onnx"))
    write_spec(folder / "spec.json", spec)
    (folder / "CARD.md").write_text("A test's policy.\n")
    policy = OnnxPolicy(folder / "policy.onnx", spec)
    seen = np.zeros((5, spec.observation.size), dtype=np.float32)
    write_golden(folder / "golden.npz", policy, seen)


def _tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def assert_limp_and_recorded(stadium, *, at_s, stopped_by):
    """Both robots are limp; record, figures and report go as far as the match."""
    assert stadium.torque() == {0}
    assert stadium.driven() == {0.0}
    messages = stadium.messages()
    times = [time_s for rows in messages.values() for time_s, _ in rows]
    assert max(times) == pytest.approx(at_s, abs=0.05)
    assert {"/referee/decision", "/robot/1/cycle", "/robot/2/cycle"} <= set(messages)
    found = stadium.figures()["facts"]["stopped by"]
    assert stopped_by in found
    report = (stadium.out / "report.html").read_text()
    assert stopped_by in report
    assert "match.mp4" not in report
    assert not (stadium.out / "match.mp4").exists()


def test_nan_from_a_policy_ends_the_match_with_both_robots_limp(
    stadium, complaint, tmp_path
):
    write_bundle_that_fails_late(tmp_path / "late")
    stadium.out.mkdir()
    (stadium.out / "match.mp4").write_bytes(b"an earlier match")
    assert stadium.play(home=tmp_path / "late") == 2
    text = complaint()
    assert "home robot: policy output not finite: expected a finite target" in text
    assert "found nan for r_sho_pitch" in text
    assert "export the policy again" in text
    # Torque on in the second cycle, 3 s to the stand, 40 steps of 25 ms, and 1.5 s in
    # which the robot sinks: about 5.6 s.
    assert stadium.match.time_s == pytest.approx(5.6, abs=0.2)
    assert_limp_and_recorded(
        stadium, at_s=stadium.match.time_s, stopped_by="policy output not finite"
    )
    time_s, last = stadium.messages()["/robot/1/cycle"][-1]
    assert last["mode"] == "fault"
    assert time_s == pytest.approx(stadium.match.time_s)
    assert np.isfinite(last["target_rad"]).all()
    assert stadium.messages()["/robot/2/cycle"][-1][1]["mode"] == "playing"


def test_a_servo_that_stops_answering_ends_the_match_with_both_robots_limp(
    stadium, complaint
):
    silence = Fault(kind=FaultKind.SILENCE, at_s=3.6, device_id=14)
    stadium.changes["chains"] = {
        "away": ChainConfig(faults=FaultPlan(faults=(silence,)))
    }
    assert stadium.play() == 2
    text = complaint()
    assert "away robot: servo silent: expected an answer from every servo" in text
    assert "found none from l_knee" in text
    assert "check the cable" in text
    assert_limp_and_recorded(
        stadium, at_s=stadium.match.time_s, stopped_by="servo silent"
    )
    # The servo that does not hear "torque off" has lost its power instead.
    notes = stadium.match.robots["away"].runtime.limp_notes
    assert notes[-1] == "servos 14 did not confirm: servo power cut"
    # 30 silent cycles of 8 ms are tolerated: 3.6 s + 0.24 s.
    assert stadium.match.time_s == pytest.approx(3.84, abs=0.02)


# Ctrl-C


def test_ctrl_c_leaves_limp_robots_and_the_record(stadium, wall_clock, capsys):
    torque_before = set()

    def interrupt():
        if stadium.match.time_s >= 3.5:
            torque_before.update(stadium.torque())
            raise KeyboardInterrupt

    wall_clock.on_sleep = interrupt
    assert stadium.play("--realtime") == 130
    assert torque_before == {1}
    assert_limp_and_recorded(stadium, at_s=3.5, stopped_by="Ctrl-C")
    printed = capsys.readouterr()
    assert "stopped" in printed.err
    assert "Traceback" not in printed.err
    assert str(stadium.out / "match.mcap") in printed.out


def test_ctrl_c_in_the_first_cycle_leaves_a_report_too(stadium, wall_clock):
    def interrupt():
        raise KeyboardInterrupt

    wall_clock.on_sleep = interrupt
    assert stadium.play("--realtime") == 130
    assert stadium.torque() == {0}
    assert stadium.figures()["facts"]["stopped by"] == "Ctrl-C"
    assert (stadium.out / "report.html").exists()
    assert list(stadium.messages()) == ["/match/setup", "/match/observation"]
