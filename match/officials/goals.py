"""Goals: seen, allowed or not."""

from match.decisions import DecisionKind, Evidence
from match.effects import ScoreEffect
from match.observation import RobotId
from match.officials import periods
from match.officials.boundary import corner_spot, goal_kick_spot
from match.officials.desk import Desk
from match.officials.restarts import give, kick_off
from match.restart import INDIRECT, RestartKind


def goal_end(desk: Desk) -> int | None:
    """1 for a ball in the goal at +x, -1 for the other, None for no goal."""
    field, (x_m, y_m, z_m) = desk.state.field, desk.observation.ball_xyz_m
    beyond_m = abs(x_m) - field.half_length_m
    if (
        field.ball_radius_m < beyond_m <= field.goal_depth_m
        and abs(y_m) < field.goal_width_m / 2
        and z_m < field.goal_height_m
    ):
        return 1 if x_m > 0 else -1
    return None


def goal_evidence(desk: Desk) -> Evidence:
    """Where the ball is, as numbers."""
    x_m, y_m, z_m = desk.observation.ball_xyz_m
    beyond_m = abs(x_m) - desk.state.field.half_length_m
    return (("over_line_m", beyond_m), ("from_middle_m", y_m), ("height_m", z_m))


def watch_goal(desk: Desk) -> bool:
    """A ball in a goal: a goal, or not allowed; either way play stops."""
    end = goal_end(desk)
    if end is None:
        return False
    team = next(
        t.number for t in desk.state.teams if desk.state.forward(t.number) == end
    )
    fault = _fault(desk, team)
    if fault is None:
        toucher = desk.state.touches.latest
        own = toucher is not None and toucher[0] != team
        by = "nobody's touch" if toucher is None else f"player {toucher[1]}"
        evidence = goal_evidence(desk)
        score_goal(
            desk,
            team,
            f"{'own goal by ' if own else 'by '}{by}; ball {evidence[0][1]:.3f} m over "
            f"the line, {evidence[1][1]:+.2f} m from the goal's middle",
            rule="goal",
            scorer=None if own else toucher,
            evidence=evidence,
        )
        return True
    number = desk.decide(
        DecisionKind.NO_GOAL,
        fault,
        rule="no direct goal",
        team=team,
        evidence=goal_evidence(desk),
    )
    _instead(desk, team, number)
    return True


def score_goal(
    desk: Desk,
    team: int,
    how: str,
    *,
    rule: str,
    scorer: RobotId | None = None,
    evidence: Evidence = (),
    cause: int | None = None,
) -> None:
    """Count a goal for `team`; kick-off for the other one, or the end by a lead."""
    score = list(desk.state.score)
    counts = team not in desk.state.voided
    score[desk.state.index(team)] += counts
    number = desk.decide(
        DecisionKind.GOAL if counts else DecisionKind.NO_GOAL,
        f"{score[0]}:{score[1]}, {how}{'' if counts else '; the team has no goals'}",
        rule=rule,
        team=team,
        player=None if scorer is None else scorer[1],
        evidence=evidence,
        cause=cause,
        effects=(ScoreEffect(team=team),) if counts else (),
    )
    lead, mercy = abs(score[0] - score[1]), desk.rules.mercy_goals
    if mercy is not None and lead >= mercy:
        periods.finish(
            desk,
            f"a lead of {lead} goals (limit {mercy})",
            rule="mercy rule",
            cause=number,
            early=True,
        )
        return
    conceding = desk.state.opponent(team)
    name = desk.state.team(conceding).name
    kick_off(desk, conceding, f"kick-off for {name}", rule="after a goal", cause=number)


def _fault(desk: Desk, team: int) -> str | None:
    """Why a ball in the goal is no goal for `team`; None where it is one."""
    restart = desk.state.restart
    untouched = not restart.other_touched and not restart.lapsed
    if desk.rules.direct_goals or restart.team is None or not untouched:
        return None
    what = f"straight from a {restart.kind.value}"
    if restart.team != team:
        return f"own goal {what}"
    if restart.kind in INDIRECT:
        return what
    if restart.kind is not RestartKind.KICK_OFF:
        return None
    robots = sum(track.team == team for track, _ in desk.players())
    if robots > desk.rules.small_team:
        return f"{what}: one of {robots} robots touched the ball, two have to"
    if not restart.touched_outside_circle:
        return f"{what}: the kicker has not touched the ball outside the circle"
    return None


def _instead(desk: Desk, team: int, cause: int) -> None:
    """No goal for `team`: its opponents' goal kick, or a corner against its own."""
    state = desk.state
    y_m = desk.observation.ball_xyz_m[1]
    if state.restart.team == team:
        kicking, kind = state.opponent(team), RestartKind.GOAL_KICK
        spot = goal_kick_spot(desk.rules, state.field, state.forward(team), y_m)
    else:
        kicking, kind = team, RestartKind.CORNER_KICK
        spot = corner_spot(state.field, state.forward(team), y_m)
    give(
        desk,
        kind,
        kicking,
        f"{kind.value} for {state.team(kicking).name}",
        rule="no direct goal",
        spot_m=spot,
        cause=cause,
    )
