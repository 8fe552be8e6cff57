"""Calibrate virtual robots whose true values nobody tells, and compare afterwards.

    python -m benchmarks.calibration_views --robots 10

Each robot goes through `op3-soccer calibrate camera`, `head` and `zeros` as typed, over
the emulated bus, with painted pictures. The truth is drawn again for the table only. A
robot whose errors are in `--out` already is not measured again.
"""

import argparse
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.geometry.chain import op3_chain
from calibration.geometry.rigid import matrix_of_quaternion, rotation_angle
from cli.main import main as op3_soccer
from robot.contracts.calibration import CalibrationBundle, HeadCameraPart
from robot.contracts.calibration_file import read_calibration
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.joints import JOINT_NAMES
from sim.hidden_op3 import HiddenTruth, draw_hidden


@dataclass(frozen=True)
class Errors:
    """Found minus true of one robot, and in units of the stated uncertainty."""

    focal_percent: float
    head_mm: float
    head_deg: float
    after_mm: float
    after_deg: float
    zeros_deg: tuple[float, ...]
    zeros_sigmas: tuple[float, ...]

    @property
    def zeros_rms_deg(self) -> float:
        return float(np.sqrt(np.square(self.zeros_deg).mean()))


def calibrate(seed: int, folder: Path) -> Errors:
    """One robot, from nothing to its file."""
    path, kept = folder / "calibration.json", folder / "errors.json"
    if kept.exists():
        return from_plain(Errors, json.loads(kept.read_text()), subject=str(kept))
    found = {}
    for step in ("camera", "head", "zeros"):
        told = ("--virtual", "--hidden", str(seed), "--out", str(folder))
        if op3_soccer(["calibrate", step, *told]):
            raise SystemExit(f"robot {seed}: {step} failed")
        found[step] = read_calibration(path)
    row = errors(draw_hidden(seed), found["head"], found["zeros"])
    kept.write_text(json.dumps(to_plain(row)))
    return row


def errors(
    truth: HiddenTruth, after_head: CalibrationBundle, after_zeros: CalibrationBundle
) -> Errors:
    """Of what the steps wrote."""
    assert after_zeros.camera
    assert after_zeros.joints
    zeros = {zero.joint: zero.zero_rad for zero in after_zeros.joints.zeros}
    off = np.array(
        [zeros[name].value for name in JOINT_NAMES] - truth.zeros_rad, np.float64
    )
    sigma = np.array([zeros[name].sigma for name in JOINT_NAMES])
    focal = after_zeros.camera.model.fx_px / truth.lens.fx_px - 1
    return Errors(
        100 * abs(focal),
        *_camera_error(truth, after_head.head),
        *_camera_error(truth, after_zeros.head),
        tuple(map(float, np.degrees(off))),
        tuple(map(float, off / sigma)),
    )


def _camera_error(
    truth: HiddenTruth, part: HeadCameraPart | None
) -> tuple[float, float]:
    assert part is not None
    true = op3_chain().camera.moved(truth.camera)
    turn = matrix_of_quaternion(np.array(part.quat_wxyz))
    moved = np.linalg.norm(np.array(part.position_m.value) - true.position)
    angle = rotation_angle(true.rotation.T @ turn)
    return 1000 * float(moved), math.degrees(angle)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--robots", type=int, default=10)
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--out", type=Path, help="keep files and reports here")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(args.first, args.first + args.robots):
            folder = (args.out or Path(scratch)) / f"robot-{seed}"
            rows.append((seed, calibrate(seed, folder)))
    print(
        "| robot | focal, % | head: mm | deg | after zeros: mm | deg "
        "| zeros, deg rms | worst |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for seed, row in rows:
        print(
            f"| {seed} | {row.focal_percent:.2f} | {row.head_mm:.2f} "
            f"| {row.head_deg:.2f} | {row.after_mm:.2f} | {row.after_deg:.2f} "
            f"| {row.zeros_rms_deg:.2f} | {np.abs(row.zeros_deg).max():.2f} |"
        )
    together = np.concatenate([row.zeros_deg for _, row in rows])
    sigmas = np.concatenate([row.zeros_sigmas for _, row in rows])
    print(
        f"all: {np.sqrt((together**2).mean()):.3f} deg rms; "
        f"{100 * (np.abs(sigmas) < 2).mean():.0f} % within two stated sigmas"
    )


if __name__ == "__main__":
    main()
