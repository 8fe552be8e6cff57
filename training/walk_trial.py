"""Trials of a walking policy: speed by direction, tracking error, falls.

Protocol after arXiv:2304.13653 (Table 1): start standing, the command given at once,
distance over seconds 2 to 7. Every episode is randomized as in training; the trial runs
the bundle's own observation and action specs, so a learned and a scripted walk are
measured by the same lines.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.contracts.policy import PolicySpec
from sim.env import EnvConfig, Environment
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask

SPEED_FROM_S = 2.0
SPEED_TO_S = 7.0


class WalkingPolicy(Protocol):
    """What a trial needs of a policy; `robot.policy.Policy` has it."""

    @property
    def spec(self) -> PolicySpec: ...

    def initial_state(self) -> Any: ...

    def act(self, observation: Any, state: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """How long and how often.

    Attributes:
        episodes: per command.
        episode_s: length of each; longer than the 7 s that speeds are measured to.
        commands: name to command; clipped to what the policy's spec allows.
    """

    episodes: int = 10
    episode_s: float = 10.0
    commands: tuple[tuple[str, tuple[float, float, float]], ...] = (
        ("forward", (0.8, 0.0, 0.0)),
        ("slow", (0.2, 0.0, 0.0)),
        ("backward", (-0.4, 0.0, 0.0)),
        ("left", (0.0, 0.3, 0.0)),
        ("right", (0.0, -0.3, 0.0)),
        ("turn", (0.0, 0.0, 2.0)),
        ("stand", (0.0, 0.0, 0.0)),
        ("mixed", (0.3, 0.05, 0.5)),
    )

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.episode_s <= SPEED_TO_S:
            raise ValueError(
                f"trial: expected at least 1 episode of more than {SPEED_TO_S} s, "
                f"found {self.episodes} of {self.episode_s} s"
            )


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """What one command gave.

    Attributes:
        name: of the command.
        command: asked, after clipping (m/s, m/s, rad/s).
        distance_m_s: mean speed over seconds 2 to 7 in the commanded direction: of the
            straight line from place to place, or, where the command turns, of the
            torso's own motion. Without a commanded direction, the length of the line.
        turn_rad_s: heading change over seconds 2 to 7, per second; mean.
        velocity_error: root mean square of (m/s forward, m/s left, rad/s turn) against
            the command, filtered over a gait period, seconds 2 to end.
        fell: episodes with a fall.
        episodes: how many.
        seconds: walked in all.
        distances: per episode, nan where it fell before second 7.
    """

    name: str
    command: tuple[float, float, float]
    distance_m_s: float
    turn_rad_s: float
    velocity_error: tuple[float, float, float]
    fell: int
    episodes: int
    seconds: float
    distances: tuple[float, ...]

    @property
    def falls_per_min(self) -> float:
        return self.fell * 60 / self.seconds


def run_command(
    policy: WalkingPolicy,
    env_config: EnvConfig,
    trial: TrialConfig,
    name: str,
    command: tuple[float, float, float],
    seed: int,
) -> CommandResult:
    """Episodes with one command, side by side; a fallen one is not counted on."""
    spec = policy.spec
    asked = np.clip(command, spec.command.low, spec.command.high)
    # Longer than the trial, so that no time limit resets an episode within it.
    plain = WalkConfig(episode_s=trial.episode_s + 1.0)
    task = WalkTask(
        config=replace(plain, clock_hz=spec.clock_hz or plain.clock_hz),
        contacts="full",
        fixed_command=(float(asked[0]), float(asked[1]), float(asked[2])),
        observation_spec=spec.observation,
        action_spec=spec.action,
    )
    config = replace(env_config, num_envs=trial.episodes, stagger=False)
    env = Environment(task, config, seed)
    track = _walk(policy, env, round(trial.episode_s / spec.control_period_s))
    env.close()
    return _summarize(name, asked, track, spec.control_period_s)


@dataclass(frozen=True, kw_only=True)
class _Track:
    """[T, E, ...] positions, headings, velocities, and whether it still stood."""

    position_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    velocity: NDArray[np.float64]
    standing: NDArray[np.bool_]


def _walk(policy: WalkingPolicy, env: Environment, steps: int) -> _Track:
    state, moved = env.reset()
    count = env.config.num_envs
    root_at = env.core.arena.robots[0].root_qpos
    memory = [policy.initial_state() for _ in range(count)]
    standing = np.ones(count, bool)
    rows: list[tuple[Any, ...]] = []
    for _ in range(steps):
        actions = np.zeros(env.action_shape)
        for row in range(count):
            seen = moved.observation[row, 0]
            actions[row, 0], memory[row] = policy.act(seen, memory[row])
        state, moved = env.step(state, actions)
        standing = standing & ~moved.terminated
        root = env.physics.qpos[:, root_at]
        heading = rotations.yaw(root[:, 3:])
        velocity = moved.measures["velocity"][:, 0]
        rows.append((root[:, :2].copy(), heading, velocity, standing))
    position, heading, velocity, stood = (
        np.stack(column) for column in zip(*rows, strict=True)
    )
    return _Track(
        position_m=position,
        heading_rad=np.unwrap(heading, axis=0),
        velocity=velocity,
        standing=stood,
    )


def _summarize(
    name: str, asked: NDArray[np.float64], track: _Track, period_s: float
) -> CommandResult:
    first, last = round(SPEED_FROM_S / period_s), round(SPEED_TO_S / period_s)
    span = SPEED_TO_S - SPEED_FROM_S
    stood = track.standing[last]
    moved = _advance(asked, track, first, last) * span
    turned = track.heading_rad[last] - track.heading_rad[first]
    distances = np.where(stood, moved / span, np.nan)
    error = (track.velocity - asked)[first:][track.standing[first:]]
    rms = np.sqrt(np.mean(error**2, axis=0)) if len(error) else np.full(3, np.nan)
    return CommandResult(
        name=name,
        command=(float(asked[0]), float(asked[1]), float(asked[2])),
        distance_m_s=_mean(distances),
        turn_rad_s=_mean(np.where(stood, turned / span, np.nan)),
        velocity_error=(float(rms[0]), float(rms[1]), float(rms[2])),
        fell=int(np.sum(~track.standing[-1])),
        episodes=track.standing.shape[1],
        seconds=float(track.standing.sum() * period_s),
        distances=tuple(float(value) for value in distances),
    )


def _advance(
    asked: NDArray[np.float64], track: _Track, first: int, last: int
) -> NDArray[np.float64]:
    """[E] speed in the commanded direction between two steps, m/s."""
    seconds = SPEED_TO_S - SPEED_FROM_S
    line = track.position_m[last] - track.position_m[first]
    size = np.linalg.norm(asked[:2])
    if size == 0:
        return np.linalg.norm(line, axis=-1) / seconds
    if asked[2] != 0:
        return track.velocity[first:last, :, :2].mean(axis=0) @ asked[:2] / size
    turned = track.heading_rad[first] + np.arctan2(asked[1], asked[0])
    along = line[:, 0] * np.cos(turned) + line[:, 1] * np.sin(turned)
    return along / seconds


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the finite values; nan without any."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
