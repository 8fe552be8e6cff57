"""The trials of the papers: where things stand, what is asked, when it is over."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robot.contracts.field import FieldSpec
from robot.contracts.policy import KickSpec
from robot.skills import Side, SkillRequest
from sim.tasks.poses import STAND_RAD, T_POSE_RAD
from sim.trial_trace import Trace
from sim.trial_world import Fall, TrialWorld
from sim.world_truth import WorldTruth
from training import paper_measures
from training.paper_measures import Measured

HOME, AWAY = "home", "away"
STAND = SkillRequest()
PITCH = FieldSpec()
FAR_M = 50.0
"""Where a ball lies that has no part in a trial."""
POSTURES = ("front", "back", "left", "right")
_TOWARD_RAD = {
    "front": 0.0,
    "left": math.pi / 2,
    "back": math.pi,
    "right": -math.pi / 2,
}
_ASK = 100.0
"""More than any walk allows: it is clipped to the highest command of its spec."""


class PaperTrial(Protocol):
    """One kind of trial. `number` counts its repetitions.

    Attributes:
        scene: "floor": endless, one robot; "alone": the pitch, one robot; "pitch": with
            an opponent that stands still.
        limit_s: after the start signal.
        plays: the tactics decide, told by referee and tracker; else `order` does.
    """

    @property
    def scene(self) -> str: ...

    @property
    def limit_s(self) -> float: ...

    @property
    def plays(self) -> bool: ...

    def fall(self, number: int) -> Fall | None:
        """How the robot lies before the start; None: it stands."""
        ...

    def place(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        """Put the robot and all others where they start; before power-on."""
        ...

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        """The last hand before the start signal: place the ball."""
        ...

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        """What is asked of the robot at that time."""
        ...

    def is_over(self, trace: Trace, number: int) -> bool:
        """Nothing more can be learned from going on."""
        ...

    def measure(self, trace: Trace, number: int) -> Measured:
        """What came out."""
        ...


@dataclass(frozen=True, kw_only=True)
class OnTheFloor:
    """Standing at the origin of an endless floor without a ball."""

    scene: str = "floor"
    limit_s: float = 8.0
    plays: bool = False

    def fall(self, number: int) -> Fall | None:
        return None

    def place(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        WorldTruth(world).place_ball(FAR_M, FAR_M)
        _put(world, 0.0, 0.0, rng.uniform(-math.pi, math.pi), self.fall(number))

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        """The ball stays far away."""

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        return STAND

    def is_over(self, trace: Trace, number: int) -> bool:
        return bool(trace.fallen[-1])


@dataclass(frozen=True, kw_only=True)
class WalkTrial(OnTheFloor):
    """As fast ahead as the walk's spec allows to ask, from the stand, for 7 s."""

    limit_s: float = paper_measures.WALK_TO_S

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        return SkillRequest(kind="walk", forward_m_s=_ASK)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.walk(trace)


@dataclass(frozen=True, kw_only=True)
class TurnTrial(OnTheFloor):
    """Turning on the spot as fast as may be asked, left and right in turns."""

    limit_s: float = 10.0

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        return SkillRequest(kind="walk", turn_rad_s=_ASK * _sign(number))

    def is_over(self, trace: Trace, number: int) -> bool:
        turned = _sign(number) * (trace.heading_rad[-1] - trace.heading_rad[0])
        done = turned >= paper_measures.TURN_TO_RAD
        return bool(trace.fallen[-1]) or bool(done)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.turn(trace, _sign(number))


@dataclass(frozen=True, kw_only=True)
class GetupTrial(OnTheFloor):
    """Lying still, then told to get up; chest, back, left and right side in turns.

    On chest and back in the T-pose, as the paper; on a side, where an arm held out
    would roll the robot over, in the joint angles of the stand (chosen).
    """

    limit_s: float = 6.1
    up_within_s: float = 5.0
    standing_shoulder_m: float

    def fall(self, number: int) -> Fall:
        return lying(POSTURES[number % len(POSTURES)])

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        return SkillRequest(kind="getup")

    def is_over(self, trace: Trace, number: int) -> bool:
        return paper_measures.risen_at(trace, self.standing_shoulder_m) is not None

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.getup(trace, self.standing_shoulder_m, self.up_within_s)


@dataclass(frozen=True, kw_only=True)
class KickTrial(OnTheFloor):
    """Standing beside the ball, then told to kick; left and right foot in turns.

    The ball lies where the kick wants it, up to 1 cm off (chosen).
    """

    limit_s: float = 6.0
    off_m: float = 0.01
    kick: KickSpec

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        ahead, aside = self.kick.point_m
        left = aside if self._side(number) == "left" else -aside
        off = rng.uniform(-self.off_m, self.off_m, 2)
        x, y = ahead + off[0], left + off[1]
        truth = WorldTruth(world)
        (robot,) = truth.robots()
        cosine, sine = math.cos(robot.yaw_rad), math.sin(robot.yaw_rad)
        truth.place_ball(
            robot.x_m + cosine * x - sine * y, robot.y_m + sine * x + cosine * y
        )

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        # Long enough to be heard once: a kick that has begun goes on by itself.
        if elapsed_s > 0.1:
            return STAND
        return SkillRequest(kind="kick", kick_side=self._side(number))

    def is_over(self, trace: Trace, number: int) -> bool:
        return _over_since(trace, trace.touch, 1.0)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.kick(trace, foot=_sign(number))

    def _side(self, number: int) -> Side:
        return "left" if _sign(number) > 0 else "right"


