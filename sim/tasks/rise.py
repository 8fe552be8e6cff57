"""Getting up as fast as the robot can, and standing: the teacher that plays.

`sim.tasks.getup` is the paper's get-up teacher (arXiv:2304.13653); this task asks for
the same end with what the robot senses on board today and without its key poses as
targets. States along the scripted get-up are start postures instead, so that an
episode often begins a moment before success. Form and weights are the project's choice.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.arena import ArenaConfig, RobotPlace
from sim.tasks import onboard
from sim.tasks.body_state import BODY_TERMS, EPISODE_TERMS, body_terms, critic_term
from sim.tasks.getup_starts import GetupStarts, start_getup
from sim.tasks.poses import CROUCH_RAD, FLAT_RAD, T_POSE_RAD
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import STAND_RAD, RobotView, WorldView

Array = Any

STAND_HEIGHT_M = 0.236
"""Torso above the floor in the stand pose."""
LYING_HEIGHT_M = 0.06
"""About the torso's height on chest or back."""


@dataclass(frozen=True, kw_only=True)
class RiseRewards:
    """Weights of the reward terms; the sum is scaled by `scale`.

    Attributes:
        height: per share of the way from lying to standing height.
        upright: per (1 + cosine of the tilt) / 2.
        rise: per product of the height's share and the squared upright term.
        stand: on top while tall and upright, the more the nearer the limbs are to the
            stand pose and the slower the torso turns.
        soles: while tall and upright, per sole on the floor.
        lean: while tall and upright, per squared sine of the tilt: a robot that is told
            to walk while it still leans falls again.
        action_rate, action_jerk: per squared difference of actions.
        torque: per squared servo torque, (N m)^2.
        joint_speed: per squared joint speed, (rad/s)^2.
        scale: of the sum.
    """

    height: float = 0.5
    upright: float = 0.5
    rise: float = 1.5
    stand: float = 2.0
    soles: float = 0.25
    lean: float = 0.0
    action_rate: float = -0.01
    action_jerk: float = -0.003
    torque: float = -0.001
    joint_speed: float = -0.0005
    scale: float = 0.05


_STARTS = GetupStarts(
    lying_share=0.6,
    side_spread_rad=math.pi / 4,
    tilted_share=0.25,
    poses=(STAND_RAD, FLAT_RAD, CROUCH_RAD, T_POSE_RAD),
    joint_spread_rad=0.15,
    air_m=0.03,
)


@dataclass(frozen=True, kw_only=True)
class RiseMemory:
    """What an episode carries: for how long the robot has stood, [B, R] s."""

    stood_s: Array


