"""The penalty shoot-out: all shots at the goal at +x, one striker, one goalkeeper."""

import math
from collections.abc import Iterable
from dataclasses import replace

from match.decisions import BallPlacement, DecisionKind, Evidence, RobotPlacement
from match.effects import ShotEffect
from match.observation import RobotId
from match.officials.boundary import crossing
from match.officials.desk import EPSILON_S, Desk
from match.officials.goals import goal_end
from match.officials.penalty_kicks import off_line
from match.officials.periods import finish
from match.placing import kicker_of
from match.positions import keeper_of
from match.restart import Restart, RestartKind
from match.rules import RuleBook
from match.state import ShootOut
from match.touches import Touches
from robot.contracts.game_control import GameState

Shots = tuple[tuple[bool, ...], tuple[bool, ...]]
_ASIDE_M = 0.6


def winner(rules: RuleBook, shots: Shots) -> int | None:
    """0 or 1 as soon as that team has won; None while neither has."""
    goals = [sum(team) for team in shots]
    taken = [len(team) for team in shots]
    if max(taken) <= rules.penalty_shots:
        left = [rules.penalty_shots - count for count in taken]
        for team in (0, 1):
            if goals[team] > goals[1 - team] + left[1 - team]:
                return team
        return None
    if taken[0] == taken[1] and goals[0] != goals[1]:
        return 0 if goals[0] > goals[1] else 1
    return None


def all_taken(rules: RuleBook, shots: Shots) -> bool:
    """Whether there is no shot left, sudden death included."""
    most = rules.penalty_shots + rules.sudden_death_shots
    return min(len(team) for team in shots) >= most


def line_up(desk: Desk) -> None:
    """SET for the next shot: ball, striker and goalkeeper in place, others aside."""
    state, rules = desk.state, desk.rules
    shots = state.shoot_out.shots if state.shoot_out else ShootOut().shots
    index = 0 if len(shots[0]) <= len(shots[1]) else 1
    team, other = state.teams[index].number, state.teams[1 - index].number
    desk.state = replace(state, left_team=team)
    player, keeper = kicker_of(desk.state, team), keeper_of(desk.state, other)
    if player is None or keeper is None:
        finish(desk, "a team has nobody left", rule="penalty shoot-out")
        return
    striker = (team, player)
    x_m = state.field.half_length_m - rules.penalty_mark_m
    number = state.decisions + 1
    desk.state = replace(
        desk.state,
        restart=Restart(
            kind=RestartKind.PENALTY_KICK,
            team=team,
            spot_m=(x_m, 0.0),
            decision=number,
        ),
        ball_in_play=False,
        touches=Touches(),
        shoot_out=ShootOut(shots=shots, striker=striker, keeper=keeper),
    )
    desk.enter(GameState.SET)
    desk.mark_ball(x_m, 0.0)
    desk.decide(
        DecisionKind.SET,
        f"shot {len(shots[index]) + 1} of {state.teams[index].name}: "
        f"{player} against {keeper[1]}",
        rule="penalty shoot-out",
        team=team,
        player=player,
        placements=(
            BallPlacement(x_m=x_m, y_m=0.0),
            *_placements(desk, striker, keeper),
        ),
    )


def watch_shot(desk: Desk, begun: Iterable[RobotId]) -> None:
    """The shot ends with a goal, a rest, a line, a second touch, or its time."""
    state, rules = desk.state, desk.rules
    shoot_out, restart = state.shoot_out, state.restart
    assert shoot_out is not None
    assert shoot_out.keeper is not None
    kicker = restart.kicker
    again = kicker is not None and kicker in begun and restart.kick_s < desk.now_s
    moved = math.dist(desk.ball_m, restart.spot_m) > rules.clearly_moved_m
    rested_s = desk.now_s - max(state.ball_still_s, restart.kick_s)
    fault = off_line(desk, shoot_out.keeper)
    if goal_end(desk) == 1:
        _end_shot(desk, "in the goal", scored=True)
    elif fault is not None:
        _end_shot(desk, fault, scored=True)
    elif crossing(state.field, state.ball_m, desk.ball_m) is not None:
        _end_shot(desk, "off the pitch", scored=False)
    elif again and moved and kicker == shoot_out.striker:
        _end_shot(desk, "the striker touched the ball twice", scored=False)
    elif kicker is not None and rested_s >= rules.ball_still_s - EPSILON_S:
        _end_shot(desk, f"at rest for {rested_s:.1f} s", scored=False)
    elif desk.lasted(rules.penalty_shot_s):
        _end_shot(desk, f"{rules.penalty_shot_s:g} s are over", scored=False)


def _end_shot(desk: Desk, how: str, *, scored: bool) -> None:
    shoot_out = desk.state.shoot_out
    assert shoot_out is not None
    assert shoot_out.striker is not None
    team, player = shoot_out.striker
    index = desk.state.index(team)
    evidence: Evidence = (
        ("ball_x_m", desk.ball_m[0]),
        ("ball_y_m", desk.ball_m[1]),
        ("shot_s", desk.in_phase_s()),
    )
    number = desk.decide(
        DecisionKind.SHOT,
        f"{'scored' if scored else 'missed'}: {how}",
        rule="penalty shoot-out",
        team=team,
        player=player,
        evidence=evidence,
        effects=(
            ShotEffect(team=team, index=len(shoot_out.shots[index]), scored=scored),
        ),
    )
    assert desk.state.shoot_out is not None
    shots = desk.state.shoot_out.shots
    won = winner(desk.rules, shots)
    if won is not None:
        name = desk.state.teams[won].name
        finish(
            desk,
            f"{name} wins the shoot-out",
            rule="penalty shoot-out",
            cause=number,
            early=True,
        )
    elif all_taken(desk.rules, shots):
        finish(desk, "no winner: draw lots", rule="penalty shoot-out", cause=number)
    else:
        desk.state = replace(desk.state, wait_s=desk.rules.shot_pause_s)
        desk.enter(GameState.INITIAL)


def _placements(desk: Desk, striker: RobotId, keeper: RobotId) -> list[RobotPlacement]:
    field, rules = desk.state.field, desk.rules
    mark_m = field.half_length_m - rules.penalty_mark_m
    edge_m = field.half_length_m - field.penalty_area_depth_m
    spots = {
        striker: (min(edge_m, mark_m - rules.placement_clearance_m), 0.0, 0.0),
        keeper: (field.half_length_m, 0.0, math.pi),
    }
    others = [
        track.robot
        for track in desk.state.robots
        if track.may_play and track.robot not in spots
    ]
    for index, robot in enumerate(others):
        x_m = -field.half_length_m + _ASIDE_M * (1 + index // 2)
        side = 1 if index % 2 else -1
        spots[robot] = (x_m, side * (field.half_width_m - 0.3), 0.0)
    return [
        RobotPlacement(team=team, player=player, x_m=x_m, y_m=y_m, yaw_rad=yaw_rad)
        for (team, player), (x_m, y_m, yaw_rad) in spots.items()
    ]
