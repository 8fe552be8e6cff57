"""The stage of a simulated match: the world, who looks at it, and the stage hands."""

import math

import numpy as np
from numpy.typing import NDArray

from cli.match_config import JERSEY, SIDES, TEAM_NUMBERS, MatchConfig
from match.observation import MatchObservation, RobotId, RobotObservation
from match.state import BallPlacement, Decision, RobotPlacement
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from sim.arena import Arena, match_arena
from sim.calibrated_draws import calibrated_model
from sim.robot_model import RobotModelConfig
from sim.virtual_op3 import MatchWorld
from sim.world_truth import RobotTruth, WorldTruth


class MatchStage:
    """One pitch with a ball and two robots. All chance is drawn from the seed.

    Attributes:
        world: where the robots' bodies live.
    """

    def __init__(
        self, config: MatchConfig, field: FieldSpec, world: MatchWorld | None = None
    ):
        """A world of its own, unless one with a ball is given."""
        self.world = world or MatchWorld(match_arena(field, _build(config)))
        self._config = config
        self._rng = np.random.default_rng(config.seed)
        self._truth = WorldTruth(self.world)

    @property
    def arena(self) -> Arena:
        """What is played in."""
        return self.world.arena

    def set_up(self) -> None:
        """Robots somewhere in their own halves, facing the ball; the floor as drawn."""
        floor = self.world.model.geom("floor").id
        friction = self._rng.uniform(*self._config.floor_friction)
        self.world.model.geom_friction[floor, 0] = friction
        self._truth.place_ball(0.0, 0.0)
        for side, sign in (("home", -1.0), ("away", 1.0)):
            x = sign * self._rng.uniform(0.9, 1.6)
            y = self._rng.uniform(-0.8, 0.8)
            self._truth.place_robot(side, x, y, math.atan2(-y, -x))

    def advance_to(self, time_s: float) -> None:
        """Let the bodies move."""
        self.world.advance_to(time_s)
        self._truth.watch()

    def picture(self) -> NDArray[np.float64]:
        """`qpos` [nq] now, a copy."""
        return self.world.data.qpos.copy()

    def observe(self, now_s: float) -> MatchObservation:
        """What the referee sees: the truth."""
        return MatchObservation(
            time_s=now_s,
            ball_xyz_m=self._truth.ball_xyz_m(),
            robots=tuple(_observed(robot) for robot in self._truth.robots()),
            contacts=tuple(
                _ordered(*(TEAM_NUMBERS[name] for name in pair))
                for pair in self._truth.contacts()
            ),
        )

    def track(self, seen: MatchObservation) -> TrackerFrame:
        """What an outside tracker reports: the truth with its noise."""
        noise_m = self._config.tracker_noise_m
        ball = seen.ball_xyz_m[:2] + noise_m * self._rng.standard_normal(2)
        robots = []
        for robot in seen.robots:
            dx, dy = noise_m * self._rng.standard_normal(2)
            turn = self._config.tracker_noise_rad * self._rng.standard_normal()
            robots.append(
                TrackedRobot(
                    team=robot.team,
                    player=robot.player,
                    x_m=robot.x_m + dx,
                    y_m=robot.y_m + dy,
                    yaw_rad=robot.yaw_rad + turn,
                )
            )
        return TrackerFrame(
            time_s=seen.time_s,
            ball_xy_m=(float(ball[0]), float(ball[1])),
            robots=tuple(robots),
        )

    def carry_out(self, decision: Decision) -> None:
        """The stage hands: put ball and robots where the referee wants them."""
        sides = {TEAM_NUMBERS[side]: side for side in SIDES}
        for placed in decision.placements:
            if isinstance(placed, BallPlacement):
                self._truth.place_ball(placed.x_m, placed.y_m)
            elif isinstance(placed, RobotPlacement):
                self._truth.place_robot(
                    sides[placed.team], placed.x_m, placed.y_m, placed.yaw_rad
                )


def _build(config: MatchConfig) -> RobotModelConfig:
    known = config.calibration or CalibrationBundle()
    return calibrated_model(known, RobotModelConfig())


def _ordered(first: int, second: int) -> tuple[RobotId, RobotId]:
    """The two teams' robots, the smaller number first."""
    return (min(first, second), JERSEY), (max(first, second), JERSEY)


def _observed(robot: RobotTruth) -> RobotObservation:
    return RobotObservation(
        team=TEAM_NUMBERS[robot.name],
        player=JERSEY,
        x_m=robot.x_m,
        y_m=robot.y_m,
        yaw_rad=robot.yaw_rad,
        fallen=robot.fallen,
        touching_ball=robot.touching_ball,
        hand_on_ball=robot.hand_on_ball,
    )
