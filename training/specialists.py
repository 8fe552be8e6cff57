"""Specialists that teach one walk: each where the command is its own.

What one way of moving rewards the other must not do: a turn on the soles is no gait. So
each is learned by itself, and the walk that does both learns from them where it goes
itself (imitation on the learner's own states: DAgger, arXiv:1011.0686), before it goes
on alone.
"""

from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from robot.contracts.policy import ActionSpec, ObservationSpec
from training.guide import Guide
from training.run_folder import RunError
from training.teachers import Teacher, advice, load_teacher
from training.teaching import TeachingConfig
from training.translation import Interface, newest_raw

_COMMAND = "velocity_command"


@dataclass(frozen=True, kw_only=True)
class SpecialistsConfig:
    """Who teaches which commands.

    Attributes:
        turn: folder of the run that teaches turns on the spot.
        walk: of the run that teaches all else.
        turn_from_rad_s: slower turns are the walk's,
        along_m_s: and so are those that go along faster than this.
        least_std: teachers' actions spread at least so much.
        weight: of imitation, from 0 exclusive to 1, where it is all that counts.
    """

    turn: str
    walk: str
    turn_from_rad_s: float = 1.5
    along_m_s: float = 0.1
    least_std: float = 0.1
    weight: float = 1.0

    @property
    def teaching(self) -> TeachingConfig:
        """Imitation of constant weight."""
        return TeachingConfig(start=self.weight, rate=0.0, least_std=self.least_std)

    def guide(self, observation: ObservationSpec, action: ActionSpec) -> Guide:
        """Both, for a pupil that observes and does this.

        Raises:
            RunError: one is missing, or sees what its pupil does not; or the pupil is
                told no velocity.
        """
        if _COMMAND not in [term.name for term in observation.terms]:
            raise RunError(
                f"expected a task that observes {_COMMAND} for specialists, found "
                f"{', '.join(term.name for term in observation.terms)}"
            )
        pupil = Interface(observation, action)
        turn, walk = self._teachers()
        return Guide(
            config=self.teaching,
            advice=(
                advice(turn, pupil, self.least_std),
                advice(walk, pupil, self.least_std),
            ),
            params=(turn.params, walk.params),
            is_first=lambda seen: self.is_turn(newest_raw(observation, seen, _COMMAND)),
            names=("turn", "walk"),
        )

    def check(self) -> None:
        """Ask before a run folder is made, so that a wrong name leaves none behind.

        Raises:
            RunError: a specialist is missing.
        """
        self._teachers()

    def is_turn(self, command: Float[Array, "*B 3"]) -> Bool[Array, "*B"]:
        """Whether it is a fast turn on the spot."""
        along = jnp.sqrt(jnp.sum(command[..., :2] ** 2, axis=-1))
        fast = jnp.abs(command[..., 2]) >= self.turn_from_rad_s
        return fast & (along <= self.along_m_s)

    def _teachers(self) -> list[Teacher]:
        return [load_teacher(Path(run)) for run in (self.turn, self.walk)]
