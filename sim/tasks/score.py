"""The soccer teacher: bring the ball past a passive opponent into the goal.

After arXiv:2304.13653 (stage "soccer teacher", Tables S2 and S3). Deviations:

| paper | here | reason |
|---|---|---|
| robots and ball at random places | between the penalty areas, bodies inside the lines, no overlap | an agent may not enter a penalty area, and nothing may start inside anything |
| opponent: untrained policy that drops at once | holds the stand pose: standing in `opponent_standing_share` of the episodes (half), else on its chest or back | a standing robot is the obstacle of the paper's own set pieces |
| own goal: not listed | ends the episode, costs nothing (conceding weighs 0 in the table) | the ball stays in the net: nothing is left to learn |
| goal worth 1000, value support +-150 (unexplained) | weights are rates: their sum is scaled by the control period, 0.025 s, so a goal is worth 25 | keeps all ratios of the table; with discount 0.99 no return exceeds +-30 (25 and 100 steps of at most 1.8 x 0.025) |
| ball that leaves over the wall | the episode runs on to its time limit | rare; the paper does not say |

Terms and thresholds: `sim.tasks.soccer_rewards`; observation: `sim.tasks.soccer_senses`.
"""  # noqa: E501

import math
from dataclasses import dataclass, field, replace

from robot.contracts.field import FieldSpec
from robot.contracts.policy import ActionSpec, ObservationSpec
from robot.observation import gait_clock
from sim.arena import AWAY_RGBA, HOME_RGBA, ArenaConfig, RobotPlace
from sim.robot_model import RobotModelConfig
from sim.tasks import soccer_rewards, tables
from sim.tasks.body_state import STAND_HEIGHT_M
from sim.tasks.sight import EXACT, Looks, SightConfig, first_looks, look, looked
from sim.tasks.soccer_rewards import SoccerRules, SoccerWeights
from sim.tasks.soccer_senses import (
    agents_only,
    ball_of,
    critic_spec,
    critic_terms,
    observed,
)
from sim.tasks.soccer_starts import (
    ON_BACK_RAD,
    ON_CHEST_RAD,
    at_rest,
    in_the_way,
    places,
)
from sim.tasks.task import Actions, Array, Outcome, Placement, Random
from sim.tasks.view import STAND_RAD, BallView, RobotView, WorldView

SCORE_WEIGHTS = SoccerWeights(conceding=0.0, termination=0.0, upright=0.015)
"""Table S3, column soccer."""

_SIDES = (1, -1)


