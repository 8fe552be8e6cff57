"""A walk bundle in the training environment, from starts that another path can repeat.

No randomization, no pushes, gait clock at zero, targets at the stand: what is left to
differ is the way from the sensors to the policy and from the policy to the servos.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.contracts.policy import PolicySpec
from sim.arena import Arena
from sim.env import EnvConfig, Environment
from sim.env_state import EnvState
from sim.env_step import begin, first_step
from sim.random_numbers import NumpyRandom
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.view import STAND_RAD
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask

FloatArray = NDArray[np.float64]
AGENT = 0


class ActingPolicy(Protocol):
    """What is needed of a policy; `robot.policy.Policy` has it."""

    @property
    def spec(self) -> PolicySpec: ...

    def initial_state(self) -> Any: ...

    def act(self, observation: Any, state: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Starts:
    """E starting states: `qpos` [E, nq] and `qvel` [E, nv] of the arena."""

    qpos: FloatArray
    qvel: FloatArray


@dataclass(frozen=True, kw_only=True)
class Track:
    """What one path did, policy step by policy step.

    Row t holds what the policy saw, what it answered, and the state it answered to; a
    fallen episode's rows go on, but mean nothing.

    Attributes:
        observation: [T, E, O] as the policy got it.
        action: [T, E, A] its answer.
        target_rad: [T, E, 20] joint targets after filter and limits.
        joint_rad: [T, E, 20] true joint angles at the step's start.
        root: [T, E, 7] true torso position and quaternion (wxyz) then.
        standing: [T, E] bool, not fallen up to then.
    """

    observation: NDArray[np.float32]
    action: FloatArray
    target_rad: FloatArray
    joint_rad: FloatArray
    root: FloatArray
    standing: NDArray[np.bool_]


class TrainingPath:
    """The walk task's environment under one command, for E episodes side by side."""

    def __init__(
        self,
        spec: PolicySpec,
        command: tuple[float, float, float],
        *,
        episodes: int,
        seconds: float,
        seed: int,
    ):
        """Build the world.

        Args:
            spec: of the bundle.
            command: m/s forward, m/s left, rad/s turn; within the bundle's bounds.
            episodes: E.
            seconds: that will be walked.
            seed: of the starting states.
        """
        config = WalkConfig(episode_s=seconds + 1.0)
        self._task = WalkTask(
            config=replace(config, clock_hz=spec.clock_hz or config.clock_hz),
            contacts="full",
            fixed_command=command,
            observation_spec=spec.observation,
            action_spec=spec.action,
        )
        plain = EnvConfig(
            num_envs=episodes, randomization=NO_RANDOMIZATION, stagger=False
        )
        self._env = Environment(self._task, plain, seed)
        self._random = NumpyRandom(seed)
        core = self._env.core
        begun = begin(core, self._random, episodes)
        targets = np.broadcast_to(np.array(STAND_RAD), (episodes, 1, 20)).copy()
        memory = replace(
            begun.memory, clock_s=np.zeros_like(np.asarray(begun.memory.clock_s))
        )
        self._begun = replace(
            begun,
            placement=replace(begun.placement, target_rad=targets),
            memory=memory,
        )
        self.starts = Starts(
            qpos=np.array(self._begun.qpos), qvel=np.array(self._begun.qvel)
        )

    @property
    def arena(self) -> Arena:
        """What is walked on; another path can step its model."""
        return self._env.core.arena

    def roll(self, policy: ActingPolicy, steps: int) -> Track:
        """Walk from the starts for `steps` policy steps."""
        env, core = self._env, self._env.core
        robot = core.arena.robots[AGENT]
        count = env.config.num_envs
        rows = np.arange(count)
        sensors = env.physics.place(rows, self.starts.qpos, self.starts.qvel)
        state, seen, _ = first_step(core, self._random, self._begun, sensors)
        memory = [policy.initial_state() for _ in range(count)]
        standing = np.ones(count, bool)
        columns: list[tuple[Any, ...]] = []
        for _ in range(steps):
            qpos = env.physics.qpos.copy()
            standing = standing & ~fallen(self._task.config, qpos[:, robot.root_qpos])
            actions = np.zeros(env.action_shape)
            for row in range(count):
                actions[row, AGENT], memory[row] = policy.act(
                    seen[row, AGENT], memory[row]
                )
            state, moved = env.step(state, actions)
            columns.append(
                (
                    seen[:, AGENT].copy(),
                    actions[:, AGENT],
                    _targets(state),
                    qpos[:, robot.joint_qpos],
                    qpos[:, robot.root_qpos],
                    standing,
                )
            )
            seen = moved.observation
        return Track(**dict(zip(_FIELDS, _stacked(columns), strict=True)))

    def close(self) -> None:
        """Stop the physics threads."""
        self._env.close()


def fallen(config: WalkConfig, root: FloatArray) -> NDArray[np.bool_]:
    """[...] by the walk task's own bounds, from torso poses [..., 7]."""
    upright = -rotations.gravity_direction(root[..., 3:])[..., 2]
    return (upright < config.min_upright) | (root[..., 2] < config.min_height_m)


@dataclass(frozen=True, kw_only=True)
class WalkFigures:
    """How E episodes walked.

    Attributes:
        forward_m_s, left_m_s, turn_rad_s: [E] means from `from_s` on while standing.
        fell: [E] bool.
    """

    forward_m_s: FloatArray
    left_m_s: FloatArray
    turn_rad_s: FloatArray
    fell: NDArray[np.bool_]


def walk_figures(track: Track, period_s: float, from_s: float) -> WalkFigures:
    """Mean velocities in the robot's own heading, and falls; NaN without such steps."""
    root, first = track.root, round(from_s / period_s)
    heading = np.unwrap(rotations.yaw(root[..., 3:]), axis=0)
    step = np.diff(root[..., :2], axis=0) / period_s
    cosine, sine = np.cos(heading[:-1]), np.sin(heading[:-1])
    velocity = np.stack(
        [
            cosine * step[..., 0] + sine * step[..., 1],
            cosine * step[..., 1] - sine * step[..., 0],
            np.diff(heading, axis=0) / period_s,
        ],
        axis=-1,
    )[first:]
    stood = track.standing[1:][first:]
    counted = stood.sum(axis=0)
    total = np.where(stood[..., None], velocity, 0.0).sum(axis=0)
    mean = np.where(
        counted[:, None] > 0, total / np.maximum(counted, 1)[:, None], np.nan
    )
    return WalkFigures(
        forward_m_s=mean[:, 0],
        left_m_s=mean[:, 1],
        turn_rad_s=mean[:, 2],
        fell=~track.standing[-1],
    )


_FIELDS = tuple(Track.__dataclass_fields__)


def _targets(state: EnvState) -> FloatArray:
    return np.asarray(state.targets_rad)[:, AGENT].copy()


def _stacked(columns: list[tuple[Any, ...]]) -> list[NDArray[Any]]:
    return [np.stack(column) for column in zip(*columns, strict=True)]
