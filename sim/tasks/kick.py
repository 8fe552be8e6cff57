"""A kick straight ahead, as fast as the leg allows, and back to standing.

Not a stage of arXiv:2304.13653, whose robots learn to kick inside the soccer task; a
skill of its own is what a player made of skills needs, and takes thousands of times
fewer steps. Form and weights are the project's choice.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from robot import rotations
from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.arena import ArenaConfig, RobotPlace
from sim.tasks import onboard
from sim.tasks.body_state import (
    BODY_TERMS,
    EPISODE_TERMS,
    STAND_HEIGHT_M,
    body_terms,
    critic_term,
)
from sim.tasks.soccer_senses import BALL_EPISODE_TERMS, ball_of
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import STAND_RAD, BallView, RobotView, WorldView

Array = Any

BALL_RADIUS_M = 0.07
"""Size-1 ball, as `FieldSpec`."""
_START_CLEARANCE_M = 0.007


@dataclass(frozen=True, kw_only=True)
class KickRewards:
    """Weights of the reward terms; the sum is scaled by `scale`.

    Attributes:
        speed: per m/s by which the ball's speed ahead rises above its highest so far.
        aim: per m/s of the ball's speed aside, while it rises.
        alive: per step on the feet.
        stand: per step once the ball is gone, the more the nearer the limbs are to the
            stand pose and the slower the torso turns.
        heading: per squared turn away from the heading at the start, rad^2.
        action_rate, action_jerk: per squared difference of actions.
        torque: per squared servo torque, (N m)^2.
        fall: once.
        scale: of the sum.
    """

    speed: float = 40.0
    aim: float = -15.0
    alive: float = 0.2
    stand: float = 0.4
    heading: float = -0.5
    action_rate: float = -0.008
    action_jerk: float = -0.003
    torque: float = -0.001
    fall: float = -15.0
    scale: float = 0.1


@dataclass(frozen=True, kw_only=True)
class KickStarts:
    """Where the ball lies and how the robot stands, drawn evenly.

    Attributes:
        ahead_m, beside_m: ball's centre from the torso, heading frame; either side.
        joint_spread_rad: each joint is off the stand pose by up to this much.
        drift_m_s: of the torso, up to this much on both axes.
        spin_rad_s: of the torso about all axes, up to this much.
    """

    ahead_m: tuple[float, float] = (0.145, 0.21)
    beside_m: tuple[float, float] = (0.02, 0.08)
    joint_spread_rad: float = 0.12
    drift_m_s: float = 0.15
    spin_rad_s: float = 0.3


@dataclass(frozen=True, kw_only=True)
class KickMemory:
    """What an episode carries.

    Attributes:
        heading_rad: [B, R] at the start: where the ball shall go.
        best_m_s: [B, R] highest speed ahead the ball has had.
    """

    heading_rad: Array
    best_m_s: Array


@dataclass(frozen=True, kw_only=True)
class KickTask:
    """One robot on an endless floor with a ball before its feet.

    Attributes:
        starts: where the ball lies and how the robot stands.
        rewards: weights.
        action_scale_rad: joint offset from the stand pose per unit of action.
        filter_keep: of the action filter.
        history: control steps of proprioception in the observation.
        ball_noise_m: standard deviation of the observed ball position (a tracker's).
        top_speed_m_s: ball speed above which more earns nothing: an explosion of the
            contact would, else.
        fallen_tilt_rad, min_height_m: what counts as a fall.
        control_period_s: 25 ms (paper).
        episode_s: time limit.
    """

    starts: KickStarts = field(default_factory=KickStarts)
    rewards: KickRewards = field(default_factory=KickRewards)
    action_scale_rad: float = 0.8
    filter_keep: float = 0.3
    history: int = 3
    ball_noise_m: float = 0.01
    top_speed_m_s: float = 4.0
    fallen_tilt_rad: float = 1.0
    min_height_m: float = 0.15
    control_period_s: float = 0.025
    episode_s: float = 2.5

    @property
    def name(self) -> str:
        return "kick"

    @property
    def arena(self) -> ArenaConfig:
        return ArenaConfig(robots=(RobotPlace(name="op3"),), field=None, ball=True)

    @property
    def agents(self) -> tuple[int, ...]:
        return (0,)

    @property
    def observation(self) -> ObservationSpec:
        ball = onboard.term("ball_position", "m", "heading", std=(0.2, 0.2))
        return ObservationSpec(terms=(*onboard.proprioception(self.history), ball))

    @property
    def privileged(self) -> ObservationSpec:
        """True body and ball, what is left to gain, and what this episode drew."""
        more = (
            critic_term("ball_offset", 2, "m", "heading", 0.2),
            critic_term("ball_motion", 2, "m/s", "heading"),
            critic_term("best_speed", 1, "m/s", "none"),
            critic_term("turned", 1, "rad", "none", 0.3),
            critic_term("time_left", 1, "1", "none"),
        )
        return ObservationSpec(
            terms=BODY_TERMS + more + EPISODE_TERMS + BALL_EPISODE_TERMS
        )

    @property
    def action(self) -> ActionSpec:
        return onboard.limb_action(self.action_scale_rad, self.filter_keep)

    def begin(self, random: Random, count: int) -> tuple[Placement, KickMemory]:
        """Standing, a little restless, the ball before the left or the right foot."""
        draw = random.uniform((count, 9))
        spread = 2 * random.uniform((count, len(STAND_RAD))) - 1
        xp = draw.__array_namespace__()
        starts = self.starts
        yaw = math.pi * (2 * draw[:, 0] - 1)
        sign = xp.where(draw[:, 1] < 0.5, -1.0, 1.0)
        ahead = _between(starts.ahead_m, draw[:, 2])
        aside = sign * _between(starts.beside_m, draw[:, 3])
        cos, sin = xp.cos(yaw), xp.sin(yaw)
        radius = xp.full_like(yaw, BALL_RADIUS_M)
        ball = xp.stack(
            [ahead * cos - aside * sin, ahead * sin + aside * cos, radius], axis=-1
        )
        zero = xp.zeros_like(yaw)[:, None]
        height = zero + STAND_HEIGHT_M + _START_CLEARANCE_M
        turned = rotations.yaw_quaternion(yaw)
        root = xp.concat([zero, zero, height, turned], axis=-1)
        drift = starts.drift_m_s * (2 * draw[:, 4:6] - 1)
        spin = starts.spin_rad_s * (2 * draw[:, 6:9] - 1)
        stand = xp.asarray(STAND_RAD, dtype=draw.dtype)
        joints = stand + starts.joint_spread_rad * spread
        head = onboard.head_targets(random, count)
        joints = xp.concat([joints[:, None, : onboard.LIMBS], head], axis=-1)
        placement = Placement(
            root=root[:, None],
            root_velocity=xp.concat([drift, zero, spin], axis=-1)[:, None],
            joint_rad=joints,
            target_rad=joints,
            ball=ball,
            ball_velocity=xp.zeros_like(ball),
        )
        return placement, KickMemory(
            heading_rad=yaw[:, None], best_m_s=xp.zeros_like(yaw)[:, None]
        )

    def first(self, memory: KickMemory, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation, the ball without noise."""
        full = 1 + 0 * memory.best_m_s[:, 0]
        offset = _ball_offset(view.robots, ball_of(view))
        return {
            "terms": {"ball_position": offset},
            "privileged": self._privileged(memory, full, view),
        }

    def advance(
        self,
        random: Random,
        memory: KickMemory,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Rewards by `kick_terms`; a fall ends the episode."""
        xp = time_s.__array_namespace__()
        ball, robots = ball_of(view), view.robots
        ahead, aside = _ball_speed(memory.heading_rad, ball)
        ahead = xp.clip(ahead, 0.0, self.top_speed_m_s)
        down = self.fallen(robots)
        after = KickMemory(
            heading_rad=memory.heading_rad,
            best_m_s=xp.maximum(memory.best_m_s, ahead),
        )
        terms = kick_terms(self.rewards, memory, robots, (ahead, aside), down, actions)
        noise = self.ball_noise_m * random.normal((*down.shape, 2))
        return Outcome(
            memory=after,
            rewards=terms,
            scale=self.rewards.scale,
            terminated=down[:, 0],
            terms={"ball_position": _ball_offset(robots, ball) + noise},
            privileged=self._privileged(after, 1 - time_s / self.episode_s, view),
            measures={"best_m_s": after.best_m_s, "fallen": down},
        )

    def fallen(self, robots: RobotView) -> Array:
        """[B, R] bool."""
        tilted = -robots.gravity[..., 2] < math.cos(self.fallen_tilt_rad)
        return tilted | (robots.position_m[..., 2] < self.min_height_m)

    def _privileged(
        self, memory: KickMemory, time_left: Array, view: WorldView
    ) -> dict[str, Array]:
        robots, ball = view.robots, ball_of(view)
        motion = ball.velocity_m_s[:, None, :2]
        return body_terms(robots) | {
            "ball_offset": _ball_offset(robots, ball),
            "ball_motion": rotations.into_heading(motion, robots.heading_rad),
            "best_speed": memory.best_m_s[..., None],
            "turned": _turned(memory, robots)[..., None],
            "time_left": time_left[:, None, None],
        }


def kick_terms(
    weights: KickRewards,
    memory: KickMemory,
    robots: RobotView,
    ball_m_s: tuple[Array, Array],
    down: Array,
    actions: Actions,
) -> dict[str, Array]:
    """Weighted reward terms [B, R] of one step, not yet scaled.

    Args:
        weights: see there.
        memory: of the step before.
        robots: the state reached.
        ball_m_s: [B, R] its speed along the start's heading, and to the left of it.
        down: [B, R] bool, fallen.
        actions: this step's and the two before.
    """
    ahead, aside = ball_m_s
    xp = ahead.__array_namespace__()
    gain = xp.clip(ahead - memory.best_m_s, 0.0, None)
    share = gain / xp.clip(ahead, 0.1, None)
    stand = xp.asarray(STAND_RAD, dtype=ahead.dtype)
    offset = (robots.joint_rad - stand)[..., : onboard.LIMBS]
    near = xp.exp(-xp.sum(offset * offset, axis=-1) / 1.5)
    calm = xp.exp(-xp.sum(robots.gyro_rad_s**2, axis=-1) / 4)
    gone = memory.best_m_s > 0.5
    rate = actions.now - actions.before
    jerk = actions.now - 2 * actions.before + actions.earlier
    fell = down.astype(ahead.dtype)
    terms = {
        "speed": gain,
        "aim": share * xp.abs(aside),
        "alive": 1 - fell,
        "stand": xp.where(gone, near * calm, xp.zeros_like(near)),
        "heading": _turned(memory, robots) ** 2,
        "action_rate": xp.sum(rate * rate, axis=-1),
        "action_jerk": xp.sum(jerk * jerk, axis=-1),
        "torque": xp.sum(robots.torque_nm**2, axis=-1),
        "fall": fell,
    }
    return {name: getattr(weights, name) * value for name, value in terms.items()}


def _between(bounds: tuple[float, float], uniform: Array) -> Array:
    return bounds[0] + (bounds[1] - bounds[0]) * uniform


def _ball_offset(robots: RobotView, ball: BallView) -> Array:
    """[B, R, 2] m from the torso to the ball, heading frame."""
    offset = ball.position_m[:, None, :2] - robots.position_m[..., :2]
    return rotations.into_heading(offset, robots.heading_rad)


def _ball_speed(heading_rad: Array, ball: BallView) -> tuple[Array, Array]:
    """[B, R] m/s along a heading and to the left of it."""
    velocity = ball.velocity_m_s[:, None, :2]
    seen = rotations.into_heading(velocity, heading_rad)
    return seen[..., 0], seen[..., 1]


def _turned(memory: KickMemory, robots: RobotView) -> Array:
    """[B, R] rad since the start, in -pi to pi."""
    xp = memory.heading_rad.__array_namespace__()
    turn = robots.heading_rad - memory.heading_rad
    return xp.atan2(xp.sin(turn), xp.cos(turn))
