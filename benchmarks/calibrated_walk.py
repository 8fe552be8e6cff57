"""The loop closed: the shipped walk on worn robots, before and after calibration.

    python -m benchmarks.calibrated_walk --robots 1 3 --walks 10 --files DIR --out walk

Each robot is hidden and worn: zeros 3 deg off, either way, servos of 60 % of their
strength, its sensor board and head as it was put together. `op3-soccer calibrate`
measures it, step by step as a user types them, if DIR has no file of it yet. Then it
walks through the onboard runtime and the emulated bus, for 20 s or until it falls,
under orders that change and pushes, as it is and with its file.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cli.hidden_robot import HiddenRobot, VirtualHand
from cli.main import main as main_command
from robot import rotations
from robot.brain import Identity
from robot.calibrated import calibrated_imu, calibrated_joint_map, matched_gains
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.calibration_file import read_calibration
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import load_player
from robot.real_time import run as run_in_time
from robot.runtime import Runtime
from robot.runtime_config import RuntimeConfig
from robot.skills import SkillRequest
from robot.stop import FlagStop
from sim.hidden_dynamics import worn

FloatArray = NDArray[np.float64]
POLICIES = Path(__file__).parent.parent / "policies"
STEPS = {
    "camera": "camera",
    "head": "head",
    "zeros": "joints",
    "imu": "imu",
    "servo": "servos",
}
"""Steps of the command, and the part of the file that each makes."""
WALK_S = 20.0
PUSH_N, PUSH_S, PUSH_EVERY_S = 10.0, 0.1, 2.0
"""Within what the papers' randomization pushes with: 5 to 15 N, 0.05 to 0.15 s."""
ORDERS = (
    SkillRequest(kind="walk", forward_m_s=0.4),
    SkillRequest(kind="walk", forward_m_s=0.3, turn_rad_s=0.8),
    SkillRequest(kind="walk", left_m_s=0.15),
    SkillRequest(kind="walk", forward_m_s=0.4, turn_rad_s=-0.8),
)
BEFORE, AFTER = "worn, no file", "worn, its file"
_STAND_S = 5.0
_FALLEN_M = 0.16
_ROW_S = 0.1
Trials = dict[str, dict[str, dict[str, Any]]]
_COLOURS = ("#b3261e", "#0b57d0")


def file_of(
    seed: int, folder: Path, steps: Sequence[str] = tuple(STEPS)
) -> CalibrationBundle:
    """What `op3-soccer calibrate` writes of worn robot `seed`; it measures what lacks.

    Args:
        seed: of the robot.
        folder: of all robots.
        steps: that are done.

    Raises:
        SystemExit: a step did not come to its end.
    """
    place = folder / f"robot-{seed}"
    file = place / "calibration.json"
    for step in steps:
        part = STEPS[step]
        if file.exists() and part in read_calibration(file).parts:
            continue
        robot = ["--virtual", "--hidden", str(seed), "--out", str(place)]
        worn_too = [] if step == "camera" else ["--worn"]
        if main_command(["calibrate", step, *robot, *worn_too]) != 0:
            raise SystemExit(f"calibrate {step}, robot {seed}: it did not come through")
    return read_calibration(file)


