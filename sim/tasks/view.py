"""The world as rewards and terminations see it: true, per robot, batched.

Axes: B environments, R robots. Built from qpos, qvel and sensors alone, by array-API
code, so that every physics backend gives the same view.
"""

from dataclasses import dataclass
from typing import Any

from robot import rotations
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.arena import Arena
from sim.model_index import RobotColumns

Array = Any

CONTACT_N = 1.0
"""Sole force from which a foot counts as on the floor."""

SOLE_SITE_HEIGHT_M = 0.004
"""Of a sole's site above the floor it stands on: the boxes are 8 mm thick."""

JOINT_COLUMN = {name: column for column, name in enumerate(JOINT_NAMES)}
STAND_RAD = tuple(joint.stand_rad for joint in OP3_JOINTS)


@dataclass(frozen=True, kw_only=True)
class RobotView:
    """All robots of an arena; joint arrays are in canonical (servo id) order.

    Attributes:
        position_m: [B, R, 3] torso, pitch frame.
        yaw_rad: [B, R] heading of the torso's x axis.
        heading_rad: [B, R] turn about the vertical, also defined for a lying robot.
        gravity: [B, R, 3] unit vector, torso frame; (0, 0, -1) upright.
        velocity_m_s: [B, R, 3] torso, pitch frame.
        gyro_rad_s: [B, R, 3] torso frame.
        joint_rad, joint_velocity_rad_s, torque_nm: [B, R, 20].
        contact: [B, R, 2] bool, left and right sole on the floor.
        sole_height_m: [B, R, 2] of the soles above the floor.
        sole_speed_m_s: [B, R, 2] horizontal.
    """

    position_m: Array
    yaw_rad: Array
    heading_rad: Array
    gravity: Array
    velocity_m_s: Array
    gyro_rad_s: Array
    joint_rad: Array
    joint_velocity_rad_s: Array
    torque_nm: Array
    contact: Array
    sole_height_m: Array
    sole_speed_m_s: Array


@dataclass(frozen=True, kw_only=True)
class BallView:
    """The ball, pitch frame: position [B, 3] m, velocity [B, 3] m/s."""

    position_m: Array
    velocity_m_s: Array


@dataclass(frozen=True, kw_only=True)
class WorldView:
    """Everything a task sees. `ball` is None in an arena without one."""

    robots: RobotView
    ball: BallView | None


def view_world(
    arena: Arena, qpos: Array, qvel: Array, sensors: Array, torque_nm: Array
) -> WorldView:
    """The view of one instant.

    Args:
        arena: where things lie in the arrays.
        qpos: [B, nq].
        qvel: [B, nv].
        sensors: [B, nsensordata].
        torque_nm: [B, R, 20] servo torques, canonical order.
    """
    ball = None
    if arena.ball is not None:
        ball = BallView(
            position_m=qpos[..., arena.ball.qpos[:3]],
            velocity_m_s=qvel[..., arena.ball.qvel[:3]],
        )
    robots = _view_robots(arena.columns, qpos, qvel, sensors, torque_nm)
    return WorldView(robots=robots, ball=ball)


def _view_robots(
    at: RobotColumns,
    qpos: Array,
    qvel: Array,
    sensors: Array,
    torque_nm: Array,
) -> RobotView:
    xp = qpos.__array_namespace__()
    root, speed = qpos[..., at.root_qpos], qvel[..., at.root_qvel]
    quat = root[..., 3:]
    horizontal = sensors[..., at.sole_velocity[..., :2]]
    return RobotView(
        position_m=root[..., :3],
        yaw_rad=rotations.yaw(quat),
        heading_rad=rotations.heading(quat),
        gravity=rotations.gravity_direction(quat),
        velocity_m_s=speed[..., :3],
        gyro_rad_s=speed[..., 3:],
        joint_rad=qpos[..., at.joint_qpos],
        joint_velocity_rad_s=qvel[..., at.joint_qvel],
        torque_nm=torque_nm,
        contact=sensors[..., at.touch] > CONTACT_N,
        sole_height_m=sensors[..., at.sole_position[..., 2]] - SOLE_SITE_HEIGHT_M,
        sole_speed_m_s=xp.sqrt(xp.sum(horizontal * horizontal, axis=-1)),
    )
