"""The referee: a pure state machine over observations.

INITIAL -> READY -> SET -> PLAYING, back to READY by a goal or a dropped ball, FINISHED
by time. Simulated or real time comes in with each observation; nothing here reads a
clock, a network or a simulator.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from match.errors import MatchError
from match.observation import MatchObservation
from match.placing import restart_placements, return_placement
from match.rules import RuleBook
from match.state import (
    BallPlacement,
    Decision,
    DecisionKind,
    MatchState,
    Placement,
    RobotTrack,
    Teams,
    require_teams,
)
from match.touches import update_touches
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState

_EPSILON_S = 1e-9  # control periods like 0.025 s do not add up exactly


def start(rules: RuleBook, field: FieldSpec, teams: Teams) -> MatchState:
    """The state before the first observation. Home (teams[0]) has the first kick-off.

    Raises:
        MatchError: the teams cannot play each other.
    """
    require_teams(teams)
    return MatchState(
        field=field,
        teams=teams,
        kick_off_team=teams[0].number,
        robots=tuple(
            RobotTrack(team=team.number, player=player)
            for team in teams
            for player in team.players
        ),
    )


def step(
    rules: RuleBook, state: MatchState, observation: MatchObservation
) -> tuple[MatchState, tuple[Decision, ...]]:
    """Take in one observation.

    Returns:
        The new state and the decisions taken, in order; most steps take none. Their
        placements are due before the next observation.

    Raises:
        MatchError: time runs backwards, or a robot belongs to neither team.
    """
    _require_fitting(state, observation)
    state = _tick(state, observation)
    desk = _Desk(rules=rules, state=state, observation=observation)
    if state.phase is not GameState.FINISHED:
        _watch_falls(desk)
        _PHASES[state.phase](desk)
    return desk.state, tuple(desk.decisions)


class _Desk:
    """One step's work: the state as it changes and the decisions as they fall."""

    def __init__(
        self, *, rules: RuleBook, state: MatchState, observation: MatchObservation
    ) -> None:
        self.rules = rules
        self.state = state
        self.observation = observation
        self.time_s = observation.time_s
        self.decisions: list[Decision] = []

    def decide(
        self,
        kind: DecisionKind,
        reason: str,
        *,
        team: int | None = None,
        player: int | None = None,
        placements: tuple[Placement, ...] = (),
    ) -> None:
        number = self.state.decisions + 1
        self.state = replace(self.state, decisions=number)
        self.decisions.append(
            Decision(
                number=number,
                kind=kind,
                time_s=self.time_s,
                team=team,
                player=player,
                reason=reason,
                placements=placements,
            )
        )

    def enter(self, phase: GameState) -> None:
        self.state = replace(self.state, phase=phase, phase_since_s=self.time_s)

    def in_phase_s(self) -> float:
        assert self.state.phase_since_s is not None
        return self.time_s - self.state.phase_since_s

    def lasted(self, duration_s: float) -> bool:
        return self.in_phase_s() >= duration_s - _EPSILON_S

    def set_track(self, track: RobotTrack) -> None:
        robots = tuple(
            track if old.robot == track.robot else old for old in self.state.robots
        )
        self.state = replace(self.state, robots=robots)

    def mark_ball(self, x_m: float, y_m: float) -> None:
        self.state = replace(
            self.state, ball_mark_m=(x_m, y_m), ball_mark_s=self.time_s
        )


def _require_fitting(state: MatchState, observation: MatchObservation) -> None:
    faults = []
    if state.time_s is not None and observation.time_s < state.time_s:
        faults.append(
            f"time: expected at least {state.time_s} s, found {observation.time_s} s; "
            "feed observations in order"
        )
    known = {track.robot for track in state.robots}
    strangers = [r.robot for r in observation.robots if r.robot not in known]
    if strangers:
        faults.append(
            f"robots (team, player): expected {sorted(known)}, found {strangers}; "
            "name them in the match's teams"
        )
    if faults:
        raise MatchError("match observation", faults)


def _tick(state: MatchState, observation: MatchObservation) -> MatchState:
    time_s = observation.time_s
    before_s = time_s if state.time_s is None else state.time_s
    running = state.clock_started and state.phase is not GameState.FINISHED
    return replace(
        state,
        time_s=time_s,
        phase_since_s=time_s if state.phase_since_s is None else state.phase_since_s,
        clock_s=state.clock_s + (time_s - before_s if running else 0.0),
    )


