"""Situations for the tactics: what is seen, and a robot that does what it is told."""

import math

from robot import tactics
from robot.contracts.field import FieldSpec
from robot.skills import SkillRequest
from robot.tactics import TacticsConfig, TacticsState
from robot.world import Game, Pose, WorldView, wrapped

CONFIG = TacticsConfig()
PITCH = FieldSpec()
PLAYING = Game(phase="playing")


def decide(view, game=PLAYING, posture="upright", state=None, player=1):
    return tactics.decide(
        CONFIG,
        PITCH,
        state or TacticsState(),
        view,
        game,
        posture,
        player=player,
        dt_s=0.025,
    )


def at(x, y, yaw=0.0, ball=(0.0, 0.0), others=()):
    return WorldView(pose=Pose(x_m=x, y_m=y, yaw_rad=yaw), ball=ball, others=others)


def stepped(pose: Pose, request: SkillRequest, dt_s: float) -> Pose:
    """A robot that does what it is told."""
    cosine, sine = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    forward, left = request.forward_m_s, request.left_m_s
    return Pose(
        x_m=pose.x_m + dt_s * (cosine * forward - sine * left),
        y_m=pose.y_m + dt_s * (sine * forward + cosine * left),
        yaw_rad=wrapped(pose.yaw_rad + dt_s * request.turn_rad_s),
    )
