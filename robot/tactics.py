"""What to do now: find the ball, get behind it, dribble or kick, get up. Pure.

Everything is in the own team's frame: the goal to score in lies at +x.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from robot import kick_stance, steering
from robot.contracts.field import FieldSpec
from robot.contracts.policy import KickSpec
from robot.fall import Posture
from robot.kick_stance import StanceConfig, place_behind
from robot.skills import Side, SkillRequest
from robot.steering import SteeringConfig, Velocity
from robot.world import Game, Point, Pose, WorldView, wrapped

Plan = Literal["wait", "search", "approach", "align", "dribble"]


@dataclass(frozen=True, kw_only=True)
class TacticsConfig:
    """Thresholds of all decisions; project's choices unless a source is named.

    Attributes:
        steering: speeds and gains of walking.
        stance: how exactly to stand before a kick.
        behind_m: from the ball to the place behind it where aligning begins.
        around_m: radius at which the ball is walked around: half an OP3 plus the ball.
        reached_m: aligning begins this far aside of the line behind the ball at most,
            and no nearer to the ball than this much before `behind_m`.
        side_slack_m: how far aside of that line the foot to kick with is chosen anew.
        align_m: farthest from the ball that aligning begins. Coming from a walk at full
            speed, less is too late to stop before the ball.
        aligned_rad: heading error allowed to begin aligning or dribbling.
        lost_rad: angle off the line behind the ball at which aligning is given up.
        lost_m: distance to the ball at which aligning is given up.
        patience_s: aligning longer than this, the robot walks into the ball instead.
        kick_range_m: the ball is kicked from this close to the goal; farther away it
            is dribbled.
        kick_range_slack_m: by which this range, and the next one, widen while aligning;
            the next one narrows for leading to a kick (`leads_to_kick`).
        pressed_m: with another robot this close to the ball, it is kicked, however far
            the goal, instead of dribbled into that robot.
        dribble_m_s: walking speed into the ball.
        own_goal_margin_m: the ball is never driven along a line that crosses the own
            goal line this close to the mouth.
        other_m: radius at which other robots are walked around.
        blocked_m: another robot this close ahead on the way to the ball is walked
            around, whatever else plays the ball (`is_blocked`).
        blocked_slack_m: that robot must reach this much farther into the way than the
            detour leads round it, so that a detour that has begun goes on to its end.
        free_m: with every other robot farther from the ball than this,
        free_lead_m: and by this much farther than oneself, nobody else is after it
            (`is_free`).
        free_slack_m: by which both shrink once nobody was.
        contact_m: no step forward when another robot is this close ahead.
        search_rad_s: turning speed while the ball is not seen.
        camera_height_m: of the standing robot (0.51 m tall, ROBOTIS e-Manual).
        wall_m: the place behind the ball keeps this distance to the walls.
        ready_m: distance to the kick-off place that counts as there.
    """

    steering: SteeringConfig = field(default_factory=SteeringConfig)
    stance: StanceConfig = field(default_factory=StanceConfig)
    behind_m: float = 0.32
    around_m: float = 0.32
    reached_m: float = 0.12
    side_slack_m: float = 0.1
    align_m: float = 0.6
    aligned_rad: float = 0.3
    lost_rad: float = 0.7
    lost_m: float = 0.75
    patience_s: float = 5.0
    kick_range_m: float = 2.75
    kick_range_slack_m: float = 0.1
    pressed_m: float = 0.45
    dribble_m_s: float = 0.3
    own_goal_margin_m: float = 0.3
    other_m: float = 0.4
    blocked_m: float = 0.8
    blocked_slack_m: float = 0.1
    free_m: float = 1.5
    free_lead_m: float = 0.5
    free_slack_m: float = 0.3
    contact_m: float = 0.25
    search_rad_s: float = 0.8
    camera_height_m: float = 0.45
    wall_m: float = 0.05
    ready_m: float = 0.12


@dataclass(frozen=True, kw_only=True)
class TacticsState:
    """What the next decision must remember."""

    plan: Plan = "wait"
    side: Side = "right"
    settled_s: float = 0.0
    aligning_s: float = 0.0
    search_sign: float = 1.0


def fitted(
    config: TacticsConfig, least: tuple[float, ...], kick: KickSpec | None
) -> TacticsConfig:
    """For a player's skills: no step that its walk would not take, and the stance of
    its own kick.

    Args:
        config: of any player.
        least: of the walk's commands (`CommandSpec.least`); empty if it says nothing.
        kick: where the kick wants the ball; None if it does not say.
    """
    if kick is not None:
        config = replace(config, stance=replace(config.stance, kick=kick))
    if not least:
        return config
    forward_m_s, left_m_s, turn_rad_s = least
    slowest = replace(
        config.steering, least_m_s=(forward_m_s, left_m_s), least_rad_s=turn_rad_s
    )
    return replace(config, steering=slowest)


def decide(
    config: TacticsConfig,
    pitch: FieldSpec,
    state: TacticsState,
    view: WorldView,
    game: Game,
    posture: Posture,
    *,
    player: int,
    dt_s: float,
) -> tuple[TacticsState, SkillRequest]:
    """One decision.

    Args:
        player: jersey number, from 1; decides the kick-off place.
        dt_s: time since the last decision.
    """
    waiting = replace(state, plan="wait", settled_s=0.0, aligning_s=0.0)
    if game.penalised or game.phase in ("initial", "finished"):
        return waiting, _look(config, view, SkillRequest())
    if posture != "upright":
        return waiting, SkillRequest(kind="getup")
    standing = game.phase == "set" or (game.phase == "playing" and not game.ball_free)
    if standing or view.pose is None:
        return waiting, _look(config, view, SkillRequest())
    if game.phase == "ready":
        velocity = _to_kick_off(config, pitch, view, view.pose, game, player)
        return waiting, _look(config, view, _walk(config, view, velocity))
    if view.ball is None:
        turn = Velocity(turn_rad_s=state.search_sign * config.search_rad_s)
        return (
            replace(waiting, plan="search"),
            _walk(config, view, turn),
        )
    _, left = view.pose.to_torso(view.ball)
    state = replace(state, search_sign=math.copysign(1.0, left))
    state, request = _attack(config, pitch, state, view, view.pose, view.ball, dt_s)
    return state, _look(config, view, request)


def aim(config: TacticsConfig, pitch: FieldSpec, ball: Point) -> float:
    """Heading in which to drive the ball: at the goal, or along a wall that leaves no
    room behind the ball."""
    heading = math.atan2(-ball[1], pitch.half_length_m - ball[0])
    behind = place_behind(ball, heading, config.behind_m)
    if abs(behind[1]) > pitch.half_width_m - config.wall_m:
        return 0.0
    if behind[0] < config.wall_m - pitch.half_length_m:
        return math.copysign(math.pi / 2, ball[1])
    return heading


def direction(config: TacticsConfig, pitch: FieldSpec, view: WorldView) -> float:
    """Where a kick that is stood for should send the ball, rad off the heading: where
    one stands for (`aim`). 0 for a robot that sees too little."""
    if view.pose is None or view.ball is None:
        return 0.0
    return wrapped(aim(config, pitch, view.ball) - view.pose.yaw_rad)


def endangers_own_goal(
    config: TacticsConfig, pitch: FieldSpec, ball: Point, heading_rad: float
) -> bool:
    """The ball, driven along `heading_rad`, would reach the own goal (or nearly)."""
    cosine = math.cos(heading_rad)
    if cosine >= 0:
        return False
    distance = (-pitch.half_length_m - ball[0]) / cosine
    crossing = ball[1] + distance * math.sin(heading_rad)
    return abs(crossing) < pitch.goal_width_m / 2 + config.own_goal_margin_m


def is_blocked(config: TacticsConfig, view: WorldView, *, already: bool) -> bool:
    """Another robot stands close ahead on the straight way to the ball, and not at the
    ball itself.

    Args:
        already: whether it did at the last decision.
    """
    if view.pose is None or view.ball is None:
        return False
    start, ball = view.pose.point, view.ball
    radius = config.other_m - (0.0 if already else config.blocked_slack_m)
    return any(
        math.dist(other, start) < config.blocked_m
        and math.dist(other, ball) > config.other_m
        and steering.detour(config.steering, start, ball, other, radius) != ball
        for other in view.others
    )


def is_pressed(config: TacticsConfig, view: WorldView, slack_m: float) -> bool:
    """Another robot is at the ball."""
    ball, radius = view.ball, config.pressed_m + slack_m
    return ball is not None and any(
        math.dist(other, ball) < radius for other in view.others
    )


def is_free(
    config: TacticsConfig, pitch: FieldSpec, view: WorldView, *, already: bool
) -> bool:
    """A ball to be kicked that nobody else is after: there is time to walk up to it
    with care, at a speed at which a push seldom fells.

    Args:
        already: whether it was so at the last decision.
    """
    if view.pose is None or view.ball is None:
        return False
    ball, slack = view.ball, config.free_slack_m if already else 0.0
    if not _in_range(config, pitch, ball, already=already):
        return False
    own = math.dist(view.pose.point, ball)
    least = max(config.free_m, own + config.free_lead_m) - slack
    return all(math.dist(other, ball) > least for other in view.others)


def leads_to_kick(
    config: TacticsConfig,
    pitch: FieldSpec,
    state: TacticsState,
    view: WorldView,
    *,
    already: bool,
) -> bool:
    """The tactics are on the last steps to a kick at the goal of a ball that nobody
    else is at: whatever else plays the ball should let them.

    Args:
        already: whether they were at the last decision; another robot must then come
            a little closer to the ball to end it.
    """
    if state.plan != "align" or view.ball is None:
        return False
    in_range = _in_range(config, pitch, view.ball, already=True)
    slack = -config.kick_range_slack_m if already else 0.0
    return in_range and not is_pressed(config, view, slack)


def _in_range(
    config: TacticsConfig, pitch: FieldSpec, ball: Point, *, already: bool
) -> bool:
    """Of a kick at the goal; a little farther once it was."""
    near = config.kick_range_m + (config.kick_range_slack_m if already else 0.0)
    return math.dist((pitch.half_length_m, 0.0), ball) <= near


def _attack(
    config: TacticsConfig,
    pitch: FieldSpec,
    state: TacticsState,
    view: WorldView,
    pose: Pose,
    ball: Point,
    dt_s: float,
) -> tuple[TacticsState, SkillRequest]:
    heading = aim(config, pitch, ball)
    place = place_behind(ball, heading, config.behind_m)
    error = wrapped(heading - pose.yaw_rad)
    plan = _plan(config, pitch, state, view, pose, ball, heading)
    if plan == "approach":
        side = _side(config, state, pose, ball, heading)
        state = replace(state, plan=plan, side=side, settled_s=0.0, aligning_s=0.0)
        if _in_range(config, pitch, ball, already=False):
            stance = config.stance
            place = kick_stance.behind(stance, side, ball, heading, config.behind_m)
        velocity = _approach(config, view, pose, ball, place, heading)
        return state, _walk(config, view, velocity)
    if plan == "dribble":
        velocity = _dribble(config, pitch, pose, ball, error)
        return (
            replace(state, plan=plan, settled_s=0.0),
            _walk(config, view, velocity),
        )
    state = replace(state, aligning_s=state.aligning_s + dt_s)
    foot = _foot_in_place(config, pitch, state, pose, ball, error)
    if foot is not None:
        settled_s = state.settled_s + dt_s if foot == state.side else dt_s
        state = replace(state, plan=plan, side=foot, settled_s=settled_s)
        if settled_s > config.stance.kick.settle_s:
            state = replace(state, settled_s=0.0, aligning_s=0.0)
            return state, SkillRequest(kind="kick", kick_side=state.side)
        return state, SkillRequest()
    target, facing = kick_stance.stand(config.stance, state.side, pose, ball, heading)
    velocity = steering.arrive(config.steering, pose, target, facing)
    state = replace(state, plan=plan, settled_s=0.0)
    return state, _walk(config, view, velocity)


def _side(
    config: TacticsConfig, state: TacticsState, pose: Pose, ball: Point, heading: float
) -> Side:
    """The foot to come with: the nearer one, for a robot that is clearly on one side of
    the line behind the ball or comes anew; else it keeps to what it meant."""
    x, y = pose.x_m - ball[0], pose.y_m - ball[1]
    left = math.cos(heading) * y - math.sin(heading) * x
    if state.plan == "approach" and abs(left) < config.side_slack_m:
        return state.side
    return "right" if left > 0 else "left"


def _plan(
    config: TacticsConfig,
    pitch: FieldSpec,
    state: TacticsState,
    view: WorldView,
    pose: Pose,
    ball: Point,
    heading: float,
) -> Plan:
    place = place_behind(ball, heading, config.behind_m)
    to_go = math.dist(pose.point, place) > config.reached_m
    if to_go and is_blocked(config, view, already=state.plan == "approach"):
        return "approach"
    error = abs(wrapped(heading - pose.yaw_rad))
    bearing = math.atan2(ball[1] - pose.y_m, ball[0] - pose.x_m)
    off_line = abs(wrapped(heading - bearing))
    slack = config.kick_range_slack_m if state.plan == "align" else 0.0
    far = math.dist((pitch.half_length_m, 0.0), ball) > config.kick_range_m + slack
    tired = state.aligning_s > config.patience_s
    pressed = is_pressed(config, view, slack)
    close: Plan = "dribble" if tired or (far and not pressed) else "align"
    if state.plan == "dribble" and close == "align":
        nearest = config.stance.kick.ahead_m[0]
        ready = _is_behind(config, pose, ball, heading, nearest)
        close = "align" if ready and error < config.aligned_rad else "dribble"
    if state.plan in ("align", "dribble"):
        lost = (
            math.dist(pose.point, ball) > config.lost_m
            or off_line > config.lost_rad
            or error > config.lost_rad
        )
        return "approach" if lost else close
    nearest = config.behind_m - config.reached_m
    there = _is_behind(config, pose, ball, heading, nearest)
    return close if there and error < config.aligned_rad else "approach"


def _is_behind(
    config: TacticsConfig, pose: Pose, ball: Point, heading: float, nearest_m: float
) -> bool:
    """Where aligning may begin: near the line that leads to the ball."""
    cosine, sine = math.cos(heading), math.sin(heading)
    x, y = ball[0] - pose.x_m, ball[1] - pose.y_m
    before, aside = cosine * x + sine * y, abs(cosine * y - sine * x)
    return nearest_m < before < config.align_m and aside < config.reached_m


def _approach(
    config: TacticsConfig,
    view: WorldView,
    pose: Pose,
    ball: Point,
    place: Point,
    heading: float,
) -> Velocity:
    """To the place behind the ball, around the ball and around others."""
    way = steering.detour(config.steering, pose.point, place, ball, config.around_m)
    if way != place:
        return steering.pass_through(config.steering, pose, way)
    way = _around_others(config, view, pose, place)
    if way != place:
        return steering.pass_through(config.steering, pose, way)
    return steering.arrive(config.steering, pose, place, heading)


def _around_others(
    config: TacticsConfig, view: WorldView, pose: Pose, target: Point
) -> Point:
    for other in sorted(view.others, key=lambda point: math.dist(point, pose.point)):
        way = steering.detour(
            config.steering, pose.point, target, other, config.other_m
        )
        if way != target:
            return way
    return target


def _dribble(
    config: TacticsConfig,
    pitch: FieldSpec,
    pose: Pose,
    ball: Point,
    error_rad: float,
) -> Velocity:
    """Into the ball, which is kept between the feet; never toward the own goal."""
    _, left = pose.to_torso(ball)
    limits = config.steering
    danger = endangers_own_goal(config, pitch, ball, pose.yaw_rad)
    return Velocity(
        forward_m_s=0.0 if danger else config.dribble_m_s,
        left_m_s=max(
            min(limits.position_gain_1_s * left, limits.left_m_s), -limits.left_m_s
        ),
        turn_rad_s=max(
            min(limits.turn_gain_1_s * error_rad, limits.turn_rad_s),
            -limits.turn_rad_s,
        ),
    )


def _foot_in_place(
    config: TacticsConfig,
    pitch: FieldSpec,
    state: TacticsState,
    pose: Pose,
    ball: Point,
    error_rad: float,
) -> Side | None:
    """The foot to kick with now; never toward the own goal."""
    if endangers_own_goal(config, pitch, ball, pose.yaw_rad):
        return None
    settling = state.settled_s > 0
    return kick_stance.foot_in_place(
        config.stance, pitch, state.side, pose, ball, error_rad, settling=settling
    )


def _to_kick_off(
    config: TacticsConfig,
    pitch: FieldSpec,
    view: WorldView,
    pose: Pose,
    game: Game,
    player: int,
) -> Velocity:
    place = kick_off_place(config, pitch, player, own_kick_off=game.own_kick_off)
    ball = view.ball or (0.0, 0.0)
    heading = math.atan2(ball[1] - place[1], ball[0] - place[0])
    error = wrapped(heading - pose.yaw_rad)
    if math.dist(pose.point, place) < config.ready_m:
        if abs(error) < config.aligned_rad:
            return Velocity()
        return steering.arrive(config.steering, pose, pose.point, heading)
    way = steering.detour(config.steering, pose.point, place, ball, config.around_m)
    if way == place:
        way = _around_others(config, view, pose, place)
    if way != place:
        return steering.pass_through(config.steering, pose, way)
    return steering.arrive(config.steering, pose, place, heading)


def kick_off_place(
    config: TacticsConfig, pitch: FieldSpec, player: int, *, own_kick_off: bool
) -> Point:
    """Where to wait for the kick-off; the other team stays out of the centre circle.

    The first player stands before the ball, the others behind it to both sides.
    """
    clear_m = pitch.centre_circle_radius_m + config.other_m / 2
    if player == 1:
        return (-config.behind_m - config.reached_m if own_kick_off else -clear_m), 0.0
    sign = 1.0 if player % 2 == 0 else -1.0
    return -pitch.half_length_m / 2, sign * (player // 2) * pitch.width_m / 6


def _walk(config: TacticsConfig, view: WorldView, velocity: Velocity) -> SkillRequest:
    """The request for `velocity`, without walking into another robot: past one that is
    nearer than the ball, it steps aside."""
    forward, left = velocity.forward_m_s, velocity.left_m_s
    if view.pose is not None and forward > 0:
        seen = [view.pose.to_torso(other) for other in view.others]
        touching = [
            place for place in seen if place[0] > 0 and _norm(place) < config.contact_m
        ]
        if touching:
            forward = 0.0
            nearest = min(touching, key=_norm)
            ball = view.ball and view.pose.to_torso(view.ball)
            if ball and _norm(nearest) < _norm(ball):
                left = -math.copysign(config.steering.left_m_s, nearest[1])
    if (forward, left, velocity.turn_rad_s) == (0.0, 0.0, 0.0):
        return SkillRequest()
    return SkillRequest(
        kind="walk",
        forward_m_s=forward,
        left_m_s=left,
        turn_rad_s=velocity.turn_rad_s,
    )


def _norm(place: Point) -> float:
    return math.hypot(*place)


def _look(
    config: TacticsConfig, view: WorldView, request: SkillRequest
) -> SkillRequest:
    """`request` with the head toward the ball, as far as the neck turns."""
    if view.pose is None or view.ball is None:
        return request
    ahead, left = view.pose.to_torso(view.ball)
    depression = math.atan2(config.camera_height_m, math.hypot(ahead, left))
    return replace(
        request, head_pan_rad=math.atan2(left, ahead), head_tilt_rad=-depression
    )