def walk(seed: int, number: int, bundle: CalibrationBundle) -> dict[str, Any]:
    """Walk until a fall or the end; what the torso did, every 0.1 s.

    Args:
        seed: of the worn robot.
        number: of the walk: its pushes.
        bundle: what is loaded.
    """
    joint_map = calibrated_joint_map(default_joint_map(), bundle)
    robot = HiddenRobot(worn(seed), seed, joint_map)
    hand = VirtualHand(robot)
    hand.stand()
    over = FlagStop()
    runtime = Runtime(
        devices=replace(robot.devices, imu=calibrated_imu(bundle)),
        player=load_player(POLICIES / "walk", POLICIES / "scripted"),
        identity=Identity(team=1, player=1),
        links=Links(),
        config=RuntimeConfig(servo_p=matched_gains(bundle, 800)),
        clock=robot,
        stops=(over,),
    )
    runtime.order = SkillRequest(kind="stand")
    data, index = robot.world.data, robot.world.body.index
    root, torso = index.root_qpos, index.torso_body
    path: list[list[float]] = []
    fell_s: float | None = None

    def push(walked: float) -> None:
        """On the torso for 0.1 s every two seconds; the same whatever file is used."""
        push_number, since = divmod(walked, PUSH_EVERY_S)
        rng = np.random.default_rng([seed, number, int(push_number)])
        toward = rng.uniform(-math.pi, math.pi)
        force_n = PUSH_N if 1.0 <= since < 1.0 + PUSH_S else 0.0
        force = (force_n * math.cos(toward), force_n * math.sin(toward), 0.0)
        data.xfrc_applied[torso, :3] = force

    def finished() -> bool:
        nonlocal fell_s
        walked = robot.now() - _STAND_S
        if walked < -1.0:
            return False
        if robot.world.hoist.holds:
            hand.let_go()
        if walked < 0:
            return False
        push(walked)
        runtime.order = ORDERS[int(walked // (WALK_S / len(ORDERS))) % len(ORDERS)]
        if over.requested() is not None:
            return False
        if walked >= _ROW_S * len(path):
            path.append(data.qpos[root].tolist())
        if data.qpos[root[2]] < _FALLEN_M:
            fell_s = walked
        if fell_s is not None or walked >= WALK_S:
            over.set("the trial is over")
        return False

    run_in_time(runtime, robot, finished)
    seconds = WALK_S if fell_s is None else fell_s
    return {"fell": fell_s is not None, "seconds": seconds, "path": path}


def main() -> None:
    """Measure and walk robot after robot under all conditions; table and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--robots", type=int, nargs=2, default=(1, 3))
    parser.add_argument("--walks", type=int, default=10, help="of each robot")
    parser.add_argument("--files", type=Path, required=True, help="of all robots")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", nargs="*", choices=list(STEPS), default=list(STEPS))
    args = parser.parse_args()
    kept = args.out.with_suffix(".trials.json")
    trials: Trials = json.loads(kept.read_text()) if kept.exists() else {}
    first, last = args.robots
    for seed in range(first, last + 1):
        found = file_of(seed, args.files, args.steps)
        known = {BEFORE: CalibrationBundle(), AFTER: found}
        for number, name in product(range(args.walks), known):
            key = f"robot {seed}, walk {number}"
            if key in trials.get(name, {}):
                continue
            run = walk(seed, number, known[name])
            trials.setdefault(name, {})[key] = run
            kept.write_text(json.dumps(trials))
            write(trials, args.out)
            print(key, name, run["fell"], round(run["seconds"], 1), flush=True)
    print(json.dumps(table(trials), indent=1))


def table(trials: Trials) -> dict[str, dict[str, float]]:
    """Falls per minute of walking, and rms errors of the velocities while it walks."""
    rows = {}
    for name, by_robot in trials.items():
        runs = list(by_robot.values())
        seconds = sum(run["seconds"] for run in runs)
        falls = sum(run["fell"] for run in runs)
        errors = np.concatenate([velocity_errors(run["path"]) for run in runs])
        line, turn = np.sqrt((errors**2).mean(axis=0))
        rows[name] = {
            "walks": len(runs),
            "falls": falls,
            "walked_s": round(seconds, 1),
            "falls_per_min": round(60 * falls / max(seconds, 1e-9), 2),
            "velocity_error_m_s": round(float(line), 3),
            "turn_error_rad_s": round(float(turn), 3),
        }
    return rows


def velocity_errors(path: list[list[float]]) -> FloatArray:
    """[n, 2] of each order, from its first second on: m/s, and rad/s of turning.

    Mean velocities over an order's time, in the robot's own heading, against the order.
    """
    root = np.array(path).reshape(-1, 7)
    found = []
    rows = round(WALK_S / len(ORDERS) / _ROW_S)
    heading = np.unwrap(rotations.yaw(root[:, 3:]))
    for number, order in enumerate(ORDERS):
        part = slice(number * rows + round(1 / _ROW_S), (number + 1) * rows)
        moved, turned = root[part, :2], heading[part]
        if len(moved) < round(2 / _ROW_S):
            continue
        steps = rotations.into_heading(np.diff(moved, axis=0), turned[:-1]) / _ROW_S
        ahead, left = steps.mean(axis=0)
        turn = (turned[-1] - turned[0]) / (_ROW_S * (len(turned) - 1))
        off = math.hypot(ahead - order.forward_m_s, left - order.left_m_s)
        found.append((off, turn - order.turn_rad_s))
    return np.array(found).reshape(-1, 2)


def write(trials: Trials, out: Path) -> None:
    """`out`.json and `out`.png."""
    out.parent.mkdir(parents=True, exist_ok=True)
    rows = table(trials)
    out.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    figure = Figure(figsize=(13, 3.2), layout="constrained")
    bars, errors, *paths = figure.subplots(1, 2 + len(trials))
    told = [name.replace(", ", ",\n") for name in rows]
    for axis, what, unit in (
        (bars, "falls_per_min", "falls per minute"),
        (errors, "velocity_error_m_s", "velocity error, m/s"),
    ):
        axis.barh(told, [row[what] for row in rows.values()], color=_COLOURS)
        axis.invert_yaxis()
        axis.set_xlabel(unit)
        axis.tick_params(labelsize=7)
    errors.set_yticks([])
    for axis, (name, runs) in zip(paths, trials.items(), strict=True):
        for run in runs.values():
            track = np.array(run["path"])
            if not len(track):
                continue
            axis.plot(track[:, 0], track[:, 1], lw=0.8, color="#0b57d0")
            mark = ("x", "#b3261e") if run["fell"] else ("o", "#1e7d32")
            axis.plot(*track[-1, :2], mark[0], color=mark[1], ms=5)
        fell = f"{rows[name]['falls']} of {rows[name]['walks']} walks fell"
        axis.set_title(f"{name}: {fell}", fontsize=8)
        axis.set_xlabel("m")
        axis.set_xlim(-0.2, 2.4)
        axis.set_ylim(-0.8, 1.3)
        axis.set_aspect("equal")
        axis.tick_params(labelsize=7)
    figure.savefig(out.with_suffix(".png"), dpi=100)


if __name__ == "__main__":
    main()
