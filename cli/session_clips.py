"""Short films of a match's goals, or of the nearest miss where there was none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.match_log import Frame, MatchLog
from cli.match_video import COLOURS
from cli.simulated_match import SimulatedMatch
from match.session_files import Clip
from match.state import DecisionKind, Teams
from match.video import Caption, Team, VideoWriter, compose
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from sim.renderer import ArenaRenderer, RenderConfig

BEFORE_S, AFTER_S = 4.0, 1.5
EVERY = 2
"""Of the log's 25 frames a second every second one: software rendering is slow."""
_FRAMES_PER_S = 12
_SIZES = RenderConfig(broadcast_px=(640, 360), head_px=(144, 108))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What to film: `BEFORE_S` before its time to `AFTER_S` after it."""

    time_s: float
    title: str


def clip_moments(
    log: MatchLog, teams: Teams, field: FieldSpec, most: int
) -> tuple[Moment, ...]:
    """The first goals; without one, when the ball in play was nearest to a goal."""
    names = {team.number: team.name for team in teams}
    goals = [d for d in log.decisions if d.kind is DecisionKind.GOAL]
    if goals:
        return tuple(
            Moment(
                time_s=goal.time_s,
                title=f"goal of {names.get(goal.team or 0, '')}, {goal.reason}",
            )
            for goal in goals[:most]
        )
    playing = [
        (_to_goal_m(log, frame, field), frame.time_s)
        for frame in log.frames
        if frame.state.phase is GameState.PLAYING
    ]
    if not playing or most < 1:
        return ()
    near_m, time_s = min(playing)
    return (Moment(time_s=time_s, title=f"no goal; the ball {near_m:.2f} m from one"),)


def write_clips(
    folder: Path, match: SimulatedMatch, moments: Sequence[Moment]
) -> tuple[Clip, ...]:
    """Render each moment into `clip_N.mp4`."""
    if not moments:
        return ()
    clips = []
    with ArenaRenderer(match.stage.arena, _SIZES) as renderer:
        for number, moment in enumerate(moments, 1):
            clip = Clip(file=f"clip_{number}.mp4", title=moment.title)
            begin_s, end_s = moment.time_s - BEFORE_S, moment.time_s + AFTER_S
            frames = [f for f in match.log.frames if begin_s <= f.time_s <= end_s]
            with VideoWriter(folder / clip.file, _FRAMES_PER_S) as writer:
                for frame in frames[::EVERY]:
                    writer.add(_picture(renderer, frame, match.teams))
            clips.append(clip)
    return tuple(clips)


def _picture(renderer: ArenaRenderer, frame: Frame, teams: Teams):
    home, away = (
        Team(name=team.name, colour=colour)
        for team, colour in zip(teams, COLOURS, strict=True)
    )
    renderer.pose(frame.qpos)
    caption = Caption(
        clock_s=frame.state.clock_s,
        score=frame.state.score,
        state=frame.state.phase.name.lower(),
    )
    insets = (renderer.head_camera(0), renderer.head_camera(1))
    return compose(renderer.broadcast(), insets, (home, away), caption)


def _to_goal_m(log: MatchLog, frame: Frame, field: FieldSpec) -> float:
    """From the ball to the nearer goal line's mouth, over the floor."""
    x_m, y_m = frame.state.ball_m
    aside_m = max(abs(y_m) - field.goal_width_m / 2, 0.0)
    ahead_m = max(field.half_length_m - abs(x_m), 0.0)
    return float((aside_m**2 + ahead_m**2) ** 0.5)
