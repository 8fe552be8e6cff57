"""What decisions do to the state, and undoing it: pure functions."""

from dataclasses import replace

from match.effects import (
    CardEffect,
    Effect,
    PenaltyEffect,
    ScoreEffect,
    ShotEffect,
    VoidEffect,
)
from match.rules import RuleBook
from match.state import MatchState, ShootOut
from match.tracks import LASTING, RobotTrack, Sentence, Watch
from robot.contracts.game_control import Penalty

COUNTED = (
    Penalty.PICK_UP,
    Penalty.BALL_HOLDING,
    Penalty.LEAVING_THE_FIELD,
    Penalty.PLAYING_WITH_ARMS_HANDS,
    Penalty.PUSHING,
)
"""Penalties that make the team's later ones longer (rules 2026)."""

IN_PLACE = (Penalty.MOTION_IN_SET, Penalty.MOTION_IN_STOP)
"""Penalties that are served on the pitch."""


def duration_s(
    rules: RuleBook, state: MatchState, team: int, penalty: Penalty
) -> float | None:
    """How long a penalty given now lasts; None for ever."""
    if penalty in LASTING:
        return None
    if penalty in IN_PLACE:
        return rules.in_place_duration_s
    earlier = state.counted_penalties[state.index(team)]
    return rules.removal_duration_s + rules.removal_increment_s * earlier


def applied(
    rules: RuleBook, state: MatchState, effect: Effect, decision: int
) -> MatchState:
    """The state once the effect of that decision has happened."""
    if isinstance(effect, ScoreEffect):
        return _with_score(state, effect.team, effect.goals)
    if isinstance(effect, VoidEffect):
        return replace(state, voided=(*state.voided, effect.team))
    if isinstance(effect, CardEffect):
        return _with_cards(state, effect, 1)
    if isinstance(effect, ShotEffect):
        return _with_shots(state, effect, remove=False)
    track = state.track(effect.robot)
    sentence = Sentence(
        decision=decision,
        penalty=effect.penalty,
        since_s=state.running_s,
        left_s=duration_s(rules, state, track.team, effect.penalty),
        in_place=effect.penalty in IN_PLACE,
    )
    track = replace(
        track,
        sentences=(*track.sentences, sentence),
        returning=False,
        watch=Watch(),
    )
    return _with_count(_with_track(state, track), effect, 1)


def undone(state: MatchState, effect: Effect, decision: int) -> MatchState:
    """The state without the effect of that decision."""
    if isinstance(effect, ScoreEffect):
        return _with_score(state, effect.team, -effect.goals)
    if isinstance(effect, VoidEffect):
        voided = tuple(team for team in state.voided if team != effect.team)
        return replace(state, voided=voided)
    if isinstance(effect, CardEffect):
        return _with_cards(state, effect, -1)
    if isinstance(effect, ShotEffect):
        return _with_shots(state, effect, remove=True)
    track = state.track(effect.robot)
    sentences = tuple(s for s in track.sentences if s.decision != decision)
    # It may have been taken off: then it walks in like one that has served.
    returning = track.returning or (not sentences and track.removed_since_s is not None)
    track = replace(track, sentences=sentences, returning=returning)
    state = _with_track(state, track)
    return _with_count(state, effect, -1)


def _with_track(state: MatchState, track: RobotTrack) -> MatchState:
    robots = tuple(track if old.robot == track.robot else old for old in state.robots)
    return replace(state, robots=robots)


def _with_score(state: MatchState, team: int, change: int) -> MatchState:
    return replace(state, score=_changed(state.score, state.index(team), change))


def _with_count(state: MatchState, effect: PenaltyEffect, change: int) -> MatchState:
    if not effect.counted:
        return state
    index = state.index(effect.robot[0])
    counts = _changed(state.counted_penalties, index, change)
    return replace(state, counted_penalties=counts)


def _with_cards(state: MatchState, effect: CardEffect, sign: int) -> MatchState:
    track = state.track(effect.robot)
    return _with_track(
        state,
        replace(
            track,
            cautions=track.cautions + sign * effect.cautions,
            warnings=track.warnings + sign * effect.warnings,
        ),
    )


def _with_shots(state: MatchState, effect: ShotEffect, *, remove: bool) -> MatchState:
    shoot_out = state.shoot_out or ShootOut()
    index = state.index(effect.team)
    shots = list(shoot_out.shots[index])
    if remove:
        del shots[effect.index]
    else:
        shots.insert(effect.index, effect.scored)
    both = [*shoot_out.shots]
    both[index] = tuple(shots)
    return replace(state, shoot_out=replace(shoot_out, shots=(both[0], both[1])))


def _changed(pair: tuple[int, int], index: int, change: int) -> tuple[int, int]:
    changed = list(pair)
    changed[index] += change
    return changed[0], changed[1]
