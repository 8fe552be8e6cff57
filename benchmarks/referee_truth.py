"""The referee against truth: no goal missed or invented, no late out-of-play decision.

python -m benchmarks.referee_truth [--matches 200] [--whole 0] [--seconds 60]

A ball machine shoots balls over two pitches: the laboratory's, with walls, and the
small size league's, with lines. Truth is read from MuJoCo at every physics step (5 ms)
and the line's crossing is interpolated; a ball that is back within one look, as after a
bounce off the ramp at the line, was not out. The referee looks 40 times per second, and
what it wants placed is placed. `--whole N` plays N matches of the whole stack as well:
two robots on their buses, truth at every bus cycle (8 ms).
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as default
from pathlib import Path

import mujoco
import numpy as np

from cli.match_config import MatchConfig, Ports
from cli.match_players import DEFAULT_PLAYER, DEFAULT_SKILLS, load_players
from cli.simulated_match import SimulatedMatch
from match.decisions import BallPlacement, Decision, DecisionKind
from match.observation import MatchObservation
from match.referee import start, step
from match.rules import LAB_1V1, SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH, RuleBook
from match.teams import Team, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, TeamColour
from sim.arena import ArenaConfig, build_arena

LOOK_S = 0.025
LATEST_S = 0.1
SHOT_EVERY_S = (1.0, 3.0)
SPEED_M_S = (0.5, 7.0)
STEEPEST_RAD = 0.6
TOWARD_GOAL = 0.5
OUT = ("ball out", "throw-in", "goal kick", "corner kick")
TEAMS: Teams = (
    Team(number=1, name="left", colour=TeamColour.BLUE),
    Team(number=2, name="right", colour=TeamColour.RED),
)
Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to the ball: "goal 1", "goal 2" or "out"."""

    time_s: float
    what: str


@dataclass
class Truth:
    """Sees the ball at every physics step and notes what the rules call events."""

    field: FieldSpec
    walls: bool
    events: list[Event] = default(default_factory=list)
    before: tuple[float, Point] | None = None
    pending: Event | None = None
    open: bool = True

    def restart(self) -> None:
        """The ball is put somewhere: its way begins anew."""
        self._confirm()
        self.before, self.open = None, True

    def watch(self, time_s: float, ball: Point) -> None:
        """One moment in play."""
        before, self.before = self.before, (time_s, ball)
        if before is None or not self.open:
            return
        if self.pending is None:
            self.pending = self._goal(before, time_s, ball) or self._out(
                before, time_s, ball
            )
        elif self._inside(ball):
            self.pending = None
        elif time_s - self.pending.time_s >= LOOK_S:
            self._confirm()

    def end(self) -> list[Event]:
        """All events of the match."""
        self._confirm()
        return self.events

    def _confirm(self) -> None:
        if self.pending is not None:
            self.events.append(self.pending)
            self.pending, self.open = None, False

    def _inside(self, ball: Point) -> bool:
        pitch = self.field
        margin_m = pitch.ball_radius_m
        return (
            abs(ball[0]) <= pitch.half_length_m + margin_m
            and abs(ball[1]) <= pitch.half_width_m + margin_m
        )

    def _goal(
        self, before: tuple[float, Point], now_s: float, ball: Point
    ) -> Event | None:
        line_m = self.field.half_length_m + self.field.ball_radius_m
        crossed = _crossing(before, now_s, ball, axis=0, line_m=line_m)
        if crossed is None:
            return None
        time_s, (x_m, y_m, z_m) = crossed
        between = abs(y_m) < self.field.goal_width_m / 2
        if between and z_m < self.field.goal_height_m:
            return Event(time_s=time_s, what=f"goal {1 if x_m > 0 else 2}")
        return None

    def _out(
        self, before: tuple[float, Point], now_s: float, ball: Point
    ) -> Event | None:
        pitch = self.field
        if self.walls:
            over = self._over_wall(ball)
            return Event(time_s=now_s, what="out") if over else None
        lines = ((0, pitch.half_length_m), (1, pitch.half_width_m))
        times = [
            crossed[0]
            for axis, line_m in lines
            if (
                crossed := _crossing(
                    before, now_s, ball, axis=axis, line_m=line_m + pitch.ball_radius_m
                )
            )
        ]
        return Event(time_s=min(times), what="out") if times else None

    def _over_wall(self, ball: Point) -> bool:
        """Behind the ramp; in front of a goal, behind its net."""
        pitch = self.field
        mouth = abs(ball[1]) < pitch.goal_width_m / 2
        end_m = pitch.goal_depth_m if mouth else pitch.ramp_width_m
        return (
            abs(ball[0]) > pitch.half_length_m + end_m
            or abs(ball[1]) > pitch.half_width_m + pitch.ramp_width_m
        )


