"""The virtual robot in a process of its own, on a real pseudo-terminal."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cli.robot_faults import (
    EepromFault,
    VirtualConfig,
    VirtualFaults,
    all_faults,
    one_fault,
)
from cli.robot_link import RobotOptions, open_robot
from firmware_bridge.emulator import Fault, FaultKind
from firmware_bridge.errors import BusError
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap, JointMapEntry, default_joint_map
from sim.virtual_op3 import STAND_RAD

ROOT = Path(__file__).parents[2]


def test_a_served_robot_answers_in_real_time():
    wrong = EepromFault(servo_id=5, register="pwm_limit", value=100)
    config = VirtualConfig(faults=VirtualFaults(eeprom=(wrong,)))
    with open_robot(RobotOptions(virtual=config)) as robot:
        robot.devices.board.set_servo_power(True)
        robot.pause(0.5)
        assert sorted(robot.devices.bus.ping_all()) == list(range(1, 21))
        assert robot.devices.bus.read(5, "pwm_limit") == 100
        # Limp in the hand that holds it: upright, feeling one g.
        assert robot.devices.board.read().acceleration_m_s2[2] == pytest.approx(
            9.81, abs=0.5
        )


def test_a_served_robot_ends_with_its_owner_even_if_that_is_killed():
    program = (
        "import multiprocessing, time\n"
        "from cli.robot_link import *\n"
        "if __name__ == '__main__':\n"
        "    with open_robot(RobotOptions(virtual=VirtualConfig())) as robot:\n"
        "        (child,) = multiprocessing.active_children()\n"
        "        print(child.pid, flush=True)\n"
        "        time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    served = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    end_s = time.monotonic() + 20
    while is_alive(served) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not is_alive(served)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_robot_in_lock_step_stands_in_the_pose_it_is_given():
    options = RobotOptions(virtual=VirtualConfig(), lock_step=True)
    with open_robot(options) as robot:
        bus = robot.devices.bus
        robot.devices.board.set_servo_power(True)
        robot.pause(0.5)
        bus.write_goals(np.asarray(STAND_RAD))
        bus.set_torque(True)
        # The hand lets go after 3.5 s.
        robot.pause(5.0)
        readings = bus.read_joints()
        assert readings.position_rad == pytest.approx(STAND_RAD, abs=0.1)
        assert robot.clock.now() == pytest.approx(5.5)


def test_a_joint_map_turns_a_joint_and_moves_its_zero():
    entries = [
        JointMapEntry(joint=entry.joint, servo_id=entry.servo_id, sign=-1, zero_rad=0.2)
        if entry.joint == "head_pan"
        else entry
        for entry in default_joint_map().entries
    ]
    joint_map = JointMap(tuple(entries))
    options = RobotOptions(virtual=VirtualConfig(), lock_step=True, joint_map=joint_map)
    with open_robot(options) as robot:
        robot.devices.board.set_servo_power(True)
        robot.pause(0.5)
        servo = robot.devices.bus.read_joints().position_rad
        joints = robot.devices.joint_map.joint_positions(servo)
    pan = JOINT_NAMES.index("head_pan")
    # joint = sign * (servo - zero) = -(0 - 0.2); the servo's angle is a whole tick.
    assert servo[pan] == pytest.approx(0.0, abs=0.01)
    assert joints[pan] == pytest.approx(0.2, abs=0.01)


def test_a_port_that_a_robot_already_has_is_not_shared():
    with open_robot(RobotOptions(virtual=VirtualConfig())) as robot:
        path = os.path.realpath(robot.port.getPortName())
        with (
            pytest.raises(BusError, match="taken by another program"),
            open_robot(RobotOptions(port=path)),
        ):
            pass


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("silent:14", Fault(kind=FaultKind.SILENCE, device_id=14)),
        (
            "error:3:overload@2.5",
            # Bit 5 of the hardware error status (XM430 e-manual).
            Fault(kind=FaultKind.HARDWARE_ERROR, device_id=3, bits=32, at_s=2.5),
        ),
        (
            "hot:4:72@1",
            Fault(kind=FaultKind.TEMPERATURE, device_id=4, temperature_c=72, at_s=1.0),
        ),
        ("brown-out@4", Fault(kind=FaultKind.BROWN_OUT, at_s=4.0)),
    ],
)
def test_a_typed_fault_is_an_event_on_the_bus(text, meant):
    assert one_fault(text).events == (meant,)


def test_many_faults_are_one_robots():
    faults = all_faults(
        [one_fault(text) for text in ("supply:9.5", "silent:1", "gyro-bias:0.2")]
    )
    assert faults.supply_v == 9.5
    assert faults.gyro_bias_rad_s == pytest.approx(0.2)
    assert [event.device_id for event in faults.events] == [1]
