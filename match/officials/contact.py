"""Robots that touch each other: contact episodes, and pushing."""

from dataclasses import replace

from match.observation import RobotId, RobotObservation
from match.officials.desk import EPSILON_S, Desk
from match.officials.fouls import call_foul, speed_toward_m_s
from match.rules import RuleBook
from match.state import ContactEpisode
from robot.contracts.game_control import Penalty


def watch_contacts(desk: Desk) -> None:
    """Group contacts into episodes and measure everybody's speed."""
    _watch_speeds(desk)
    rules, now_s = desk.rules, desk.now_s
    kept_s = max(rules.pushing_window_s, rules.contact_gap_s)
    episodes = [e for e in desk.state.contacts if now_s - e.last_s <= kept_s]
    for pair in desk.observation.contacts:
        latest = next((e for e in reversed(episodes) if e.robots == pair), None)
        gap_s = None if latest is None else now_s - latest.last_s
        if latest is None or gap_s is None or gap_s > rules.contact_gap_s + EPSILON_S:
            episodes.append(ContactEpisode(robots=pair, begun_s=now_s, last_s=now_s))
        else:
            episodes[episodes.index(latest)] = replace(latest, last_s=now_s)
    desk.state = replace(desk.state, contacts=tuple(episodes))


def contact_s(
    rules: RuleBook,
    episodes: tuple[ContactEpisode, ...],
    pair: tuple[RobotId, RobotId],
    now_s: float,
) -> float:
    """How long the two have been in contact within the window before `now_s`."""
    begin_s = now_s - rules.pushing_window_s
    return sum(
        max(0.0, e.last_s - max(e.begun_s, begin_s))
        for e in episodes
        if e.robots == pair
    )


def watch_pushing(desk: Desk) -> bool:
    """Whether a pushing foul has stopped play; one without a free kick does not."""
    rules, state = desk.rules, desk.state
    immune = desk.now_s - state.last_foul_s < rules.foul_immunity_s - EPSILON_S
    if not rules.pushing or immune:
        return False
    seen = {robot.robot: robot for _, robot in desk.players()}
    for episode in state.contacts:
        first, second = episode.robots
        opponents = first[0] != second[0] and first in seen and second in seen
        if not opponents or episode.last_s < desk.now_s:
            continue
        for robot, other in (
            (seen[first], seen[second]),
            (seen[second], seen[first]),
        ):
            how = _push(desk, robot, other, episode)
            if how is None:
                continue
            reason, touched_s, speed_m_s = how
            desk.state = replace(desk.state, last_foul_s=desk.now_s)
            return call_foul(
                desk,
                robot,
                Penalty.PUSHING,
                reason,
                evidence=(("contact_s", touched_s), ("speed_m_s", speed_m_s)),
                card="yellow",
            )
    return False


def _push(
    desk: Desk,
    robot: RobotObservation,
    other: RobotObservation,
    episode: ContactEpisode,
) -> tuple[str, float, float] | None:
    """Why `robot` pushes `other`, contact and speed; None where it does not."""
    rules, state, see = desk.rules, desk.state, desk.observation
    mine_m, its_m = see.ball_distance_m(robot), see.ball_distance_m(other)
    nearer = mine_m <= its_m + rules.pushing_farther_m
    if robot.fallen or nearer or mine_m > rules.pushing_reach_m:
        return None
    mine = state.track(robot.robot).watch.velocity_m_s
    its = state.track(other.robot).watch.velocity_m_s
    speed_m_s, angle_rad = speed_toward_m_s(mine, robot, other)
    if speed_m_s <= speed_toward_m_s(its, other, robot)[0]:
        return None
    whom = f"{state.team(other.team).name} {other.player}"
    touched_s = contact_s(rules, state.contacts, episode.robots, desk.now_s)
    if (
        touched_s >= rules.pushing_contact_s - EPSILON_S
        and speed_m_s > rules.pushing_speed_m_s
        and angle_rad <= rules.pushing_angle_rad
    ):
        reason = (
            f"ran into {whom} at {speed_m_s:.2f} m/s, {touched_s:.1f} s of contact "
            f"in {rules.pushing_window_s:g} s"
        )
        return reason, touched_s, speed_m_s
    whole_s = episode.last_s - episode.begun_s
    long = whole_s > rules.pushing_long_s + EPSILON_S
    if long and speed_m_s > rules.pushing_long_speed_m_s:
        reason = f"pushed {whom} for {whole_s:.1f} s (limit {rules.pushing_long_s:g} s)"
        return reason, whole_s, speed_m_s
    return None


def _watch_speeds(desk: Desk) -> None:
    """Means over a window: a walking torso sways."""
    for track, robot in desk.on_pitch():
        watch, sample = track.watch, track.watch.sample
        here = (desk.now_s, robot.x_m, robot.y_m)
        if sample is None:
            desk.set_watch(track.robot, replace(watch, sample=here))
            continue
        elapsed_s = here[0] - sample[0]
        if elapsed_s < desk.rules.speed_window_s - EPSILON_S:
            continue
        velocity = (
            (here[1] - sample[1]) / elapsed_s,
            (here[2] - sample[2]) / elapsed_s,
        )
        desk.set_watch(track.robot, replace(watch, sample=here, velocity_m_s=velocity))
