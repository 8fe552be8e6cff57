"""The walking task on CPU physics: a batch of environments stepped together."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec, ObservationSpec
from robot.observation import History, gait_clock, push, start, vector
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.physics import CpuPhysics, PhysicsStep
from sim.randomization import (
    EpisodeParameters,
    ModelRandomizer,
    RandomizationConfig,
    sample_parameters,
)
from sim.robot_model import FEET, RobotModelConfig
from sim.tasks import walk

FloatArray = NDArray[np.float64]
_STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
_STAND_HEIGHT_M = 0.238
_LIMBS = np.array([JOINT_NAMES.index(name) for name in walk.LEG_AND_ARM_JOINTS])
_HEAD = np.array([JOINT_NAMES.index(name) for name in ("head_pan", "head_tilt")])
_HEAD_RANGE = np.array(
    [[OP3_JOINTS[i].min_rad for i in _HEAD], [OP3_JOINTS[i].max_rad for i in _HEAD]]
)


@dataclass(frozen=True, kw_only=True)
class WalkState:
    """Everything but the physics state, one row per environment.

    Attributes:
        time_s: [B] since the episode's start.
        clock_offset_s: [B] where the gait clock started.
        targets_rad: [B, 20] last joint targets.
        history: observation history.
        command: [B, 3] wanted velocity.
        command_left_s: [B] until the next command.
        push_left_s: [B] until the next push.
        velocity: [B, 3] filtered forward, left (m/s) and turn (rad/s).
        actions: the last two actions, [B, A] each.
        parameters: this episode's randomization.
    """

    time_s: FloatArray
    clock_offset_s: FloatArray
    targets_rad: FloatArray
    history: History
    command: FloatArray
    command_left_s: FloatArray
    push_left_s: FloatArray
    velocity: FloatArray
    actions: tuple[FloatArray, FloatArray]
    parameters: EpisodeParameters


@dataclass(frozen=True, kw_only=True)
class Transition:
    """What a step returns to a learner.

    Attributes:
        observation: [B, N] float32 of the state to act in next (after a reset, if any).
        privileged: [B, P] float32, what only a critic may see.
        reward: [B] float32, scaled.
        terminated: [B] bool, the robot fell.
        truncated: [B] bool, the time limit.
        final_observation, final_privileged: as above, before a reset.
        terms: weighted reward terms [B], for curves.
        velocity: [B, 3] reached, filtered; command: [B, 3] that was asked.
    """

    observation: NDArray[np.float32]
    privileged: NDArray[np.float32]
    reward: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    final_observation: NDArray[np.float32]
    final_privileged: NDArray[np.float32]
    terms: dict[str, FloatArray]
    velocity: FloatArray
    command: FloatArray


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


PRIVILEGED_SIZE = 16


class WalkEnv:
    """Steps B walkers. `reset` and `step` return the new state; physics lives inside."""

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
        robot = RobotPlace(name="op3", config=RobotModelConfig(contacts=config.contacts))
        self.arena = build_arena(ArenaConfig(robots=(robot,), field=None, ball=False))
        self.index = self.arena.robots[0]
        self.physics = CpuPhysics(
            self.arena.model, config.num_envs, config.num_threads
        )
        self.observation_spec = observation or config.task.observation
        self.action_spec = action or config.task.action
        self.action_size = len(self.action_spec.joints)
        self._driven = np.array(
            [JOINT_NAMES.index(name) for name in self.action_spec.joints]
        )
        self.push_scale = 1.0
        self._randomizer = ModelRandomizer(self.arena)
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
        view = self._still_view()
        return state, self._observation(state), self._privileged(state, view)

    def step(
        self, state: WalkState, action: FloatArray
    ) -> tuple[WalkState, Transition]:
        """Advance one control step.

        Args:
            state: from `reset` or the last step.
            action: [B, A] policy output, unclipped.
        """
        task = self.config.task
        targets = state.targets_rad.copy()
        targets[:, self._driven] = filtered_targets(
            self.action_spec, action, state.targets_rad[:, self._driven]
        )
        state = self._push(state)
        physics = self.physics.step(self._control(state, targets))
        bad = ~np.isfinite(physics.qpos[:, -1]).all(axis=-1)
        view, velocity = self._look(state, physics)
        now = state.time_s + task.control_period_s
        phase = walk.gait_phase(task, now - state.clock_offset_s)
        terms = walk.reward_terms(
            task, view, state.command, phase, (action, *state.actions)
        )
        terminated = walk.fallen(task, view) | bad
        truncated = (now >= task.episode_s) & ~terminated
        reward = task.rewards.scale * sum(terms.values())
        state = replace(
            state,
            time_s=now,
            targets_rad=targets,
            velocity=velocity,
            actions=(action, state.actions[0]),
            command_left_s=state.command_left_s - task.control_period_s,
            push_left_s=state.push_left_s - task.control_period_s,
        )
        state = self._new_commands(state)
        sources = self._sources(state, physics)
        spec = self.observation_spec
        state = replace(state, history=push(spec, state.history, sources))
        final = self._observation(state), self._privileged(state, view)
        asked = state.command
        ended = terminated | truncated
        observation, privileged = final
        if ended.any():
            state = self._reset_rows(state, ended)
            observation = np.where(ended[:, None], self._observation(state), final[0])
            fresh = self._privileged(state, self._still_view())
            privileged = np.where(ended[:, None], fresh, final[1])
        return state, Transition(
            observation=observation,
            privileged=privileged,
            reward=np.where(bad, 0.0, reward).astype(np.float32),
            terminated=terminated,
            truncated=truncated,
            final_observation=final[0],
            final_privileged=final[1],
            terms=terms,
            velocity=velocity,
            command=asked,
        )

    def close(self) -> None:
        """Stop the physics threads."""
        self.physics.close()

    def _blank(self) -> WalkState:
        count = self.config.num_envs
        targets = np.tile(_STAND, (count, 1))
        zeros = np.zeros(count)
        actions = np.zeros((count, self.action_size))
        parameters = sample_parameters(self.config.randomization, self._rng, count)
        blank = WalkState(
            time_s=zeros,
            clock_offset_s=zeros,
            targets_rad=targets,
            history=(),
            command=np.zeros((count, 3)),
            command_left_s=zeros,
            push_left_s=zeros,
            velocity=np.zeros((count, 3)),
            actions=(actions, actions),
            parameters=parameters,
        )
        self.physics.qpos[:, self.index.root_qpos[3]] = 1.0
        sources = self._standing_sources(blank)
        return replace(blank, history=start(self.observation_spec, sources))

    def _reset_rows(self, state: WalkState, rows: NDArray[np.bool_]) -> WalkState:
        """State with the episodes in `rows` started anew; writes physics and models."""
        count, task = self.config.num_envs, self.config.task
        drawn = sample_parameters(self.config.randomization, self._rng, count)
        parameters = state.parameters.replaced(rows, drawn)
        for row in np.flatnonzero(rows):
            self._randomizer.apply(self.physics.models[row], parameters, int(row))
            self.physics.refresh(int(row))
        self._place_standing(rows)
        command, hold = self._draw_commands()
        head = self._rng.uniform(*_HEAD_RANGE, (count, 2))
        targets = np.tile(_STAND, (count, 1))
        targets[:, _HEAD] = head
        push_in = self._rng.uniform(*self.config.randomization.push_every_s, count)
        zero = np.zeros(count)

        def mix(new: FloatArray, old: FloatArray) -> FloatArray:
            return np.where(rows.reshape(-1, *([1] * (old.ndim - 1))), new, old)

        period = 1 / task.clock_hz
        offset = self._rng.uniform(0, period, count)
        state = replace(
            state,
            time_s=mix(zero, state.time_s),
            clock_offset_s=mix(offset, state.clock_offset_s),
            targets_rad=mix(targets, state.targets_rad),
            command=mix(command, state.command),
            command_left_s=mix(hold, state.command_left_s),
            push_left_s=mix(push_in, state.push_left_s),
            velocity=mix(np.zeros_like(state.velocity), state.velocity),
            actions=(
                mix(np.zeros_like(state.actions[0]), state.actions[0]),
                mix(np.zeros_like(state.actions[1]), state.actions[1]),
            ),
            parameters=parameters,
        )
        fresh = start(self.observation_spec, self._standing_sources(state))
        history = tuple(
            mix(new, old) for new, old in zip(fresh, state.history, strict=True)
        )
        return replace(state, history=history)

    def _place_standing(self, rows: NDArray[np.bool_]) -> None:
        count = self.config.num_envs
        index = self.index
        qpos = self.physics.qpos[rows]
        joints = _STAND + self._rng.uniform(-0.1, 0.1, (count, 20))[rows]
        qpos[:, index.root_qpos[:3]] = [0.0, 0.0, _STAND_HEIGHT_M + 0.005]
        heading = self._rng.uniform(-np.pi, np.pi, count)[rows]
        qpos[:, index.root_qpos[3:]] = rotations.yaw_quaternion(heading)
        qpos[:, index.joint_qpos] = joints
        self.physics.qpos[rows] = qpos
        speed = np.zeros_like(self.physics.qvel[rows])
        speed[:, index.root_qvel[:2]] = self._rng.uniform(-0.2, 0.2, (count, 2))[rows]
        self.physics.qvel[rows] = speed

    def _draw_commands(self) -> tuple[FloatArray, FloatArray]:
        task, count = self.config.task, self.config.num_envs
        command = walk.sample_commands(task, self._rng.uniform(size=(count, 5)))
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

    def _look(
        self, state: WalkState, physics: PhysicsStep
    ) -> tuple[walk.WalkView, FloatArray]:
        index, task = self.index, self.config.task
        qpos, qvel = physics.qpos[:, -1], physics.qvel[:, -1]
        sensors = physics.sensors[:, -1]
        quat = qpos[:, index.root_qpos[3:]]
        velocity_xy = rotations.into_heading(
            qvel[:, index.root_qvel[:2]], rotations.yaw(quat)
        )
        gyro = qvel[:, index.root_qvel[3:]]
        reached = np.concatenate([velocity_xy, gyro[:, 2:]], axis=-1)
        keep = np.exp(-task.control_period_s / task.velocity_filter_s)
        velocity = keep * state.velocity + (1 - keep) * reached
        sole = [sensors[:, index.sensors[f"{foot}_position"]] for foot in FEET]
        speed = [sensors[:, index.sensors[f"{foot}_velocity"]] for foot in FEET]
        touch = [sensors[:, index.sensors[f"{foot}_touch"]][:, 0] for foot in FEET]
        joints = qpos[:, index.joint_qpos]
        view = walk.WalkView(
            velocity=velocity,
            height_m=qpos[:, index.root_qpos[2]],
            gravity=rotations.gravity_direction(quat),
            gyro=gyro,
            vertical_m_s=qvel[:, index.root_qvel[2]],
            contact=np.stack(touch, -1) > 1.0,
            sole_height_m=np.stack([foot[:, 2] for foot in sole], -1) - 0.004,
            sole_speed_m_s=np.stack(
                [np.linalg.norm(foot[:, :2], axis=-1) for foot in speed], -1
            ),
            position_rad=joints[:, _LIMBS],
            torque_nm=self._torque(state, joints)[:, _LIMBS],
        )
        return view, velocity

    def _torque(self, state: WalkState, joints: FloatArray) -> FloatArray:
        """[B, 20] servo torque at the end of the step, from the position law."""
        model, servos = self.arena.model, self.index.actuators
        gain = model.actuator_gainprm[servos, 0]
        limit = model.actuator_forcerange[servos, 1]
        error = state.targets_rad - state.parameters.joint_offset_rad - joints
        return np.clip(gain * error, -limit, limit)

    def _still_view(self) -> walk.WalkView:
        """The view right after a reset: standing, not moving."""
        count = self.config.num_envs
        flat = np.zeros((count, 3))
        upright = np.tile([0.0, 0.0, -1.0], (count, 1))
        return walk.WalkView(
            velocity=flat,
            height_m=np.full(count, _STAND_HEIGHT_M),
            gravity=upright,
            gyro=flat,
            vertical_m_s=np.zeros(count),
            contact=np.ones((count, 2), bool),
            sole_height_m=np.zeros((count, 2)),
            sole_speed_m_s=np.zeros((count, 2)),
            position_rad=np.tile(_STAND[_LIMBS], (count, 1)),
            torque_nm=np.zeros((count, len(_LIMBS))),
        )

    def _sources(self, state: WalkState, physics: PhysicsStep) -> dict[str, FloatArray]:
        """Noisy, delayed measurements by observation term."""
        rows = np.arange(self.config.num_envs)
        late = self._substeps - 1 - state.parameters.observation_delay
        qpos, qvel = physics.qpos[rows, late], physics.qvel[rows, late]
        quat = qpos[:, self.index.root_qpos[3:]]
        tilt = state.parameters.imu_tilt_rad
        gyro = qvel[:, self.index.root_qvel[3:]]
        return self._noisy(
            state,
            gyro + np.cross(gyro, tilt),
            (gravity := rotations.gravity_direction(quat)) + np.cross(gravity, tilt),
            qpos[:, self.index.joint_qpos],
        )

    def _standing_sources(self, state: WalkState) -> dict[str, FloatArray]:
        qpos = self.physics.qpos
        gravity = rotations.gravity_direction(qpos[:, self.index.root_qpos[3:]])
        still = np.zeros_like(gravity)
        return self._noisy(state, still, gravity, qpos[:, self.index.joint_qpos])

    def _noisy(
        self,
        state: WalkState,
        gyro: FloatArray,
        gravity: FloatArray,
        joints: FloatArray,
    ) -> dict[str, FloatArray]:
        ranges, normal = self.config.randomization, self._rng.standard_normal
        offset = state.parameters.joint_offset_rad
        clock_time = state.time_s - state.clock_offset_s
        return {
            "gyro": gyro + ranges.gyro_noise_rad_s * normal(gyro.shape),
            "gravity": gravity + ranges.gravity_noise * normal(gravity.shape),
            "joint_position": joints
            + offset
            + ranges.joint_noise_rad * normal(joints.shape),
            "previous_target": state.targets_rad,
            "velocity_command": state.command,
            "gait_clock": gait_clock(clock_time, self.config.task.clock_hz),
        }

    def _observation(self, state: WalkState) -> NDArray[np.float32]:
        return vector(self.observation_spec, state.history).astype(np.float32)

    def _privileged(
        self, state: WalkState, view: walk.WalkView
    ) -> NDArray[np.float32]:
        """[B, 16] true state for a critic: velocity, height, contacts, parameters."""
        parameters = state.parameters
        columns = [
            view.velocity * 2,
            (view.height_m[:, None] - _STAND_HEIGHT_M) * 20,
            view.gravity[:, :2] * 5,
            view.vertical_m_s[:, None],
            view.contact,
            view.sole_height_m * 20,
            parameters.floor_friction[:, None],
            parameters.added_mass_kg[:, None],
            parameters.servo_gain[:, None] - 1,
            parameters.torque_limit[:, None] - 1,
            parameters.observation_delay[:, None] / 4,
        ]
        return np.concatenate(columns, axis=-1).astype(np.float32)
