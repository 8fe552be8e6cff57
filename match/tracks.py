"""What the referee remembers of one robot between two observations."""

from dataclasses import dataclass, field

from match.observation import RobotId
from robot.contracts.game_control import Penalty

LASTING = (Penalty.SENT_OFF, Penalty.SUBSTITUTE)
"""Penalties without an end of their own."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One penalty being served.

    Attributes:
        decision: number of the decision that gave it.
        since_s: on the running clock.
        left_s: to be served; None for a penalty that has no end.
        in_place: served standing on the pitch, without removal.
    """

    decision: int
    penalty: Penalty
    since_s: float
    left_s: float | None
    in_place: bool = False


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How one robot has behaved of late; times on the running clock.

    Attributes:
        fallen_since_s: None while it stands or is off the pitch.
        sample: time, x and y where its present speed is measured from.
        velocity_m_s: over the floor, a mean; 0 until it is known.
        holding_s: how long it has held the ball, less the time it has released it.
        off_since_s: beyond the carpet since then.
        in_goal_since_s: inside a goal since then.
        crowding_since_s: one too many in its own goal area since then.
        cleared: it has kept its distance since the set play was awarded.
    """

    fallen_since_s: float | None = None
    sample: tuple[float, float, float] | None = None
    velocity_m_s: tuple[float, float] = (0.0, 0.0)
    holding_s: float = 0.0
    off_since_s: float | None = None
    in_goal_since_s: float | None = None
    crowding_since_s: float | None = None
    cleared: bool = False


@dataclass(frozen=True, kw_only=True)
class RobotTrack:
    """One jersey number.

    Attributes:
        sentences: penalties being served, oldest first.
        cautions, warnings: of this match; two warnings have become a caution.
        returning: free again, but not yet back inside the lines.
    """

    team: int
    player: int
    sentences: tuple[Sentence, ...] = ()
    cautions: int = 0
    warnings: int = 0
    returning: bool = False
    watch: Watch = field(default_factory=Watch)

    @property
    def robot(self) -> RobotId:
        return self.team, self.player

    @property
    def sentence(self) -> Sentence | None:
        """The penalty that counts: one without an end, else the latest."""
        lasting = [s for s in self.sentences if s.penalty in LASTING]
        if lasting:
            return lasting[0]
        return self.sentences[-1] if self.sentences else None

    @property
    def penalty(self) -> Penalty:
        return Penalty.NONE if self.sentence is None else self.sentence.penalty

    @property
    def may_play(self) -> bool:
        return not self.sentences

    @property
    def removed_since_s(self) -> float | None:
        """When it had to leave the pitch; None while it may be there."""
        removed = [s.since_s for s in self.sentences if not s.in_place]
        return min(removed, default=None)
