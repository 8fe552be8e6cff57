"""Single-robot worlds for judging motions: full contacts, random friction, batched."""

import copy
from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from mujoco.rollout import Rollout
from numpy.typing import NDArray

from robot import observation
from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import PolicySpec
from sim.arena import Arena, ArenaConfig, RobotPlace, build_arena
from sim.env_models import (
    model_places,
    nominal_fields,
    randomized_fields,
    write_fields,
)
from sim.env_parameters import EpisodeParameters, taken
from sim.env_senses import tilted
from sim.model_index import BallIndex
from sim.pitch import FLOOR
from sim.tasks.kick import KickTask
from sim.tasks.walking_starts import placed

Array = NDArray[np.float64]
STAND_RAD: Array = np.array([joint.stand_rad for joint in OP3_JOINTS])
STAND_HEIGHT_M = 0.236
_SUBSTEPS = 5
"""Physics steps in a control period."""
_TRACKER_M = KickTask.ball_noise_m
"""Standard deviation of the ball's place as a tracker sees it."""


class BatchPolicy(Protocol):
    """A policy whose `act` takes leading batch axes, as the scripted ones do."""

    @property
    def spec(self) -> PolicySpec: ...

    def initial_state(self) -> tuple[NDArray[np.float32], ...]: ...

    def act(
        self,
        observation: NDArray[np.float32],
        state: tuple[NDArray[np.float32], ...],
    ) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...]]: ...


@dataclass(frozen=True, kw_only=True)
class MotionWorldConfig:
    """How the worlds are drawn.

    Attributes:
        count: worlds.
        ball: whether each has one.
        friction: range of the floor's sliding friction.
        mass_scale: range of a factor on the torso's mass.
        gain_scale: range of a factor on all servos' stiffness (battery, wear).
        gyro_noise_rad_s: standard deviation.
        gravity_noise_rad: standard deviation of the attitude estimate.
        threads: of the physics.
        seed: of everything random.
        distinct: worlds drawn; the others repeat them in turn, so that several policies
            are judged on the same draws. None for all different.
        robots: draws of an environment's whole randomization, R = 1; each world is one
            of these, in place of all ranges and noises above: joints off their zeros,
            added mass, goals and senses that come late. None: robots without those.
    """

    count: int
    distinct: int | None = None
    robots: EpisodeParameters | None = None
    ball: bool = False
    friction: tuple[float, float] = (0.6, 1.0)
    mass_scale: tuple[float, float] = (0.95, 1.05)
    gain_scale: tuple[float, float] = (0.9, 1.1)
    gyro_noise_rad_s: float = 0.05
    gravity_noise_rad: float = 0.02
    threads: int = 2
    seed: int = 0


