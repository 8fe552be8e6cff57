"""Figures of a match, accumulated from observations and decisions.

Positions are the torso's. A walking OP3's torso sways by centimetres, so distance and
speed are taken between samples `window_s` apart; a robot put somewhere by hand starts a
new stretch.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from match.observation import MatchObservation, RobotId, RobotObservation
from match.state import Decision, DecisionKind, MatchState, RobotPlacement, Teams
from match.touches import Touches, update_touches
from robot.contracts.game_control import GameState

_RESTARTS = (
    DecisionKind.BALL_OUT,
    DecisionKind.BALL_STUCK,
    DecisionKind.THROW_IN,
    DecisionKind.GOAL_KICK,
    DecisionKind.CORNER_KICK,
    DecisionKind.DIRECT_FREE_KICK,
    DecisionKind.INDIRECT_FREE_KICK,
    DecisionKind.PENALTY_KICK,
)


@dataclass(frozen=True, kw_only=True)
class StatisticsSettings:
    """What counts as what (the project's choice where no source is named).

    Attributes:
        possession_radius_m: the nearest robot within it has the ball; with none the
            last that touched it.
        reach_distance_m: torso to ball, over the floor: the robot has reached it.
        shot_speed_m_s: a touch is a shot if it sends the ball at least this fast
            toward the opponents' goal ...
        shot_window_s: ... within this time, on a line that passes between the posts.
        window_s: between the samples for distance and speed.
        touch_gap_s: contacts closer in time are one touch.
    """

    possession_radius_m: float = 0.5
    reach_distance_m: float = 0.25
    shot_speed_m_s: float = 0.5
    shot_window_s: float = 0.5
    window_s: float = 0.5
    touch_gap_s: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Fall:
    """One fall, ended by the robot itself or by stage hands (`helped`)."""

    robot: RobotId
    time_s: float
    ended_s: float | None = None
    helped: bool = False


@dataclass(frozen=True, kw_only=True)
class RobotFigures:
    """One robot's running figures; `sample` is the last (time, x, y) for speed."""

    distance_m: float = 0.0
    walked_s: float = 0.0
    top_speed_m_s: float = 0.0
    touches: int = 0
    shots: int = 0
    first_reach_s: float | None = None
    sample: tuple[float, float, float] | None = None
    fallen: bool = False


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """All figures so far. Move it with `update`, read it with `summary`."""

    settings: StatisticsSettings
    teams: Teams
    robots: dict[RobotId, RobotFigures]
    possession_s: tuple[float, float] = (0.0, 0.0)
    played_s: float = 0.0
    falls: tuple[Fall, ...] = ()
    goals: tuple[Decision, ...] = ()
    overruled: frozenset[int] = frozenset()
    restarts: dict[str, int] = field(default_factory=dict)
    touches: Touches = field(default_factory=Touches)
    ball: tuple[float, float, float] | None = None
    shot_open: RobotId | None = None
    shot_until_s: float = 0.0
    score: tuple[int, int] = (0, 0)
    last_time_s: float | None = None


def begin(teams: Teams, settings: StatisticsSettings | None = None) -> Statistics:
    """Figures before the first observation."""
    robots = {
        (team.number, player): RobotFigures()
        for team in teams
        for player in (*team.players, *team.substitutes)
    }
    return Statistics(
        settings=settings or StatisticsSettings(), teams=teams, robots=robots
    )


def update(
    statistics: Statistics,
    observation: MatchObservation,
    state: MatchState,
    decisions: tuple[Decision, ...],
) -> Statistics:
    """Take in one observation with the state and decisions the referee made of it."""
    time_s = observation.time_s
    last_s = statistics.last_time_s
    elapsed_s = 0.0 if last_s is None else time_s - last_s
    if state.phase is GameState.PLAYING:
        statistics = _update_ball(statistics, observation, state, elapsed_s)
    for robot in observation.robots:
        statistics = _update_robot(statistics, robot, time_s)
    for decision in decisions:
        statistics = _note_decision(statistics, decision)
    return replace(
        statistics,
        ball=(time_s, observation.ball_xyz_m[0], observation.ball_xyz_m[1]),
        last_time_s=time_s,
        score=state.score,
        overruled=frozenset(
            ruling.number for ruling in state.rulings if ruling.undone_by is not None
        ),
    )


def summary(statistics: Statistics) -> dict[str, Any]:
    """Plain, deterministic figures; floats rounded to 6 digits."""
    possession = sum(statistics.possession_s)
    teams = []
    for side, team in enumerate(statistics.teams):
        share = statistics.possession_s[side] / possession if possession else 0.5
        robots = {
            str(player): _robot_summary(statistics, (team.number, player))
            for player in sorted(team.players)
        }
        teams.append(
            {
                "number": team.number,
                "name": team.name,
                "score": statistics.score[side],
                "possession": round(share, 6),
                "shots": sum(robot["shots"] for robot in robots.values()),
                "touches": sum(robot["touches"] for robot in robots.values()),
                "robots": robots,
            }
        )
    return {
        "score": list(statistics.score),
        "played_s": round(statistics.played_s, 6),
        "teams": teams,
        "goals": [
            {
                "time_s": round(goal.time_s, 6),
                "team": goal.team,
                "player": goal.player,
                "reason": goal.reason,
            }
            for goal in statistics.goals
            if goal.number not in statistics.overruled
        ],
        "falls": [
            _fall_summary(fall, statistics.last_time_s) for fall in statistics.falls
        ],
        "restarts": dict(sorted(statistics.restarts.items())),
    }


def _robot_summary(statistics: Statistics, robot: RobotId) -> dict[str, Any]:
    figures = statistics.robots[robot]
    falls = [fall for fall in statistics.falls if fall.robot == robot]
    walked_s = figures.walked_s
    return {
        "distance_m": round(figures.distance_m, 6),
        "mean_speed_m_s": round(figures.distance_m / walked_s if walked_s else 0.0, 6),
        "top_speed_m_s": round(figures.top_speed_m_s, 6),
        "touches": figures.touches,
        "shots": figures.shots,
        "first_reach_s": _rounded(figures.first_reach_s),
        "falls": len(falls),
    }


def _fall_summary(fall: Fall, now_s: float | None) -> dict[str, Any]:
    """`up_after_s` only where the robot rose by itself; `down_s` in every case."""
    end_s = fall.ended_s if fall.ended_s is not None else (now_s or fall.time_s)
    down_s = round(end_s - fall.time_s, 6)
    alone = fall.ended_s is not None and not fall.helped
    return {
        "team": fall.robot[0],
        "player": fall.robot[1],
        "time_s": round(fall.time_s, 6),
        "down_s": down_s,
        "up_after_s": down_s if alone else None,
        "helped": fall.helped,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _update_ball(
    statistics: Statistics,
    observation: MatchObservation,
    state: MatchState,
    elapsed_s: float,
) -> Statistics:
    """Possession, first reach, touches and shots while PLAYING."""
    settings = statistics.settings
    touches, begun = update_touches(
        statistics.touches, observation, settings.touch_gap_s
    )
    figures = dict(statistics.robots)
    for robot in begun:
        figures[robot] = replace(figures[robot], touches=figures[robot].touches + 1)
    for robot in observation.robots:
        mine = figures[robot.robot]
        near = observation.ball_distance_m(robot) <= settings.reach_distance_m
        if near and mine.first_reach_s is None:
            reach_s = statistics.played_s + elapsed_s
            figures[robot.robot] = replace(mine, first_reach_s=reach_s)
    statistics = replace(
        statistics,
        robots=figures,
        touches=touches,
        played_s=statistics.played_s + elapsed_s,
        possession_s=_possession(statistics, observation, touches, elapsed_s),
    )
    if begun:
        statistics = replace(
            statistics,
            shot_open=begun[-1],
            shot_until_s=observation.time_s + settings.shot_window_s,
        )
    return _maybe_shot(statistics, observation, state)


def _possession(
    statistics: Statistics,
    observation: MatchObservation,
    touches: Touches,
    elapsed_s: float,
) -> tuple[float, float]:
    near = [
        (observation.ball_distance_m(robot), robot.robot)
        for robot in observation.robots
        if observation.ball_distance_m(robot) <= statistics.settings.possession_radius_m
    ]
    owner = min(near)[1] if near else touches.latest
    home_s, away_s = statistics.possession_s
    if owner is None:
        return home_s, away_s
    if owner[0] == statistics.teams[0].number:
        return home_s + elapsed_s, away_s
    return home_s, away_s + elapsed_s


def _maybe_shot(
    statistics: Statistics, observation: MatchObservation, state: MatchState
) -> Statistics:
    """Count the open touch as a shot once, if the ball now flies that way."""
    robot, before, time_s = statistics.shot_open, statistics.ball, observation.time_s
    if robot is None or before is None or time_s <= before[0]:
        return statistics
    if time_s > statistics.shot_until_s + 1e-9:
        return replace(statistics, shot_open=None)
    elapsed_s = time_s - before[0]
    x_m, y_m, _ = observation.ball_xyz_m
    speed_x, speed_y = (x_m - before[1]) / elapsed_s, (y_m - before[2]) / elapsed_s
    direction = 1 if state.side(robot[0]) == 0 else -1
    forward_m_s = direction * speed_x
    if forward_m_s < statistics.settings.shot_speed_m_s:
        return statistics
    to_line_s = (state.field.half_length_m - direction * x_m) / forward_m_s
    crossing_y_m = y_m + speed_y * to_line_s
    if to_line_s < 0 or abs(crossing_y_m) >= state.field.goal_width_m / 2:
        return statistics
    mine = statistics.robots[robot]
    robots = {**statistics.robots, robot: replace(mine, shots=mine.shots + 1)}
    return replace(statistics, robots=robots, shot_open=None)


def _update_robot(
    statistics: Statistics, robot: RobotObservation, time_s: float
) -> Statistics:
    mine = statistics.robots[robot.robot]
    falls = statistics.falls
    if robot.fallen and not mine.fallen:
        falls = (*falls, Fall(robot=robot.robot, time_s=time_s))
    elif mine.fallen and not robot.fallen:
        falls = tuple(_ended(fall, robot.robot, time_s, False) for fall in falls)
    mine = replace(mine, fallen=robot.fallen)
    mine = _walked(mine, robot, time_s, statistics.settings.window_s)
    robots = {**statistics.robots, robot.robot: mine}
    return replace(statistics, robots=robots, falls=falls)


def _walked(
    mine: RobotFigures, robot: RobotObservation, time_s: float, window_s: float
) -> RobotFigures:
    """Distance and speed; time on the floor does not count."""
    here = (time_s, robot.x_m, robot.y_m)
    if robot.fallen:
        return replace(mine, sample=None)
    if mine.sample is None:
        return replace(mine, sample=here)
    elapsed_s = time_s - mine.sample[0]
    if elapsed_s < window_s - 1e-9:
        return mine
    way_m = math.dist(mine.sample[1:], here[1:])
    return replace(
        mine,
        distance_m=mine.distance_m + way_m,
        walked_s=mine.walked_s + elapsed_s,
        top_speed_m_s=max(mine.top_speed_m_s, way_m / elapsed_s),
        sample=here,
    )


def _note_decision(statistics: Statistics, decision: Decision) -> Statistics:
    if decision.kind is DecisionKind.GOAL:
        statistics = replace(statistics, goals=(*statistics.goals, decision))
    if decision.kind in _RESTARTS:
        kind = decision.kind.value
        count = statistics.restarts.get(kind, 0) + 1
        restarts = {**statistics.restarts, kind: count}
        statistics = replace(statistics, restarts=restarts)
    if decision.kind in (DecisionKind.READY, DecisionKind.FINISHED):
        statistics = replace(statistics, shot_open=None, touches=Touches())
    for placement in decision.placements:
        if isinstance(placement, RobotPlacement):
            robot = (placement.team, placement.player)
            mine = replace(statistics.robots[robot], sample=None, fallen=False)
            statistics = replace(
                statistics,
                robots={**statistics.robots, robot: mine},
                falls=tuple(
                    _ended(fall, robot, decision.time_s, True)
                    for fall in statistics.falls
                ),
            )
    return statistics


def _ended(fall: Fall, robot: RobotId, time_s: float, helped: bool) -> Fall:
    if fall.robot != robot or fall.ended_s is not None:
        return fall
    return replace(fall, ended_s=time_s, helped=helped)