@dataclass(frozen=True, kw_only=True)
class RiseTask:
    """One robot on an endless floor, lying, tilted, half-way up or standing.

    Attributes:
        starts: postures an episode begins in.
        rewards: weights.
        action_scale_rad: joint offset from the stand pose per unit of action.
        filter_keep: of the action filter.
        history: control steps of proprioception in the observation.
        tall: share of the standing height from which the robot counts as up: 36 of
            41 cm, where the paper's shoulder marker ends a get-up.
        upright: cosine of the tilt from which it counts as up.
        control_period_s: 25 ms (paper).
        episode_s: time limit.
    """

    starts: GetupStarts = _STARTS
    rewards: RiseRewards = field(default_factory=RiseRewards)
    action_scale_rad: float = 0.8
    filter_keep: float = 0.4
    history: int = 3
    tall: float = 36 / 41
    upright: float = 0.9
    control_period_s: float = 0.025
    episode_s: float = 5.0

    @property
    def name(self) -> str:
        return "rise"

    @property
    def arena(self) -> ArenaConfig:
        return ArenaConfig(robots=(RobotPlace(name="op3"),), field=None, ball=False)

    @property
    def agents(self) -> tuple[int, ...]:
        return (0,)

    @property
    def observation(self) -> ObservationSpec:
        return ObservationSpec(terms=onboard.proprioception(self.history))

    @property
    def privileged(self) -> ObservationSpec:
        """True body state, time, and this episode's randomization."""
        left = (critic_term("time_left", 1, "1", "none"),)
        return ObservationSpec(terms=BODY_TERMS + left + EPISODE_TERMS)

    @property
    def action(self) -> ActionSpec:
        return onboard.limb_action(self.action_scale_rad, self.filter_keep)

    def begin(self, random: Random, count: int) -> tuple[Placement, RiseMemory]:
        """A start posture; the head looks anywhere, as the tactics may have left it."""
        placement = start_getup(random, count, self.starts)
        head = onboard.head_targets(random, count)
        xp = placement.target_rad.__array_namespace__()
        turned = xp.concat([placement.joint_rad[..., :-2], head], axis=-1)
        moved = Placement(
            root=placement.root,
            root_velocity=placement.root_velocity,
            joint_rad=turned,
            target_rad=turned,
        )
        return moved, RiseMemory(stood_s=0 * placement.root[..., 0])

    def first(self, memory: RiseMemory, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation: none of its own."""
        full = 1 + 0 * memory.stood_s[:, 0]
        return {"terms": {}, "privileged": _privileged(full, view.robots)}

    def advance(
        self,
        random: Random,
        memory: RiseMemory,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Rewards by `rise_terms`; only time ends an episode."""
        xp = time_s.__array_namespace__()
        up = self.is_up(view.robots)
        stood_s = xp.where(up, memory.stood_s + self.control_period_s, 0.0)
        return Outcome(
            memory=RiseMemory(stood_s=stood_s),
            rewards=rise_terms(self.rewards, view.robots, up, actions),
            scale=self.rewards.scale,
            terminated=xp.zeros(time_s.shape, dtype=xp.bool),
            terms={},
            privileged=_privileged(1 - time_s / self.episode_s, view.robots),
            measures={"up": up, "stood_s": stood_s},
        )

    def is_up(self, robots: RobotView) -> Array:
        """[B, R] bool: tall and upright enough to count as standing."""
        tall = robots.position_m[..., 2] > self.tall * STAND_HEIGHT_M
        return tall & (-robots.gravity[..., 2] > self.upright)


def rise_terms(
    weights: RiseRewards, robots: RobotView, up: Array, actions: Actions
) -> dict[str, Array]:
    """Weighted reward terms [B, R] of one step, not yet scaled.

    Args:
        weights: see there.
        robots: the state reached.
        up: [B, R] bool, tall and upright.
        actions: this step's and the two before.
    """
    xp = robots.position_m.__array_namespace__()
    way = STAND_HEIGHT_M - LYING_HEIGHT_M
    height = xp.clip((robots.position_m[..., 2] - LYING_HEIGHT_M) / way, 0.0, 1.0)
    upright = (1 - robots.gravity[..., 2]) / 2
    stand = xp.asarray(STAND_RAD, dtype=height.dtype)
    offset = (robots.joint_rad - stand)[..., : onboard.LIMBS]
    near = xp.exp(-xp.sum(offset * offset, axis=-1) / 1.5)
    calm = xp.exp(-xp.sum(robots.gyro_rad_s**2, axis=-1) / 4)
    lean = xp.sum(robots.gravity[..., :2] ** 2, axis=-1)
    soles = xp.sum(robots.contact.astype(height.dtype), axis=-1)
    rate = actions.now - actions.before
    jerk = actions.now - 2 * actions.before + actions.earlier
    zero = xp.zeros_like(height)
    terms = {
        "height": height,
        "upright": upright,
        "rise": height * upright**2,
        "stand": xp.where(up, near * calm, zero),
        "soles": xp.where(up, soles, zero),
        "lean": xp.where(up, lean, zero),
        "action_rate": xp.sum(rate * rate, axis=-1),
        "action_jerk": xp.sum(jerk * jerk, axis=-1),
        "torque": xp.sum(robots.torque_nm**2, axis=-1),
        "joint_speed": xp.sum(robots.joint_velocity_rad_s**2, axis=-1),
    }
    return {name: getattr(weights, name) * value for name, value in terms.items()}


def _privileged(time_left: Array, robots: RobotView) -> dict[str, Array]:
    return body_terms(robots) | {"time_left": time_left[:, None, None]}
