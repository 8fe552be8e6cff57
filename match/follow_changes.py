"""What an outside GameController changed: the difference of two control packets."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from robot.contracts.game_control import GameControl, Penalty, TeamInfo

Value = str | int | bool | None


class ChangeKind(Enum):
    """What is different."""

    STATE = "state"
    GAME_PHASE = "game phase"
    SET_PLAY = "set play"
    KICKING_TEAM = "kicking team"
    STOPPED = "stopped"
    FIRST_HALF = "first half"
    LEFT_TEAM = "team on the left"
    SCORE = "score"
    GOALKEEPER = "goalkeeper"
    PENALTY_SHOT = "penalty shot"
    PENALTY = "penalty"
    CAUTIONS = "cautions"
    WARNINGS = "warnings"


@dataclass(frozen=True, kw_only=True)
class GameChange:
    """One change, as the GameController told it.

    Attributes:
        time_s: when the packet came in.
        team, player: whom it concerns, None where nobody in particular.
        before: None in the first packet: nothing was known.
        after: a name in lower case, a number or a truth value.
    """

    time_s: float
    kind: ChangeKind
    team: int | None = None
    player: int | None = None
    before: Value
    after: Value


def change_message(change: GameChange) -> dict[str, Any]:
    """The change as a message for `match.record`."""
    return asdict(change) | {"kind": change.kind.value}


def changes_between(
    before: GameControl | None, after: GameControl, time_s: float
) -> tuple[GameChange, ...]:
    """Everything that is new in `after`; all of it without `before`.

    Clocks, packet numbers and message budgets count without being changes. Teams are
    compared by number, so a change of sides is one change. Penalties that were never
    there are none.
    """
    changes = []

    def note(
        kind: ChangeKind,
        old: Value,
        new: Value,
        team: int | None = None,
        player: int | None = None,
    ) -> None:
        if old != new:
            changes.append(
                GameChange(
                    time_s=time_s,
                    kind=kind,
                    team=team,
                    player=player,
                    before=old,
                    after=new,
                )
            )

    old, new = _whole(before) if before else {}, _whole(after)
    for kind, value in new.items():
        note(kind, old.get(kind), value)
    known = {team.team_number: team for team in before.teams} if before else {}
    for team in sorted(after.teams, key=lambda team: team.team_number):
        number = team.team_number
        was = known.get(number)
        old = _of_team(was) if was else {}
        for kind, value in _of_team(team).items():
            note(kind, old.get(kind), value, number)
        for player, standing in enumerate(team.players, 1):
            earlier = was.players[player - 1] if was else None
            penalty = earlier.penalty if earlier else Penalty.NONE
            note(
                ChangeKind.PENALTY,
                penalty.value,
                standing.penalty.value,
                number,
                player,
            )
            cautions = earlier.cautions if earlier else 0
            note(ChangeKind.CAUTIONS, cautions, standing.cautions, number, player)
            warnings = earlier.warnings if earlier else 0
            note(ChangeKind.WARNINGS, warnings, standing.warnings, number, player)
    return tuple(changes)


def _whole(control: GameControl) -> dict[ChangeKind, Value]:
    return {
        ChangeKind.STATE: _name(control.state),
        ChangeKind.GAME_PHASE: _name(control.game_phase),
        ChangeKind.SET_PLAY: _name(control.set_play),
        ChangeKind.KICKING_TEAM: "none"
        if control.kicking_team is None
        else control.kicking_team,
        ChangeKind.STOPPED: control.stopped,
        ChangeKind.FIRST_HALF: control.first_half,
        ChangeKind.LEFT_TEAM: control.teams[0].team_number,
    }


def _of_team(team: TeamInfo) -> dict[ChangeKind, Value]:
    return {
        ChangeKind.SCORE: team.score,
        ChangeKind.GOALKEEPER: team.goalkeeper,
        ChangeKind.PENALTY_SHOT: team.penalty_shot,
    }


def _name(member: Enum) -> str:
    return member.name.lower().replace("_", " ")
