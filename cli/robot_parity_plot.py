"""Parity as a picture: one walk, two paths."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cli.robot_parity_onboard import OnboardTrack
from robot import rotations
from robot.contracts.joints import JOINT_NAMES
from sim.parity import Track

_SHOWN = ("l_hip_pitch", "l_knee", "l_ank_roll")
_TRAINING, _ONBOARD = "tab:orange", "tab:blue"


def draw(path: Path, training: Track, onboard: OnboardTrack, period_s: float) -> None:
    """Joint angles of both paths, their distance, and the way walked; episode 0."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    axes = figure.subplots(len(_SHOWN) + 2, 1)
    time_s = period_s * np.arange(len(training.joint_rad))
    for axis, name in zip(axes, _SHOWN, strict=False):
        column = JOINT_NAMES.index(name)
        for track, label, colour in (
            (training, "training environment", _TRAINING),
            (onboard.track, "runtime, bus, MuJoCo", _ONBOARD),
        ):
            axis.plot(time_s, track.joint_rad[:, 0, column], label=label, color=colour)
        axis.set_ylabel(f"{name}, rad")
    axes[0].legend(loc="upper right")
    apart = np.abs(training.joint_rad - onboard.track.joint_rad)[:, 0]
    axes[-2].semilogy(time_s, np.maximum(apart.max(axis=-1), 1e-6), color="black")
    axes[-2].set_ylabel("largest joint\ndifference, rad")
    for track, colour in ((training, _TRAINING), (onboard.track, _ONBOARD)):
        root = track.root[:, 0]
        heading = np.unwrap(rotations.yaw(root[:, 3:]))
        way = np.linalg.norm(root[:, :2] - root[0, :2], axis=-1)
        axes[-1].plot(time_s, way, color=colour)
        axes[-1].plot(time_s, heading - heading[0], color=colour, linestyle=":")
    axes[-1].set_ylabel("way, m; turn, rad\n(dotted)")
    axes[-1].set_xlabel("time, s")
    figure.savefig(path, dpi=110)
