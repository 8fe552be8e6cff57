"""Penalties: given, served, ended; warnings, cautions and send-offs."""

from dataclasses import replace

from match.commands import CardColour
from match.decisions import DecisionKind, Evidence, Placement, kind_of
from match.effects import CardEffect, PenaltyEffect
from match.observation import RobotId
from match.officials.desk import EPSILON_S, Desk
from match.officials.effects import COUNTED, IN_PLACE, duration_s
from match.placing import beside_placement, return_placement
from match.tracks import LASTING, RobotTrack, Sentence, Watch
from robot.contracts.game_control import GameState, Penalty

_SERVED_IN = (GameState.READY, GameState.PLAYING)


def penalize(
    desk: Desk,
    robot: RobotId,
    penalty: Penalty,
    reason: str,
    *,
    rule: str,
    evidence: Evidence = (),
    cause: int | None = None,
) -> int:
    """Give the penalty; the number of the decision."""
    team, player = robot
    placements: tuple[Placement, ...] = ()
    if not desk.rules.walls and penalty not in IN_PLACE:
        placements = (
            beside_placement(desk.rules, desk.state, desk.observation, robot),
        )
    lasts_s = duration_s(desk.rules, desk.state, team, penalty)
    ends = "for the rest of the match" if lasts_s is None else f"for {lasts_s:g} s"
    return desk.decide(
        kind_of(penalty),
        f"{reason}; out {ends}" if penalty not in IN_PLACE else f"{reason}; {ends}",
        rule=rule,
        team=team,
        player=player,
        evidence=evidence,
        placements=placements,
        cause=cause,
        effects=(
            PenaltyEffect(robot=robot, penalty=penalty, counted=penalty in COUNTED),
        ),
    )


def show_card(
    desk: Desk,
    robot: RobotId,
    card: CardColour,
    reason: str,
    *,
    rule: str,
    cause: int | None = None,
) -> int:
    """Warn, caution or send off; enough of one make the next.

    Returns:
        The number of the first decision.
    """
    team, player = robot
    if card == "red":
        return penalize(desk, robot, Penalty.SENT_OFF, reason, rule=rule, cause=cause)
    kind, effect, limit, above = (
        DecisionKind.WARNING,
        CardEffect(robot=robot, warnings=1),
        desk.rules.warnings_to_caution,
        "yellow",
    )
    if card == "yellow":
        kind, effect = DecisionKind.CAUTION, CardEffect(robot=robot, cautions=1)
        limit, above = desk.rules.cautions_to_send_off, "red"
    number = desk.decide(
        kind,
        reason,
        rule=rule,
        team=team,
        player=player,
        cause=cause,
        effects=(effect,),
    )
    track = desk.state.track(robot)
    count = track.warnings if card == "warning" else track.cautions
    if limit is not None and count % limit == 0:
        show_card(
            desk,
            robot,
            above,
            f"{count} {kind.value}s (limit {limit})",
            rule=f"{limit} {kind.value}s",
            cause=number,
        )
    return number


def serve(desk: Desk) -> None:
    """Count the penalties down; who has served all of them may play again."""
    if desk.state.phase not in _SERVED_IN:
        return
    for track in desk.state.robots:
        if not track.sentences:
            continue
        left = tuple(
            served
            for sentence in track.sentences
            if (served := _served(sentence, desk.elapsed_s)) is not None
        )
        if left:
            desk.set_track(replace(track, sentences=left))
        else:
            _return(desk, track, "served", rule="penalty served")


def release(desk: Desk, robot: RobotId, why: str, *, rule: str) -> None:
    """End all of a robot's penalties now."""
    _return(desk, desk.state.track(robot), why, rule=rule)


def end_penalties(desk: Desk) -> None:
    """End all penalties that have an end, without a word: robots start anew."""
    for track in desk.state.robots:
        lasting = tuple(s for s in track.sentences if s.penalty in LASTING)
        desk.set_track(
            replace(track, sentences=lasting, returning=False, watch=Watch())
        )


def _served(sentence: Sentence, elapsed_s: float) -> Sentence | None:
    if sentence.left_s is None:
        return sentence
    left_s = sentence.left_s - elapsed_s
    return None if left_s <= EPSILON_S else replace(sentence, left_s=left_s)


def _return(desk: Desk, track: RobotTrack, why: str, *, rule: str) -> None:
    since_s = track.removed_since_s
    placements: tuple[Placement, ...] = ()
    away_s = desk.now_s - min(s.since_s for s in track.sentences)
    place = "on the spot" if since_s is None else "off the pitch"
    if since_s is not None and desk.rules.walls:
        placements = (
            return_placement(desk.rules, desk.state, desk.observation, track.robot),
        )
    walks = since_s is not None and not desk.rules.walls
    desk.set_track(replace(track, sentences=(), returning=walks, watch=Watch()))
    desk.decide(
        DecisionKind.RETURN,
        f"{why} after {away_s:.1f} s {place}",
        rule=rule,
        team=track.team,
        player=track.player,
        evidence=(("away_s", away_s),),
        placements=placements,
    )
