"""The referee: a pure state machine over observations and orders.

INITIAL -> READY -> SET -> PLAYING, back to READY by a goal or a dropped ball, to
INITIAL by a break or a time-out, FINISHED by time. Simulated or real time comes in with
each observation; nothing here reads a clock, a network or a simulator. What is watched
is in `match.officials`, one module per subject.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from match.commands import Command
from match.decisions import BallPlacement
from match.errors import MatchError
from match.observation import MatchObservation
from match.officials import phases
from match.officials.desk import Desk
from match.officials.falls import watch_falls
from match.officials.motion import watch_motion
from match.officials.orders import carry_out
from match.officials.penalties import serve
from match.restart import Restart, RestartKind
from match.rules import RuleBook
from match.state import Decision, MatchState, Teams, require_teams
from match.tracks import RobotTrack, Sentence
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, Penalty


def start(rules: RuleBook, field: FieldSpec, teams: Teams) -> MatchState:
    """The state before the first observation. Home (teams[0]) has the first kick-off.

    Raises:
        MatchError: the teams cannot play each other.
    """
    require_teams(teams)
    bench = Sentence(decision=0, penalty=Penalty.SUBSTITUTE, since_s=0.0, left_s=None)
    home = teams[0].number
    return MatchState(
        field=field,
        teams=teams,
        left_team=home,
        wait_s=None if rules.waits_for_start else rules.initial_duration_s,
        restart=Restart(kind=RestartKind.KICK_OFF, team=home),
        robots=tuple(
            RobotTrack(
                team=team.number,
                player=player,
                sentences=(bench,) if player in team.substitutes else (),
            )
            for team in teams
            for player in (*team.players, *team.substitutes)
        ),
    )


def step(
    rules: RuleBook,
    state: MatchState,
    observation: MatchObservation,
    commands: Sequence[Command] = (),
) -> tuple[MatchState, tuple[Decision, ...]]:
    """Take in one observation and the orders given since the last one.

    Returns:
        The new state and the decisions taken, in order; most steps take none. Their
        placements are due before the next observation.

    Raises:
        MatchError: time runs backwards, or a robot belongs to neither team.
    """
    _require_fitting(state, observation)
    state, elapsed_s = _tick(state, observation)
    desk = Desk(rules=rules, state=state, observation=observation, elapsed_s=elapsed_s)
    if not state.stopped:
        serve(desk)
    for command in commands:
        carry_out(desk, command)
    if desk.state.stopped:
        if rules.motion_in_stop:
            watch_motion(desk, Penalty.MOTION_IN_STOP)
        return desk.state, tuple(desk.decisions)
    # Where an order has the ball placed, this observation still shows the old place.
    if desk.state.phase is not GameState.FINISHED and not _ball_is_placed(desk):
        watch_falls(desk)
        _PHASES[desk.state.phase](desk)
    if not _ball_is_placed(desk):
        desk.state = replace(desk.state, ball_m=desk.ball_m)
    return desk.state, tuple(desk.decisions)


def _ball_is_placed(desk: Desk) -> bool:
    """Whether a decision of this step has the ball moved by hand."""
    placed = (one for decision in desk.decisions for one in decision.placements)
    return any(isinstance(one, BallPlacement) for one in placed)


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


def _tick(state: MatchState, observation: MatchObservation) -> tuple[MatchState, float]:
    """Let the clocks run; all of them stand while play is stopped.

    Returns:
        The state, and what passed on the running clock.
    """
    time_s = observation.time_s
    if state.time_s is None:
        begun = replace(state, time_s=time_s, running_s=time_s, phase_since_s=time_s)
        return begun, 0.0
    elapsed_s = 0.0 if state.stopped else time_s - state.time_s
    runs = state.clock_started and state.phase not in (
        GameState.INITIAL,
        GameState.FINISHED,
    )
    return replace(
        state,
        time_s=time_s,
        running_s=state.running_s + elapsed_s,
        clock_s=state.clock_s + (elapsed_s if runs else 0.0),
    ), elapsed_s


_PHASES: dict[GameState, Callable[[Desk], None]] = {
    GameState.INITIAL: phases.initial,
    GameState.READY: phases.ready,
    GameState.SET: phases.set_,
    GameState.PLAYING: phases.playing,
}