def _crossing(
    before: tuple[float, Point], now_s: float, ball: Point, *, axis: int, line_m: float
) -> tuple[float, Point] | None:
    """When and where the ball's centre passed the line on its way out."""
    before_s, old = before
    for sign in (1.0, -1.0):
        was, now = sign * old[axis] - line_m, sign * ball[axis] - line_m
        if was <= 0 < now:
            part = -was / (now - was)
            x, y, z = (a + part * (b - a) for a, b in zip(old, ball, strict=True))
            return before_s + part * (now_s - before_s), (x, y, z)
    return None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Truth and decisions of one match, compared.

    Attributes:
        goals, outs: events that were decided as they happened.
        missed, invented: in words.
        delays_s: from each event to its decision.
    """

    goals: int
    outs: int
    missed: tuple[str, ...]
    invented: tuple[str, ...]
    delays_s: tuple[float, ...]


def compare(events: list[Event], decisions: list[Decision]) -> Verdict:
    """Every event has its decision within `LATEST_S`, and every decision its event."""
    calls = [
        Event(time_s=decision.time_s, what=what)
        for decision in decisions
        if (what := _called(decision)) is not None
    ]
    missed, delays, counts = [], [], {"goal": 0, "out": 0}
    for event in events:
        call = next(
            (
                c
                for c in calls
                if c.what == event.what
                and -1e-6 <= c.time_s - event.time_s <= LATEST_S + 1e-6
            ),
            None,
        )
        if call is None:
            missed.append(f"{event.what} at {event.time_s:.3f} s")
            continue
        calls.remove(call)
        counts[event.what.split()[0]] += 1
        delays.append(call.time_s - event.time_s)
    return Verdict(
        goals=counts["goal"],
        outs=counts["out"],
        missed=tuple(missed),
        invented=tuple(f"{c.what} at {c.time_s:.3f} s" for c in calls),
        delays_s=tuple(delays),
    )


def _called(decision: Decision) -> str | None:
    if decision.kind in (DecisionKind.GOAL, DecisionKind.NO_GOAL):
        return f"goal {decision.team}"
    follows = decision.cause is not None  # as the goal kick after no goal
    return "out" if decision.kind.value in OUT and not follows else None


def ball_machine(rules: RuleBook, pitch: FieldSpec, seed: int) -> Verdict:
    """One match without robots; balls are shot at random."""
    rng = np.random.default_rng(seed)
    arena = build_arena(ArenaConfig(robots=(), field=pitch))
    model, data, ball = arena.model, mujoco.MjData(arena.model), arena.ball
    assert ball is not None
    truth = Truth(field=pitch, walls=rules.walls)
    state, decisions = start(rules, pitch, TEAMS), []
    look_s = shot_s = 0.0

    def place(x_m: float, y_m: float) -> None:
        data.qpos[ball.qpos] = (x_m, y_m, pitch.ball_radius_m, 1, 0, 0, 0)
        data.qvel[ball.qvel] = 0
        truth.restart()

    place(0.0, 0.0)
    while state.phase is not GameState.FINISHED:
        playing = state.phase is GameState.PLAYING
        if playing and data.time >= shot_s:
            shot_s = data.time + rng.uniform(*SHOT_EVERY_S)
            data.qvel[ball.qvel[:3]] = _shot(rng, pitch, data.qpos[ball.qpos[:3]])
        mujoco.mj_step(model, data)
        x_m, y_m, z_m = map(float, data.qpos[ball.qpos[:3]])
        if playing:
            truth.watch(data.time, (x_m, y_m, z_m))
        if data.time < look_s - 1e-9:
            continue
        look_s += LOOK_S
        seen = MatchObservation(
            time_s=round(data.time, 6), ball_xyz_m=(x_m, y_m, z_m), robots=()
        )
        state, new = step(rules, state, seen)
        decisions += new
        for decision in new:
            for placed in decision.placements:
                if isinstance(placed, BallPlacement):
                    place(placed.x_m, placed.y_m)
    return compare(truth.end(), decisions)


def _shot(rng: np.random.Generator, pitch: FieldSpec, ball) -> Point:
    """A velocity: half of the shots go at a goal, some of them high."""
    speed = rng.uniform(*SPEED_M_S)
    heading = rng.uniform(-np.pi, np.pi)
    if rng.random() < TOWARD_GOAL:
        end = rng.choice([-1.0, 1.0])
        aim_y = rng.uniform(-1.0, 1.0) * pitch.goal_width_m
        heading = np.arctan2(aim_y - ball[1], end * pitch.half_length_m - ball[0])
    rise = max(0.0, rng.uniform(-STEEPEST_RAD, STEEPEST_RAD))
    flat = speed * np.cos(rise)
    return (
        float(flat * np.cos(heading)),
        float(flat * np.sin(heading)),
        float(speed * np.sin(rise)),
    )


def whole_match(seed: int, seconds: float) -> Verdict:
    """One match of the whole stack, learned against scripted."""
    players = load_players(
        {"home": DEFAULT_PLAYER, "away": DEFAULT_SKILLS}, DEFAULT_SKILLS
    )
    config = MatchConfig(seconds=seconds, seed=seed, ports=Ports(offset=1700))
    names = {"home": "learned", "away": "scripted"}
    with tempfile.TemporaryDirectory() as folder:
        match = SimulatedMatch(config, players, names, Path(folder) / "match.mcap")
        truth = Truth(field=match.field, walls=match.rules.walls)
        was = {"phase": match.state.phase, "decisions": 0}
        ball = match.stage.arena.ball
        assert ball is not None

        def on_cycle(now: SimulatedMatch) -> None:
            now.log.frames.clear()
            new = now.log.decisions[was["decisions"] :]
            was["decisions"] += len(new)
            placed = any(
                isinstance(one, BallPlacement) for d in new for one in d.placements
            )
            if was["phase"] is GameState.PLAYING and not placed:
                x_m, y_m, z_m = map(float, now.stage.world.data.qpos[ball.qpos[:3]])
                truth.watch(now.time_s, (x_m, y_m, z_m))
            if placed:
                truth.restart()
            was["phase"] = now.state.phase

        with match:
            match.run(on_cycle)
        return compare(truth.end(), match.log.decisions)


def verdicts(args: argparse.Namespace) -> Iterator[tuple[str, int, Verdict]]:
    """Kind, seed and outcome of every match."""
    lab = replace(LAB_1V1, duration_s=args.seconds)
    league = replace(
        SMALL_SIZE_LEAGUE,
        duration_s=args.seconds,
        halves=1,
        ready_duration_s=2.0,
        initial_duration_s=1.0,
        free_kick_s=5.0,
        mercy_goals=None,
        ball_stop_rule=False,
    )
    for number in range(args.matches):
        walls = number % 2 == 0
        rules, pitch = (lab, FieldSpec()) if walls else (league, SMALL_SIZE_PITCH)
        kind = "walls" if walls else "lines"
        yield kind, number, ball_machine(rules, pitch, args.seed + number)
    for number in range(args.whole):
        yield "whole", number, whole_match(args.seed + number, args.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matches", type=int, default=200)
    parser.add_argument("--whole", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sums: dict[str, dict[str, float]] = {}
    for kind, number, verdict in verdicts(args):
        total = sums.setdefault(
            kind,
            {"matches": 0, "goals": 0, "outs": 0, "missed": 0, "invented": 0}
            | {"latest_s": 0.0},
        )
        total["matches"] += 1
        total["goals"] += verdict.goals
        total["outs"] += verdict.outs
        total["missed"] += len(verdict.missed)
        total["invented"] += len(verdict.invented)
        total["latest_s"] = round(max((total["latest_s"], *verdict.delays_s)), 4)
        for word, lines in (("missed", verdict.missed), ("invented", verdict.invented)):
            for line in lines:
                print(f"{kind} match {number}: {word}: {line}", flush=True)
        if (number + 1) % 20 == 0:
            print(f"after {number + 1}: {json.dumps(sums)}", flush=True)
    print(json.dumps(sums, indent=2))


if __name__ == "__main__":
    main()
