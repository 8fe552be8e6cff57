"""How likely a rolling ball ends in the goal. Project's own estimate, in the frame of
`robot.contracts.field`: the goal lies at +x.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robot.contracts.field import FieldSpec

Array = Any

SHELL_SHARE = 0.6
"""A shell (inertia 2/3 m r^2) that slides on keeps v + 2/3 r w, so once it rolls it has
(v + 2/3 r w) / (1 + 2/3) of its speed v and spin w: 0.6 v + 0.4 r w."""


@dataclass(frozen=True, kw_only=True)
class ChanceConfig:
    """How sharply a ball's fate is told; project's choices.

    Attributes:
        pitch: geometry and the ball's deceleration.
        slowing: factor on that deceleration: measured, a ball that rolls at 1.2 to
            2.55 m/s in MuJoCo stops as far away as with 0.93 to 0.99.
        slide_s: how much farther a ball gets per m/s (1.2 at most) that it still slides
            too fast: measured the same way without spin, 0.28 to 0.32 s.
        post_m: how far off the middle of the goal a ball is as likely in as out.
        limit_s: time by which it must be in.
        length_m, width_m, time_s: distance, and time, over which the odds change by e.
    """

    pitch: FieldSpec = field(default_factory=FieldSpec)
    slowing: float = 0.95
    slide_s: float = 0.28
    post_m: float = 0.34
    limit_s: float = 10.0
    length_m: float = 0.12
    width_m: float = 0.06
    time_s: float = 0.25


def rolling_m_s(
    velocity_m_s: Array, spin_rad_s: Array, radius_m: Array | float
) -> Array:
    """[..., 2] the velocity of a ball once it has stopped sliding.

    Args:
        velocity_m_s: [..., 2] now.
        spin_rad_s: [..., 2] about the same two axes.
        radius_m: of the ball.
    """
    rolled = np.stack([spin_rad_s[..., 1], -spin_rad_s[..., 0]], axis=-1)
    return SHELL_SHARE * velocity_m_s + (1 - SHELL_SHARE) * radius_m * rolled


def goal_chance(
    config: ChanceConfig,
    ball_m: Array,
    velocity_m_s: Array,
    rolling: Array,
    friction: Array | float,
    time_s: Array | float,
) -> Array:
    """[...] from 0 to 1.

    Args:
        config: how it is judged.
        ball_m: [..., 2] where the ball is.
        velocity_m_s: [..., 2] of it.
        rolling: [..., 2] m/s once it has stopped sliding: `rolling_m_s`.
        friction: factor on the ball's rolling friction.
        time_s: that has gone.
    """
    pitch = config.pitch
    slowing = config.slowing * pitch.ball_roll_deceleration_m_s2 * friction
    speed = np.hypot(rolling[..., 0], rolling[..., 1]) + 1e-9
    ahead, aside = rolling[..., 0] / speed, rolling[..., 1] / speed
    to_line = pitch.half_length_m + pitch.ball_radius_m - ball_m[..., 0]
    # Hardly toward the goal line: as good as never.
    toward = ahead > 0.2
    distance = np.where(toward, to_line / np.where(toward, ahead, 1.0), 99.0)
    sliding = np.hypot(velocity_m_s[..., 0], velocity_m_s[..., 1]) - speed
    reach = speed**2 / (2 * slowing) + config.slide_s * np.clip(sliding, 0.0, 1.2)
    across = np.abs(ball_m[..., 1] + distance * aside)
    left = np.sqrt(np.maximum(speed**2 - 2 * slowing * distance, 0.0))
    arrives_s = time_s + (speed - left) / slowing
    return (
        _odds((reach - distance) / config.length_m)
        * _odds((config.post_m - across) / config.width_m)
        * _odds((config.limit_s - arrives_s) / config.time_s)
    )


def _odds(margin: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(margin, -30.0, 30.0)))