@dataclass(frozen=True, kw_only=True)
class OnThePitch:
    """A game for one: whatever the player does to score."""

    scene: str = "pitch"
    limit_s: float = 20.0
    plays: bool = True

    def fall(self, number: int) -> Fall | None:
        return None

    def order(self, elapsed_s: float, number: int) -> SkillRequest:
        return STAND

    def is_over(self, trace: Trace, number: int) -> bool:
        return paper_measures.goal_at(trace, PITCH) is not None


@dataclass(frozen=True, kw_only=True)
class RunUpTrial(OnThePitch):
    """2.5 m from the ball, facing it, with the goal 1.5 m behind the ball (chosen)."""

    scene: str = "alone"
    run_up_m: float = 2.5
    ball_x_m: float = 1.0
    aside_m: float = 0.5

    def place(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        y = rng.uniform(-self.aside_m, self.aside_m)
        world.place(HOME, self.ball_x_m - self.run_up_m, y, 0.0)

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        truth = WorldTruth(world)
        truth.place_ball(self.ball_x_m, truth.robots()[0].y_m)

    def is_over(self, trace: Trace, number: int) -> bool:
        return _over_since(trace, trace.touch, 1.0)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.kick(trace)


@dataclass(frozen=True, kw_only=True)
class ShootTrial(OnThePitch):
    """Lying in the own half, ball in the centre, ten seconds.

    On chest and back in turns, in the T-pose, 1 to 2 m behind the ball with any heading
    (chosen); the opponent stands in a corner of its own half.
    """

    limit_s: float = 10.0
    standing_shoulder_m: float

    def fall(self, number: int) -> Fall:
        return lying(POSTURES[number % 2])

    def place(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        x, y = -rng.uniform(1.0, 2.0), rng.uniform(-0.7, 0.7)
        yaw = rng.uniform(-math.pi, math.pi)
        _put(world, x, y, yaw, self.fall(number))
        corner_y = math.copysign(PITCH.half_width_m - 0.4, rng.uniform(-1, 1))
        world.place(AWAY, PITCH.half_length_m - 0.4, corner_y, math.pi)

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        WorldTruth(world).place_ball(0.0, 0.0)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.shot(trace, PITCH, self.standing_shoulder_m)


@dataclass(frozen=True, kw_only=True)
class ObstacleTrial(OnThePitch):
    """Robot, opponent in its way, ball, goal: in a row, 1.5 m from one to the next."""

    limit_s: float = 25.0
    apart_m: float = 1.5
    off_m: float = 0.1

    def place(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        opponent_x = PITCH.half_length_m - 2 * self.apart_m
        y = rng.uniform(-self.off_m, self.off_m)
        world.place(HOME, opponent_x - self.apart_m, y, 0.0)
        world.place(AWAY, opponent_x, 0.0, math.pi)

    def ready(self, world: TrialWorld, rng: np.random.Generator, number: int) -> None:
        WorldTruth(world).place_ball(PITCH.half_length_m - self.apart_m, 0.0)

    def measure(self, trace: Trace, number: int) -> Measured:
        return paper_measures.passed_by(trace, PITCH)


def lying(posture: str) -> Fall:
    """A robot that lies on its front, back, left or right."""
    pose = T_POSE_RAD if posture in ("front", "back") else STAND_RAD
    return Fall(toward_rad=_TOWARD_RAD[posture], pose=pose)


def paper_trials(standing_shoulder_m: float, kick: KickSpec) -> dict[str, PaperTrial]:
    """All kinds of trials by name.

    Args:
        standing_shoulder_m: height of the shoulders of a standing robot.
        kick: where the player's kick wants the ball.
    """
    return {
        "walk": WalkTrial(),
        "turn": TurnTrial(),
        "getup": GetupTrial(standing_shoulder_m=standing_shoulder_m),
        "kick": KickTrial(kick=kick),
        "runup": RunUpTrial(),
        "shoot": ShootTrial(standing_shoulder_m=standing_shoulder_m),
        "obstacle": ObstacleTrial(),
    }


def _put(world: TrialWorld, x: float, y: float, yaw: float, fall: Fall | None) -> None:
    if fall is None:
        world.place(HOME, x, y, yaw)
    else:
        world.lay(HOME, x, y, yaw, fall)


def _over_since(trace: Trace, flags: np.ndarray, seconds: float) -> bool:
    """The first of `flags` lies that long ago."""
    rows = np.flatnonzero(flags)
    return len(rows) > 0 and trace.time_s[-1] >= trace.time_s[rows[0]] + seconds


def _sign(number: int) -> float:
    return 1.0 if number % 2 == 0 else -1.0
