"""`op3-soccer robot ...` as typed, on the virtual robot in lock-step."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from cli.main import main
from cli.robot import ROBOT
from cli.robot_report import COLOURS, Lights
from firmware_bridge.errors import BusError
from robot.modes import Mode
from robot.record.log_reader import read_log
from robot.stop import UdpStop

ROOT = Path(__file__).parents[2]
SCRIPTED = str(ROOT / "policies" / "scripted")
VIRTUAL = ("--virtual", "--lock-step")
BOTH_WAYS = ("sent", "received")
SHORT = ("--imu-seconds", "0.4", "--cycles", "30")


def robot(action, *arguments):
    return main(["robot", action, *arguments])


def checked(capsys, *faults):
    """Exit code and findings by `topic: item` of a check with faults injected."""
    options = [part for fault in faults for part in ("--fault", fault)]
    code = robot("check", *VIRTUAL, *SHORT, "--json", *options)
    rows = json.loads(capsys.readouterr().out)["findings"]
    return code, {f"{row['topic']}: {row['item']}": row for row in rows}


def test_a_sound_robot_is_fit_to_run(capsys):
    code, rows = checked(capsys)
    assert code == 0
    assert {name for name, row in rows.items() if row["verdict"] == "warning"} == {
        "joints: zero offsets"
    }
    assert rows["servos: answers"]["found"] == "20"
    assert rows["EEPROM: return_delay_time"]["expected"] == "at most 1"
    assert rows["camera: frame rate"]["verdict"] == "skipped"


@pytest.mark.parametrize(
    ("fault", "row", "found"),
    [
        ("silent:14", "servos: answers", "19; silent: l_knee (14)"),
        (
            "eeprom:5:return_delay_time=250",
            "EEPROM: return_delay_time",
            "r_el (5): 250",
        ),
        ("eeprom:7:homing_offset=-30", "EEPROM: homing_offset", "r_hip_yaw (7): -30"),
        ("eeprom:5:shutdown=48", "EEPROM: shutdown", "r_el (5): 48"),
        ("error:3:overload", "servos: hardware errors", "r_sho_roll (3): overload"),
        ("hot:4:72", "servos: temperature", "l_sho_roll (4): 72 degC"),
        ("supply:9.2", "board: battery", "9.2 V"),
        # The board is watched from 0.5 s on: 0.1 s in steps of 8 ms are 13 answers.
        ("silent:200@0.6", "board: answers", "13 of 50"),
    ],
)
def test_each_fault_is_found_where_it_is_and_says_what_to_do(capsys, fault, row, found):
    code, rows = checked(capsys, fault)
    assert code == 1
    assert rows[row]["verdict"] == "fault"
    assert rows[row]["found"] == found
    assert rows[row]["remedy"]


def test_a_gyro_that_turns_a_robot_at_rest_is_a_fault(capsys):
    code, rows = checked(capsys, "gyro-bias:0.1")
    assert code == 1
    # 2 degrees, the tilt that policies are trained with, over the filter's 3 s.
    assert rows["IMU: gyro bias at rest"]["expected"] == "at most 0.012 rad/s per axis"
    found = rows["IMU: gyro bias at rest"]["found"].removesuffix(" rad/s").split()
    assert [float(value) for value in found] == pytest.approx([0.1] * 3, abs=0.01)


def test_servos_that_refuse_fast_reads_are_worth_a_warning_only(capsys):
    code, rows = checked(capsys, "no-fast-read")
    assert code == 0
    assert rows["timing: fast sync read"]["verdict"] == "warning"


def test_all_faults_are_found_in_one_check(capsys):
    _, rows = checked(capsys, "silent:14", "supply:9.2", "eeprom:5:pwm_limit=100")
    assert {"servos: answers", "board: battery", "EEPROM: pwm_limit"} <= {
        name for name, row in rows.items() if row["verdict"] == "fault"
    }


def test_the_table_names_every_row_for_people(capsys):
    assert robot("check", *VIRTUAL, *SHORT) == 0
    shown = capsys.readouterr().out
    assert "EEPROM: shutdown" in shown
    assert shown.rstrip().endswith("fit to run")


def test_setup_writes_what_differs_and_restore_takes_it_back(tmp_path, capsys):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    wrong = ("--fault", "eeprom:5:return_delay_time=250")
    assert robot("setup", *VIRTUAL, *wrong, "--yes", "--dump", str(before)) == 0
    assert "written and read back: 1 registers" in capsys.readouterr().out
    dumped = json.loads(before.read_text())["servos"]
    assert [s["registers"]["return_delay_time"] for s in dumped[3:6]] == [1, 250, 1]

    # A fresh robot, sound, is brought to what the file holds.
    restore = ("--restore", str(before), "--yes", "--dump", str(after))
    assert robot("setup", *VIRTUAL, *restore) == 0
    shown = capsys.readouterr().out
    assert "r_el (5)" in shown
    assert "250" in shown


def test_setup_of_a_sound_robot_writes_nothing(capsys):
    assert robot("setup", *VIRTUAL) == 0
    assert "nothing to write" in capsys.readouterr().out


def test_setup_without_a_terminal_or_yes_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115
    assert robot("setup", *VIRTUAL, "--fault", "eeprom:5:pwm_limit=100") == 2
    assert "add --yes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_setup_never_replaces_an_older_dump(tmp_path, capsys):
    dump = tmp_path / "dump.json"
    dump.write_text("precious")
    fault = ("--fault", "eeprom:5:pwm_limit=100")
    assert robot("setup", *VIRTUAL, *fault, "--yes", "--dump", str(dump)) == 2
    assert dump.read_text() == "precious"
    assert "name another" in capsys.readouterr().err


def test_a_pose_is_reached_and_the_robot_is_limp_afterwards(capsys):
    assert robot("pose", "sit", *VIRTUAL, "--hold", "0.5", *stop_port()) == 0
    shown = capsys.readouterr().out
    assert "moving: " in shown
    assert "holding: 0.5 s" in shown
    assert shown.rstrip().endswith("torque is off")


def test_a_servo_that_falls_silent_during_a_pose_ends_it(capsys):
    fault = ("--fault", "silent:14@2")
    assert robot("pose", "zero", *VIRTUAL, *fault, *stop_port()) == 2
    assert "none from l_knee for 31 cycles" in capsys.readouterr().err


def test_a_run_stands_walks_and_ends_limp(capsys):
    arguments = ("--seconds", "4.5", "--walk", "0.1", "0", "0", *stop_port())
    assert robot("run", SCRIPTED, *VIRTUAL, *arguments) == 0
    shown = capsys.readouterr().out
    for state in ("ready", "armed", "playing, skill walk", "damped"):
        assert state in shown
    assert "stopped: 4.5 s are over" in shown
    assert shown.rstrip().endswith("torque is off")


def test_a_run_with_a_log_leaves_one_behind(tmp_path, capsys):
    folder = tmp_path / "log"
    arguments = ("--seconds", "1", "--log", str(folder), *stop_port())
    assert robot("run", SCRIPTED, *VIRTUAL, *arguments) == 0
    assert [path.suffix for path in folder.iterdir()] == [".mcap"]


def test_raw_packets_are_logged_on_request(tmp_path):
    folder = tmp_path / "log"
    arguments = ("--seconds", "1", "--log", str(folder), "--log-packets", *stop_port())
    assert robot("run", SCRIPTED, *VIRTUAL, *arguments) == 0
    packets = read_log(folder).topic("/robot/packet")
    frames = {d: [p.data for p in packets if p.direction == d] for d in BOTH_WAYS}
    # Instructions of the bus: 0x8A, fast sync read; its answer is a status, 0x55.
    assert any(frame[7] == 0x8A for frame in frames["sent"])
    assert any(frame[7] == 0x55 for frame in frames["received"])
    assert all(f.startswith(b"\xff\xff\xfd\x00") for f in frames["sent"])


def test_a_fault_in_a_run_is_told_and_has_its_own_exit_code(capsys):
    fault = ("--fault", "silent:14@2")
    arguments = ("--seconds", "5", *stop_port())
    assert robot("run", SCRIPTED, *VIRTUAL, *fault, *arguments) == 1
    assert "stopped by a fault: servo silent" in capsys.readouterr().out


def test_torque_goes_off_over_the_bus_without_a_running_program(capsys):
    assert robot("stop", "--bus", *VIRTUAL) == 0
    assert capsys.readouterr().out.rstrip().endswith("torque is off")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--port", "/dev/ttyUSB0", "--virtual"), "expected one of them, found both"),
        (("--fault", "brown-out"), "--fault: expected with --virtual only"),
        (("--lock-step",), "--lock-step: expected with --virtual only"),
        (("--port", "/dev/no-such-port"), "expected a serial device, found none"),
        (("--virtual", "--joint-map", "none.json"), "expected a joint map, found no"),
        (("--virtual", "--servos", "none.json"), "expected a servo calibration, found"),
    ],
)
def test_options_that_cannot_work_are_explained(arguments, told, capsys):
    assert robot("check", *arguments) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_fault_nobody_knows_is_answered_with_the_forms_known(capsys):
    with pytest.raises(SystemExit) as stopped:
        robot("check", "--virtual", "--fault", "silent:knee")
    assert stopped.value.code == 2
    assert "silent:ID[@S]" in capsys.readouterr().err


def test_a_virtual_robot_without_the_simulator_names_the_extra():
    program = (
        "import sys, importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'mujoco' else found(name)\n"
        "from cli.main import main\n"
        "sys.exit(main(['robot', 'check', '--virtual']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "expected the package mujoco, found none; pip install '.[match]'" in (
        done.stderr
    )


def test_commands_of_the_robot_extra_import_no_desktop_library():
    modules = [each.module for each in ROBOT.commands.values() if each.extra == "robot"]
    assert "cli.robot_run" in modules
    program = (
        "import sys, importlib\n"
        "sys.modules.update(dict.fromkeys(('jax', 'mujoco', 'matplotlib', 'cv2')))\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def stop_port():
    """A port of its own: other tests run robots on this computer, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return ("--stop-port", str(probe.getsockname()[1]))


