"""The walking task on CPU physics: a batch of environments stepped together."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec, ObservationSpec
from robot.observation import push, start, vector
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.physics import CpuPhysics, PhysicsStep
from sim.randomization import (
    EpisodeParameters,
    ModelRandomizer,
    RandomizationConfig,
    sample_parameters,
)
from sim.robot_model import RobotModelConfig
from sim.tasks import walk
from sim.walk_senses import PRIVILEGED_SIZE, WalkSenses, privileged, still_view
from sim.walk_state import (
    STAND_HEIGHT_M,
    STAND_RAD,
    FloatArray,
    Transition,
    WalkState,
)

__all__ = [
    "PRIVILEGED_SIZE",
    "Transition",
    "WalkEnv",
    "WalkEnvConfig",
    "WalkState",
]

_HEAD = np.array([JOINT_NAMES.index(name) for name in ("head_pan", "head_tilt")])
_HEAD_LOW = np.array([OP3_JOINTS[joint].min_rad for joint in _HEAD])
_HEAD_HIGH = np.array([OP3_JOINTS[joint].max_rad for joint in _HEAD])


@dataclass(frozen=True, kw_only=True)
class WalkEnvConfig:
    """A batch of walking environments.

    Attributes:
        num_envs: batch size B.
        num_threads: physics threads, None for all cores.
        task: rewards, commands, timing.
        randomization: ranges per episode.
        contacts: "feet" is faster and enough, since an episode ends at a fall.
        stagger: spread the first episodes' ages, so that averages over a batch see all
            phases of an episode.
        fixed_command: this command for all episodes (trials); None to sample.
        pushes: whether to push at all.
    """

    num_envs: int = 256
    num_threads: int | None = None
    task: walk.WalkConfig = field(default_factory=walk.WalkConfig)
    randomization: RandomizationConfig = field(default_factory=RandomizationConfig)
    contacts: Literal["full", "feet"] = "feet"
    stagger: bool = True
    fixed_command: tuple[float, float, float] | None = None
    pushes: bool = True


class WalkEnv:
    """Steps B walkers: `reset` and `step` return the new state, physics is inside."""

    def __init__(
        self,
        config: WalkEnvConfig,
        seed: int,
        *,
        observation: ObservationSpec | None = None,
        action: ActionSpec | None = None,
    ):
        """Build the world.

        Args:
            config: batch, task, randomization.
            seed: of everything drawn.
            observation, action: another policy's interface (trials of a bundle); the
                task's own by default.
        """
        self.config = config
        robot = RobotPlace(
            name="op3", config=RobotModelConfig(contacts=config.contacts)
        )
        self.arena = build_arena(ArenaConfig(robots=(robot,), field=None, ball=False))
        self.index = self.arena.robots[0]
        self.physics = CpuPhysics(self.arena.model, config.num_envs, config.num_threads)
        self.observation_spec = observation or config.task.observation
        self.action_spec = action or config.task.action
        self.action_size = len(self.action_spec.joints)
        self._driven = np.array(
            [JOINT_NAMES.index(name) for name in self.action_spec.joints]
        )
        self.push_scale = 1.0
        self._randomizer = ModelRandomizer(self.arena)
        self._senses = WalkSenses(self.arena, config.task, config.randomization)
        self._rng = np.random.default_rng(seed)
        timestep = self.arena.config.timestep_s
        self._substeps = round(config.task.control_period_s / timestep)

    def reset(self) -> tuple[WalkState, NDArray[np.float32], NDArray[np.float32]]:
        """All environments standing. Returns state, observation, privileged."""
        count = self.config.num_envs
        everyone = np.ones(count, bool)
        state = self._reset_rows(self._blank(), everyone)
        if self.config.stagger:
            ages = self._rng.uniform(0, self.config.task.episode_s * 0.9, count)
            state = replace(state, time_s=ages, clock_offset_s=-ages)
        extra = privileged(state, still_view(count))
        return state, self._observation(state), extra

    def step(
        self, state: WalkState, action: FloatArray
    ) -> tuple[WalkState, Transition]:
        """Advance one control step.

        Args:
            state: from `reset` or the last step.
            action: [B, A] policy output, unclipped.
        """
        task = self.config.task
        targets = self._targets(state, action)
        state = self._push(state)
        physics = self.physics.step(self._control(state, targets))
        exploded = ~np.isfinite(physics.qpos[:, -1]).all(axis=-1)
        view = self._senses.view(state, physics)
        terms = self._reward_terms(state, view, action)
        reward = task.rewards.scale * sum(terms.values())
        state = self._advanced(state, physics, targets, action, view.velocity)
        terminated = walk.fallen(task, view) | exploded
        truncated = (state.time_s >= task.episode_s) & ~terminated
        final = self._observation(state), privileged(state, view)
        next_state, observation, extra = self._restarted(
            state, terminated | truncated, final
        )
        return next_state, Transition(
            observation=observation,
            privileged=extra,
            reward=np.where(exploded, 0.0, reward).astype(np.float32),
            terminated=terminated,
            truncated=truncated,
            final_observation=final[0],
            final_privileged=final[1],
            terms=terms,
            velocity=view.velocity,
            command=state.command,
        )

    def close(self) -> None:
        """Stop the physics threads."""
        self.physics.close()

    def _blank(self) -> WalkState:
        """Rows to be replaced by the first episodes; only shapes matter."""
        count = self.config.num_envs
        zeros = np.zeros(count)
        actions = np.zeros((count, self.action_size))
        blank = WalkState(
            time_s=zeros,
            clock_offset_s=zeros,
            targets_rad=np.tile(STAND_RAD, (count, 1)),
            history=(),
            command=np.zeros((count, 3)),
            command_left_s=zeros,
            push_left_s=zeros,
            velocity=np.zeros((count, 3)),
            actions=(actions, actions),
            parameters=sample_parameters(self.config.randomization, self._rng, count),
        )
        self.physics.qpos[:, self.index.root_qpos[3]] = 1.0
        return self._with_first_history(blank)

    def _reset_rows(self, state: WalkState, rows: NDArray[np.bool_]) -> WalkState:
        """State with the episodes in `rows` started anew; writes physics and models."""
        drawn = sample_parameters(
            self.config.randomization, self._rng, self.config.num_envs
        )
        parameters = state.parameters.replaced(rows, drawn)
        for row in np.flatnonzero(rows):
            self._randomizer.apply(self.physics.models[row], parameters, int(row))
            self.physics.refresh(int(row))
        self._place_standing(rows)
        fresh = self._with_first_history(self._new_episodes(parameters))
        return state.replaced(rows, fresh)

    def _new_episodes(self, parameters: EpisodeParameters) -> WalkState:
        """An episode's first state for every row, history still to be filled."""
        count = self.config.num_envs
        command, hold = self._draw_commands()
        targets = np.tile(STAND_RAD, (count, 1))
        targets[:, _HEAD] = self._rng.uniform(_HEAD_LOW, _HEAD_HIGH, (count, 2))
        push_in = self._rng.uniform(*self.config.randomization.push_every_s, count)
        offset = self._rng.uniform(0, 1 / self.config.task.clock_hz, count)
        actions = np.zeros((count, self.action_size))
        return WalkState(
            time_s=np.zeros(count),
            clock_offset_s=offset,
            targets_rad=targets,
            history=(),
            command=command,
            command_left_s=hold,
            push_left_s=push_in,
            velocity=np.zeros((count, 3)),
            actions=(actions, actions),
            parameters=parameters,
        )

    def _with_first_history(self, state: WalkState) -> WalkState:
        sources = self._senses.standing_sources(state, self.physics.qpos, self._rng)
        return replace(state, history=start(self.observation_spec, sources))

    def _restarted(
        self,
        state: WalkState,
        ended: NDArray[np.bool_],
        final: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> tuple[WalkState, NDArray[np.float32], NDArray[np.float32]]:
        """State, observation and privileged, new where an episode ended."""
        if not ended.any():
            return state, *final
        state = self._reset_rows(state, ended)
        mask = ended[:, None]
        extra = privileged(state, still_view(self.config.num_envs))
        return (
            state,
            np.where(mask, self._observation(state), final[0]),
            np.where(mask, extra, final[1]),
        )

    def _targets(self, state: WalkState, action: FloatArray) -> FloatArray:
        """[B, 20] joint targets; joints the action does not drive keep theirs."""
        targets = state.targets_rad.copy()
        targets[:, self._driven] = filtered_targets(
            self.action_spec, action, state.targets_rad[:, self._driven]
        )
        return targets

    def _reward_terms(
        self, state: WalkState, view: walk.WalkView, action: FloatArray
    ) -> dict[str, FloatArray]:
        """Weighted terms for reaching `view` from `state` by `action`."""
        task = self.config.task
        now = state.time_s + task.control_period_s
        phase = walk.gait_phase(task, now - state.clock_offset_s)
        actions = (action, *state.actions)
        return walk.reward_terms(task, view, state.command, phase, actions)

    def _advanced(
        self,
        state: WalkState,
        physics: PhysicsStep,
        targets: FloatArray,
        action: FloatArray,
        velocity: FloatArray,
    ) -> WalkState:
        """The state one control step later, new commands and measurements included."""
        period_s = self.config.task.control_period_s
        state = replace(
            state,
            time_s=state.time_s + period_s,
            targets_rad=targets,
            velocity=velocity,
            actions=(action, state.actions[0]),
            command_left_s=state.command_left_s - period_s,
            push_left_s=state.push_left_s - period_s,
        )
        state = self._new_commands(state)
        sources = self._senses.sources(state, physics, self._rng)
        history = push(self.observation_spec, state.history, sources)
        return replace(state, history=history)

    def _place_standing(self, rows: NDArray[np.bool_]) -> None:
        count = self.config.num_envs
        index = self.index
        qpos = self.physics.qpos[rows]
        joints = STAND_RAD + self._rng.uniform(-0.1, 0.1, (count, 20))[rows]
        qpos[:, index.root_qpos[:3]] = [0.0, 0.0, STAND_HEIGHT_M + 0.005]
        heading = self._rng.uniform(-np.pi, np.pi, count)[rows]
        qpos[:, index.root_qpos[3:]] = rotations.yaw_quaternion(heading)
        qpos[:, index.joint_qpos] = joints
        self.physics.qpos[rows] = qpos
        speed = np.zeros_like(self.physics.qvel[rows])
        speed[:, index.root_qvel[:2]] = self._rng.uniform(-0.2, 0.2, (count, 2))[rows]
        self.physics.qvel[rows] = speed

    def _draw_commands(self) -> tuple[FloatArray, FloatArray]:
        task, count = self.config.task, self.config.num_envs
        command = walk.sample_commands(task, self._rng.uniform(size=(count, 4)))
        if self.config.fixed_command is not None:
            command = np.tile(self.config.fixed_command, (count, 1))
        return command, self._rng.uniform(*task.command_s, count)

    def _new_commands(self, state: WalkState) -> WalkState:
        due = state.command_left_s <= 0
        command, hold = self._draw_commands()
        return replace(
            state,
            command=np.where(due[:, None], command, state.command),
            command_left_s=np.where(due, hold, state.command_left_s),
        )

    def _push(self, state: WalkState) -> WalkState:
        """Kick the torso's horizontal velocity where a push is due."""
        ranges, count = self.config.randomization, self.config.num_envs
        due = (state.push_left_s <= 0) & self.config.pushes
        size = self.push_scale * self._rng.uniform(*ranges.push_m_s, count)
        angle = self._rng.uniform(-np.pi, np.pi, count)
        kick = (size * due)[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        self.physics.qvel[:, self.index.root_qvel[:2]] += kick
        pause = self._rng.uniform(*ranges.push_every_s, count)
        return replace(state, push_left_s=np.where(due, pause, state.push_left_s))

    def _control(self, state: WalkState, targets: FloatArray) -> FloatArray:
        """[B, S, nu] servo goals; the new ones arrive after the action delay."""
        offset = state.parameters.joint_offset_rad
        steps = np.arange(self._substeps)
        arrived = steps >= state.parameters.action_delay[:, None]
        goals = np.where(
            arrived[..., None], targets[:, None], state.targets_rad[:, None]
        )
        control = np.zeros((len(targets), self._substeps, self.arena.model.nu))
        control[..., self.index.actuators] = goals - offset[:, None]
        return control

    def _observation(self, state: WalkState) -> NDArray[np.float32]:
        return vector(self.observation_spec, state.history).astype(np.float32)
