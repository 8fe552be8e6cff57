"""The overhead tracker on a rendered match: errors, and speed on one core.

MUJOCO_GL=egl python -m benchmarks.overhead_tracking [--seconds 20] [--picture FILE]

Plays a match, draws it from a camera 4 m above the pitch at 1280 x 720 with blur and
noise, and follows it twice: once so ("clear"), and once while a dark bar of 0.3 m
sweeps across the pitch at 0.5 m/s, as an arm would ("bar"). Prints JSON; only the
tracker's own work is timed.
"""

import argparse
import json
import math
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cli.free_ports import free_offset
from cli.match_config import MatchConfig, Ports
from cli.match_log import Frame
from cli.match_players import DEFAULT_PLAYER, DEFAULT_SKILLS, load_players
from cli.simulated_match import SimulatedMatch
from cli.tracker_camera import save_picture
from match.eyes.drawing import drawn
from match.eyes.overhead import OverheadTracker
from match.rules import LAB_1V1
from robot import rotations
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackerFrame
from sim.overhead_view import Flaws, OverheadRenderer, flawed
from tests.fakes import overhead

UPRIGHT = 0.6
"""Cosine of the torso's tilt under which a robot has fallen: no camera sees its tag."""
BAR_M, BAR_M_S = 0.3, 0.5


def play(seconds: float, seed: int) -> list[Frame]:
    """States of a match, 25 a second."""
    folders = {"home": DEFAULT_PLAYER, "away": DEFAULT_SKILLS}
    players = load_players(folders, DEFAULT_SKILLS)
    rules = replace(LAB_1V1, initial_duration_s=0.2, ready_duration_s=3.0)
    ports = Ports(offset=free_offset())
    config = MatchConfig(seconds=seconds, seed=seed, rules=rules, ports=ports)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "match.mcap"
        names = {"home": "home", "away": "away"}
        match = SimulatedMatch(config, players, names, record)
        with match:
            match.run(lambda now: None)
    return match.log.frames


@dataclass
class Errors:
    """Off by how much: metres, radians; of things seen in the picture, and of all that
    were reported, extrapolated ones too."""

    seen_m: list[float] = field(default_factory=list)
    all_m: list[float] = field(default_factory=list)
    seen_rad: list[float] = field(default_factory=list)
    possible: int = 0

    def plain(self) -> dict[str, float]:
        found = {
            "pictures": self.possible,
            "seen_share": round(len(self.seen_m) / max(self.possible, 1), 4),
            "rms_seen_cm": round(100 * _rms(self.seen_m), 3),
            "p99_seen_cm": round(100 * float(np.quantile(self.seen_m, 0.99)), 3),
            "rms_reported_cm": round(100 * _rms(self.all_m), 3),
        }
        if self.seen_rad:
            found["heading_rms_deg"] = round(math.degrees(_rms(self.seen_rad)), 3)
        return found


def _rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def compare(
    found: TrackerFrame, qpos: NDArray[np.float64], errors: dict[str, Errors]
) -> None:
    """Put one picture's errors into the lists."""
    arena = overhead.arena()
    by_team = {robot.team: robot for robot in found.robots}
    for team, (name, index) in enumerate(
        zip(overhead.SIDES, arena.robots, strict=True), 1
    ):
        root = qpos[index.root_qpos]
        if -float(rotations.gravity_direction(root[3:])[2]) < UPRIGHT:
            continue
        mine = errors[name]
        mine.possible += 1
        robot = by_team.get(team)
        if robot is None:
            continue
        off_m = math.hypot(robot.x_m - root[0], robot.y_m - root[1])
        mine.all_m.append(off_m)
        if robot.age_s == 0:
            mine.seen_m.append(off_m)
            turn = robot.yaw_rad - float(rotations.yaw(root[3:]))
            mine.seen_rad.append(math.remainder(turn, 2 * math.pi))
    assert arena.ball is not None
    ball = errors["ball"]
    ball.possible += 1
    if found.ball_xy_m is not None:
        off_m = math.dist(found.ball_xy_m, qpos[arena.ball.qpos[:2]])
        ball.all_m.append(off_m)
        if found.ball_age_s == 0:
            ball.seen_m.append(off_m)


def with_bar(image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
    """The picture with the bar where it is by now."""
    scale = overhead.CAMERA.fx_px / (overhead.HEIGHT_M - 0.5)
    width = round(BAR_M * scale)
    left = round(BAR_M_S * time_s * scale) % (image.shape[1] + width) - width
    image = image.copy()
    image[:, max(left, 0) : max(left + width, 0)] = (52, 44, 40)
    return image


@dataclass
class Trial:
    """One tracker through all pictures."""

    tracker: OverheadTracker = field(default_factory=overhead.tracker)
    errors: dict[str, Errors] = field(
        default_factory=lambda: {n: Errors() for n in (*overhead.SIDES, "ball")}
    )
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def step(self, image: NDArray[np.uint8], frame: Frame) -> TrackerFrame:
        started = time.perf_counter(), time.process_time()
        found = self.tracker.step(image, frame.time_s)
        self.wall_s.append(time.perf_counter() - started[0])
        self.cpu_s.append(time.process_time() - started[1])
        compare(found, frame.qpos, self.errors)
        return found

    def plain(self) -> dict[str, Any]:
        count = len(self.cpu_s)
        return {
            **{name: errors.plain() for name, errors in self.errors.items()},
            "searches": self.tracker.searches,
            "pictures_per_s": round(count / sum(self.wall_s), 1),
            "pictures_per_cpu_s": round(count / sum(self.cpu_s), 1),
            "cpu_ms_median": round(1000 * float(np.median(self.cpu_s)), 2),
            "cpu_ms_p99": round(1000 * float(np.quantile(self.cpu_s, 0.99)), 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    frames = play(args.seconds, args.seed)
    clear, bar = Trial(), Trial()
    rng = np.random.default_rng(0)
    with OverheadRenderer(overhead.arena()) as renderer:
        for frame in frames:
            image = flawed(renderer.picture(frame.qpos), Flaws(), rng)
            found = clear.step(image, frame)
            bar.step(with_bar(image, frame.time_s), frame)
    if args.picture is not None:
        shown = drawn(image, overhead.VIEW, FieldSpec(), found, overhead.SQUAD)
        save_picture(args.picture, shown)
    report = {"pictures": len(frames), "clear": clear.plain(), "bar": bar.plain()}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
