"""Overruling: a decision and all that followed from it is undone, or done again."""

from dataclasses import replace

from match.decisions import DecisionKind
from match.effects import Ruling
from match.officials.desk import Desk
from match.officials.effects import applied, undone
from match.officials.goals import score_goal
from match.officials.restarts import drop_ball
from robot.contracts.game_control import GameState


def overrule(desk: Desk, number: int) -> str | None:
    """Undo decision `number` with everything it caused; why not, where it cannot be.

    Goals, penalties, cards and shots are taken back. A restart it gave that nobody has
    taken yet becomes a dropped ball; one already taken stays. A goal that was not
    allowed is allowed. An end of the match is taken back by a dropped ball. An
    overruling is undone by doing again what it undid.
    """
    ruling = _find(desk, number)
    if ruling is None:
        return f"expected a decision that changed something, found number {number}"
    if ruling.undone_by is not None:
        return f"decision {number} has been overruled by {ruling.undone_by}"
    if ruling.kind is DecisionKind.OVERRULED:
        _redo(desk, ruling)
        return None
    family = _family(desk, ruling)
    for one in reversed(family):
        for effect in reversed(one.effects):
            desk.state = undone(desk.state, effect, one.number)
    undid = tuple(one.number for one in family)
    overruling = desk.decide(
        DecisionKind.OVERRULED,
        f"{ruling.kind.value} (decision {number}) is undone; "
        f"{desk.state.score[0]}:{desk.state.score[1]}",
        rule="overruled",
        team=ruling.team,
        cause=None,
        undid=undid,
    )
    _mark(desk, undid, overruling)
    _go_on(desk, ruling, family, overruling)
    return None


def _redo(desk: Desk, overruling: Ruling) -> None:
    family = [one for one in desk.state.rulings if one.number in overruling.undid]
    for one in family:
        for effect in one.effects:
            desk.state = applied(desk.rules, desk.state, effect, one.number)
    number = desk.decide(
        DecisionKind.OVERRULED,
        f"decision {overruling.number} is undone, so "
        f"{', '.join(one.kind.value for one in family)} holds; "
        f"{desk.state.score[0]}:{desk.state.score[1]}",
        rule="overruled",
        team=overruling.team,
        undid=(overruling.number,),
    )
    _mark(desk, overruling.undid, None)
    _mark(desk, (overruling.number,), number)


def _go_on(desk: Desk, ruling: Ruling, family: list[Ruling], overruling: int) -> None:
    state = desk.state
    if ruling.kind is DecisionKind.NO_GOAL and ruling.team is not None:
        score_goal(
            desk, ruling.team, "by overruling", rule="overruled", cause=overruling
        )
        return
    ended = state.phase is GameState.FINISHED and any(o.ended_match for o in family)
    waiting = state.phase in (GameState.READY, GameState.SET) or (
        state.phase is GameState.PLAYING and not state.ball_in_play
    )
    pending = waiting and any(o.number == state.restart.decision for o in family)
    if not ended and not pending:
        return
    if state.shoot_out is not None:
        desk.state = replace(state, wait_s=desk.rules.shot_pause_s)
        desk.enter(GameState.INITIAL)
        return
    drop_ball(desk, "dropped ball", rule="overruled", cause=overruling)


def _family(desk: Desk, ruling: Ruling) -> list[Ruling]:
    """The ruling and those that followed from it and still hold, oldest first."""
    family = [ruling]
    for one in desk.state.rulings:
        causes = [parent.number for parent in family]
        if one.cause in causes and one.undone_by is None:
            family.append(one)
    return family


def _find(desk: Desk, number: int) -> Ruling | None:
    return next((one for one in desk.state.rulings if one.number == number), None)


def _mark(desk: Desk, numbers: tuple[int, ...], undone_by: int | None) -> None:
    rulings = tuple(
        replace(one, undone_by=undone_by) if one.number in numbers else one
        for one in desk.state.rulings
    )
    desk.state = replace(desk.state, rulings=rulings)