class MotionWorld:
    """The worlds. `state` [B, S] and `sent_rad` [B, 20] are the present; `step` moves.
    `mass_kg` is a robot's, without its world's draw.

    Joint arrays are in canonical order.
    """

    def __init__(self, config: MotionWorldConfig):
        self.config = config
        self.rng = np.random.default_rng(config.seed)
        arena = build_arena(
            ArenaConfig(
                robots=(RobotPlace(name="robot"),), field=None, ball=config.ball
            )
        )
        self.index = arena.robots[0]
        self.ball = arena.ball
        self.period_s = _SUBSTEPS * arena.model.opt.timestep
        self.mass_kg = float(arena.model.body_subtreemass[self.index.torso_body])
        self._distinct = config.distinct or config.count
        self._repeats = config.count // self._distinct
        self._draw: NDArray[np.int64] | None = None
        self._robots: EpisodeParameters | None = None
        if config.robots is None:
            drawn = [self._drawn_model(arena.model) for _ in range(self._distinct)]
        else:
            _check_delays(config.robots)
            known = len(config.robots.floor_friction)
            self._draw = self.rng.integers(known, size=self._distinct)
            robots = taken(config.robots, self._draw)
            drawn = _models_of(arena, robots)
            self._robots = taken(robots, np.arange(config.count) % self._distinct)
        self._models = drawn * self._repeats
        self._datas = [mujoco.MjData(arena.model) for _ in range(config.threads)]
        self._rollout = Rollout(nthread=config.threads)
        limp = [_limp_model(model) for model in drawn]
        self._limp = limp * self._repeats
        self.reset()

    def _drawn_model(self, base: mujoco.MjModel) -> mujoco.MjModel:
        """One world's model: friction, torso mass and servo stiffness drawn."""
        model = copy.copy(base)
        model.geom(FLOOR).friction[0] = self.rng.uniform(*self.config.friction)
        scale = self.rng.uniform(*self.config.mass_scale)
        model.body_mass[self.index.torso_body] *= scale
        model.body_inertia[self.index.torso_body] *= scale
        gain = self.rng.uniform(*self.config.gain_scale)
        model.actuator_gainprm[:, 0] *= gain
        model.actuator_biasprm[:, 1] *= gain
        return model

    def reset(self) -> None:
        """All robots stand, small random joint offsets; the ball is far away."""
        data = mujoco.MjData(self._models[0])
        count = self.config.count
        kind = mujoco.mjtState.mjSTATE_FULLPHYSICS
        row = np.zeros(mujoco.mj_stateSize(self._models[0], kind))
        mujoco.mj_getState(self._models[0], data, row, kind)
        self.state = np.tile(row, (count, 1))
        self._nq = nq = self._models[0].nq
        self.qpos, self.qvel = self.state[:, 1 : 1 + nq], self.state[:, 1 + nq :]
        self.qpos[:, self.index.root_qpos] = [0, 0, STAND_HEIGHT_M, 1, 0, 0, 0]
        offsets = 0.02 * self.normal(len(JOINT_NAMES))
        self.qpos[:, self.index.joint_qpos] = STAND_RAD + offsets
        if self.ball is not None:
            self.qpos[:, self.ball.qpos[:3]] = [5.0, 0.0, 0.07]
        self.sent_rad = np.tile(STAND_RAD, (count, 1))
        self._seen = self.state[:, None].repeat(2 * _SUBSTEPS, axis=1)

    def place(self, rows: Array) -> None:
        """Each robot in one of the moments [N, 70] of `WalkingState.row`, facing +x; of
        drawn robots in its own, which has the draw's row."""
        drawn = self._draw
        if drawn is None:
            drawn = self.rng.integers(len(rows), size=self._distinct)
        chosen = rows[np.tile(drawn, self._repeats)]
        placement, _ = placed(chosen, np.zeros(len(chosen)))
        at = self.index
        self.qpos[:, at.root_qpos] = placement.root[:, 0]
        self.qvel[:, at.root_qvel] = placement.root_velocity[:, 0]
        self.qpos[:, at.joint_qpos] = placement.joint_rad[:, 0]
        assert placement.joint_velocity_rad_s is not None
        self.qvel[:, at.joint_qvel] = placement.joint_velocity_rad_s[:, 0]
        self.sent_rad = np.array(placement.target_rad[:, 0])
        self._seen[:] = self.state[:, None]

    def uniform(self, low: float, high: float, width: int = 1) -> Array:
        """[B, width] uniform draws, repeated as the worlds are."""
        draws = self.rng.uniform(low, high, (self._distinct, width))
        return np.tile(draws, (self._repeats, 1))

    def normal(self, width: int) -> Array:
        """[B, width] standard normal draws, repeated as the worlds are."""
        draws = self.rng.normal(0, 1, (self._distinct, width))
        return np.tile(draws, (self._repeats, 1))

    def step(self, target_rad: Array, *, limp: bool = False) -> None:
        """One control period with targets [B, 20]; `limp` takes the torque away."""
        control = np.zeros((self.config.count, _SUBSTEPS, len(JOINT_NAMES)))
        control[:, :, self.index.actuators] = self._goals(target_rad)
        models = self._limp if limp else self._models
        states, _ = self._rollout.rollout(models, self._datas, self.state, control)
        self.state[:] = states[:, -1]
        self._seen = np.concatenate([self._seen[:, _SUBSTEPS:], states], axis=1)
        self.sent_rad = (
            self.qpos[:, self.index.joint_qpos].copy() if limp else target_rad.copy()
        )

    def _goals(self, target_rad: Array) -> Array:
        """[B, steps, 20] what the servos turn to: of drawn robots late, and off."""
        if self._robots is None:
            return target_rad[:, None, :]
        offset = self._robots.joint_offset_rad[:, 0]
        delay = self._robots.action_delay_steps[:, 0] + self._jitter()
        arrived = np.arange(_SUBSTEPS)[:, None] >= delay[:, None, None]
        new, old = target_rad - offset, self.sent_rad - offset
        return np.where(arrived, new[:, None], old[:, None])

    def _jitter(self) -> NDArray[np.int64]:
        """[B] physics steps that a goal or a sample is later than usual."""
        return np.tile(self.rng.integers(2, size=self._distinct), self._repeats)

    def push(self, velocity: Array) -> None:
        """Add [B, 6] to the torso's linear (world) and angular (torso) velocity."""
        self.qvel[:, self.index.root_qvel] += velocity

    @property
    def ball_m(self) -> Array:
        """[B, 2] where the balls are on the floor."""
        return self.qpos[:, self._ball.qpos[:2]].copy()

    @property
    def ball_velocity_m_s(self) -> Array:
        """[B, 2] over the floor."""
        return self.qvel[:, self._ball.qvel[:2]].copy()

    def put_ball(self, place_m: Array) -> None:
        """The balls at [B, 2], at rest."""
        self.qpos[:, self._ball.qpos[:2]] = place_m
        self.qvel[:, self._ball.qvel] = 0.0

    @property
    def _ball(self) -> BallIndex:
        if self.ball is None:
            raise ValueError("MotionWorld: expected MotionWorldConfig(ball=True)")
        return self.ball

    @property
    def height_m(self) -> Array:
        """[B] height of the torso's origin."""
        return self.qpos[:, self.index.root_qpos[2]]

    @property
    def position_m(self) -> Array:
        """[B, 2] of the torso on the floor."""
        return self.qpos[:, self.index.root_qpos[:2]].copy()

    @property
    def torso(self) -> Array:
        """[B, 3, 3] orientation of the torso."""
        return _matrices(self.qpos[:, self.index.root_qpos[3:]])

    @property
    def yaw_rad(self) -> Array:
        """[B] heading."""
        turn = self.torso
        return np.arctan2(turn[:, 1, 0], turn[:, 0, 0])

    @property
    def uprightness(self) -> Array:
        """[B] cosine of the torso's tilt."""
        return self.torso[:, 2, 2]

    def sources(self, **commands: Array) -> dict[str, Array]:
        """Observation terms with sensor noise, plus the given ones [B, size]."""
        gravity, gyro, joints = self._felt()
        if self.ball is not None:
            commands = {"ball_position": self._ball_offset()} | commands
        return {
            "gravity": gravity / np.linalg.norm(gravity, axis=-1, keepdims=True),
            "gyro": gyro,
            "joint_position": joints,
            "previous_target": self.sent_rad.copy(),
            **commands,
        }

    def _ball_offset(self) -> Array:
        """[B, 2] m from the torso, ahead and left, as a tracker sees it."""
        x, y = (self.ball_m - self.position_m).T
        yaw = self.yaw_rad
        ahead = np.cos(yaw) * x + np.sin(yaw) * y
        left = np.cos(yaw) * y - np.sin(yaw) * x
        offset = np.stack([ahead, left], axis=-1)
        return offset + self.rng.normal(0, _TRACKER_M, offset.shape)

    def _felt(self) -> tuple[Array, Array, Array]:
        """Gravity [B, 3], gyro [B, 3] and joints [B, 20] as the robots measure them."""
        count, at = self.config.count, self.index
        noise = self.rng.normal
        robots = self._robots
        if robots is None:
            gravity = -self.torso[:, 2, :]
            gravity = gravity + noise(0, self.config.gravity_noise_rad, (count, 3))
            gyro = self.qvel[:, at.root_qvel[3:]]
            gyro = gyro + noise(0, self.config.gyro_noise_rad_s, (count, 3))
            return gravity, gyro, self.qpos[:, at.joint_qpos].copy()
        age = robots.observation_delay_steps[:, 0] + self._jitter()
        seen = self._seen[np.arange(count), -1 - age]
        qpos, qvel = seen[:, 1 : 1 + self._nq], seen[:, 1 + self._nq :]
        tilt = robots.imu_tilt_rad[:, 0]
        gravity = tilted(-_matrices(qpos[:, at.root_qpos[3:]])[:, 2, :], tilt)
        gyro = tilted(qvel[:, at.root_qvel[3:]], tilt)
        joints = qpos[:, at.joint_qpos] + robots.joint_offset_rad[:, 0]
        return (
            gravity + robots.gravity_noise * noise(0, 1, (count, 3)),
            gyro + robots.gyro_noise_rad_s * noise(0, 1, (count, 3)),
            joints + robots.joint_noise_rad * noise(0, 1, joints.shape),
        )