def test_a_stop_message_reaches_the_robot_it_is_meant_for(capsys):
    with (
        UdpStop(team=1, player=1, port=0) as first,
        UdpStop(team=2, player=1, port=0) as second,
    ):
        for ours in (first, second):
            assert robot("stop", "--stop-port", str(ours.port), "--team", "2") == 0
        assert first.requested() is None
        assert second.requested() == "stop message from 127.0.0.1"


def test_a_stop_message_to_nowhere_is_an_error(capsys):
    assert robot("stop", "--host", "no-such-host.invalid") == 2
    assert "expected to reach no-such-host.invalid" in capsys.readouterr().err


class Lamp:
    """A board that only has a light; it may be out of order."""

    def __init__(self, *, works=True):
        self.shown = []
        self.asked = 0
        self.works = works

    def set_rgb_led(self, red, green, blue):
        self.asked += 1
        if not self.works:
            raise BusError("light", ["no answer"])
        self.shown.append((red, green, blue))


def test_the_light_changes_with_the_mode_only():
    lamp = Lamp()
    lights = Lights(lamp)
    for mode in ("ready", "ready", "playing", "playing", "fault"):
        lights.show(mode)
    assert lamp.shown == [(0, 0, 31), (0, 31, 0), (31, 0, 0)]


def test_a_light_out_of_order_stops_nobody():
    lamp = Lamp(works=False)
    Lights(lamp).show("playing")
    assert (lamp.asked, lamp.shown) == (1, [])


def test_every_mode_has_a_colour_of_its_own():
    assert set(COLOURS) == set(get_args(Mode))
    assert len(set(COLOURS.values())) == len(COLOURS)
