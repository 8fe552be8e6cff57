"""When to think and report, and how long it took: the brain on a clock."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from robot import brain, control_loop, lateness, runtime_faults, safety
from robot.attitude import AttitudeState
from robot.brain import BrainState, Identity
from robot.contracts.camera import Image
from robot.contracts.sensors import SensorFrame
from robot.fall import Posture
from robot.faults import Fault
from robot.lift import Activity
from robot.network import Links
from robot.player import Player
from robot.record.cycle import PolicyStep
from robot.runtime_config import RuntimeConfig
from robot.skills import SkillRequest

FloatArray = NDArray[np.float64]
_SLACK_S = 1e-9
"""Absorbs the rounding of summed periods."""


class Mind:
    """Runs `robot.brain` at the policy's rate and keeps up with the network.

    Attributes:
        state: what the robot knows and wants; None before it plays.
    """

    def __init__(
        self,
        player: Player,
        identity: Identity,
        links: Links,
        config: RuntimeConfig,
        clock: Clock,
        look: Callable[[], Image | None],
    ):
        self.state: BrainState | None = None
        self._player = player
        self._identity = identity
        self._links = links
        self._config = config
        self._clock = clock
        self._look = look
        self._lateness = lateness.LatenessState()
        self._took_s = 0.0
        self._policy_due_s = 0.0
        self._status_due_s = 0.0

    @property
    def decision(self) -> PolicyStep | None:
        """The last question to a policy, with its time; None if none was asked."""
        step = self.state.loop.decision if self.state else None
        return None if step is None else replace(step, took_s=self._took_s)

    @property
    def activity(self) -> Activity | None:
        """What the walk policy does; None while something else is in charge."""
        if self.state is None or self.state.loop.skill != "walk":
            return None
        return "walk" if self.state.request.kind == "walk" else "stand"

    def wake(self, targets_rad: FloatArray, now_s: float) -> None:
        """Begin to play, standing, holding `targets_rad` [20], having heard nothing."""
        self.state = brain.start(self._player, targets_rad)
        self._policy_due_s = self._status_due_s = now_s

    def start_over(self, targets_rad: FloatArray, now_s: float) -> None:
        """Begin with the first policy step again, but remember the game."""
        if self.state is not None:
            loop = control_loop.start(self._player, targets_rad)
            self.state = replace(self.state, loop=loop)
        self._policy_due_s = now_s

    def due(self, now_s: float) -> bool:
        """Whether it is time for a policy step."""
        return self.state is not None and now_s >= self._policy_due_s - _SLACK_S

    def listen(self, posture: Posture, now_s: float) -> None:
        """What a policy step does besides asking the policy.

        Args:
            posture: for the report to the referee.
            now_s: clock time.
        """
        self.state = self._hear(now_s)
        self._schedule(self.state, now_s)
        self._report(self.state, posture, now_s)

    def think(
        self,
        sensors: SensorFrame,
        body: AttitudeState,
        posture: Posture,
        order: SkillRequest | None,
        now_s: float,
    ) -> tuple[FloatArray, Fault | None]:
        """One policy step.

        Returns:
            Targets [20] in rad, canonical order, and a fault if the policy took too
            long or its action is no number: its limits would turn infinity into a
            lurch.
        """
        heard = self._hear(now_s)
        began_s = self._clock.now()
        self.state, targets = brain.think(
            self._config.brain,
            self._identity,
            self._player,
            heard,
            sensors,
            body,
            posture,
            order,
            self._look(),
        )
        self._took_s = self._clock.now() - began_s
        self._schedule(self.state, now_s)
        self._report(self.state, posture, now_s)
        return targets, self._fault(self.state, now_s)

    def _fault(self, state: BrainState, now_s: float) -> Fault | None:
        config = self._config.lateness
        self._lateness, too_late = lateness.update(
            config, self._lateness, now_s, self._took_s
        )
        step, skill = state.loop.decision, state.loop.skill
        if step and skill != "hold" and not np.isfinite(step.action).all():
            joints = self._player.skill(skill).spec.action.joints
            return safety.not_finite(joints, step.action)
        return runtime_faults.policy_late(config, self._took_s) if too_late else None

    def _hear(self, now_s: float) -> BrainState:
        if self.state is None:
            raise ValueError("expected a mind that was woken, found one that was not")
        links = self._links
        return brain.hear(
            self._config.brain,
            self._identity,
            self.state,
            links.game.newest() if links.game else None,
            links.tracker.newest() if links.tracker else None,
            now_s,
        )

    def _schedule(self, state: BrainState, now_s: float) -> None:
        period_s = control_loop.period_s(self._player, state.loop)
        self._policy_due_s += period_s
        if self._policy_due_s <= now_s:
            # Late by more than a step: go on from here instead of catching up.
            self._policy_due_s = now_s + period_s

    def _report(self, state: BrainState, posture: Posture, now_s: float) -> None:
        sender = self._links.status
        if sender is None or now_s < self._status_due_s:
            return
        self._status_due_s = now_s + self._config.status_period_s
        sender.send(brain.status_of(self._identity, state, posture, now_s))
