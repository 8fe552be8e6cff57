"""Several eyes, one picture: what camera, robots and simulator agree on.

Every source sends `TrackerFrame`s. Each robot and the ball is one pursuit
(`match.eyes.pursuit`); measurements count by their deviation, impossible ones are
rejected and named. A pure function of state and frame.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from match.eyes.pursuit import Measurement, Motion, Pursuit, pursue, value_at
from match.observation import RobotId
from robot.contracts.tracker import TrackedRobot, TrackerFrame

What = Literal["place", "yaw"]
BALL = (0, 0)
"""Stands for the ball where a robot's id would be: no team has the number 0."""


@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """How things move, and how far sources are trusted; the project's choice.

    Attributes:
        robot, yaw, ball: how fast they can change.
        least_deviation_m: no source is believed to be better; m.
        yaw_deviation_rad: of a source that sees places to a centimetre; grows with its
            deviation by `yaw_rad_per_m`.
        forget_after_s: what no source has shown for so long is not known any more.
        oldest_s: frames that come later than this are left out.
        fallen_s: a report of a fall counts for so long without another.
    """

    robot: Motion = field(
        default_factory=lambda: Motion(noise=6.0, rate_deviation=0.5, insist=6)
    )
    yaw: Motion = field(
        default_factory=lambda: Motion(
            noise=60.0, rate_deviation=2.0, insist=6, angle=True
        )
    )
    ball: Motion = field(
        default_factory=lambda: Motion(noise=30.0, rate_deviation=2.0, insist=6)
    )
    least_deviation_m: float = 0.003
    yaw_deviation_rad: float = 0.03
    yaw_rad_per_m: float = 1.0
    forget_after_s: float = 3.0
    oldest_s: float = 0.5
    fallen_s: float = 2.5


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A measurement that was not believed: whose, of what, and how far off."""

    time_s: float
    source: str
    subject: RobotId
    what: What
    off: float


@dataclass(frozen=True, kw_only=True)
class FusedRobot:
    """One robot; `fallen` holds, by source, the latest word and when it came."""

    place: Pursuit
    yaw: Pursuit
    fallen: dict[str, tuple[bool, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """All that is known; begin with `Fusion()`."""

    robots: dict[RobotId, FusedRobot] = field(default_factory=dict)
    ball: Pursuit | None = None
    latest_s: float = -math.inf


def fuse(
    before: Fusion, source: str, frame: TrackerFrame, config: FusionConfig
) -> tuple[Fusion, tuple[Rejection, ...]]:
    """Take one source's frame in.

    Its `time_s` must be on the clock that all sources share. What the source itself
    only extrapolated (age above 0) is left out: it holds nothing new.
    """
    if frame.time_s < before.latest_s - config.oldest_s:
        return before, ()
    after = replace(before, latest_s=max(before.latest_s, frame.time_s))
    rejections: list[Rejection] = []
    robots = dict(before.robots)
    for robot in frame.robots:
        if robot.age_s > 0:
            continue
        name = (robot.team, robot.player)
        known, refused = _robot(robots.get(name), source, robot, frame.time_s, config)
        robots[name] = known
        rejections += refused
    ball = before.ball
    if frame.ball_xy_m is not None and frame.ball_age_s <= 0:
        measured = Measurement(
            source=source,
            time_s=frame.time_s,
            value=frame.ball_xy_m,
            deviation=max(frame.ball_deviation_m, config.least_deviation_m),
        )
        ball, refused = _checked(ball, measured, config.ball, BALL, "place")
        rejections += refused
    return replace(after, robots=robots, ball=ball), tuple(rejections)


def note_fallen(
    before: Fusion, source: str, robot: RobotId, fallen: bool, time_s: float
) -> Fusion:
    """What a source says of a robot's posture without a word on its place."""
    known = before.robots.get(robot)
    if known is None:
        return before
    told = replace(known, fallen={**known.fallen, source: (fallen, time_s)})
    return replace(before, robots={**before.robots, robot: told})


