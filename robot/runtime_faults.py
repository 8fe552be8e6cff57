"""Faults that only the onboard loop itself can notice, in words."""

from dataclasses import replace

import numpy as np

from firmware_bridge.errors import BusError
from robot import reactions
from robot.contracts.camera import CameraModel
from robot.contracts.joints import JOINT_NAMES
from robot.faults import Fault
from robot.lateness import LatenessConfig
from robot.safety import Vitals
from robot.senses import Devices, Senses


def stalled(silent_s: float, watchdog_s: float) -> Fault:
    """No cycle for longer than the servos wait."""
    return Fault(
        reason=reactions.COMPUTER_STALLED,
        expected=f"a cycle at least every {watchdog_s:g} s, the servos' watchdog",
        found=f"none for {silent_s:.2f} s",
        remedy="see what else the computer was doing; give the loop real-time priority",
    )


def policy_late(config: LatenessConfig, took_s: float) -> Fault:
    """The policy does not keep up."""
    return Fault(
        reason=reactions.POLICY_LATE,
        expected=(
            f"policy steps within {1000 * config.slow_s:g} ms, at most "
            f"{config.allowed} late ones in {config.window_s:g} s"
        ),
        found=f"one more, of {1000 * took_s:.0f} ms",
        remedy="export a smaller policy, or free the processor",
    )


def no_camera(wanted: CameraModel) -> Fault:
    """A policy that sees, on a robot that does not."""
    return Fault(
        reason="no camera",
        expected=f"a camera: the player sees {wanted.width_px} x {wanted.height_px} "
        "pictures",
        found="none",
        remedy="name it, e.g. --camera /dev/video0",
    )


def fell_while_arming(posture: str) -> Fault:
    """The slow move to the stand threw the robot over."""
    return Fault(
        reason=reactions.FALL_WHILE_ARMING,
        expected="an upright robot during the slow move",
        found=f"it lies on its {posture}",
        remedy="hold it by the torso until it stands",
    )


def watchdog_not_armed(wanted: int, found: dict[int, int]) -> Fault:
    """A servo would go on without its computer."""
    wrong = {i: value for i, value in found.items() if value != wanted}
    return Fault(
        reason="servo watchdog not armed",
        expected=f"bus_watchdog {wanted} in every servo",
        found=", ".join(f"servo {i} {value}" for i, value in wrong.items())
        or "no answer from some",
        remedy="update the servo's firmware (38 or later), check the cable",
    )


def brown_out(restarted: int) -> Fault:
    """Many servos lost their RAM at once."""
    return Fault(
        reason=reactions.BROWN_OUT,
        expected="torque on in every servo",
        found=f"torque off in {restarted} of {len(JOINT_NAMES)} at once",
        remedy="charge the battery, check its plug",
    )


def explained(fault: Fault, vitals: Vitals, senses: Senses, devices: Devices) -> Fault:
    """`fault` with what the servos themselves say about it."""
    if fault.reason == reactions.HARDWARE_ERROR:
        return replace(fault, found=f"{fault.found}: {_errors(vitals, devices)}")
    if fault.reason == reactions.SERVO_RESTARTED:
        count = senses.restarted_together()
        if 2 * count >= len(JOINT_NAMES):
            return brown_out(count)
    return fault


def _errors(vitals: Vitals, devices: Devices) -> str:
    """Names of the recorded errors of all servos that report some."""
    texts = []
    alarmed = vitals.shut_down | (vitals.alert_cycles > 0)
    for index in np.nonzero(alarmed)[0].tolist():
        try:
            health = devices.bus.read_health(devices.joint_map.servo_ids[index])
            names = health.hardware_error
        except BusError:
            names = ("not readable",)
        texts.append(f"{JOINT_NAMES[index]} {', '.join(names)}")
    return "; ".join(texts)
