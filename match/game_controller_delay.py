"""The whistle: robots are told of PLAYING late, so that they have to hear it.

As the GameController does: after SET has become PLAYING, the robots' packets go on
showing SET for up to 10 s, or until something happens that cannot happen in SET.
Monitors are not delayed. Source: README, `delayAfterPlaying` of the parameter files and
`DelayHandler` of RoboCup-HumanoidSoccerLeague/GameController.
"""

from dataclasses import dataclass, replace

from robot.contracts.game_control import GameControl, GameState, SetPlay

WHISTLE_DELAY_S = 10.0
_BEFORE_PLAY = (GameState.READY, GameState.SET)


@dataclass(frozen=True, kw_only=True)
class WhistleDelay:
    """What is kept between two updates.

    Attributes:
        longest_s: after this time the robots are told; 0 tells them at once.
        before: the true state at the last update.
        clock_runs: the match clock has run during this READY and SET.
        shown: the SET that robots still see; None while they see the truth.
        since_s: time of the whistle.
    """

    longest_s: float = WHISTLE_DELAY_S
    before: GameControl | None = None
    clock_runs: bool = False
    shown: GameControl | None = None
    since_s: float = 0.0


def delayed(
    delay: WhistleDelay, control: GameControl, time_s: float
) -> tuple[WhistleDelay, GameControl]:
    """The next state, and what robots are told while the truth is `control`."""
    shown, since_s = delay.shown, delay.since_s
    before = delay.before
    if shown is None and before is not None:
        whistle = (
            before.state is GameState.SET
            and control.state is GameState.PLAYING
            and not _given_away(before, control)
        )
        shown, since_s = (before, time_s) if whistle else (None, since_s)
    if shown is not None and (
        not 0 <= time_s - since_s < delay.longest_s or _given_away(shown, control)
    ):
        shown = None
    after = replace(
        delay,
        before=control,
        clock_runs=_clock_runs(delay, control),
        shown=shown,
        since_s=since_s,
    )
    return after, control if shown is None else _disguised(after, control, shown)


def _clock_runs(delay: WhistleDelay, control: GameControl) -> bool:
    before = delay.before
    if before is None or before.state not in _BEFORE_PLAY:
        return False
    if control.state not in _BEFORE_PLAY:
        return delay.clock_runs
    return delay.clock_runs or before.secs_remaining != control.secs_remaining


def _given_away(shown: GameControl, control: GameControl) -> bool:
    """Whether something happened that cannot happen in SET."""
    return (
        control.state is not GameState.PLAYING
        or control.set_play not in (shown.set_play, SetPlay.NONE)
        or (control.stopped and not shown.stopped)
        or control.game_phase is not shown.game_phase
        or control.first_half is not shown.first_half
        or [(team.team_number, team.score) for team in control.teams]
        != [(team.team_number, team.score) for team in shown.teams]
    )


def _disguised(
    delay: WhistleDelay, control: GameControl, shown: GameControl
) -> GameControl:
    """`control` as SET: a penalty shows at once, what gives the whistle away does not.

    A clock that stood still in SET would tell of the whistle by running.
    """
    return replace(
        control,
        state=GameState.SET,
        stopped=shown.stopped,
        set_play=shown.set_play,
        kicking_team=shown.kicking_team,
        secs_remaining=control.secs_remaining
        if delay.clock_runs
        else shown.secs_remaining,
        secondary_time=shown.secondary_time,
    )
