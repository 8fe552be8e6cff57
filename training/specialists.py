"""Specialists that teach one walk: each where the command is its own.

What one way of moving rewards another must not do: a turn on the soles is no gait, and
a dash keeps no clock. So each is learned by itself, and the walk that does all of it
learns from them where it goes itself (imitation on the learner's own states: DAgger,
arXiv:1011.0686).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from robot.contracts.policy import ActionSpec, ObservationSpec
from training.guide import Guide
from training.mpo_losses import Gaussian
from training.run_folder import RunError
from training.teachers import Teacher, advice, load_teacher
from training.teaching import TeachingConfig
from training.translation import Interface, newest_raw

_COMMAND = "velocity_command"


@dataclass(frozen=True, kw_only=True)
class SpecialistsConfig:
    """Who teaches which commands.

    Attributes:
        turn: folder of the run, or bundle, that teaches turns on the spot.
        dash: of the run that teaches to go ahead fast.
        walk: of the run that teaches all else.
        turn_from_rad_s: slower turns are the walk's,
        along_m_s: and so are those that go along faster than this.
        dash_from_m_s: slower ways ahead are the walk's,
        aside: and so are those with more than this to the side, m/s, or around, rad/s.
        least_std: teachers' actions spread at least so much.
        weight: of imitation, from 0 exclusive to 1, where it is all that counts.
    """

    turn: str
    dash: str
    walk: str
    turn_from_rad_s: float = 1.5
    along_m_s: float = 0.1
    dash_from_m_s: float = 0.55
    aside: tuple[float, float] = (0.12, 0.8)
    least_std: float = 0.1
    weight: float = 1.0

    @property
    def teaching(self) -> TeachingConfig:
        """Imitation of constant weight."""
        return TeachingConfig(start=self.weight, rate=0.0, least_std=self.least_std)

    def guide(self, observation: ObservationSpec, action: ActionSpec) -> Guide:
        """All of them, for a pupil that observes and does this.

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
        turn, dash, walk = self._teachers()
        turns, dashes, walks = (
            advice(teacher, pupil, self.least_std) for teacher in (turn, dash, walk)
        )

        def command(seen: Any) -> Array:
            return newest_raw(observation, seen, _COMMAND)

        def fast(params: Any, seen: Any) -> Gaussian:
            one, other = turns(params[0], seen), dashes(params[1], seen)
            mine = self.is_turn(command(seen))[..., None]
            return Gaussian(
                mean=jnp.where(mine, one.mean, other.mean),
                std=jnp.where(mine, one.std, other.std),
            )

        return Guide(
            config=self.teaching,
            advice=(fast, walks),
            params=((turn.params, dash.params), walk.params),
            is_first=lambda seen: (
                self.is_turn(command(seen)) | self.is_dash(command(seen))
            ),
            names=("specialist", "walk"),
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

    def is_dash(self, command: Float[Array, "*B 3"]) -> Bool[Array, "*B"]:
        """Whether it is one to go ahead fast."""
        left, turn = jnp.abs(command[..., 1]), jnp.abs(command[..., 2])
        straight = (left <= self.aside[0]) & (turn <= self.aside[1])
        return straight & (command[..., 0] >= self.dash_from_m_s)

    def _teachers(self) -> list[Teacher]:
        return [load_teacher(Path(run)) for run in (self.turn, self.dash, self.walk)]
