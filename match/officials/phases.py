"""INITIAL, READY, SET, PLAYING: what each waits for and what is watched in it."""

import math
from dataclasses import replace

from match.decisions import BallPlacement, DecisionKind
from match.officials import penalty_kicks, shoot_out
from match.officials.ball_rules import (
    track_ball,
    watch_double_touch,
    watch_global_stuck,
    watch_hands,
    watch_holding,
    watch_local_stuck,
    watch_resting_ball,
)
from match.officials.boundary import watch_boundary
from match.officials.contact import watch_contacts, watch_pushing
from match.officials.desk import Desk, clock_words
from match.officials.goals import watch_goal
from match.officials.motion import watch_motion
from match.officials.penalties import end_penalties
from match.officials.periods import watch_time
from match.officials.places import (
    penalise_in_set,
    watch_goal_areas,
    watch_leaving,
    watch_returning,
    watch_set_play,
)
from match.officials.restarts import come_into_play, give, ready_s, watch_restart
from match.placing import restart_placements
from match.restart import RestartKind
from match.state import Period
from match.touches import update_touches
from robot.contracts.game_control import GameState, Penalty


def initial(desk: Desk) -> None:
    """Wait for the time that INITIAL, a break or a time-out lasts."""
    wait_s = desk.state.wait_s
    if wait_s is not None and desk.lasted(wait_s):
        begin(desk)


def begin(desk: Desk) -> None:
    """READY for the restart that waits, or the next penalty of a shoot-out."""
    state = desk.state
    why = f"the {state.period.value} begins"
    if state.time_out is not None:
        why = "the time-out is over"
    elif state.period is Period.FIRST_HALF and not state.clock_started:
        why = "the match begins"
    desk.state = replace(state, time_out=None)
    if state.period is Period.SHOOT_OUT:
        shoot_out.line_up(desk)
        return
    restart = state.restart
    give(desk, restart.kind, restart.team, why, rule="start", spot_m=restart.spot_m)


def ready(desk: Desk) -> None:
    """Wait until the robots have had their time to walk."""
    if watch_time(desk):
        return
    watch_returning(desk)
    wait_s = ready_s(desk.rules, desk.state.restart.kind)
    if desk.lasted(wait_s):
        enter_set(desk, f"{wait_s:g} s of READY are over")


def enter_set(desk: Desk, why: str) -> None:
    """The ball is placed; robots that stand illegally are put right or penalised."""
    restart = desk.state.restart
    fetched = [t.robot for t in desk.state.robots if t.removed_since_s is not None]
    if desk.rules.restart_ends_penalties:
        end_penalties(desk)
    placements = ()
    if desk.rules.place_robots:
        placements = restart_placements(
            desk.rules, desk.state, desk.observation, fetched
        )
    desk.enter(GameState.SET)
    desk.mark_ball(*restart.spot_m)
    desk.decide(
        DecisionKind.SET,
        f"{why}; {len(placements)} robots placed by hand",
        rule="set",
        team=restart.team,
        evidence=(("placed", float(len(placements))),),
        placements=(
            BallPlacement(x_m=restart.spot_m[0], y_m=restart.spot_m[1]),
            *placements,
        ),
    )
    for placed in placements:
        track = desk.state.track((placed.team, placed.player))
        desk.set_watch(
            track.robot, replace(track.watch, fallen_since_s=None, sample=None)
        )
    if not desk.rules.place_robots:
        penalise_in_set(desk)


def set_(desk: Desk) -> None:
    """Wait until everybody has stood still for a while."""
    if watch_time(desk):
        return
    if desk.rules.motion_in_set:
        watch_motion(desk, Penalty.MOTION_IN_SET)
    if desk.lasted(desk.rules.set_duration_s):
        start_playing(desk)


def start_playing(desk: Desk) -> None:
    """The whistle."""
    restart = desk.state.restart
    if math.dist(desk.ball_m, restart.spot_m) <= desk.rules.placed_within_m:
        restart = replace(restart, spot_m=desk.ball_m)
        desk.state = replace(desk.state, restart=restart)
    desk.enter(GameState.PLAYING)
    desk.mark_ball(*restart.spot_m)
    dropped = restart.team is None
    robots = tuple(
        replace(track, watch=replace(track.watch, cleared=True))
        for track in desk.state.robots
    )
    desk.state = replace(
        desk.state,
        ball_in_play=dropped,
        clock_started=desk.state.period is not Period.SHOOT_OUT,
        robots=robots,
    )
    desk.decide(
        DecisionKind.PLAYING,
        f"{restart.kind.value} at {clock_words(desk.state.clock_s)}",
        rule=restart.kind.value,
        team=restart.team,
    )


def playing(desk: Desk) -> None:
    """Watch the ball, then the robots; what stops play ends the watch."""
    touches, begun = update_touches(
        desk.state.touches, desk.observation, desk.rules.touch_gap_s
    )
    desk.state = replace(desk.state, touches=touches)
    watch_restart(desk)
    track_ball(desk)
    if desk.state.period is Period.SHOOT_OUT:
        shoot_out.watch_shot(desk, begun)
        return
    watch_contacts(desk)
    watch_returning(desk)
    if watch_goal(desk) or watch_time(desk) or watch_boundary(desk):
        return
    if desk.state.restart.kind is RestartKind.PENALTY_KICK and (
        penalty_kicks.watch_keeper(desk)
    ):
        return
    was_in_play = desk.state.ball_in_play
    if come_into_play(desk):
        watch_goal_areas(desk)
        if (
            watch_double_touch(desk, begun)
            or watch_hands(desk)
            or watch_holding(desk)
            or (was_in_play and _watch_stuck(desk))
        ):
            return
    else:
        watch_set_play(desk)
    watch_leaving(desk)
    watch_pushing(desk)


def _watch_stuck(desk: Desk) -> bool:
    return (
        watch_resting_ball(desk) or watch_local_stuck(desk) or watch_global_stuck(desk)
    )