class PolicyBatch:
    """Several policies, each on an equal share of the worlds, with their memory."""

    def __init__(self, policies: tuple[BatchPolicy, ...], count: int):
        if count % len(policies):
            raise ValueError(
                f"expected a number of worlds divisible by {len(policies)} policies, "
                f"found {count}"
            )
        self._policies = policies
        self._share = count // len(policies)
        self._states = [
            tuple(np.tile(part, (self._share, 1)) for part in policy.initial_state())
            for policy in policies
        ]
        self._histories: list[observation.History] = [()] * len(policies)

    def targets(self, world: MotionWorld, **commands: Array) -> Array:
        """[B, 20] joint targets for the worlds' present; the head keeps its target."""
        sources = world.sources(**commands)
        target = world.sent_rad.copy()
        for number, policy in enumerate(self._policies):
            rows = slice(number * self._share, (number + 1) * self._share)
            spec = policy.spec
            mine = {name: value[rows] for name, value in sources.items()}
            terms, history = spec.observation, self._histories[number]
            self._histories[number] = history = (
                observation.push(terms, history, mine)
                if history
                else observation.start(terms, mine)
            )
            seen = observation.vector(terms, history)
            action, self._states[number] = policy.act(
                seen.astype(np.float32), self._states[number]
            )
            columns = [JOINT_NAMES.index(name) for name in spec.action.joints]
            target[rows, columns] = filtered_targets(
                spec.action, action, target[rows, columns]
            )
        return target


