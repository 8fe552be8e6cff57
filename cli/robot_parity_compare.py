"""Parity as numbers: pure functions on what the two paths did."""

from dataclasses import dataclass

import numpy as np

from robot import control_loop
from robot.attitude import AttitudeState
from robot.contracts.policy import ObservationSpec
from robot.contracts.sensors import SensorFrame
from robot.observation import newest
from robot.player import Player
from robot.skills import SkillConfig, SkillRequest
from sim.parity import FloatArray, Track, WalkFigures
from sim.tasks.view import STAND_RAD

TARGET_BOUND_RAD = 1e-4
FIGURE_BOUND = 0.05
SENSED = ("joint_position", "gyro", "gravity")
"""Terms that come from sensors; the others the runtime makes itself."""
STAND = np.array(STAND_RAD)


@dataclass(frozen=True, kw_only=True)
class EqualObservations:
    """Onboard control loop and training environment on the same sensor values.

    Attributes:
        steps: compared.
        observation: largest difference of the observation vectors, normalized.
        action: of the policy's answers.
        target_rad: of the joint targets.
    """

    steps: int
    observation: float
    action: float
    target_rad: float

    @property
    def holds(self) -> bool:
        return self.target_rad <= TARGET_BOUND_RAD


@dataclass(frozen=True, kw_only=True)
class TermError:
    """One observation term: what the policy saw less the truth at that instant."""

    term: str
    unit: str
    largest: float
    rms: float


@dataclass(frozen=True, kw_only=True)
class Apart:
    """How far the two paths are from each other at one policy step; largest values."""

    step: int
    observation: float
    action: float
    target_rad: float
    joint_rad: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How both paths walked under one command; means over episodes.

    Attributes:
        name, command: asked.
        speed: in the commanded direction (m/s; rad/s where only a turn is asked):
            training environment, onboard.
        fell: share of episodes with a fall, in the same order.
        episodes: each.
    """

    name: str
    command: tuple[float, float, float]
    speed: tuple[float, float]
    fell: tuple[float, float]
    episodes: int

    @property
    def speed_change(self) -> float:
        """Onboard speed over the training environment's, less 1."""
        training, onboard = self.speed
        return onboard / training - 1 if training else float("nan")


def equal_observations(
    player: Player, request: SkillRequest, track: Track
) -> EqualObservations:
    """Let the onboard control loop repeat episode 0 on the environment's values.

    It gets gyro, gravity and joint angles as the environment's policy saw them, and
    makes everything else itself: history, clock, command, filter, limits.
    """
    spec = player.walk.spec
    seen = newest(spec.observation, track.observation[:, 0])
    state = control_loop.start(player, _stand(player, track))
    differences = np.zeros(3)
    steps = int(track.standing[:, 0].sum())
    for step in range(steps):
        sensors, body = _frame(seen, step)
        state, targets = control_loop.tick(
            player, SkillConfig(), state, sensors, body, "upright", request
        )
        if state.decision is None:
            raise ValueError("expected a policy step, found none")
        pairs = (
            (state.decision.observation, track.observation[step, 0]),
            (state.decision.action, track.action[step, 0]),
            (targets, track.target_rad[step, 0]),
        )
        apart = [np.abs(ours - theirs).max() for ours, theirs in pairs]
        differences = np.maximum(differences, apart)
    observation, action, target_rad = differences.tolist()
    return EqualObservations(
        steps=steps, observation=observation, action=action, target_rad=target_rad
    )


def sensing_errors(
    spec: ObservationSpec, track: Track, truth: dict[str, FloatArray]
) -> tuple[TermError, ...]:
    """What the policy saw against the truth, along the whole onboard walk."""
    seen = newest(spec, track.observation)
    units = {term.name: term.unit for term in spec.terms}
    found = []
    for name in SENSED:
        if name in seen:
            error = (seen[name] - truth[name])[track.standing]
            found.append(
                TermError(
                    term=name,
                    unit=units[name],
                    largest=float(np.abs(error).max()),
                    rms=float(np.sqrt(np.mean(error**2))),
                )
            )
    return tuple(found)


def apart_at(training: Track, onboard: Track, steps: tuple[int, ...]) -> list[Apart]:
    """Differences of the paths at some steps, over all episodes."""

    def largest(name: str, step: int) -> float:
        both = (getattr(training, name)[step], getattr(onboard, name)[step])
        return float(np.abs(both[0] - both[1]).max())

    return [
        Apart(
            step=step,
            observation=largest("observation", step),
            action=largest("action", step),
            target_rad=largest("target_rad", step),
            joint_rad=largest("joint_rad", step),
        )
        for step in steps
        if step < len(training.observation)
    ]


def outcome(
    name: str,
    command: tuple[float, float, float],
    training: WalkFigures,
    onboard: WalkFigures,
) -> Outcome:
    """Both paths' figures side by side."""
    return Outcome(
        name=name,
        command=command,
        speed=(_speed(command, training), _speed(command, onboard)),
        fell=(float(training.fell.mean()), float(onboard.fell.mean())),
        episodes=len(training.fell),
    )


def summary(outcomes: list[Outcome]) -> tuple[float, float]:
    """Largest change of speed, and change of the share of episodes with a fall."""
    speeds = [abs(each.speed_change) for each in outcomes]
    count = sum(each.episodes for each in outcomes)
    fell = sum((e.fell[1] - e.fell[0]) * e.episodes for e in outcomes) / max(count, 1)
    return max(speeds, default=float("nan")), fell


def _speed(command: tuple[float, float, float], figures: WalkFigures) -> float:
    forward, left, turn = command
    size = float(np.hypot(forward, left))
    if size == 0:
        along = figures.turn_rad_s * np.sign(turn)
    else:
        along = (figures.forward_m_s * forward + figures.left_m_s * left) / size
    return float(np.nanmean(along)) if np.isfinite(along).any() else float("nan")


def _frame(seen: dict[str, FloatArray], step: int) -> tuple[SensorFrame, AttitudeState]:
    # A term the policy does not see cannot matter.
    gravity = seen["gravity"][step] if "gravity" in seen else np.array([0, 0, -1.0])
    gyro = seen["gyro"][step] if "gyro" in seen else np.zeros(3)
    body = AttitudeState(
        gravity=(float(gravity[0]), float(gravity[1]), float(gravity[2])),
        gyro_rad_s=(float(gyro[0]), float(gyro[1]), float(gyro[2])),
    )
    joints = seen["joint_position"][step] if "joint_position" in seen else STAND
    sensors = SensorFrame(
        time_s=0.0,
        position_rad=joints,
        velocity_rad_s=np.zeros_like(joints),
        current_a=np.zeros_like(joints),
        fresh=np.ones(len(joints), dtype=np.bool_),
        gyro_rad_s=gyro,
        acceleration_m_s2=np.zeros(3),
        voltage_v=11.1,
    )
    return sensors, body


def _stand(player: Player, track: Track) -> FloatArray:
    """The targets before the first step, as the policy was told them."""
    seen = newest(player.walk.spec.observation, track.observation[0, 0])
    return seen.get("previous_target", STAND)
