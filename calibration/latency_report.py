"""The latency step's report: the delays, and the motions laid over each other."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from calibration.latency import Lags, PictureShifts, Shift
from calibration.motion_player import Recording
from calibration.page import Page
from robot.contracts.calibration import Estimate, LatencyPart
from robot.contracts.joints import JOINT_NAMES

_MEANING = {
    "bus_s": "goal written to its effect read over the same bus",
    "camera_s": "age of a picture at its arrival, less that of a joint reading",
    "gyro_s": "age of a gyro reading, less that of a joint reading",
    "read_s": "duration of one read of all joints and the board",
    "camera_to_action_s": "light to torque, with a program that takes no time",
}


def write_report(
    path: Path,
    part: LatencyPart,
    found: Lags,
    recording: Recording,
    pictures: PictureShifts,
) -> None:
    """Table, and pictures' motion against the head's."""
    page = Page("Delays")
    rows = []
    for name, meaning in _MEANING.items():
        one: Estimate = getattr(part, name)
        told = f"{1e3 * one.value:.1f} ± {1e3 * one.sigma:.1f}"
        rows.append((name.removesuffix("_s").replace("_", " "), told, meaning))
    page.table(("delay", "ms", "meaning"), rows)
    checks = [
        (what, _ms(lag), f"{lag.explained:.3f}")
        for what, lag in (
            ("pictures behind the head's joint, nodding", found.nod),
            ("gyro behind the legs' joints, bowing", found.gyro),
            ("pictures behind the gyro, bowing", found.bow),
        )
    ]
    page.table(("comparison", "ms", "variance explained"), checks)
    page.figure(
        _overlay(part, recording, pictures),
        "Speed of the scene in the pictures (dots), moved back by the delay found, "
        "over the speed of the head's joint (line); each scaled to its own largest.",
    )
    page.write(path)


def _overlay(
    part: LatencyPart, recording: Recording, pictures: PictureShifts
) -> Figure:
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    axis = figure.subplots()
    start_s, half = recording.read_s[0], len(recording.read_s) // 2
    angle = recording.angle_rad[:half, JOINT_NAMES.index("head_tilt")]
    # Over 40 ms, about a picture's period: a single tick per cycle is mostly rounding.
    speed = (angle[5:] - angle[:-5]) / (
        recording.read_s[5:half] - recording.read_s[: half - 5]
    )
    middle = (recording.read_s[5:half] + recording.read_s[: half - 5]) / 2 - start_s
    axis.plot(middle, speed / np.abs(speed).max(), lw=1, color="#0b57d0", label="joint")
    scene = pictures.moved_px[1:] / np.diff(pictures.arrived_s)
    at = (pictures.arrived_s[1:] + pictures.arrived_s[:-1]) / 2 - start_s
    at = at - part.camera_s.value
    shown = np.isfinite(scene) & (at < middle[-1])
    scene, at = scene[shown], at[shown]
    towards = np.sign(scene @ np.interp(at, middle, speed))
    axis.plot(
        at,
        towards * scene / np.abs(scene).max(),
        ".",
        color="#b3261e",
        label="pictures",
    )
    axis.set_xlabel("s")
    axis.legend(fontsize=8)
    return figure


def _ms(lag: Shift) -> str:
    return f"{1e3 * lag.shift_s:.1f} ± {1e3 * lag.sigma_s:.1f}"
