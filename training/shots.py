"""Whole shots, out of which one learner learns its walk and its kick together.

Robots stand up somewhere behind a ball; the robot's own tactics lead them to it and say
when to kick (`sim.shot_tactics`), as on board. The learner moves the joints all the
way: as the walk while that is in charge, by wishes beside the script while a kick is.
What it is paid for is what a match is about: the chance that the ball ends in the goal
in time, and not falling.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.contracts.policy import ObservationTerm, PolicySpec, read_spec
from sim.env import EnvConfig, Environment, EnvState, TimeStep
from sim.env_core import EnvCore
from sim.shot_tactics import ShotTactics
from sim.tasks.kick import KickTask
from sim.tasks.registry import gait_clock_hz
from sim.tasks.shot_chance import ChanceConfig, goal_chance, rolling_m_s
from sim.tasks.task import Task
from training import corrected_kick
from training.bundle_network import folder_of
from training.measures import truth
from training.played_kicks import PlayedKicks
from training.run_folder import RunError
from training.skill import COMMAND

Floats = NDArray[np.float32]
Array = NDArray[np.float64]

KNOWN = 14
"""Numbers by which the critic knows how far a shot is."""
_COMMAND = "velocity_command"
_NEARLY_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class ShotRewards:
    """What a learner is paid; project's choices.

    Attributes:
        goal: for a sure goal; while a kick is on, for each rise of its chance.
        fall: once.
        second: per second.
        metre: per metre nearer to the place behind the ball, before the kick. A turn
            that is wrong by a radian counts 0.15 m, the way round the ball 0.3 m.
        tilt: per step and squared sine of the torso's tilt.
        action_rate: per step and squared difference of actions, before the kick.
    """

    goal: float = 1.0
    fall: float = -0.6
    second: float = -0.04
    metre: float = 0.3
    tilt: float = -0.03
    action_rate: float = -0.0002


@dataclass(frozen=True, kw_only=True)
class ShotConfig:
    """Whose skills they are, and how a shot begins.

    Attributes:
        walk, kick: bundles that the learner starts as, shipped (by name) or in folders.
        rewards: weights.
        chance: of a goal.
        behind_m, aside_m: where robots stand, from the ball: behind it, and to a side.
        near_share: of shots that begin nearer:
        near_behind_m, near_aside_m: there, after up to `near_s` of the shot's time.
        ball_m: where the ball lies, from the centre spot, along and across.
        up_s: of the shot's time that getting up took.
        late_s: a robot that has not kicked by then gets its next shot.
        place_noise_m, turn_noise_rad: of a tracker.
    """

    walk: str = "walk"
    kick: str = "kick"
    rewards: ShotRewards = field(default_factory=ShotRewards)
    chance: ChanceConfig = field(default_factory=ChanceConfig)
    behind_m: tuple[float, float] = (0.95, 2.05)
    aside_m: float = 0.75
    near_share: float = 0.2
    near_behind_m: tuple[float, float] = (0.3, 1.0)
    near_aside_m: float = 0.4
    near_s: float = 5.0
    ball_m: tuple[tuple[float, float], float] = ((-0.15, 0.3), 0.2)
    up_s: tuple[float, float] = (0.75, 1.1)
    late_s: float = 8.2
    place_noise_m: float = 0.005
    turn_noise_rad: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.near_share <= 1:
            raise ValueError(
                f"shot.near_share: expected 0 to 1, found {self.near_share:g}"
            )

    @property
    def walk_spec(self) -> PolicySpec:
        """Of the walk's bundle.

        Raises:
            ContractError: there is none, or it is out of contract.
        """
        return read_spec(folder_of(self.walk) / "spec.json")


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """Everything on its own pitch, goal at +x: robots, where they face, balls, and the
    balls' velocities, now and once they roll."""

    place_m: Array
    yaw_rad: Array
    ball_m: Array
    ball_m_s: Array
    rolling_m_s: Array


