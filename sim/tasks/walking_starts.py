"""Moments of a walk, recorded, in which an episode of another skill begins."""

from dataclasses import dataclass
from typing import Any

from sim.tasks.poses import JointPose, fall_quaternion
from sim.tasks.task import Placement

Array = Any

_VELOCITIES = 6


@dataclass(frozen=True, kw_only=True)
class WalkingState:
    """A robot in mid-stride, wherever it is and faces.

    Attributes:
        height_m: of the torso.
        tilt_rad, toward_rad: its lean, see `sim.tasks.poses.fall_gravity`.
        velocity: of the torso, six numbers: m/s in the heading frame, rad/s in the
            torso frame.
        joint_rad: twenty angles, canonical order.
        joint_velocity_rad_s: the same joints.
        target_rad: the last targets they were sent.
        clock_s: time of the gait clock.
    """

    height_m: float
    tilt_rad: float
    toward_rad: float
    velocity: tuple[float, ...]
    joint_rad: JointPose
    joint_velocity_rad_s: JointPose
    target_rad: JointPose
    clock_s: float

    @property
    def row(self) -> tuple[float, ...]:
        """All numbers, as `placed` reads them."""
        return (
            *(self.height_m, self.tilt_rad, self.toward_rad, self.clock_s),
            *self.velocity,
            *self.joint_rad,
            *self.joint_velocity_rad_s,
            *self.target_rad,
        )


def placed(rows: Array, heading_rad: Array) -> tuple[Placement, Array]:
    """Robots at the origin, one per environment, and their gait clocks.

    Args:
        rows: [B, 70] of `WalkingState.row`.
        heading_rad: [B] where they face.

    Returns:
        The placement, R = 1 and without a ball, and the clocks [B, 1] in s.
    """
    xp = rows.__array_namespace__()
    height, tilt, toward, clock_s = (rows[:, column] for column in range(4))
    velocity, joints = rows[:, 4 : 4 + _VELOCITIES], rows[:, 4 + _VELOCITIES :]
    size = joints.shape[-1] // 3
    zero = xp.zeros_like(height)
    place = xp.stack([zero, zero, height], axis=-1)
    cos, sin = xp.cos(heading_rad), xp.sin(heading_rad)
    ahead, left = velocity[:, 0], velocity[:, 1]
    over_floor = xp.stack([ahead * cos - left * sin, ahead * sin + left * cos], axis=-1)
    root = xp.concat([place, fall_quaternion(heading_rad, tilt, toward)], axis=-1)
    moving = xp.concat([over_floor, velocity[:, 2:]], axis=-1)
    placement = Placement(
        root=root[:, None],
        root_velocity=moving[:, None],
        joint_rad=joints[:, None, :size],
        joint_velocity_rad_s=joints[:, None, size : 2 * size],
        target_rad=joints[:, None, 2 * size :],
    )
    return placement, clock_s[:, None]
