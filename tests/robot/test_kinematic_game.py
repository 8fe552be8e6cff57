"""The tactics play alone: a robot that slides and a ball that it pushes and shoots."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robot.skills import SkillRequest
from robot.tactics import TacticsState
from robot.world import Pose, WorldView
from tests.fakes.situations import PITCH, decide, stepped


class Playground:
    """A kinematic robot and a rolling ball: feet push it, kicks shoot it at 1.5 m/s.

    Walls return the ball at half speed. `lag_s` delays the robot's velocity.
    """

    dt_s = 0.025
    foot_reach_m = 0.11

    def __init__(self, seed: int, lag_s: float = 0.3):
        random = np.random.default_rng(seed)
        self.pose = Pose(
            x_m=random.uniform(-2.2, 2.2),
            y_m=random.uniform(-1.7, 1.7),
            yaw_rad=random.uniform(-math.pi, math.pi),
        )
        self.ball = random.uniform((-2.0, -1.5), (2.0, 1.5))
        self.ball_velocity = np.zeros(2)
        self.request = SkillRequest()
        self.lag_s = lag_s
        self.kick_left_s = 0.0
        self.deepest_overlap_m = 0.0

    def step(self, wish: SkillRequest) -> str | None:
        """Advance; the goal that fell ("scored" or "own goal"), or None."""
        if self.kick_left_s > 0:
            self._kick(wish)
        elif wish.kind == "kick":
            self.kick_left_s = 1.0
            self.kick_side = wish.kick_side
        self._walk(wish if self.kick_left_s <= 0 else SkillRequest())
        self._push()
        return self._roll()

    def _walk(self, wish: SkillRequest) -> None:
        share = self.dt_s / (self.lag_s + self.dt_s)
        self.request = replace(
            self.request,
            **{
                name: getattr(self.request, name) * (1 - share)
                + getattr(wish, name) * share
                for name in ("forward_m_s", "left_m_s", "turn_rad_s")
            },
        )
        self.pose = stepped(self.pose, self.request, self.dt_s)

    def _kick(self, wish: SkillRequest) -> None:
        self.kick_left_s -= self.dt_s
        ahead, left = self.pose.to_torso(tuple(self.ball))
        aside = left if self.kick_side == "left" else -left
        if 0.5 < self.kick_left_s < 0.55 and 0.1 < ahead < 0.2 and 0 < aside < 0.1:
            yaw = self.pose.yaw_rad
            self.ball_velocity = 1.5 * np.array([math.cos(yaw), math.sin(yaw)])

    def _push(self) -> None:
        offset = self.ball - np.array(self.pose.point)
        distance = float(np.hypot(*offset))
        overlap = self.foot_reach_m - distance
        if overlap > 0:
            away = offset / max(distance, 1e-6)
            self.ball = self.ball + away * overlap
            self.ball_velocity = away * 0.4

    def _roll(self) -> str | None:
        speed = float(np.hypot(*self.ball_velocity))
        if speed > 0:
            slower = max(0.0, speed - PITCH.ball_roll_deceleration_m_s2 * self.dt_s)
            self.ball_velocity = self.ball_velocity * slower / speed
        self.ball = self.ball + self.ball_velocity * self.dt_s
        if (
            abs(self.ball[0]) > PITCH.half_length_m
            and abs(self.ball[1]) < PITCH.goal_width_m / 2
        ):
            return "scored" if self.ball[0] > 0 else "own goal"
        limits = (PITCH.half_length_m, PITCH.half_width_m)
        for axis, limit in enumerate(limits):
            if abs(self.ball[axis]) > limit:
                self.ball[axis] = math.copysign(limit, self.ball[axis])
                self.ball_velocity[axis] *= -0.5
        return None


@pytest.mark.parametrize("seed", range(20))
def test_a_kinematic_robot_scores_from_anywhere(seed):
    ground, state = Playground(seed), TacticsState()
    for _ in range(40 * 90):
        view = WorldView(pose=ground.pose, ball=tuple(ground.ball.tolist()))
        state, request = decide(view, state=state)
        outcome = ground.step(request)
        if outcome:
            break
    assert outcome == "scored", (ground.pose, ground.ball, state)
