"""Asking the policies again what the log says they were asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import Image
from robot.faults import Fault, RuntimeFault
from robot.policy import Policy, PolicyState, image_shape
from robot.record.log_reader import Log
from robot.record.schemas import POLICY_TOPIC

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class JointDifference:
    """How one action differs between log and replay.

    Attributes:
        skill: whose action.
        joint: it drives.
        largest_rad: greatest difference of the unfiltered target; inf if either is
            not finite.
        steps: policy steps that differ by more than the tolerance.
        first: index of the first of them among the log's policy steps.
        first_s: its clock time.
    """

    skill: str
    joint: str
    largest_rad: float
    steps: int
    first: int
    first_s: float


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay found.

    Attributes:
        compared: policy steps asked again, by skill.
        skipped: steps whose recurrent state is not in the log, because its beginning
            was deleted; the next recorded state ends the gap.
        identical: every compared action has the same bits.
        largest: greatest difference of an action, in the policy's own unit.
        differences: joints that differ by more than the tolerance, greatest first.
    """

    compared: Mapping[str, int]
    skipped: int
    identical: bool
    largest: float
    differences: tuple[JointDifference, ...]


def replay(log: Log, policies: Mapping[str, Policy], tolerance: float = 0.0) -> Replay:
    """Feed the log's observations through `policies`, by skill.

    Recurrent state is the policy's own from the skill's start on; a state in the log
    is used only where the start is missing.

    Args:
        log: with policy steps.
        policies: by skill.
        tolerance: largest difference of an action that counts as equal.

    Raises:
        RuntimeFault: no policy steps, or steps that do not fit the policies; lists all.
    """
    steps = log.topic(POLICY_TOPIC)
    faults = _misfits(steps, policies)
    if faults:
        raise RuntimeFault(*faults)
    followed: _Followed = _Followed(skill="", step=-1, state=None)
    asked: list[tuple[int, Any, Float32Array]] = []
    for index, step in enumerate(steps):
        policy = policies[step.skill]
        state = _state_at(step, policy, followed)
        action = None
        if state is not None:
            observation = np.array(step.observation, dtype=np.float32)
            action, state = policy.act(observation, state, _image(step, policy))
            asked.append((index, step, np.asarray(action, dtype=np.float32)))
        followed = _Followed(skill=step.skill, step=step.step, state=state)
    return _compared(asked, len(steps), policies, tolerance)


def _image(step: Any, policy: Policy) -> Image | None:
    camera = policy.spec.camera
    if camera is None:
        return None
    return np.frombuffer(step.image, dtype=np.uint8).reshape(image_shape(camera))


@dataclass(frozen=True)
class _Followed:
    skill: str
    step: int
    state: PolicyState | None


def _state_at(step: Any, policy: Policy, before: _Followed) -> PolicyState | None:
    """The recurrent state before `step`; None if nothing tells it."""
    if step.step == 0:
        return policy.initial_state()
    follows = before.skill == step.skill and before.step + 1 == step.step
    if follows and before.state is not None:
        return before.state
    shapes = policy.spec.state_shapes
    if not shapes:
        return ()
    if not step.has_state:
        return None
    flat = np.array(step.state, dtype=np.float32)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(flat, ends[:-1])
    return tuple(part.reshape(s) for part, s in zip(parts, shapes, strict=True))


def _compared(
    asked: list[tuple[int, Any, Float32Array]],
    steps: int,
    policies: Mapping[str, Policy],
    tolerance: float,
) -> Replay:
    counts: dict[str, int] = {}
    identical, largest = True, 0.0
    differences: list[JointDifference] = []
    for skill, policy in policies.items():
        rows = [row for row in asked if row[1].skill == skill]
        if not rows:
            continue
        counts[skill] = len(rows)
        said = np.array([row[1].action for row in rows], dtype=np.float32)
        says = np.stack([row[2] for row in rows])
        same = said.view(np.uint32) == says.view(np.uint32)
        gap = np.where(same, 0.0, np.abs(says.astype(np.float64) - said))
        gap = np.where(np.isfinite(gap), gap, np.inf)
        identical = identical and bool(same.all())
        largest = max(largest, float(gap.max()))
        beyond = ~same & (gap > tolerance) if tolerance > 0 else ~same
        times = [(row[0], row[1].time_s) for row in rows]
        differences += _by_joint(skill, policy, gap, beyond, times)
    differences.sort(key=lambda item: -item.largest_rad)
    return Replay(
        compared=counts,
        skipped=steps - len(asked),
        identical=identical,
        largest=largest,
        differences=tuple(differences),
    )


def _by_joint(
    skill: str,
    policy: Policy,
    gap: NDArray[np.float64],
    beyond: NDArray[np.bool_],
    times: list[tuple[int, float]],
) -> list[JointDifference]:
    spec, found = policy.spec.action, []
    for column in np.flatnonzero(beyond.any(axis=0)).tolist():
        first, first_s = times[int(np.argmax(beyond[:, column]))]
        found.append(
            JointDifference(
                skill=skill,
                joint=spec.joints[column],
                largest_rad=float(gap[:, column].max() * abs(spec.scale_rad[column])),
                steps=int(beyond[:, column].sum()),
                first=first,
                first_s=first_s,
            )
        )
    return found


def _misfits(steps: Any, policies: Mapping[str, Policy]) -> list[Fault]:
    if not steps:
        return [
            Fault(
                reason="replay",
                expected="policy steps in the log",
                found="none",
                remedy="give the log of a robot that played",
            )
        ]
    shapes = {(s.skill, len(s.observation), len(s.action), len(s.image)) for s in steps}
    faults = []
    for skill, *logged in sorted(shapes):
        policy = policies.get(skill)
        wanted = "no such policy"
        if policy is not None:
            sizes = _sizes(policy)
            if sizes == logged:
                continue
            wanted = "a policy with {} and {}, image of {} bytes".format(*sizes)
        faults.append(
            Fault(
                reason=f"replay of {skill}",
                expected="a policy with {} observations and {} actions, image of {} "
                "bytes".format(*logged),
                found=wanted,
                remedy="give the bundle that the robot ran: --bundle BUNDLE",
            )
        )
    return faults


def _sizes(policy: Policy) -> list[int]:
    """Numbers of observation and action, bytes of image."""
    spec = policy.spec
    image = 0 if spec.camera is None else math.prod(image_shape(spec.camera))
    return [spec.observation.size, len(spec.action.joints), image]
