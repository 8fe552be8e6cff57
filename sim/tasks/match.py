"""Full soccer: n against n, every robot an agent that sees its own side.

After arXiv:2304.13653 (stage "1v1", Tables S2 and S3). Deviations:

| paper | here | reason |
|---|---|---|
| 1v1 | `team_size` against `team_size`; observation and interference look at the nearest opponent, plus the nearest teammate | same numbers for every n |
| start face-down, face-up or standing, 1/3 each; place not stated | the same thirds; places as in the soccer teacher: between the penalty areas, no overlap | nothing may start inside anything or fouled |
| opponent from a snapshot pool, its id goes to the critic | all robots are agents with rewards of their own; who plays them is the learner's choice (`training.opponents`), and with `opponent_id` the critic's group has a place for the id | an environment has no policies |
| fall, leaving the field, penalty area: fixed cost per step, every positive term zero | the same, goals included | word for word |
| goal worth 1000, value support +-150 (unexplained) | the sum is scaled by the control period, 0.025 s: a goal is worth 25 | see `sim.tasks.score` |
| ball that leaves over the wall | the episode runs on to its time limit | rare; the paper does not say |

Terms and thresholds: `sim.tasks.soccer_rewards`; observation: `sim.tasks.soccer_senses`.
"""  # noqa: E501

import math
from dataclasses import dataclass, field
from typing import Literal

from robot.contracts.field import FieldSpec
from robot.contracts.policy import ActionSpec, ObservationSpec
from robot.observation import gait_clock
from sim.arena import AWAY_RGBA, HOME_RGBA, ArenaConfig, RobotPlace
from sim.robot_model import RobotModelConfig
from sim.tasks import soccer_rewards, tables
from sim.tasks.sight import EXACT, Looks, SightConfig, first_looks, look, looked
from sim.tasks.soccer_rewards import Sides, SoccerRules, SoccerWeights
from sim.tasks.soccer_senses import (
    ball_of,
    critic_spec,
    critic_terms,
    observed,
)
from sim.tasks.soccer_starts import ON_BACK_RAD, ON_CHEST_RAD, at_rest, places
from sim.tasks.task import Actions, Array, Outcome, Placement, Random
from sim.tasks.view import BallView, RobotView, WorldView

_MOST_ROBOTS = 5
"""Per team: with more, random places without overlap run out on a 5 m x 4 m pitch."""


