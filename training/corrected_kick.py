"""Environments in which a scripted kick is played and a learner corrects it.

The robots stand by a walk that is told to, then kick, then stand again. What the
learner wishes counts during the kick alone; before and after it sees nothing.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.contracts.policy import (
    ObservationSpec,
    ObservationTerm,
    PolicySpec,
    read_spec,
)
from robot.policy import load_bundle
from robot.scripted import correction
from robot.scripted.correction import OnnxCorrection, seen_size
from robot.scripted.kick import PHASE_S, PHASES, KickPolicy, phase
from robot.scripted.motion import BODY_JOINTS
from sim.env import EnvConfig, Environment, EnvState, TimeStep
from sim.env_core import EnvCore
from sim.tasks.kick import KickTask
from sim.tasks.task import Task
from training.bundle_network import (
    Layers,
    check_network,
    folder_of,
    forward,
    read_layers,
)
from training.played_kicks import PlayedKicks
from training.run_folder import RunError
from training.skill import Skill

_SIDE = ObservationTerm(name="kick_side", size=1, unit="1", frame="none")
_UNSEEN = ("gait_clock",)
"""Terms of a kick task that only a kick without a script needs."""
TIMES = PHASES + 1
"""Numbers by which the critic knows how far the kick is, and whether it is on."""

Floats = NDArray[np.float32]


def corrected_spec(spec: PolicySpec, task: Task) -> PolicySpec:
    """Of the kick with `spec` once a policy that learned `task` corrects it."""
    return replace(
        spec, observation=observed(task), state_shapes=KickPolicy.CORRECTED_SHAPES
    )


def load_kick(bundle: str, task: Task) -> KickPolicy:
    """The scripted kick of a bundle, ready to be corrected.

    Args:
        bundle: name of a shipped one, or a folder.
        task: what is learned.

    Raises:
        RunError: no scripted kick, or one too long for a correction's sense of time.
        ContractError: the bundle is broken.
    """
    folder = folder_of(bundle)
    found = load_bundle(folder)
    if not isinstance(found, KickPolicy):
        raise RunError(
            f"{folder}: expected a scripted kick, found {found.spec.engine} "
            f"{found.spec.role}"
        )
    spec, known_s = found.spec, PHASES * PHASE_S
    if spec.control_period_s != task.control_period_s or spec.commit_s > known_s:
        raise RunError(
            f"{folder}: expected a kick of {known_s:g} s at most in steps of "
            f"{task.control_period_s:g} s, found {spec.commit_s:g} s in steps of "
            f"{spec.control_period_s:g} s"
        )
    return KickPolicy(corrected_spec(spec, task), found.script)


def read_correction(bundle: str) -> tuple[PolicySpec, Layers]:
    """What corrects the kick of a bundle, proved against the network on board.

    Args:
        bundle: name of a shipped one, or a folder.

    Raises:
        RunError: no corrected kick there, or by a network of other layers.
        ContractError: the bundle is out of contract.
    """
    folder = folder_of(bundle)
    if not (folder / correction.FILE).is_file():
        raise RunError(
            f"expected the bundle of a kick that a policy corrects in {folder}, found "
            f"no {correction.FILE}"
        )
    spec = read_spec(folder / "spec.json")
    onboard = OnnxCorrection(folder / correction.FILE, spec.observation)
    layers, _ = read_layers(folder / correction.FILE)
    size = seen_size(spec.observation)
    seen = np.random.default_rng(0).normal(size=(16, size)).astype(np.float32)
    wanted = onboard(seen)
    check_network(folder, partial(forward, layers), seen, wanted)
    return spec, layers


@dataclass(frozen=True, kw_only=True)
class CorrectionConfig:
    """What is corrected, and how such a kick begins.

    Attributes:
        bundle: of the scripted kick, shipped (by its name) or in a folder.
        before_s: of walking or standing before the kick, drawn for each.
        ahead_m, beside_m: where the ball then lies, the latter toward the kicking foot.
        moving_share: of kicks before which the robot does not stand but walks, up to
        moving_m_s: forward,
        moving_left_m_s: to either side,
        moving_rad_s: turning either way.
    """

    bundle: str = "kick"
    before_s: tuple[float, float] = (0.3, 0.7)
    ahead_m: tuple[float, float] = (0.13, 0.215)
    beside_m: tuple[float, float] = (0.015, 0.09)
    moving_share: float = 0.0
    moving_m_s: float = 0.3
    moving_left_m_s: float = 0.1
    moving_rad_s: float = 0.6

    def __post_init__(self) -> None:
        for name in ("before_s", "ahead_m", "beside_m"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(
                    f"correction.{name}: expected 0 < low <= high, found {low}, {high}"
                )
        if not 0 <= self.moving_share <= 1:
            raise ValueError(
                f"correction.moving_share: expected 0 to 1, found {self.moving_share:g}"
            )


@dataclass
class _Kicks:
    """Where each environment is.

    Attributes:
        steps: [B] control steps since the episode began.
        begins: [B] at which the kick does.
        command: [B, 1, 3] of the walk before it.
        played: the kicks.
    """

    steps: NDArray[np.int64]
    begins: NDArray[np.int64]
    command: Floats
    played: PlayedKicks


class CorrectedKick:
    """`env` of a kick task, its robots moved by a script and the learner's wishes.

    Observations are what `KickPolicy.seen` gives, zeros while no kick is on; to the
    privileged ones `TIMES` numbers are added. The ball comes when the kick begins, and
    shall go where the robot then faces; the critic hears of both a step later.
    """

    def __init__(
        self, env: Environment, correction: CorrectionConfig, walk: Skill, seed: int
    ):
        """Take over `env`; it is closed by `close`."""
        self.config: EnvConfig = env.config
        self._env, self._walk, self._correction = env, walk, correction
        task = env.core.task
        self._kick = load_kick(correction.bundle, task)
        self._length = round(self._kick.spec.commit_s / task.control_period_s)
        self._rng = np.random.default_rng(seed)
        self._stand = walk.command_for(np.zeros((env.config.num_envs, 1, 3)))

    @property
    def core(self) -> EnvCore:
        return self._env.core

    @property
    def action_shape(self) -> tuple[int, int, int]:
        return (*self._env.action_shape[:2], len(BODY_JOINTS))

    def reset(self) -> tuple[EnvState, TimeStep]:
        count = self.config.num_envs
        state, first = self._env.reset()
        self._seen = first.observation
        self._now = _Kicks(
            steps=np.zeros(count, np.int64),
            begins=self._drawn_steps(count),
            command=self._drawn_commands(count),
            played=PlayedKicks(self._kick, self.core.task, first.observation),
        )
        return state, self._shown(first)

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        now = self._now
        state = self._aimed(state)
        on = self._is_on()
        wish = np.asarray(action, np.float32)[:, 0]
        played = now.played.moves(self._seen, wish, on)
        before = (now.steps < now.begins)[:, None, None]
        command = np.where(before, now.command, self._stand)
        walked = np.asarray(self._walk.act(self._seen, command))
        moves = np.where(on[:, None, None], played[:, None], walked)
        state, moved = self._env.step(state, moves, push_strength=push_strength)
        now.steps += 1
        last = self._with_times(moved.final_privileged)
        ended = np.flatnonzero(np.logical_or(moved.terminated, moved.truncated))
        now.steps[ended] = 0
        now.begins[ended] = self._drawn_steps(len(ended))
        now.command[ended] = self._drawn_commands(len(ended))
        self._seen = moved.observation
        self._look()
        shown = self._shown(moved)
        # Where time ends an episode, no kick is on any more, but in the first episodes
        # of a staggered batch.
        final = np.array(shown.observation)
        final[ended] = 0.0
        return state, replace(shown, final_observation=final, final_privileged=last)

    def close(self) -> None:
        self._env.close()

    def _drawn_steps(self, count: int) -> NDArray[np.int64]:
        period_s = self.core.task.control_period_s
        low, high = (round(end / period_s) for end in self._correction.before_s)
        return self._rng.integers(low, high + 1, count)

    def _drawn_commands(self, count: int) -> Floats:
        """[count, 1, 3] of the walk, as it takes them."""
        drawn = self._correction
        high = np.array([drawn.moving_m_s, drawn.moving_left_m_s, drawn.moving_rad_s])
        wish = self._rng.uniform([0.0, -1.0, -1.0], 1.0, (count, 1, 3)) * high
        moves = self._rng.uniform(size=(count, 1, 1)) < drawn.moving_share
        return self._walk.command_for(np.where(moves, wish, 0.0))

    def _is_on(self) -> NDArray[np.bool_]:
        since = self._now.steps - self._now.begins
        return (since >= 0) & (since < self._length)

    def _look(self) -> None:
        """Take the newest observation in; kicks that begin with it get their ball."""
        now = self._now
        fresh = now.steps == now.begins
        rows = np.flatnonzero(fresh)
        if len(rows):
            sides = self._rng.choice([-1.0, 1.0], (len(rows), 1)).astype(np.float32)
            now.played.side[rows] = sides
        sources = now.played.sources(self._seen)
        if len(rows):
            sides = now.played.side[rows]
            sources["ball_position"][rows] = self._put_ball(rows, sides)
        now.played.look(sources, fresh)

    def _put_ball(self, rows: NDArray[np.int64], sides: Floats) -> NDArray[np.float64]:
        """Lay the balls down; where they are seen, [n, 2] heading frame."""
        drawn, count = self._correction, len(rows)
        ahead = self._rng.uniform(*drawn.ahead_m, count)
        left = sides[:, 0] * self._rng.uniform(*drawn.beside_m, count)
        heading, qpos = self._headings()[rows], self._env.physics.qpos
        root = self.core.arena.robots[0].root_qpos
        ball = self.core.arena.ball
        assert ball is not None
        cosine, sine = np.cos(heading), np.sin(heading)
        place = np.stack(
            [cosine * ahead - sine * left, sine * ahead + cosine * left], axis=-1
        )
        qpos[np.ix_(rows, ball.qpos[:2])] = qpos[np.ix_(rows, root[:2])] + place
        self._env.physics.qvel[np.ix_(rows, ball.qvel)] = 0.0
        task = self.core.task
        assert isinstance(task, KickTask)
        noise = self._rng.normal(0.0, task.ball_noise_m, (count, 2))
        return np.stack([ahead, left], axis=-1) + noise

    def _headings(self) -> NDArray[np.float64]:
        quat = self._env.physics.qpos[:, self.core.arena.robots[0].root_qpos[3:]]
        return rotations.heading(quat)

    def _aimed(self, state: EnvState) -> EnvState:
        """Of kicks that begin now: the aim, and nothing gained before."""
        fresh = (self._now.steps == self._now.begins)[:, None]
        if not fresh.any():
            return state
        memory = replace(
            state.memory,
            aim_rad=np.where(fresh, self._headings()[:, None], state.memory.aim_rad),
            best_m_s=np.where(fresh, 0.0, state.memory.best_m_s),
            touched_s=np.where(fresh, 0.0, state.memory.touched_s),
        )
        return replace(state, memory=memory)

    def _shown(self, moved: TimeStep) -> TimeStep:
        seen = self._now.played.shown(self._is_on())
        return replace(
            moved,
            observation=seen[:, None],
            privileged=self._with_times(moved.privileged),
            final_observation=seen[:, None],
            final_privileged=self._with_times(moved.final_privileged),
        )

    def _with_times(self, privileged: Floats) -> Floats:
        period_s = self.core.task.control_period_s
        since = period_s * (self._now.steps - self._now.begins)
        parts = [phase(since), since[:, None] < 0]
        times = np.concatenate(parts, axis=-1, dtype=np.float32)
        return np.concatenate([privileged, times[:, None]], axis=-1)


def sizes(task: Task) -> tuple[int, int]:
    """Of observation and privileged observation while a kick is corrected."""
    return seen_size(observed(task)), task.privileged.size + TIMES


def observed(task: Task) -> ObservationSpec:
    """What a corrected kick observes of what `task` does."""
    terms = tuple(t for t in task.observation.terms if t.name not in _UNSEEN)
    return ObservationSpec(terms=(*terms, _SIDE), clip=task.observation.clip)
