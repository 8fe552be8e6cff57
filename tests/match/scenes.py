"""Short scenes for referee tests: who stands where, and time going on."""

from dataclasses import replace

from match.observation import MatchObservation, RobotObservation
from match.referee import start, step
from match.rules import LAB_1V1, RuleBook
from match.state import Decision, MatchState, Team
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, TeamColour

FIELD = FieldSpec()  # 5 x 4 m; goal 0.8 m wide, bar at 0.6 m; ball radius 0.07 m
HOME = Team(number=1, name="Home", colour=TeamColour.BLUE)
AWAY = Team(number=2, name="Away", colour=TeamColour.RED)
RULES = replace(LAB_1V1, duration_s=100.0)

HOME_SPOT = RobotObservation(team=1, player=1, x_m=-1.0, y_m=0.0, yaw_rad=0.0)
AWAY_SPOT = RobotObservation(team=2, player=1, x_m=1.0, y_m=0.0, yaw_rad=3.14)


def seen(
    time_s: float,
    *,
    ball: tuple[float, float, float] = (0.0, 0.0, 0.07),
    home: RobotObservation = HOME_SPOT,
    away: RobotObservation = AWAY_SPOT,
) -> MatchObservation:
    return MatchObservation(time_s=time_s, ball_xyz_m=ball, robots=(home, away))


def run(
    observations: list[MatchObservation],
    *,
    rules: RuleBook = RULES,
    state: MatchState | None = None,
) -> tuple[MatchState, list[Decision]]:
    """Feed all observations; the final state and every decision."""
    state = state or start(rules, FIELD, (HOME, AWAY))
    decisions: list[Decision] = []
    for observation in observations:
        state, new = step(rules, state, observation)
        decisions += new
    return state, decisions


def playing(rules: RuleBook = RULES) -> MatchState:
    """Kick-off was at 11 s: 1 s initial + 8 s ready + 2 s set."""
    times = [0.0, 1.0, 9.0, 11.0]
    state, _ = run([seen(time_s) for time_s in times], rules=rules)
    assert state.phase is GameState.PLAYING
    return state


def in_play(rules: RuleBook = RULES) -> MatchState:
    """As `playing`, and the ball has been moved to (0.5, 0) at 12 s."""
    state, _ = run([seen(12.0, ball=(0.5, 0, 0.07))], rules=rules, state=playing(rules))
    assert state.ball_in_play
    return state


def kinds(decisions: list[Decision]) -> list[str]:
    return [decision.kind.value for decision in decisions]
