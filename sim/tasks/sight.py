"""How a player sees places on the pitch: by a tracker, with noise, velocities as
differences over a while, as `robot.game_senses` makes them on board.

| paper (arXiv:2304.13653) | here | reason |
|---|---|---|
| motion capture, noise not stated | 5 mm and 0.01 rad of noise | the overhead tracker of this project, and its simulated one in `op3-soccer play` |
| velocities: position difference | over 0.1 s | 5 mm of noise at both ends make 0.07 m/s of 0.1 s, but 0.28 m/s of one control step |
"""  # noqa: E501

from dataclasses import dataclass, replace
from typing import Any

from sim.tasks.task import Random
from sim.tasks.view import BallView, RobotView

Array = Any


@dataclass(frozen=True, kw_only=True)
class SightConfig:
    """What a tracker makes of the truth.

    Attributes:
        steps: control steps that velocities are differences over; at least 1.
        place_m: standard deviation of places, per axis.
        turn_rad: of headings.
    """

    steps: int = 4
    place_m: float = 0.005
    turn_rad: float = 0.01

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(
                f"SightConfig.steps: expected at least 1, found {self.steps}"
            )


EXACT = SightConfig(steps=1, place_m=0.0, turn_rad=0.0)
"""The truth, and velocities over one control step, as the paper may have had them."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Where everything was seen in the last K control steps, oldest first.

    Attributes:
        robots_m: [B, K, R, 2] torsos.
        ball_m: [B, K, 2].
    """

    robots_m: Array
    ball_m: Array


def first_looks(config: SightConfig, robots_m: Array, ball_m: Array) -> Looks:
    """Everything has always been where it is: [B, R, 2] and [B, 2] or more."""
    xp = robots_m.__array_namespace__()
    robots, ball = robots_m[:, None, :, :2], ball_m[:, None, :2]
    return Looks(
        robots_m=xp.concat([robots] * config.steps, axis=1),
        ball_m=xp.concat([ball] * config.steps, axis=1),
    )


def look(
    config: SightConfig, random: Random, robots: RobotView, ball: BallView
) -> tuple[RobotView, BallView]:
    """Robots and ball as the tracker sees them: the truth but for places over the floor
    and headings."""
    xp = robots.position_m.__array_namespace__()
    off = config.place_m * random.normal((*robots.position_m.shape[:2], 2))
    turn = config.turn_rad * random.normal(robots.heading_rad.shape)
    ball_off = config.place_m * random.normal((ball.position_m.shape[0], 2))

    def moved(place: Array, by: Array) -> Array:
        return place + xp.concat([by, xp.zeros_like(by[..., :1])], axis=-1)

    seen_robots = replace(
        robots,
        position_m=moved(robots.position_m, off),
        heading_rad=robots.heading_rad + turn,
    )
    return seen_robots, replace(ball, position_m=moved(ball.position_m, ball_off))


def looked(looks: Looks, robots: RobotView, ball: BallView) -> Looks:
    """The looks one control step on."""
    xp = looks.ball_m.__array_namespace__()
    now = robots.position_m[:, None, :, :2], ball.position_m[:, None, :2]
    return Looks(
        robots_m=xp.concat([looks.robots_m[:, 1:], now[0]], axis=1),
        ball_m=xp.concat([looks.ball_m[:, 1:], now[1]], axis=1),
    )