@dataclass(frozen=True, kw_only=True)
class MatchTask:
    """Home robots first (attacking +x), then away.

    Attributes:
        team_size: robots on each side.
        pitch: geometry.
        weights: of the reward terms.
        rules: thresholds of rewards and fouls.
        control_period_s: 25 ms (paper).
        episode_s: time limit, 50 s (paper).
        opponent_id: the critic's group ends with a place for the opponent's id.
        sight: how places are seen.
        clock_hz: of a gait clock in the observation, see `sim.tasks.score`.
        contacts: "feet" lets bodies and arms pass through all things: only to measure
            speed where a backend cannot collide convex hulls.
    """

    team_size: int = 1
    pitch: FieldSpec = field(default_factory=FieldSpec)
    weights: SoccerWeights = field(default_factory=SoccerWeights)
    rules: SoccerRules = field(default_factory=SoccerRules)
    control_period_s: float = 0.025
    episode_s: float = 50.0
    opponent_id: bool = False
    sight: SightConfig = EXACT
    clock_hz: float = 0.0
    contacts: Literal["full", "feet"] = "full"

    def __post_init__(self) -> None:
        if not 1 <= self.team_size <= _MOST_ROBOTS:
            raise ValueError(
                f"MatchTask.team_size: expected 1 to {_MOST_ROBOTS}, found "
                f"{self.team_size}"
            )

    @property
    def name(self) -> str:
        return "match"

    @property
    def sides(self) -> Sides:
        """+1 for each home robot, then -1 for each away robot."""
        return (1,) * self.team_size + (-1,) * self.team_size

    @property
    def arena(self) -> ArenaConfig:
        """Robots `home` and `away`; `home_1`, `home_2` ... in larger teams."""
        teams = (("home", HOME_RGBA), ("away", AWAY_RGBA))
        robots = tuple(
            RobotPlace(
                name=name if self.team_size == 1 else f"{name}_{number}",
                config=RobotModelConfig(contacts=self.contacts, colour=colour),
            )
            for name, colour in teams
            for number in range(1, self.team_size + 1)
        )
        return ArenaConfig(robots=robots, field=self.pitch)

    @property
    def agents(self) -> tuple[int, ...]:
        return tuple(range(2 * self.team_size))

    @property
    def observation(self) -> ObservationSpec:
        """267 numbers for 1v1, 271 with teammates; two more with a clock."""
        game = tables.game_state(teammates=self.team_size > 1)
        clock = tables.clock() if self.clock_hz else ()
        return ObservationSpec(terms=tables.proprioception() + game + clock)

    @property
    def privileged(self) -> ObservationSpec:
        return critic_spec(opponent_id=self.opponent_id)

    @property
    def action(self) -> ActionSpec:
        return tables.full_action()

    def begin(self, random: Random, count: int) -> tuple[Placement, Looks]:
        robots = len(self.sides)
        spots, ball = places(random, count, self.pitch, robots)
        draw = random.uniform((count, robots, 2))
        xp = draw.__array_namespace__()
        kind = draw[..., 1]
        zero = xp.zeros_like(kind)
        tilt = xp.where(kind < 2 / 3, math.pi / 2, zero)
        toward = xp.where(kind < 1 / 3, zero + ON_CHEST_RAD, zero + ON_BACK_RAD)
        heading = 2 * math.pi * draw[..., 0]
        placement = at_rest(spots, heading, tilt, toward, ball)
        return placement, first_looks(self.sight, spots, ball)

    def first(self, memory: Looks, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation: nothing has moved yet."""
        ball = ball_of(view)
        still = first_looks(self.sight, view.robots.position_m, ball.position_m)
        full = ball.position_m[:, 0] * 0 + 1
        return {
            "terms": self._terms(still, full * 0, view.robots, ball),
            "privileged": self._privileged(full, view),
        }

    def advance(
        self,
        random: Random,
        memory: Looks,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Judge one step; only a goal ends the episode."""
        ball = ball_of(view)
        rewards = soccer_rewards.soccer_terms(
            self.weights, self.rules, self.pitch, view.robots, ball, self.sides
        )
        foul = soccer_rewards.penalised(self.rules, self.pitch, view.robots)
        home, away = soccer_rewards.scored(self.pitch, ball)
        left = 1 - time_s / self.episode_s
        seen = look(self.sight, random, view.robots, ball)
        return Outcome(
            memory=looked(memory, *seen),
            rewards=soccer_rewards.without_gains(rewards, foul),
            scale=self.control_period_s,
            terminated=home | away,
            terms=self._terms(memory, time_s, *seen),
            privileged=self._privileged(left, view),
        )

    def _privileged(self, time_left: Array, view: WorldView) -> dict[str, Array]:
        terms = critic_terms(self.sides, time_left, view.robots, ball_of(view))
        if self.opponent_id:
            terms["opponent_id"] = 0 * terms["time_left"]
        return terms

    def _terms(
        self, looks: Looks, time_s: Array, robots: RobotView, ball: BallView
    ) -> dict[str, Array]:
        elapsed_s = self.sight.steps * self.control_period_s
        terms = observed(self.pitch, elapsed_s, self.sides, looks, robots, ball)
        if self.clock_hz:
            clock = gait_clock(time_s, self.clock_hz)[:, None, :]
            still = 0 * robots.position_m[..., :2]
            terms["gait_clock"] = clock + still
        return terms