def _watch_falls(desk: _Desk) -> None:
    """Falls, removal after a long one, return after a removal."""
    seen = {robot.robot: robot for robot in desk.observation.robots}
    for track in desk.state.robots:
        if track.removed_since_s is not None:
            _maybe_return(desk, track)
            continue
        robot = seen.get(track.robot)
        if robot is None:
            continue
        since_s = None
        if robot.fallen:
            since_s = track.fallen_since_s
            since_s = desk.time_s if since_s is None else since_s
        if since_s != track.fallen_since_s:
            track = replace(track, fallen_since_s=since_s)
            desk.set_track(track)
        if since_s is not None:
            _maybe_remove(desk, track, desk.time_s - since_s)


def _maybe_remove(desk: _Desk, track: RobotTrack, fallen_s: float) -> None:
    limit_s = desk.rules.fallen_incapable_after_s
    if fallen_s < limit_s - _EPSILON_S:
        return
    desk.set_track(replace(track, fallen_since_s=None, removed_since_s=desk.time_s))
    desk.decide(
        DecisionKind.INCAPABLE,
        f"fallen for {fallen_s:.1f} s (limit {limit_s:g} s)",
        team=track.team,
        player=track.player,
    )


def _maybe_return(desk: _Desk, track: RobotTrack) -> None:
    assert track.removed_since_s is not None
    away_s = desk.time_s - track.removed_since_s
    if away_s < desk.rules.removal_duration_s - _EPSILON_S:
        return
    placement = return_placement(
        desk.rules, desk.state, desk.observation, track.team, track.player
    )
    desk.set_track(replace(track, removed_since_s=None))
    desk.decide(
        DecisionKind.RETURN,
        f"after {away_s:.1f} s off the pitch",
        team=track.team,
        player=track.player,
        placements=(placement,),
    )


def _initial(desk: _Desk) -> None:
    if desk.lasted(desk.rules.initial_duration_s):
        _restart(desk, desk.state.kick_off_team, "the match begins")


def _ready(desk: _Desk) -> None:
    if _time_is_up(desk):
        return
    if not desk.lasted(desk.rules.ready_duration_s):
        return
    placements = restart_placements(desk.rules, desk.state, desk.observation)
    for placement in placements:
        desk.set_track(RobotTrack(team=placement.team, player=placement.player))
    desk.enter(GameState.SET)
    desk.mark_ball(0.0, 0.0)
    desk.decide(
        DecisionKind.SET,
        f"{desk.rules.ready_duration_s:g} s of READY are over; "
        f"{len(placements)} robots placed by hand",
        team=desk.state.kick_off_team,
        placements=(BallPlacement(x_m=0.0, y_m=0.0), *placements),
    )


def _set(desk: _Desk) -> None:
    if _time_is_up(desk):
        return
    if not desk.lasted(desk.rules.set_duration_s):
        return
    desk.enter(GameState.PLAYING)
    desk.mark_ball(0.0, 0.0)
    dropped = desk.state.kick_off_team is None
    desk.state = replace(desk.state, ball_in_play=dropped, clock_started=True)
    what = "dropped ball" if dropped else "kick-off"
    desk.decide(
        DecisionKind.PLAYING,
        f"{what} at {_clock(desk.state.clock_s)}",
        team=desk.state.kick_off_team,
    )


def _playing(desk: _Desk) -> None:
    touches, _ = update_touches(
        desk.state.touches, desk.observation, desk.rules.touch_gap_s
    )
    desk.state = replace(desk.state, touches=touches)
    for check in (_goal, _time_is_up, _ball_out, _ball_at_rest):
        if check(desk):
            return


def _goal(desk: _Desk) -> bool:
    field, (x_m, y_m, z_m) = desk.state.field, desk.observation.ball_xyz_m
    beyond_m = abs(x_m) - field.half_length_m
    if not (
        field.ball_radius_m < beyond_m <= field.goal_depth_m
        and abs(y_m) < field.goal_width_m / 2
        and z_m < field.goal_height_m
    ):
        return False
    scorer = 0 if x_m > 0 else 1
    team, conceding = desk.state.teams[scorer], desk.state.teams[1 - scorer]
    score = list(desk.state.score)
    score[scorer] += 1
    desk.state = replace(desk.state, score=(score[0], score[1]))
    toucher = desk.state.touches.latest
    own = toucher is not None and toucher[0] != team.number
    by = "nobody's touch" if toucher is None else f"player {toucher[1]}"
    desk.decide(
        DecisionKind.GOAL,
        f"{score[0]}:{score[1]}, {'own goal by ' if own else 'by '}{by}; ball "
        f"{beyond_m:.3f} m over the line, {y_m:+.2f} m from the goal's middle",
        team=team.number,
        player=toucher[1] if toucher is not None and not own else None,
    )
    lead, mercy = abs(score[0] - score[1]), desk.rules.mercy_goals
    if mercy is not None and lead >= mercy:
        _finish(desk, f"a lead of {lead} goals (limit {mercy})")
    else:
        _restart(desk, conceding.number, f"kick-off for {conceding.name}")
    return True


