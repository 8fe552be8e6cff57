"""Opponents for 1v1: earlier snapshots of the learner's actor, and an untrained one.

After arXiv:2304.13653: a run saves snapshots regularly, and each episode's opponent is
drawn uniformly from the first quarter of those saved so far and one untrained agent, so
that opponents get better as the run goes on. Ids: 0 is the untrained one, then the
snapshots in the order of the run; the critic is told the id (`sim.tasks.match`).
"""

from pathlib import Path
from typing import Any

import flax.serialization
import jax
import numpy as np
from numpy.typing import NDArray

from sim.env import EnvConfig, EnvState, TimeStep
from sim.env_core import EnvCore
from sim.env_state import map_arrays
from sim.tasks.match import MatchTask
from sim.tasks.soccer_senses import OPPONENT_ID_TERM
from sim.tasks.task import Task
from training.batch_env import BatchEnv
from training.guide import Distribution
from training.rollouts import padded
from training.run_folder import write_whole

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

UNTRAINED = 0
_HOME, _AWAY = 0, 1


def is_duel(task: Task) -> bool:
    """Whether it is a 1v1 match whose critic has a place for the opponent's id."""
    return isinstance(task, MatchTask) and task.team_size == 1 and task.opponent_id


class SnapshotPool:
    """Snapshots of an actor in a folder, one file per `every` control steps."""

    def __init__(
        self, folder: Path, untrained: Any, *, every: int, share: float, steps: int
    ):
        """Go on with the folder's snapshots.

        Args:
            folder: made when the first one is saved.
            untrained: the actor's parameters of opponent 0.
            every: control steps of the run between two snapshots.
            share: of the snapshots, earliest first, that are opponents.
            steps: where the run stands: later snapshots, of a run that was killed after
                its last checkpoint, are deleted.
        """
        self._folder, self._every, self._share = folder, every, share
        self._untrained = untrained
        self._params: dict[int, Any] = {}
        self._files: list[Path] = []
        for path in sorted(folder.glob("*.msgpack")):
            if int(path.stem) <= steps:
                self._files.append(path)
            else:
                path.unlink()

    def __len__(self) -> int:
        return len(self._files)

    @property
    def seats(self) -> range:
        """Ids to draw from: the untrained one, and the first share of the snapshots."""
        return range(1 + int(self._share * len(self._files)))

    def offer(self, steps: int, actor: Any) -> None:
        """Save the actor if it is time: the next one is due at `every` times the count
        of snapshots and one more."""
        if steps < self._every * (len(self._files) + 1):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{steps:012d}.msgpack"
        write_whole(path, flax.serialization.to_bytes(actor))
        self._files.append(path)

    def params(self, identity: int) -> Any:
        """The actor's parameters of an opponent."""
        if identity == UNTRAINED:
            return self._untrained
        if identity not in self._params:
            data = self._files[identity - 1].read_bytes()
            loaded = flax.serialization.from_bytes(self._untrained, data)
            self._params[identity] = jax.device_put(loaded)
        return self._params[identity]


class Opponents:
    """Draws opponents and acts for them."""

    def __init__(self, pool: SnapshotPool, policy: Distribution, seed: int):
        """`policy` takes {"actor": parameters} and observations."""
        self.pool = pool
        self._policy = jax.jit(policy)
        self._random = np.random.default_rng(seed)

    def draw(self, count: int) -> Ids:
        """Uniform over the seats."""
        return self._random.integers(len(self.pool.seats), size=count)

    def act(self, ids: Ids, observation: Floats) -> Floats:
        """Actions [B, A] drawn from the policies `ids` [B] at observations [B, N]."""
        parts: list[tuple[Ids, Floats]] = []
        for identity in np.unique(ids):
            rows = np.flatnonzero(ids == identity)
            params = {"actor": self.pool.params(int(identity))}
            chosen = self._policy(params, padded(observation[rows]))
            mean, std = (np.asarray(part)[: len(rows)] for part in chosen)
            noise = self._random.standard_normal(mean.shape, np.float32)
            parts.append((rows, mean + std * noise))
        actions = np.empty((len(ids), parts[0][1].shape[-1]), np.float32)
        for rows, action in parts:
            actions[rows] = action
        return actions


class OpposedEnvironment:
    """A 1v1 match as a batch of one agent each: opponents play the other side.

    Every episode has one opponent. Its id is the last number of the privileged
    observation.
    """

    def __init__(self, env: BatchEnv, opponents: Opponents):
        """Take over `env`; it is closed by `close`.

        Raises:
            ValueError: its task is not a 1v1 match that tells the opponent's id.
        """
        task = env.core.task
        if not is_duel(task):
            raise ValueError(
                f"opponents: expected MatchTask(team_size=1, opponent_id=True), found "
                f"{task}"
            )
        self.config: EnvConfig = env.config
        self._env, self._opponents = env, opponents
        self._ids = np.zeros(env.config.num_envs, np.int64)
        self._seen = np.zeros((0, 0), np.float32)

    @property
    def core(self) -> EnvCore:
        return self._env.core

    @property
    def action_shape(self) -> tuple[int, int, int]:
        count, _, joints = self._env.action_shape
        return count, 1, joints

    def reset(self) -> tuple[EnvState, TimeStep]:
        state, first = self._env.reset()
        self._ids = self._opponents.draw(len(self._ids))
        self._seen = first.observation[:, _AWAY]
        return state, _with_ids(_home(first), self._ids, self._ids)

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        theirs = self._opponents.act(self._ids, self._seen)
        both = np.concatenate([action, theirs[:, None]], axis=1)
        state, moved = self._env.step(state, both, push_strength=push_strength)
        before = self._ids
        over = np.logical_or(moved.terminated, moved.truncated)
        if over.any():
            self._ids = before.copy()
            self._ids[over] = self._opponents.draw(int(over.sum()))
        self._seen = moved.observation[:, _AWAY]
        return state, _with_ids(_home(moved), self._ids, before)

    def close(self) -> None:
        self._env.close()


def _home(moved: TimeStep) -> TimeStep:
    """The first robot's part of a time step."""
    per_world = {
        "terminated": moved.terminated,
        "truncated": moved.truncated,
        "info": moved.info,
    }
    mine = map_arrays(lambda values: values[:, _HOME : _HOME + 1], _rows(moved))
    return TimeStep(**mine, **per_world)


def _rows(moved: TimeStep) -> dict[str, Any]:
    names = (
        *("observation", "privileged", "reward", "terms", "measures"),
        *("final_observation", "final_privileged"),
    )
    return {name: getattr(moved, name) for name in names}


def _with_ids(moved: TimeStep, now: Ids, before: Ids) -> TimeStep:
    """Opponents' ids in the privileged observations: now, and in final ones before."""
    (typical,) = OPPONENT_ID_TERM.std
    for vector, ids in ((moved.privileged, now), (moved.final_privileged, before)):
        vector[:, 0, -1] = ids / typical
    return moved
