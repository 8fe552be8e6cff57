"""Robots on the floor."""

from dataclasses import replace

from match.officials.desk import EPSILON_S, Desk
from match.officials.penalties import penalize
from robot.contracts.game_control import GameState, Penalty

_WATCHED_IN = (GameState.READY, GameState.SET, GameState.PLAYING)


def watch_falls(desk: Desk) -> None:
    """Remove robots that lie for too long."""
    if desk.state.phase not in _WATCHED_IN:
        return
    for track, robot in desk.on_pitch():
        since_s = None
        if robot.fallen:
            since_s = track.watch.fallen_since_s
            since_s = desk.now_s if since_s is None else since_s
        if since_s != track.watch.fallen_since_s:
            desk.set_watch(track.robot, replace(track.watch, fallen_since_s=since_s))
        if since_s is None:
            continue
        limit_s, down_s = desk.rules.fallen_incapable_after_s, desk.now_s - since_s
        if down_s >= limit_s - EPSILON_S:
            penalize(
                desk,
                track.robot,
                Penalty.INCAPABLE_ROBOT,
                f"fallen for {down_s:.1f} s (limit {limit_s:g} s)",
                rule="fallen robot",
                evidence=(("fallen_s", down_s), ("limit_s", limit_s)),
            )