class Shots:
    """`env` of a kick task, played as whole shots.

    Observations are the walk's (zeros while a kick is on), the kick's correction's
    (zeros while none is) and 1 while a kick is on; actions are the walk's, or wishes.
    To the privileged ones `KNOWN` numbers are added.
    """

    def __init__(self, env: Environment, config: ShotConfig, seed: int):
        """Take over `env`; it is closed by `close`.

        Raises:
            RunError: no such skills.
        """
        self.config: EnvConfig = env.config
        task = env.core.task
        assert isinstance(task, KickTask)
        self._env, self._shot, self._task = env, config, task
        self._walk = config.walk_spec
        self._kick = corrected_kick.load_kick(config.kick, task)
        self._length = round(self._kick.spec.commit_s / task.control_period_s)
        self._rng = np.random.default_rng(seed)

    @property
    def core(self) -> EnvCore:
        return self._env.core

    @property
    def action_shape(self) -> tuple[int, int, int]:
        return self._env.action_shape

    def reset(self) -> tuple[EnvState, TimeStep]:
        count = self.config.num_envs
        state, first = self._env.reset()
        self._seen = first.observation
        self._frames = np.zeros((count, 3))
        self._time_s = np.zeros(count)
        self._on = np.zeros(count, bool)
        self._steps = np.zeros(count, np.int64)
        self._chance = np.zeros(count)
        self._command = np.zeros((count, 3))
        self._odd = False
        self._tactics = ShotTactics(
            self._walk, self._kick.spec, count, self._shot.chance.pitch
        )
        self._played = PlayedKicks(self._kick, self._task, first.observation)
        everyone = np.arange(count)
        state = self._begin(state, everyone)
        self._decide(everyone)
        return state, self._shown(first, self._known(self._scene()))

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        wish, on = np.asarray(action, np.float32)[:, 0], self._on.copy()
        played = self._played.moves(self._seen, wish, on)
        moves = np.where(on[:, None], played, wish)[:, None]
        state = self._with_ends(state)
        before, last = self._scene(), state.actions[0][:, 0]
        friction = np.asarray(state.parameters.ball_rolling)
        state, moved = self._env.step(state, moves, push_strength=push_strength)
        period_s = self._task.control_period_s
        self._time_s += period_s
        self._steps += on
        self._tactics.wait(period_s)
        fell = np.asarray(moved.terminated)
        ended = np.logical_or(fell, moved.truncated)
        chance = goal_chance(
            self._shot.chance,
            before.ball_m,
            before.ball_m_s,
            before.rolling_m_s,
            friction,
            self._time_s,
        )
        terms = self._rewards(before, on, ended, fell, chance, moves[:, 0] - last)
        terms["tilt"] = self._shot.rewards.tilt * self._tilt(moved)
        self._chance = np.where(on & ~ended, chance, 0.0)
        known = self._known(before)
        rows = np.flatnonzero(ended)
        self._seen = moved.observation
        if len(rows):
            state = self._begin(state, rows)
        self._decide(self._due(ended))
        shown = self._shown(moved, self._known(self._scene()))
        final = np.concatenate([moved.final_privileged, known[:, None]], axis=-1)
        reward = np.sum(list(terms.values()), axis=0)
        scored = np.where(on & ended, chance, 0.0)
        return state, replace(
            shown,
            reward=reward[:, None].astype(np.float32),
            terminated=ended,
            truncated=np.zeros_like(ended),
            final_privileged=final.astype(np.float32),
            terms={name: value[:, None] for name, value in terms.items()},
            measures={
                "chance": scored[:, None],
                "fell_walking": (fell & ~on)[:, None],
                "fell_kicking": (fell & on)[:, None],
                "late": (ended & ~fell & ~on)[:, None],
            },
        )

    def close(self) -> None:
        self._env.close()

    def _with_ends(self, state: EnvState) -> EnvState:
        """Where a kick is over with this step, or it is too late for one, the episode's
        time is up."""
        late = self._time_s >= self._shot.late_s - _NEARLY_S
        over = np.where(self._on, self._steps >= self._length - 1, late)
        if not over.any():
            return state
        time_s = np.where(over, self._task.episode_s, state.time_s)
        return replace(state, time_s=time_s)

    def _due(self, fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Robots that are decided on now: on the last steps every time, on the way
        before every other time, which saves half of the work."""
        self._odd = not self._odd
        turn = (np.arange(len(fresh)) % 2 == 1) == self._odd
        return np.flatnonzero(~self._on & (turn | fresh | self._tactics.aligning))

    def _rewards(
        self,
        before: _Scene,
        on: NDArray[np.bool_],
        ended: NDArray[np.bool_],
        fell: NDArray[np.bool_],
        chance: Array,
        rate: Array,
    ) -> dict[str, NDArray[Any]]:
        weights, walks = self._shot.rewards, ~on & ~ended
        now = self._scene()
        nearer = self._way_m(before, before.ball_m) - self._way_m(now, before.ball_m)
        changed = np.minimum(np.sum(rate * rate, axis=-1), 10.0)
        return {
            "goal": weights.goal * np.where(on, chance - self._chance, 0.0),
            "fall": weights.fall * fell,
            "second": np.full(len(on), weights.second * self._task.control_period_s),
            "metre": weights.metre * np.where(walks, nearer, 0.0),
            "action_rate": weights.action_rate * np.where(on, 0.0, changed),
        }

    def _tilt(self, moved: TimeStep) -> Array:
        upright = truth(self._task.privileged, moved.final_privileged, "upright")
        return np.sum(upright[:, 0, :2].astype(np.float64) ** 2, axis=-1)

    def _way_m(self, scene: _Scene, ball_m: Array) -> Array:
        """[B] left to the place behind these balls."""
        aim = self._aim_rad(ball_m)
        ahead_m, _ = self._stance_m
        toward = np.stack([np.cos(aim), np.sin(aim)], axis=-1)
        away = np.linalg.norm(ball_m - ahead_m * toward - scene.place_m, axis=-1)
        turn = np.abs(_wrapped(scene.yaw_rad - aim))
        before = np.sum((scene.place_m - ball_m) * toward, axis=-1)
        return away + 0.15 * turn + 0.3 * np.clip(before + 0.1, 0.0, 1.0)

    @property
    def _stance_m(self) -> tuple[float, float]:
        kick = self._kick.spec.kick
        assert kick is not None
        return kick.point_m

    def _aim_rad(self, ball_m: Array) -> Array:
        to_go = self._shot.chance.pitch.half_length_m - ball_m[:, 0]
        return np.arctan2(-ball_m[:, 1], to_go)

    def _begin(self, state: EnvState, rows: NDArray[np.int64]) -> EnvState:
        """Lay a pitch round each of these robots, and its ball on it."""
        shot, rng, count = self._shot, self._rng, len(rows)
        near = rng.uniform(size=count) < shot.near_share

        def drawn(far: tuple[float, float], close: tuple[float, float]) -> Array:
            return np.where(near, rng.uniform(*close, count), rng.uniform(*far, count))

        behind = drawn(shot.behind_m, shot.near_behind_m)
        aside = drawn(
            (-shot.aside_m, shot.aside_m), (-shot.near_aside_m, shot.near_aside_m)
        )
        (low, high), across = shot.ball_m
        ball = np.stack(
            [rng.uniform(low, high, count), rng.uniform(-across, across, count)], -1
        )
        place = ball + np.stack([-behind, aside], axis=-1)
        turned = self._headings(rows) - rng.uniform(-math.pi, math.pi, count)
        qpos, at = self._env.physics.qpos, self.core.arena
        assert at.ball is not None
        robot = qpos[np.ix_(rows, at.robots[0].root_qpos[:2])]
        origin = robot - _turned(place, turned)
        self._frames[rows] = np.concatenate([origin, turned[:, None]], axis=-1)
        qpos[np.ix_(rows, at.ball.qpos[:2])] = origin + _turned(ball, turned)
        self._env.physics.qvel[np.ix_(rows, at.ball.qvel)] = 0.0
        self._time_s[rows] = drawn(shot.up_s, (shot.up_s[0], shot.near_s))
        self._on[rows], self._steps[rows] = False, 0
        self._tactics.restart(rows)
        aim_rad = state.memory.aim_rad.copy()
        aim_rad[rows, 0] = self._aim_rad(ball) + turned
        return replace(state, memory=replace(state.memory, aim_rad=aim_rad))

    def _headings(self, rows: NDArray[np.int64] | slice = slice(None)) -> Array:
        quat = self._env.physics.qpos[:, self.core.arena.robots[0].root_qpos[3:]]
        return rotations.heading(quat[rows])

    def _scene(self) -> _Scene:
        qpos, qvel, at = self._env.physics.qpos, self._env.physics.qvel, self.core.arena
        assert at.ball is not None
        origin, turned = self._frames[:, :2], self._frames[:, 2]
        # A free body's spin is told in its own frame.
        ball_to_world = rotations.matrix(qpos[:, at.ball.qpos[3:7]])
        spin = np.einsum("nij,nj->ni", ball_to_world, qvel[:, at.ball.qvel[3:6]])
        speed = _turned(qvel[:, at.ball.qvel[:2]], -turned)
        return _Scene(
            place_m=_turned(qpos[:, at.robots[0].root_qpos[:2]] - origin, -turned),
            yaw_rad=_wrapped(self._headings() - turned),
            ball_m=_turned(qpos[:, at.ball.qpos[:2]] - origin, -turned),
            ball_m_s=speed,
            rolling_m_s=rolling_m_s(
                speed,
                _turned(spin[:, :2], -turned),
                self._shot.chance.pitch.ball_radius_m,
            ),
        )

    def _decide(self, rows: NDArray[np.int64]) -> None:
        """The tactics look; kicks that they order begin."""
        scene, rng, count = self._scene(), self._rng, len(self._on)
        noise = rng.normal(0.0, self._shot.place_noise_m, (count, 4))
        yaw = scene.yaw_rad + rng.normal(0.0, self._shot.turn_noise_rad, count)
        poses = np.concatenate([scene.place_m + noise[:, :2], yaw[:, None]], axis=-1)
        balls = scene.ball_m + noise[:, 2:]
        wishes, feet = self._tactics.decide(rows, poses[rows], balls[rows])
        self._command[rows] = np.clip(
            wishes, self._walk.command.low, self._walk.command.high
        )
        fresh = np.zeros(count, bool)
        fresh[rows[feet != 0]] = True
        self._on |= fresh
        self._steps[fresh] = 0
        self._played.side[fresh, 0] = feet[feet != 0]
        self._played.look(self._played.sources(self._seen), fresh)

    def _known(self, scene: _Scene) -> Floats:
        """[B, `KNOWN`] where the robot is on its way, in numbers of about one."""
        way = _turned(scene.ball_m - scene.place_m, -scene.yaw_rad)
        aside = self._aim_rad(scene.ball_m) - scene.yaw_rad
        to_goal = np.hypot(
            self._shot.chance.pitch.half_length_m - scene.ball_m[:, 0],
            scene.ball_m[:, 1],
        )
        since_s = np.where(self._on, self._steps * self._task.control_period_s, 0.0)
        aligning, settled_s, side = self._tactics.memory.T
        columns = (
            *way.T,
            np.cos(aside),
            np.sin(aside),
            self._time_s / 5 - 1,
            self._on,
            since_s,
            settled_s * 5,
            side,
            aligning,
            *self._scaled_command().T,
            to_goal - self._shot.chance.pitch.half_length_m,
        )
        return np.clip(np.stack(columns, axis=-1), -10.0, 10.0).astype(np.float32)

    def _scaled_command(self) -> Array:
        (term,) = (t for t in self._walk.observation.terms if t.name == _COMMAND)
        return (self._command - np.array(term.mean or 0.0)) / np.array(term.std or 1.0)

    def _shown(self, moved: TimeStep, known: Floats) -> TimeStep:
        walked = np.where(self._on[:, None], 0.0, self._walk_sees())
        parts = (walked, self._played.shown(self._on), self._on[:, None])
        seen = np.concatenate(parts, axis=-1, dtype=np.float32)[:, None]
        privileged = np.concatenate([moved.privileged, known[:, None]], axis=-1)
        # No value follows on the end of a shot, so what is seen then does not matter.
        return replace(
            moved,
            observation=seen,
            privileged=privileged,
            final_observation=seen,
            final_privileged=privileged,
        )

    def _walk_sees(self) -> Floats:
        """[B, N] the walk's observation: the task's, and the command."""
        return np.concatenate(
            [
                self._scaled_command()
                if term.name == _COMMAND
                else self._seen[:, 0, columns]
                for term, columns in self._columns
            ],
            axis=-1,
            dtype=np.float32,
        )

    @cached_property
    def _columns(self) -> list[tuple[ObservationTerm, slice]]:
        """Where each term of the walk's observation lies in the task's."""
        offset, at = 0, {}
        for term in self._task.observation.terms:
            size = term.size * term.history
            at[term.name] = slice(offset, offset + size)
            offset += size
        return [
            (term, at.get(term.name, slice(0))) for term in self._walk.observation.terms
        ]


def check_walk(walk: PolicySpec, task: Task) -> None:
    """Whether robots of a task can be moved by this walk.

    Raises:
        RunError: it observes or moves otherwise, or has another gait clock.
    """
    known = {term.name: term for term in task.observation.terms}
    terms = (t for t in walk.observation.terms if t.name != _COMMAND)
    faults = [t.name for t in terms if known.get(t.name) != t]
    faults += ["action"] if walk.action != task.action else []
    faults += ["clock_hz"] if walk.clock_hz != gait_clock_hz(task) else []
    if walk.command.names != COMMAND:
        faults.append("command")
    if faults:
        raise RunError(
            f"{walk.name}: expected a walk as the task {task.name} observes and moves, "
            f"found another {', '.join(faults)}"
        )


def sizes(walk: PolicySpec, task: KickTask) -> tuple[int, int]:
    """Of observation and privileged observation of whole shots."""
    kick, _ = corrected_kick.sizes(task)
    return walk.observation.size + kick + 1, task.privileged.size + KNOWN


def _turned(vector: Array, by_rad: Array) -> Array:
    """[n, 2] turned counter-clockwise by [n] rad."""
    return rotations.into_heading(vector, -by_rad)


def _wrapped(angle_rad: Array) -> Array:
    return np.arctan2(np.sin(angle_rad), np.cos(angle_rad))
