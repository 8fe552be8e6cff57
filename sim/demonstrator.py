"""A policy with an observation and an action of its own acts in a task's environment.

It sees the newest values of the task's observation, noise and delay included, and its
joint targets are said again as the task's actions. So a script can show a network what
to do in exactly the network's terms.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robot import observation
from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ActionSpec
from robot.observation import newest
from sim.motion_world import BatchPolicy
from sim.tasks.task import Task

Array = NDArray[np.float64]


class DemonstratorError(ValueError):
    """A policy does not fit a task."""


class Demonstrator:
    """`policy` in `count` environments of `task`, one robot each, with its memory."""

    def __init__(self, task: Task, policy: BatchPolicy, count: int):
        """At the beginning of `count` episodes.

        Raises:
            DemonstratorError: joints, control period or terms of the observation do not
                fit; lists what.
        """
        faults = _faults(task, policy)
        if faults:
            raise DemonstratorError(f"{policy.spec.name}: {'; '.join(faults)}")
        self._task, self._policy = task, policy
        self._state = tuple(
            np.tile(part, (count, 1)) for part in policy.initial_state()
        )
        self._history: observation.History = ()

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """The task's actions [B, A] for its observation [B, N], one control step on."""
        spec, sources = self._policy.spec, newest(self._task.observation, seen)
        terms = spec.observation
        self._history = (
            observation.push(terms, self._history, sources)
            if self._history
            else observation.start(terms, sources)
        )
        vector = observation.vector(terms, self._history).astype(np.float32)
        action, self._state = self._policy.act(vector, self._state)
        columns = [JOINT_NAMES.index(name) for name in spec.action.joints]
        before = sources["previous_target"][..., columns]
        target = filtered_targets(spec.action, action.astype(np.float64), before)
        return action_for(self._task.action, target, before).astype(np.float32)


def action_for(spec: ActionSpec, target_rad: Array, previous_rad: Array) -> Array:
    """The action [..., A] that `robot.action.filtered_targets` turns into `target_rad`.

    Where the filter cannot reach it in one step, the action that comes nearest.
    """
    keep = spec.filter_keep
    raw = (target_rad - keep * previous_rad) / (1 - keep)
    limited = np.clip(raw, spec.min_rad, spec.max_rad)
    return (limited - np.array(spec.default_rad)) / np.array(spec.scale_rad)


def _faults(task: Task, policy: BatchPolicy) -> list[str]:
    spec, found = policy.spec, []
    if spec.action.joints != task.action.joints:
        found.append(
            f"expected the joints {', '.join(task.action.joints)}, found "
            f"{', '.join(spec.action.joints)}"
        )
    if not math.isclose(spec.control_period_s, task.control_period_s):
        found.append(
            f"expected a control period of {task.control_period_s} s, found "
            f"{spec.control_period_s} s"
        )
    known: Mapping[str, int] = {term.name: term.size for term in task.observation.terms}
    wanted = {"previous_target": len(JOINT_NAMES)} | {
        term.name: term.size for term in spec.observation.terms
    }
    found += [
        f"expected {name} ({size}) in the observation of {task.name}, found "
        f"{', '.join(f'{other} ({width})' for other, width in known.items())}"
        for name, size in wanted.items()
        if known.get(name) != size
    ]
    return found
