"""Robots that stand or are dropped, and a dropped ball, with one axis randomized.

Standing is the shipped scripted controller's work, told to walk at no speed: it senses
and balances. What is dropped holds the pose that the controller begins with.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from robot.policy import Policy, load_bundle
from sim.arena import ArenaConfig
from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.task import Placement, Random
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkMemory, WalkTask

SCRIPTED_WALK = Path(__file__).parents[2] / "policies" / "scripted" / "walk"
STANDING, DROPPED = slice(0, 2), slice(2, 5)
"""Environments of each kind."""
DROP_M = 0.5
BALL_AT_M = (1.0, 0.0, DROP_M)
SECONDS = 3.0
"""The first push comes after 2 s, the middle of 1 to 3 s."""


@dataclass(frozen=True, kw_only=True)
class StandOrDrop(WalkTask):
    """The walk task told to stand; some robots, and all balls, begin in the air.

    Falls do not end its episodes.
    """

    config: WalkConfig = field(
        default_factory=lambda: WalkConfig(
            episode_s=1e6, min_height_m=-1e6, min_upright=-2.0
        )
    )
    fixed_command: tuple[float, float, float] | None = (0.0, 0.0, 0.0)

    @property
    def arena(self) -> ArenaConfig:
        return replace(WalkTask(contacts="full").arena, ball=True)

    def begin(self, random: Random, count: int) -> tuple[Placement, WalkMemory]:
        placement, memory = super().begin(random, count)
        root = placement.root.copy()
        root[DROPPED, :, 2] += DROP_M
        ball = np.tile(BALL_AT_M, (count, 1))
        # No drift: what is compared is the fall, not where a stumble ends.
        still = np.zeros_like(placement.root_velocity)
        placement = replace(
            placement,
            root=root,
            root_velocity=still,
            ball=ball,
            ball_velocity=np.zeros_like(ball),
        )
        return placement, memory


@dataclass(frozen=True, kw_only=True)
class Rest:
    """Torso height and uprightness, ball height, [6] each, where all came to rest."""

    height_m: np.ndarray
    up_z: np.ndarray
    ball_m: np.ndarray


def come_to_rest(**axes: tuple[float, float]) -> Rest:
    """Some seconds of standing and falling, nothing randomized but the given axes."""
    policy = load_bundle(SCRIPTED_WALK)
    task = StandOrDrop(
        observation_spec=policy.spec.observation, action_spec=policy.spec.action
    )
    config = EnvConfig(
        num_envs=DROPPED.stop,
        num_threads=1,
        randomization=replace(NO_RANDOMIZATION, **axes),
        stagger=False,
    )
    env = Environment(task, config, 0)
    _stand_or_drop(env, policy)
    robot, ball = env.core.arena.robots[0], env.core.arena.ball
    assert ball is not None
    root = env.physics.qpos[:, robot.root_qpos]
    # Third row, third column of the rotation of quaternion w, x, y, z.
    up_z = 1 - 2 * (root[:, 4] ** 2 + root[:, 5] ** 2)
    height, rest = root[:, 2].copy(), env.physics.qpos[:, ball.qpos][:, 2].copy()
    env.close()
    return Rest(height_m=height, up_z=up_z, ball_m=rest)


def _stand_or_drop(env: Environment, policy: Policy) -> None:
    state, seen = env.reset()
    memory = [policy.initial_state()] * STANDING.stop
    begin, _ = policy.act(seen.observation[0, 0], policy.initial_state())
    action = np.tile(begin.astype(np.float64), (env.config.num_envs, 1, 1))
    for _ in range(round(SECONDS / env.core.task.control_period_s)):
        for row in range(STANDING.stop):
            action[row, 0], memory[row] = policy.act(
                seen.observation[row, 0], memory[row]
            )
        state, seen = env.step(state, action)
