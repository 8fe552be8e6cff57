"""A kick, standing or out of the walk, and on to standing: the ball as fast as may be.

Not a stage of arXiv:2304.13653, whose robots learn to kick inside the soccer task; a
skill of its own is what a player made of skills needs, and takes thousands of times
fewer steps. Form and weights are the project's choice.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from robot import rotations
from robot.contracts.policy import ActionSpec, ObservationSpec
from robot.observation import gait_clock
from sim.arena import ArenaConfig, RobotPlace
from sim.tasks import onboard
from sim.tasks.body_state import BODY_TERMS, EPISODE_TERMS, body_terms, critic_term
from sim.tasks.kick_starts import KickStarts, start_kick
from sim.tasks.soccer_senses import BALL_EPISODE_TERMS, ball_of
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import BallView, RobotView, WorldView

Array = Any


@dataclass(frozen=True, kw_only=True)
class KickRewards:
    """Weights of the reward terms; the sum is scaled by `scale`.

    Attributes:
        speed: per m/s by which the ball's speed where it shall go rises above its
            highest so far, until `KickTask.strike_s` after the first touch.
        aim: per m/s of the ball's speed across that, while it rises.
        alive: per step on the feet.
        stand: per step once the ball is gone, the more the slower the torso turns and
            drifts.
        heading: per squared turn away from the aim, rad^2.
        tilt: per squared sine of the torso's tilt.
        action_rate, action_jerk: per squared difference of actions.
        torque: per squared servo torque, (N m)^2.
        fall: once.
        scale: of the sum.
    """

    speed: float = 60.0
    aim: float = -40.0
    alive: float = 0.2
    stand: float = 0.2
    heading: float = -0.3
    tilt: float = -0.3
    action_rate: float = -0.004
    action_jerk: float = -0.002
    torque: float = -0.001
    fall: float = -20.0
    scale: float = 0.1


@dataclass(frozen=True, kw_only=True)
class KickMemory:
    """What an episode carries.

    Attributes:
        aim_rad: [B, R] where the ball shall go, pitch frame.
        best_m_s: [B, R] highest speed there the ball has had.
        touched_s: [B, R] since the first touch; 0 before it.
        ball_m_s: [B, 2] velocity of the ball at the last step.
        clock_s: [B, R] of the gait clock.
    """

    aim_rad: Array
    best_m_s: Array
    touched_s: Array
    ball_m_s: Array
    clock_s: Array


@dataclass(frozen=True, kw_only=True)
class KickTask:
    """One robot on an endless floor with a ball ahead.

    Attributes:
        starts: where the ball lies and how the robot stands or walks.
        rewards: weights.
        action_scale_rad: joint offset from the stand pose per unit of action.
        filter_keep: of the action filter.
        history: control steps of proprioception in the observation.
        ball_history: of the ball's position: a centimetre aside turns a kick by 8 deg,
            and noise averages out.
        clock_hz: of the gait clock, which goes on from a walk that has the same.
        ball_noise_m: standard deviation of the observed ball position (a tracker's).
        aim_noise_rad: of the observed aim (a tracker's heading).
        touch_m_s: a change of the ball's velocity in one step that only a touch makes.
        strike_s: a kick is over so long after the first touch: what makes the ball
            faster later is a second kick.
        top_speed_m_s: ball speed above which more earns (and costs) nothing: an
            explosion of the contact would, else.
        fallen_tilt_rad, min_height_m: what counts as a fall.
        control_period_s: 25 ms (paper).
        episode_s: time limit.
    """

    starts: KickStarts = field(default_factory=KickStarts)
    rewards: KickRewards = field(default_factory=KickRewards)
    action_scale_rad: float = 0.5
    filter_keep: float = 0.4
    history: int = 3
    ball_history: int = 5
    clock_hz: float = 2.8
    ball_noise_m: float = 0.007
    aim_noise_rad: float = 0.02
    touch_m_s: float = 0.08
    strike_s: float = 0.15
    top_speed_m_s: float = 5.0
    fallen_tilt_rad: float = 1.0
    min_height_m: float = 0.15
    control_period_s: float = 0.025
    episode_s: float = 1.5

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
        more = (
            onboard.term("gait_clock", "1", "none"),
            onboard.term(
                "ball_position",
                "m",
                "heading",
                std=(0.2, 0.2),
                history=self.ball_history,
            ),
            onboard.term("kick_direction", "1", "heading", std=(1.0, 0.3)),
        )
        return ObservationSpec(terms=(*onboard.proprioception(self.history), *more))

    @property
    def privileged(self) -> ObservationSpec:
        """True body and ball, what is left to gain, and what this episode drew.

        Not the time: an episode's end by time is no end to the critic.
        """
        more = (
            critic_term("ball_offset", 2, "m", "heading", 0.2),
            critic_term("ball_motion", 2, "m/s", "heading"),
            critic_term("best_speed", 1, "m/s", "none"),
            critic_term("touched", 1, "s", "none", 0.1),
            critic_term("turned", 1, "rad", "none", 0.3),
        )
        return ObservationSpec(
            terms=BODY_TERMS + more + EPISODE_TERMS + BALL_EPISODE_TERMS
        )

    @property
    def action(self) -> ActionSpec:
        return onboard.limb_action(self.action_scale_rad, self.filter_keep)

    def begin(self, random: Random, count: int) -> tuple[Placement, KickMemory]:
        """As `KickStarts` says."""
        start = start_kick(random, count, self.starts, self.clock_hz)
        placement, none = start.placement, 0 * start.aim_rad
        ball_m_s = placement.ball_velocity
        assert ball_m_s is not None
        return placement, KickMemory(
            aim_rad=start.aim_rad,
            best_m_s=none,
            touched_s=none,
            ball_m_s=ball_m_s[:, :2],
            clock_s=start.clock_s,
        )

    def first(self, memory: KickMemory, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation, ball and aim without noise."""
        off = _ball_offset(view.robots, ball_of(view))
        turned = _turned(memory, view.robots)
        return {
            "terms": self._terms(memory, off, turned),
            "privileged": self._privileged(memory, view),
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
        ahead, across = _ball_speed(memory.aim_rad, ball)
        ahead = xp.clip(ahead, 0.0, self.top_speed_m_s)
        across = xp.clip(across, -self.top_speed_m_s, self.top_speed_m_s)
        down = self.fallen(robots)
        touched_s = self._touched(memory, ball)
        in_time = touched_s <= self.strike_s
        best_m_s = xp.where(
            in_time, xp.maximum(memory.best_m_s, ahead), memory.best_m_s
        )
        terms = kick_terms(
            self.rewards, memory, robots, (best_m_s, across), down, actions
        )
        after = KickMemory(
            aim_rad=memory.aim_rad,
            best_m_s=best_m_s,
            touched_s=touched_s,
            ball_m_s=ball.velocity_m_s[:, :2],
            clock_s=memory.clock_s + self.control_period_s,
        )
        noise = random.normal((*down.shape, 3))
        off = _ball_offset(robots, ball) + self.ball_noise_m * noise[..., :2]
        turned = _turned(after, robots) + self.aim_noise_rad * noise[..., 2]
        return Outcome(
            memory=after,
            rewards=terms,
            scale=self.rewards.scale,
            terminated=down[:, 0],
            terms=self._terms(after, off, turned),
            privileged=self._privileged(after, view),
            measures={"best_m_s": after.best_m_s, "fallen": down},
        )

    def fallen(self, robots: RobotView) -> Array:
        """[B, R] bool."""
        tilted = -robots.gravity[..., 2] < math.cos(self.fallen_tilt_rad)
        return tilted | (robots.position_m[..., 2] < self.min_height_m)

    def _touched(self, memory: KickMemory, ball: BallView) -> Array:
        """[B, R] s since the first touch."""
        xp = memory.touched_s.__array_namespace__()
        change = ball.velocity_m_s[:, :2] - memory.ball_m_s
        jump = xp.sqrt(xp.sum(change * change, axis=-1))[:, None] > self.touch_m_s
        so_far = (memory.touched_s > 0) | jump
        return xp.where(so_far, memory.touched_s + self.control_period_s, 0.0)

    def _terms(self, memory: KickMemory, off: Array, turned: Array) -> dict[str, Array]:
        """Observed beside proprioception; `turned` [B, R] rad off the aim."""
        xp = turned.__array_namespace__()
        return {
            "gait_clock": gait_clock(memory.clock_s, self.clock_hz),
            "ball_position": off,
            "kick_direction": xp.stack([xp.cos(turned), -xp.sin(turned)], axis=-1),
        }

    def _privileged(self, memory: KickMemory, view: WorldView) -> dict[str, Array]:
        robots, ball = view.robots, ball_of(view)
        xp = memory.touched_s.__array_namespace__()
        touched_s = xp.clip(memory.touched_s, 0.0, 2 * self.strike_s)
        motion = ball.velocity_m_s[:, None, :2]
        return body_terms(robots) | {
            "ball_offset": _ball_offset(robots, ball),
            "ball_motion": rotations.into_heading(motion, robots.heading_rad),
            "best_speed": memory.best_m_s[..., None],
            "touched": touched_s[..., None],
            "turned": _turned(memory, robots)[..., None],
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
        ball_m_s: [B, R] its best speed where it shall go, this step's included, and
            its speed to the left of that.
        down: [B, R] bool, fallen.
        actions: this step's and the two before.
    """
    best, across = ball_m_s
    xp = best.__array_namespace__()
    gain = best - memory.best_m_s
    share = gain / xp.clip(best, 0.1, None)
    drift = robots.velocity_m_s[..., :2]
    calm = xp.exp(
        -xp.sum(robots.gyro_rad_s**2, axis=-1) / 4
        - xp.sum(drift * drift, axis=-1) / 0.1
    )
    gone = memory.best_m_s > 0.5
    rate = actions.now - actions.before
    jerk = actions.now - 2 * actions.before + actions.earlier
    fell = down.astype(best.dtype)
    terms = {
        "speed": gain,
        "aim": share * xp.abs(across),
        "alive": 1 - fell,
        "stand": xp.where(gone & ~down, calm, xp.zeros_like(calm)),
        "heading": _turned(memory, robots) ** 2,
        "tilt": xp.sum(robots.gravity[..., :2] ** 2, axis=-1),
        "action_rate": xp.sum(rate * rate, axis=-1),
        "action_jerk": xp.sum(jerk * jerk, axis=-1),
        "torque": xp.sum(robots.torque_nm**2, axis=-1),
        "fall": fell,
    }
    return {name: getattr(weights, name) * value for name, value in terms.items()}


def _ball_offset(robots: RobotView, ball: BallView) -> Array:
    """[B, R, 2] m from the torso to the ball, heading frame."""
    offset = ball.position_m[:, None, :2] - robots.position_m[..., :2]
    return rotations.into_heading(offset, robots.heading_rad)


def _ball_speed(aim_rad: Array, ball: BallView) -> tuple[Array, Array]:
    """[B, R] m/s where it shall go and to the left of that."""
    velocity = ball.velocity_m_s[:, None, :2]
    seen = rotations.into_heading(velocity, aim_rad)
    return seen[..., 0], seen[..., 1]


def _turned(memory: KickMemory, robots: RobotView) -> Array:
    """[B, R] rad from the aim to the heading, in -pi to pi."""
    xp = memory.aim_rad.__array_namespace__()
    turn = robots.heading_rad - memory.aim_rad
    return xp.atan2(xp.sin(turn), xp.cos(turn))