def _time_is_up(desk: _Desk) -> bool:
    if desk.state.clock_s < desk.rules.duration_s - _EPSILON_S:
        return False
    _finish(desk, f"{_clock(desk.rules.duration_s)} are played")
    return True


def _ball_out(desk: _Desk) -> bool:
    field, (x_m, y_m, z_m) = desk.state.field, desk.observation.ball_xyz_m
    limit_x_m = field.half_length_m + max(field.ramp_width_m, field.goal_depth_m)
    limit_y_m = field.half_width_m + field.ramp_width_m
    if abs(y_m) >= field.goal_width_m / 2:
        limit_x_m = field.half_length_m + field.ramp_width_m
    inside = abs(x_m) <= limit_x_m and abs(y_m) <= limit_y_m
    if inside and z_m > -field.ball_radius_m:
        return False
    desk.decide(
        DecisionKind.BALL_OUT,
        f"ball at ({x_m:.2f}, {y_m:.2f}, {z_m:.2f}) m, "
        f"walls at {limit_x_m:.2f} and {limit_y_m:.2f} m",
    )
    _restart(desk, None, "dropped ball")
    return True


def _ball_at_rest(desk: _Desk) -> bool:
    rules, state = desk.rules, desk.state
    x_m, y_m, _ = desk.observation.ball_xyz_m
    moved_m = math.dist((x_m, y_m), state.ball_mark_m)
    if not state.ball_in_play:
        _kick_off_under_way(desk, moved_m)
        return False
    if moved_m > rules.stuck_distance_m:
        desk.mark_ball(x_m, y_m)
        return False
    rested_s = desk.time_s - state.ball_mark_s
    if rested_s < rules.stuck_after_s - _EPSILON_S:
        return False
    desk.decide(
        DecisionKind.BALL_STUCK,
        f"ball within {rules.stuck_distance_m:g} m of ({state.ball_mark_m[0]:.2f}, "
        f"{state.ball_mark_m[1]:.2f}) m for {rested_s:.1f} s",
    )
    _restart(desk, None, "dropped ball")
    return True


def _kick_off_under_way(desk: _Desk, moved_m: float) -> None:
    rules = desk.rules
    if moved_m > rules.in_play_distance_m:
        reason = f"ball moved {moved_m:.3f} m"
    elif desk.lasted(rules.kick_off_free_after_s):
        reason = f"not kicked off for {rules.kick_off_free_after_s:g} s: free for all"
    else:
        return
    desk.state = replace(desk.state, ball_in_play=True)
    x_m, y_m, _ = desk.observation.ball_xyz_m
    desk.mark_ball(x_m, y_m)
    desk.decide(DecisionKind.BALL_IN_PLAY, reason, team=desk.state.kick_off_team)


def _restart(desk: _Desk, kick_off_team: int | None, why: str) -> None:
    desk.state = replace(desk.state, kick_off_team=kick_off_team, ball_in_play=False)
    desk.state = replace(desk.state, touches=replace(desk.state.touches, latest=None))
    desk.enter(GameState.READY)
    desk.decide(DecisionKind.READY, why, team=kick_off_team)


def _finish(desk: _Desk, why: str) -> None:
    home, away = desk.state.score
    desk.enter(GameState.FINISHED)
    desk.decide(DecisionKind.FINISHED, f"{why}; final score {home}:{away}")


def _clock(clock_s: float) -> str:
    return f"{int(clock_s // 60)}:{clock_s % 60:04.1f}"


_PHASES: dict[GameState, Callable[[_Desk], object]] = {
    GameState.INITIAL: _initial,
    GameState.READY: _ready,
    GameState.SET: _set,
    GameState.PLAYING: _playing,
}
