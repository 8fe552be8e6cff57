"""What the referee of a real pitch sees: trackers and robots' reports, on one clock.

Nobody promises a frame in time, or hands that carry the ball in time. Where eyes or
hands are late, the match is stopped by an order like a person's, and goes on by one
when all is well, unless a person stopped it too.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from match.commands import Command, ResumePlay, StopPlay
from match.eyes.fusion import Fusion, FusionConfig, fuse, fused_frame, note_fallen
from match.eyes.reports import ReportTrust, frame_of_report
from match.eyes.sight import SightConfig, sight_of
from match.observation import MatchObservation
from match.state import MatchState
from robot.contracts.game_control import GameState, RobotStatus
from robot.contracts.tracker import TrackerFrame

BY = "lookout"
_IN_GAME = (GameState.READY, GameState.SET, GameState.PLAYING)


@dataclass(frozen=True, kw_only=True)
class LookoutConfig:
    """How sources are used; the project's choice.

    Attributes:
        blind_after_s: without a frame of any tracker: the eyes have failed.
        ball_lost_after_s: nobody knows where the ball is: the same.
        placed_within_m: a ball that was to be put somewhere has to lie this near.
        clear_for_s: nothing was wrong for so long: play may go on.
    """

    fusion: FusionConfig = field(default_factory=FusionConfig)
    sight: SightConfig = field(default_factory=SightConfig)
    trust: ReportTrust = field(default_factory=ReportTrust)
    blind_after_s: float = 1.0
    ball_lost_after_s: float = 5.0
    placed_within_m: float = 0.15
    clear_for_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Lookout:
    """What is kept between two looks.

    Attributes:
        frame: fused, of the latest observation.
        seen: the latest observation; None before a ball was seen.
        tracker_s: when a tracker last sent a frame.
        ball_s: when anybody last saw the ball.
        trouble: why there can be no play now, in words; empty while there can.
        clear_since_s: nothing has been wrong since then; None while something is.
    """

    fusion: Fusion = field(default_factory=Fusion)
    frame: TrackerFrame | None = None
    seen: MatchObservation | None = None
    tracker_s: float = float("-inf")
    ball_s: float = float("-inf")
    trouble: str = "nothing seen yet"
    clear_since_s: float | None = None


def look(
    before: Lookout,
    frames: Iterable[TrackerFrame],
    reports: Iterable[RobotStatus],
    state: MatchState,
    time_s: float,
    config: LookoutConfig,
    spot_m: tuple[float, float] | None = None,
) -> Lookout:
    """Take in what has come since the last look; `time_s` is when it came.

    Robots that do not play in this match are left out. What nobody sees any more stays
    where it was seen last.

    Args:
        spot_m: where people were told to put the ball; it counts in SET.
    """
    fusion, tracker_s = before.fusion, before.tracker_s
    for frame in frames:
        tracker_s = time_s
        now = replace(frame, time_s=time_s)
        fusion, _ = fuse(fusion, "tracker", now, config.fusion)
    for report in reports:
        name = f"robot {report.team}/{report.player}"
        told = frame_of_report(report, time_s, state, config.trust)
        if told is not None:
            fusion, _ = fuse(fusion, name, told, config.fusion)
        # A robot that does not know where it is knows whether it lies.
        robot = (report.team, report.player)
        fusion = note_fallen(fusion, name, robot, report.fallen, time_s)
    frame = _of_this_match(fused_frame(fusion, time_s, config.fusion), state)
    seen = sight_of(frame, before.frame, state.field, config.sight)
    ball_s = before.ball_s
    if frame.ball_xy_m is not None:
        ball_s = time_s - frame.ball_age_s
    if seen is None and before.seen is not None:
        seen = replace(before.seen, time_s=time_s, contacts=())
    trouble = ""
    if time_s - tracker_s > config.blind_after_s:
        trouble = f"no tracker has sent a frame for {config.blind_after_s:g} s"
    elif time_s - ball_s > config.ball_lost_after_s:
        trouble = f"nobody has found the ball for {config.ball_lost_after_s:g} s"
    elif spot_m is not None and state.phase is GameState.SET and seen is not None:
        off_m = math.dist(spot_m, seen.ball_xyz_m[:2])
        if off_m > config.placed_within_m:
            trouble = f"the ball lies {off_m:.2f} m from where it belongs"
    since_s = before.clear_since_s if before.clear_since_s is not None else time_s
    return Lookout(
        fusion=fusion,
        frame=frame,
        seen=seen,
        tracker_s=tracker_s,
        ball_s=ball_s,
        trouble=trouble,
        clear_since_s=None if trouble else since_s,
    )


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Stops the match while there is trouble.

    Attributes:
        stops: orders to stop given so far, for their ids.
        holds: the latest one holds and no person has stopped the match since.
    """

    stops: int = 0
    holds: bool = False


def guard(
    before: Guard,
    lookout: Lookout,
    state: MatchState,
    orders: Sequence[Command],
    time_s: float,
    config: LookoutConfig,
) -> tuple[Guard, tuple[Command, ...]]:
    """The orders to give beside those of people (`orders`)."""
    by_hand = any(isinstance(order, StopPlay | ResumePlay) for order in orders)
    if before.holds and (by_hand or not state.stopped):
        return replace(before, holds=False), ()
    if lookout.clear_since_s is None:
        if state.stopped or by_hand or state.phase not in _IN_GAME:
            return before, ()
        stops = before.stops + 1
        order = StopPlay(id=f"{BY}-stop-{stops}", by=BY)
        return Guard(stops=stops, holds=True), (order,)
    if before.holds and time_s - lookout.clear_since_s >= config.clear_for_s:
        order = ResumePlay(id=f"{BY}-resume-{before.stops}", by=BY)
        return replace(before, holds=False), (order,)
    return before, ()


def _of_this_match(frame: TrackerFrame, state: MatchState) -> TrackerFrame:
    known = {track.robot for track in state.robots}
    robots = tuple(r for r in frame.robots if (r.team, r.player) in known)
    return replace(frame, robots=robots)