def _check_delays(robots: EpisodeParameters) -> None:
    """Raises ValueError for goals or senses later than a control period."""
    most = max(robots.action_delay_steps.max(), robots.observation_delay_steps.max())
    if most >= _SUBSTEPS:
        raise ValueError(
            f"MotionWorldConfig.robots: expected delays of less than {_SUBSTEPS} "
            f"physics steps, found {most}"
        )


def _models_of(arena: Arena, robots: EpisodeParameters) -> list[mujoco.MjModel]:
    """A model for each draw."""
    places = model_places(arena)
    fields = randomized_fields(nominal_fields(arena, places), places, robots)
    found = []
    for row in range(len(robots.floor_friction)):
        model = copy.copy(arena.model)
        write_fields(model, places, fields, row)
        mujoco.mj_setConst(model, mujoco.MjData(model))
        found.append(model)
    return found


def _limp_model(model: mujoco.MjModel) -> mujoco.MjModel:
    limp = copy.copy(model)
    limp.actuator_gainprm[:] = 0
    limp.actuator_biasprm[:] = 0
    return limp


def _matrices(quat_wxyz: Array) -> Array:
    """[B, 4] unit quaternions to [B, 3, 3] rotation matrices."""
    w, x, y, z = np.moveaxis(quat_wxyz, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
