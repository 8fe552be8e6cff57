"""What a task is: data, and pure functions on batched arrays.

Axes: B environments, R robots under the policy's control ("agents"), A joints of an
action. Functions are written against the array-API subset that NumPy and jax.numpy
share; randomness enters as a `Random`, so the same lines run in every backend.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.arena import ArenaConfig
from sim.tasks.view import WorldView

Array = Any
Memory = Any
"""A task's own frozen value of arrays, carried from step to step."""


class Random(Protocol):
    """Random numbers, as arrays of the backend."""

    def uniform(self, shape: tuple[int, ...]) -> Array:
        """In [0, 1)."""
        ...

    def normal(self, shape: tuple[int, ...]) -> Array:
        """Standard normal."""
        ...


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where an episode starts; R counts all robots of the arena.

    Attributes:
        root: [B, R, 7] torso position and quaternion (wxyz).
        root_velocity: [B, R, 6] linear (pitch frame) and angular (torso frame).
        joint_rad: [B, R, 20] canonical order.
        target_rad: [B, R, 20] joint targets held before the first action.
        joint_velocity_rad_s: [B, R, 20], None at rest.
        ball: [B, 3] position, None without a ball.
        ball_velocity: [B, 3], None without a ball.
    """

    root: Array
    root_velocity: Array
    joint_rad: Array
    target_rad: Array
    joint_velocity_rad_s: Array | None = None
    ball: Array | None = None
    ball_velocity: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one control step means.

    Attributes:
        memory: for the next step.
        rewards: weighted terms by name, [B, R] each.
        scale: the rewards' sum is multiplied by this for a learner.
        terminated: [B] bool, the episode ends (no value follows).
        terms: task-specific observation terms [B, R, k] by name, without noise.
        privileged: critic-only terms [B, R, k] by name.
        measures: what to log but not to learn from, [B, R, ...] by name.
    """

    memory: Memory
    rewards: dict[str, Array]
    scale: float
    terminated: Array
    terms: dict[str, Array]
    privileged: dict[str, Array]
    measures: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Actions:
    """This step's action and the two before, [B, R, A] each; targets [B, R, 20] rad."""

    now: Array
    before: Array
    earlier: Array
    targets_rad: Array


class Task(Protocol):
    """A task. Implementations are frozen dataclasses."""

    @property
    def name(self) -> str: ...

    @property
    def arena(self) -> ArenaConfig: ...

    @property
    def agents(self) -> tuple[int, ...]:
        """Which robots of the arena act; the others hold their start targets."""
        ...

    @property
    def control_period_s(self) -> float: ...

    @property
    def episode_s(self) -> float: ...

    @property
    def observation(self) -> ObservationSpec: ...

    @property
    def privileged(self) -> ObservationSpec:
        """The critic's own observation group."""
        ...

    @property
    def action(self) -> ActionSpec: ...

    def begin(self, random: Random, count: int) -> tuple[Placement, Memory]:
        """Start `count` episodes."""
        ...

    def first(self, memory: Memory, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation: {"terms": ..., "privileged": ...}."""
        ...

    def advance(
        self,
        random: Random,
        memory: Memory,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Judge one control step.

        Args:
            random: for whatever the task draws (new commands, targets).
            memory: from `begin` or the last step.
            time_s: [B] since the episode's start, after the step.
            view: the world after the step.
            actions: of the agents.
        """
        ...
