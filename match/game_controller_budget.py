"""The team messages: every one is counted, and who sends too many is announced.

Robots of a team talk by broadcast on UDP port 10000 + team number. Messages count in
READY, SET and PLAYING, not in a penalty shoot-out. A message that is too long or beyond
the budget is an offence: the team's score is to be set to zero and its later goals do
not count. Sources: README, `messagesPerTeam` and `messagesPerTeamPerExtraMinute` of the
parameter files of RoboCup-HumanoidSoccerLeague/GameController.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from match.game_controller_sockets import Listener
from robot.contracts.game_control import GameControl, GamePhase, GameState

TEAM_PORT = 10000
_COUNTED = (GameState.READY, GameState.SET, GameState.PLAYING)


@dataclass(frozen=True, kw_only=True)
class BudgetRules:
    """How much a team may say.

    Attributes:
        messages: per game.
        per_extra_minute: more for each minute that is added.
        longest_bytes: of one message.
    """

    messages: int = 12000
    per_extra_minute: int = 600
    longest_bytes: int = 512


@dataclass(frozen=True, kw_only=True)
class MessageOffence:
    """A team's first message against the rules: its goals do not count.

    Attributes:
        reason: in words, with the numbers that decided.
    """

    team: int
    time_s: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class TeamMessages:
    """What one team has said.

    Attributes:
        counted: messages within the budget.
        uncounted: messages in states in which they are free.
        extra_minutes: added to the game while the team had not offended.
        offence: the first, None if there was none.
    """

    team: int
    counted: int = 0
    uncounted: int = 0
    extra_minutes: int = 0
    offence: MessageOffence | None = None

    def budget(self, rules: BudgetRules) -> int:
        """All messages the team may send in this game."""
        return rules.messages + rules.per_extra_minute * self.extra_minutes

    def remaining(self, rules: BudgetRules) -> int:
        """Messages the team may still send."""
        return max(0, self.budget(rules) - self.counted)


def count_messages(
    rules: BudgetRules,
    messages: TeamMessages,
    control: GameControl,
    lengths_bytes: Iterable[int],
    time_s: float,
) -> TeamMessages:
    """The count after messages of these lengths came in while `control` was true."""
    counts = (
        control.state in _COUNTED
        and control.game_phase is not GamePhase.PENALTY_SHOOT_OUT
    )
    counted, uncounted = messages.counted, messages.uncounted
    budget = messages.budget(rules)
    offence = messages.offence
    for length in lengths_bytes:
        if not counts:
            uncounted += 1
            continue
        reason = None
        if length > rules.longest_bytes:
            reason = f"a message of {length} bytes, {rules.longest_bytes} are allowed"
        elif counted >= budget:
            reason = f"message {budget + 1} of {budget} that are allowed"
        else:
            counted += 1
        if reason is not None and offence is None:
            offence = MessageOffence(team=messages.team, time_s=time_s, reason=reason)
    return replace(messages, counted=counted, uncounted=uncounted, offence=offence)


def with_extra_minutes(messages: TeamMessages, minutes: int) -> TeamMessages:
    """The count after minutes were added; a team that has offended gets no more."""
    if messages.offence is not None:
        return messages
    return replace(messages, extra_minutes=messages.extra_minutes + minutes)


def with_budgets(
    rules: BudgetRules, control: GameControl, counts: Mapping[int, TeamMessages]
) -> GameControl:
    """`control` with the budgets that are left, for the teams in `counts`."""
    left, right = (
        replace(
            team, message_budget=min(65535, counts[team.team_number].remaining(rules))
        )
        if team.team_number in counts
        else team
        for team in control.teams
    )
    return replace(control, teams=(left, right))


class TeamMessageListener(Listener):
    """Hears one team's messages beside its robots; what they say is not looked at.

    Raises:
        MatchError: the port is taken by a program that does not share it.
    """

    def __init__(
        self, team: int, *, address: str = "", base_port: int = TEAM_PORT
    ) -> None:
        self.team = team
        super().__init__(
            f"messages of team {team}",
            address=address,
            port=base_port + team,
            shared=True,
        )

    def poll(self) -> tuple[int, ...]:
        """Lengths [bytes] of the messages that have come in, oldest first."""
        return tuple(len(data) for _, data in self.datagrams())