def fused_frame(state: Fusion, time_s: float, config: FusionConfig) -> TrackerFrame:
    """What is known at `time_s`; things that nobody has seen lately are not in it."""
    oldest_s = time_s - config.forget_after_s
    robots = tuple(
        _tracked(name, known, time_s, config)
        for name, known in sorted(state.robots.items())
        if known.place.seen_s >= oldest_s
    )
    if state.ball is None or state.ball.seen_s < oldest_s:
        return TrackerFrame(time_s=time_s, ball_xy_m=None, robots=robots)
    track = value_at(state.ball, time_s, config.ball)
    return TrackerFrame(
        time_s=time_s,
        ball_xy_m=(track.value[0], track.value[1]),
        ball_velocity_m_s=(track.rate[0], track.rate[1]),
        ball_deviation_m=track.deviation,
        ball_age_s=max(time_s - state.ball.seen_s, 0.0),
        robots=robots,
    )


def _robot(
    known: FusedRobot | None,
    source: str,
    robot: TrackedRobot,
    time_s: float,
    config: FusionConfig,
) -> tuple[FusedRobot, list[Rejection]]:
    name = (robot.team, robot.player)
    deviation_m = max(robot.deviation_m, config.least_deviation_m)
    place_seen = Measurement(
        source=source,
        time_s=time_s,
        value=(robot.x_m, robot.y_m),
        deviation=deviation_m,
    )
    yaw_seen = Measurement(
        source=source,
        time_s=time_s,
        value=(robot.yaw_rad,),
        deviation=config.yaw_deviation_rad + config.yaw_rad_per_m * deviation_m,
    )
    old_place = known.place if known else None
    place, refused = _checked(old_place, place_seen, config.robot, name, "place")
    # A source that is wrong about the place tells nothing about the heading either.
    old_yaw = known.yaw if known else None
    if refused and old_yaw is not None:
        yaw = old_yaw
    else:
        yaw, doubted = _checked(old_yaw, yaw_seen, config.yaw, name, "yaw")
        refused += doubted
    fallen = known.fallen if known else {}
    if robot.fallen or fallen.get(source, (False, 0.0))[0]:
        fallen = {**fallen, source: (robot.fallen, time_s)}
    return FusedRobot(place=place, yaw=yaw, fallen=fallen), refused


def _checked(
    known: Pursuit | None,
    measured: Measurement,
    motion: Motion,
    subject: RobotId,
    what: What,
) -> tuple[Pursuit, list[Rejection]]:
    after, believed = pursue(known, measured, motion)
    if believed or known is None:
        return after, []
    expected = value_at(known, measured.time_s, motion).value
    off = math.hypot(*(m - e for m, e in zip(measured.value, expected, strict=True)))
    if motion.angle:
        off = abs(math.remainder(off, 2 * math.pi))
    return after, [
        Rejection(
            time_s=measured.time_s,
            source=measured.source,
            subject=subject,
            what=what,
            off=off,
        )
    ]


def _tracked(
    name: RobotId, known: FusedRobot, time_s: float, config: FusionConfig
) -> TrackedRobot:
    place = value_at(known.place, time_s, config.robot)
    yaw = value_at(known.yaw, time_s, config.yaw)
    fallen = any(
        down and time_s - said_s <= config.fallen_s
        for down, said_s in known.fallen.values()
    )
    return TrackedRobot(
        team=name[0],
        player=name[1],
        x_m=place.value[0],
        y_m=place.value[1],
        yaw_rad=math.remainder(yaw.value[0], 2 * math.pi),
        velocity_m_s=(place.rate[0], place.rate[1]),
        yaw_rate_rad_s=yaw.rate[0],
        fallen=fallen,
        deviation_m=place.deviation,
        age_s=max(time_s - known.place.seen_s, 0.0),
    )
