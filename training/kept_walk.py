"""What a walk does where whole shots never lead it: dashes, spins, fast steps back and
aside. Recorded from its bundle, so that learning on for games does not undo it."""

from dataclasses import dataclass

import jax
import numpy as np
from numpy.typing import NDArray

from sim.env import EnvConfig, Environment
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask
from training.bundle_network import read_network
from training.run_folder import RunError

Floats = NDArray[np.float32]

_COMMAND = "velocity_command"


@dataclass(frozen=True, kw_only=True)
class KeptWalkConfig:
    """What is recorded.

    Attributes:
        weight: of its imitation.
        robots, seconds: recorded, full randomization and pushes, every other step.
        skip_s: at the start that are not.
        dash, spin: shares of robots told to go ahead fast, and to turn fast on the
            spot; the rest is told anything the walk takes but what `games` holds.
        dash_m_s, spin_rad_s: how fast.
        games: highest speeds ahead, aside and around of a shot, m/s, m/s and rad/s;
            back 0.2 m/s.
        noise: standard deviation of the actions, so that it is also seen off its way.
    """

    weight: float = 1.0
    robots: int = 256
    seconds: float = 12.0
    skip_s: float = 0.5
    dash: float = 0.45
    spin: float = 0.3
    dash_m_s: tuple[float, float] = (0.58, 0.85)
    spin_rad_s: tuple[float, float] = (2.6, 3.5)
    games: tuple[float, float, float] = (0.5, 0.15, 2.4)
    noise: float = 0.06


def record(config: KeptWalkConfig, bundle: str, seed: int) -> tuple[Floats, Floats]:
    """Observations [M, N] of a walk and its actions [M, A] for them.

    Args:
        config: of what.
        bundle: shipped (by its name) or in a folder.
        seed: of everything drawn.

    Raises:
        RunError: no walk that takes a velocity as the walking task tells it.
        ContractError: the bundle's spec is out of contract.
    """
    network = read_network(bundle)
    limits = network.spec.command
    task = WalkTask(config=WalkConfig(episode_s=config.seconds))
    if network.spec.observation != task.observation:
        raise RunError(
            f"{bundle}: expected a walk with the observation of the walking task, "
            f"found {network.spec.observation}"
        )
    act = jax.jit(network)
    env = Environment(task, EnvConfig(num_envs=config.robots, stagger=False), seed)
    rng = np.random.default_rng(seed)
    (term,) = (one for one in task.observation.terms if one.name == _COMMAND)
    first = sum(
        one.size * one.history
        for one in task.observation.terms[: task.observation.terms.index(term)]
    )
    told = slice(first, first + term.size)
    command = _drawn(config, limits.low, limits.high, rng, config.robots)
    seen, done = [], []
    state, moved = env.reset()
    for step in range(round(config.seconds / task.control_period_s)):
        observation = np.array(moved.observation[:, 0])
        observation[:, told] = command / np.array(term.std)
        action = np.asarray(act(observation))
        if step * task.control_period_s >= config.skip_s and step % 2 == 0:
            seen.append(observation)
            done.append(action)
        noisy = action + rng.normal(0.0, config.noise, action.shape)
        state, moved = env.step(state, noisy[:, None])
        ended = np.flatnonzero(np.logical_or(moved.terminated, moved.truncated))
        command[ended] = _drawn(config, limits.low, limits.high, rng, len(ended))
    env.close()
    return np.concatenate(seen), np.concatenate(done)


def _drawn(
    config: KeptWalkConfig,
    low: tuple[float, ...],
    high: tuple[float, ...],
    rng: np.random.Generator,
    count: int,
) -> NDArray[np.float64]:
    """[count, 3] commands."""
    kind = rng.uniform(size=count)
    small = rng.uniform(-1.0, 1.0, (count, 3)) * np.array([0.05, 0.08, 0.5])
    dash, spin = small.copy(), small.copy()
    dash[:, 0] = rng.uniform(*config.dash_m_s, count)
    sign = rng.choice([-1.0, 1.0], count)
    spin[:, 2] = sign * rng.uniform(*config.spin_rad_s, count)
    other = rng.uniform(low, high, (count, 3))
    while (common := _of_games(config, other)).any():
        other[common] = rng.uniform(low, high, (int(common.sum()), 3))
    dashes, turns = kind < config.dash, kind >= 1 - config.spin
    return np.where(dashes[:, None], dash, np.where(turns[:, None], spin, other))


def _of_games(
    config: KeptWalkConfig, command: NDArray[np.float64]
) -> NDArray[np.bool_]:
    ahead, aside, around = config.games
    return (
        (command[:, 0] >= -0.2)
        & (command[:, 0] <= ahead)
        & (np.abs(command[:, 1]) <= aside)
        & (np.abs(command[:, 2]) <= around)
    )