@dataclass(frozen=True, kw_only=True)
class ScoreTask:
    """One agent (home), one passive opponent (away), a ball.

    Attributes:
        pitch: geometry.
        weights: of the reward terms.
        rules: thresholds of rewards and terminations.
        control_period_s: 25 ms (paper).
        episode_s: time limit, 50 s (paper).
        opponent_standing_share: episodes with a standing opponent.
        opponent_in_way_share: episodes in which it is put in the way, to the ball or
            to the goal, where there is room (not in the paper: random places hardly
            ever ask for a detour).
        sight: how places are seen.
        alone: there is no opponent, which halves the physics. The agent sees it in its
            own goal, where `robot.game_senses` puts one that nobody sees.
        clock_hz: of a gait clock in the observation; 0 for none (paper). A cloned walk
            needs the one it was learned with.
    """

    pitch: FieldSpec = field(default_factory=FieldSpec)
    weights: SoccerWeights = SCORE_WEIGHTS
    rules: SoccerRules = field(default_factory=SoccerRules)
    control_period_s: float = 0.025
    episode_s: float = 50.0
    opponent_standing_share: float = 0.5
    opponent_in_way_share: float = 0.0
    sight: SightConfig = EXACT
    alone: bool = False
    clock_hz: float = 0.0

    def __post_init__(self) -> None:
        for name in ("opponent_standing_share", "opponent_in_way_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"ScoreTask.{name}: expected 0 to 1, found {share}")

    @property
    def name(self) -> str:
        return "score"

    @property
    def arena(self) -> ArenaConfig:
        robots = (
            RobotPlace(name="home", config=RobotModelConfig(colour=HOME_RGBA)),
            RobotPlace(name="away", config=RobotModelConfig(colour=AWAY_RGBA)),
        )
        return ArenaConfig(robots=robots[: self._robots], field=self.pitch)

    @property
    def agents(self) -> tuple[int, ...]:
        return (0,)

    @property
    def observation(self) -> ObservationSpec:
        """267 numbers, two more with a clock."""
        clock = tables.clock() if self.clock_hz else ()
        terms = tables.proprioception() + tables.game_state() + clock
        return ObservationSpec(terms=terms)

    @property
    def privileged(self) -> ObservationSpec:
        return critic_spec()

    @property
    def action(self) -> ActionSpec:
        return tables.full_action()

    @property
    def _robots(self) -> int:
        return 1 if self.alone else len(_SIDES)

    def begin(self, random: Random, count: int) -> tuple[Placement, Looks]:
        spots, ball = places(random, count, self.pitch, self._robots)
        if self.opponent_in_way_share and not self.alone:
            share = self.opponent_in_way_share
            spots = in_the_way(random, spots, ball, self.pitch, share)
        draw = random.uniform((count, self._robots, 2))
        xp = draw.__array_namespace__()
        kind = draw[:, -1, 1]
        zero = xp.zeros_like(kind)
        lying = kind >= self.opponent_standing_share
        on_chest = kind < (1 + self.opponent_standing_share) / 2
        tilt = xp.where(lying, math.pi / 2, zero)
        toward = xp.where(on_chest, zero + ON_CHEST_RAD, zero + ON_BACK_RAD)
        placement = at_rest(
            spots,
            2 * math.pi * draw[..., 0],
            xp.stack([zero, tilt], axis=-1)[:, : self._robots],
            xp.stack([zero, toward], axis=-1)[:, : self._robots],
            ball,
        )
        return placement, first_looks(self.sight, spots, ball)

    def first(self, memory: Looks, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of the first observation: nothing has moved yet."""
        ball, robots = ball_of(view), self._both(view.robots)
        still = first_looks(self.sight, view.robots.position_m, ball.position_m)
        full = ball.position_m[:, 0] * 0 + 1
        return {
            "terms": self._terms(still, full * 0, robots, ball),
            "privileged": self._privileged(full, robots, ball),
        }

    def advance(
        self,
        random: Random,
        memory: Looks,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Judge one step; ends at a goal in either goal or the agent's own foul."""
        ball, robots = ball_of(view), self._both(view.robots)
        rewards = soccer_rewards.soccer_terms(
            self.weights, self.rules, self.pitch, robots, ball, _SIDES
        )
        home, away = soccer_rewards.scored(self.pitch, ball)
        foul = soccer_rewards.penalised(self.rules, self.pitch, robots)
        seen = look(self.sight, random, view.robots, ball)
        return Outcome(
            memory=looked(memory, *seen),
            rewards=agents_only(rewards, len(self.agents)),
            scale=self.control_period_s,
            terminated=home | away | foul[:, 0],
            terms=self._terms(memory, time_s, self._both(seen[0]), seen[1]),
            privileged=self._privileged(1 - time_s / self.episode_s, robots, ball),
            measures={"scored": home[:, None], "foul": foul[:, :1]},
        )

    def _terms(
        self, looks: Looks, time_s: Array, robots: RobotView, ball: BallView
    ) -> dict[str, Array]:
        """Of places as they are seen; velocities since the oldest look."""
        if self.alone:
            still = robots.position_m[:, None, 1:, :2]
            xp = still.__array_namespace__()
            everyone = [looks.robots_m[:, :1], still]
            looks = replace(looks, robots_m=xp.concat(everyone, axis=2))
        elapsed_s = self.sight.steps * self.control_period_s
        terms = observed(self.pitch, elapsed_s, _SIDES, looks, robots, ball)
        if self.clock_hz:
            terms["gait_clock"] = gait_clock(time_s, self.clock_hz)[:, None, :]
        return agents_only(terms, len(self.agents))

    def _privileged(
        self, time_left: Array, robots: RobotView, ball: BallView
    ) -> dict[str, Array]:
        terms = critic_terms(_SIDES, time_left, robots, ball)
        return agents_only(terms, len(self.agents))

    def _both(self, robots: RobotView) -> RobotView:
        """With an opponent that stands in its own goal, where there is none."""
        if not self.alone:
            return robots
        xp = robots.position_m.__array_namespace__()
        place = (self.pitch.half_length_m, 0.0, STAND_HEIGHT_M)
        standing = {
            "position_m": place,
            "yaw_rad": math.pi,
            "heading_rad": math.pi,
            "gravity": (0.0, 0.0, -1.0),
            "joint_rad": STAND_RAD,
        }

        def both(name: str, mine: Array) -> Array:
            row = xp.asarray(standing.get(name, 0), dtype=mine.dtype)
            return xp.concat([mine, xp.zeros_like(mine) + row], axis=1)

        return RobotView(**{n: both(n, value) for n, value in vars(robots).items()})
