"""An outside GameController in words: what changed, and what people have to do."""

from dataclasses import asdict
from typing import Any

from match.follow import Orders
from match.follow_changes import GameChange, Value
from match.observation import RobotId


def change_text(change: GameChange) -> str:
    """As in "team 1 player 3: penalty pushing"."""
    news = f"{change.kind.value} {_word(change.after)}"
    if change.team is None:
        return news
    who = f"team {change.team}"
    if change.player is not None:
        who += f" player {change.player}"
    return f"{who}: {news}"


def change_plain(change: GameChange) -> dict[str, Any]:
    """For `match.record`: JSON values, before and after as words."""
    before = None if change.before is None else _word(change.before)
    words = {"kind": change.kind.value, "before": before, "after": _word(change.after)}
    return asdict(change) | words


def work_between(before: Orders | None, after: Orders) -> tuple[str, ...]:
    """What is to be done now that `after` holds, in words; nothing twice."""
    lines = []
    if before is None or before.stand_still is not after.stand_still:
        lines.append("everybody stands still" if after.stand_still else "robots move")
    if after.ball_on_centre and not (before and before.ball_on_centre):
        lines.append("put the ball on the centre spot")
    if after.play and not (before and before.play):
        lines.append("the ball is free to be played")
    off, frozen = (before.off_pitch, before.frozen) if before else (set(), set())
    lines += [f"take {_name(robot)} off" for robot in sorted(after.off_pitch - off)]
    lines += [
        f"{_name(robot)} must not move" for robot in sorted(after.frozen - frozen)
    ]
    held = (off | frozen) - after.off_pitch - after.frozen
    lines += [f"{_name(robot)} may play again" for robot in sorted(held)]
    return tuple(lines)


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _name(robot: RobotId) -> str:
    return f"team {robot[0]} player {robot[1]}"
