"""Scripted kicks in a batch of environments, each where it is, moved by what a learner
wishes beside them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot import observation
from robot.contracts.policy import ObservationSpec
from robot.scripted.kick import KickPolicy
from robot.scripted.motion import BODY_JOINTS
from sim.demonstrator import action_for, newest
from sim.tasks.task import Task

Floats = NDArray[np.float32]
Sources = dict[str, NDArray[Any]]


class PlayedKicks:
    """The kick of one robot per environment, and what it observes."""

    def __init__(self, kick: KickPolicy, task: Task, first: Floats):
        """No kick has begun.

        Args:
            kick: ready to be corrected: `training.corrected_kick.load_kick`.
            task: whose robots are moved.
            first: [B, 1, N] its observation.
        """
        self.kick = kick
        self.side = np.ones((len(first), 1), np.float32)
        self._task = task
        self._history = observation.start(self._terms, self.sources(first))
        self._state = kick.initial_corrected(len(first))

    @property
    def _terms(self) -> ObservationSpec:
        return self.kick.spec.observation

    def sources(self, seen: Floats) -> Sources:
        """Newest values by name of the task's observation [B, 1, N], and the foot."""
        return newest(self._task.observation, seen[:, 0]) | {"kick_side": self.side}

    def look(self, sources: Sources, fresh: NDArray[np.bool_]) -> None:
        """Take the newest values in; the kicks of `fresh` [B] begin with them."""
        begun = observation.start(self._terms, sources)
        pushed = observation.push(self._terms, self._history, sources)
        blank = self.kick.initial_corrected(len(fresh))
        self._history = tuple(
            np.where(fresh[:, None, None], new, old)
            for new, old in zip(begun, pushed, strict=True)
        )
        self._state = tuple(
            np.where(fresh[:, None], new, old)
            for new, old in zip(blank, self._state, strict=True)
        )

    def moves(
        self, seen: Floats, wish: Floats, on: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """[B, A] the task's actions for wishes [B, 18]; kicks go on where they are
        `on` [B]."""
        target, following = self.kick.corrected(self._raw, self._state, wish)
        self._state = tuple(
            np.where(on[:, None], new, old)
            for new, old in zip(following, self._state, strict=True)
        )
        sent = newest(self._task.observation, seen[:, 0])["previous_target"]
        return action_for(
            self._task.action, target.astype(np.float64), sent[:, : len(BODY_JOINTS)]
        )

    def shown(self, on: NDArray[np.bool_]) -> Floats:
        """[B, N] what a correction goes by; zeros where no kick is on."""
        seen = self.kick.seen(self._raw, self._state)
        return np.where(on[:, None], seen, 0.0).astype(np.float32)

    @property
    def _raw(self) -> Floats:
        return observation.vector(self._terms, self._history).astype(np.float32)
