"""What an operator can choose from, by the words that the page shows.

A browser sends words back. Only words that stand in these tables mean anything.
"""

import secrets

from match.commands import (
    AwardGoal,
    AwardKick,
    CardColour,
    Command,
    DropBall,
    Finish,
    GoTo,
    Overrule,
    Penalize,
    RequestPickUp,
    ResumePlay,
    ShowCard,
    Start,
    StopPlay,
    TakeTimeOut,
    Unpenalize,
)
from match.decisions import DecisionKind
from match.observation import RobotId
from match.page.view import PageView
from match.restart import RestartKind
from robot.contracts.game_control import GameState, Penalty

PLAY = {"Start": Start, "Stop": StopPlay, "Resume": ResumePlay}
FLOW = ("Next phase", "Drop ball", "Finish")
ROBOT = ("Penalize", "Return", "Pick up")
TEAM = ("Goal", "Kick", "Time-out")
PENALTIES = {
    penalty.value: penalty
    for penalty in Penalty
    if penalty
    not in (Penalty.NONE, Penalty.CAUTIONED, Penalty.SENT_OFF, Penalty.SUBSTITUTE)
}
"""What a robot is penalized for; cards and substitutions are orders of their own."""
CARDS: dict[str, CardColour] = {
    "Warning": "warning",
    "Yellow": "yellow",
    "Red": "red",
}
KICKS = {
    kind.value: kind for kind in RestartKind if kind is not RestartKind.DROPPED_BALL
}

_NEXT = {
    GameState.INITIAL: GameState.READY,
    GameState.READY: GameState.SET,
    GameState.SET: GameState.PLAYING,
}
_RULINGS_SHOWN = 10


def team_choices(view: PageView) -> dict[str, int]:
    """Team numbers by name."""
    home, away = view.teams
    if home.name == away.name:
        return {f"{team.name} (team {team.number})": team.number for team in view.teams}
    return {team.name: team.number for team in view.teams}


def robot_choices(view: PageView) -> dict[str, RobotId]:
    """Robots of both teams that are no substitutes now, as "learned 1"."""
    return {
        f"{name} {player}": (number, player)
        for name, number in team_choices(view).items()
        for player, info in enumerate(view.control.team(number).players, 1)
        if info.penalty is not Penalty.SUBSTITUTE
    }


def ruling_choices(view: PageView) -> dict[str, int]:
    """The latest decisions that can be overruled, newest first.

    Kick-offs are left out: each follows from a goal or a stuck ball, and undoing that
    takes it back too.
    """
    decisions = {decision.number: decision for decision in view.decisions}
    open_ones = [
        decisions[ruling.number]
        for ruling in reversed(view.rulings)
        if ruling.undone_by is None
        and ruling.number in decisions
        and ruling.kind is not DecisionKind.READY
    ]
    return {
        f"#{decision.number} {decision.kind.value}, {decision.time_s:.0f} s": (
            decision.number
        )
        for decision in open_ones[:_RULINGS_SHOWN]
    }


def play_order(word: str, by: str) -> Command | None:
    """For a word of `PLAY`."""
    kind = PLAY.get(word)
    return None if kind is None else kind(id=new_id(), by=by)


def flow_order(word: str, by: str, phase: GameState) -> Command | None:
    """For a word of `FLOW`; nothing comes after PLAYING and FINISHED."""
    if word == FLOW[0] and phase in _NEXT:
        return GoTo(id=new_id(), by=by, phase=_NEXT[phase])
    if word == FLOW[1]:
        return DropBall(id=new_id(), by=by)
    if word == FLOW[2]:
        return Finish(id=new_id(), by=by)
    return None


def robot_order(
    word: str, by: str, robot: RobotId | None, reason: str
) -> Command | None:
    """For a word of `ROBOT`; `reason` is one of `PENALTIES`."""
    if robot is None:
        return None
    team, player = robot
    if word == ROBOT[0] and reason in PENALTIES:
        return Penalize(
            id=new_id(), by=by, team=team, player=player, penalty=PENALTIES[reason]
        )
    if word == ROBOT[1]:
        return Unpenalize(id=new_id(), by=by, team=team, player=player)
    if word == ROBOT[2]:
        return RequestPickUp(id=new_id(), by=by, team=team, player=player)
    return None


def card_order(word: str, by: str, robot: RobotId | None) -> Command | None:
    """For a word of `CARDS`."""
    if robot is None or word not in CARDS:
        return None
    team, player = robot
    return ShowCard(id=new_id(), by=by, team=team, player=player, card=CARDS[word])


def team_order(word: str, by: str, team: int | None, kick: str) -> Command | None:
    """For a word of `TEAM`; `kick` is one of `KICKS`."""
    if team is None:
        return None
    if word == TEAM[0]:
        return AwardGoal(id=new_id(), by=by, team=team)
    if word == TEAM[1] and kick in KICKS:
        return AwardKick(id=new_id(), by=by, team=team, kick=KICKS[kick])
    if word == TEAM[2]:
        return TakeTimeOut(id=new_id(), by=by, team=team)
    return None


def overrule_order(by: str, decision: int | None) -> Command | None:
    """Undo a decision."""
    if decision is None:
        return None
    return Overrule(id=new_id(), by=by, decision=decision)


def new_id() -> str:
    """Different for every order of a match, and of all operators."""
    return secrets.token_hex(8)
