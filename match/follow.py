"""An outside GameController leads: we listen, keep its game's history, and obey.

Time comes in as an argument: simulated or wall clock. Nothing here decides anything: a
packet is the truth, a lost one is made up for by the next.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from match.follow_changes import GameChange, changes_between
from match.observation import RobotId
from robot.contracts.game_control import (
    GameControl,
    GamePhase,
    GameState,
    Penalty,
    SetPlay,
)

LEADER_LOST_S = 5.0
"""Silence after which another GameController may lead; it should speak twice a second
(project's choice)."""

_LATE_S = 1.0
_IN_PLACE = (Penalty.MOTION_IN_SET, Penalty.MOTION_IN_STOP)


@dataclass(frozen=True, kw_only=True)
class Following:
    """What is known of the game between two packets.

    Attributes:
        control: the latest packet, None before the first.
        heard_s: when it came in.
        leader: host of the GameController that is followed.
        packets: of the leader that counted.
        lost: packets that never came, by their numbers.
        late: packets that came after a newer one, or twice; ignored.
        rivals: hosts of other GameControllers; ignored as long as the leader speaks.
    """

    control: GameControl | None = None
    heard_s: float = float("-inf")
    leader: str = ""
    packets: int = 0
    lost: int = 0
    late: int = 0
    rivals: tuple[str, ...] = ()

    def silent_s(self, time_s: float) -> float:
        """Since the leader was heard last; infinite before it ever was."""
        return time_s - self.heard_s


def follow(
    state: Following, control: GameControl, time_s: float, host: str = ""
) -> tuple[Following, tuple[GameChange, ...]]:
    """The state after a packet from `host`, and what it changed."""
    silent_s = state.silent_s(time_s)
    if state.control is not None and host != state.leader and silent_s < LEADER_LOST_S:
        known = host in state.rivals
        rivals = state.rivals if known else (*state.rivals, host)
        return replace(state, rivals=rivals), ()
    missed = 0
    if state.control is not None and host == state.leader:
        ahead = (control.packet_number - state.control.packet_number) % 256
        if silent_s < _LATE_S and (ahead == 0 or ahead > 128):
            return replace(state, late=state.late + 1), ()
        # After a long silence the numbers may have wrapped: a new start is likelier.
        missed = ahead - 1 if 0 < ahead <= 128 else 0
    changes = changes_between(state.control, control, time_s)
    after = replace(
        state,
        control=control,
        heard_s=time_s,
        leader=host,
        packets=state.packets + 1,
        lost=state.lost + missed,
        rivals=tuple(rival for rival in state.rivals if rival != host),
    )
    return after, changes


class GameHistory:
    """Follows a game and remembers every change with its time.

    Attributes:
        state: what is known now.
        changes: all changes, oldest first.
    """

    def __init__(self) -> None:
        self.state = Following()
        self.changes: list[GameChange] = []
        self._times_s: list[float] = []
        self._controls: list[GameControl] = []

    def hear(
        self, control: GameControl, time_s: float, host: str = ""
    ) -> tuple[GameChange, ...]:
        """Take in a packet; what it changed."""
        self.state, changes = follow(self.state, control, time_s, host)
        if changes:
            self.changes += changes
            self._times_s.append(time_s)
            self._controls.append(control)
        return changes

    def at(self, time_s: float) -> GameControl | None:
        """The packet that held at `time_s` up to its clocks; None before the first."""
        index = bisect_right(self._times_s, time_s)
        return self._controls[index - 1] if index else None


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a packet asks of those around the pitch.

    Attributes:
        play: the ball may be played: PLAYING and not stopped.
        stand_still: every robot: SET, stopped play, a timeout, before and after.
        off_pitch: robots to be taken off and kept off: penalised, or not playing.
        frozen: robots that stay where they are and do not move.
        ball_on_centre: the ball belongs on the centre spot: SET before a kick-off or
            dropped ball.
    """

    play: bool
    stand_still: bool
    off_pitch: frozenset[RobotId]
    frozen: frozenset[RobotId]
    ball_on_centre: bool


def orders_of(control: GameControl) -> Orders:
    """What to obey while `control` holds."""
    off_pitch, frozen = set(), set()
    for team in control.teams:
        for number, player in enumerate(team.players, 1):
            if player.penalty in _IN_PLACE:
                frozen.add((team.team_number, number))
            elif player.penalty is not Penalty.NONE:
                off_pitch.add((team.team_number, number))
    play = control.state is GameState.PLAYING and not control.stopped
    walk = control.state is GameState.READY and not control.stopped
    shoot_out = control.game_phase is GamePhase.PENALTY_SHOOT_OUT
    return Orders(
        play=play,
        stand_still=not (play or walk),
        off_pitch=frozenset(off_pitch),
        frozen=frozenset(frozen),
        ball_on_centre=control.state is GameState.SET
        and control.set_play is SetPlay.NONE
        and not shoot_out,
    )
