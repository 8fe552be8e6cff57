"""Joint poses and how a robot in one of them lies on or stands on the floor."""

from functools import cache
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES
from sim.robot_model import TORSO, load_op3
from sim.tasks.view import JOINT_COLUMN, STAND_RAD

Array = Any
JointPose = tuple[float, ...]

_DIRECTIONS = 256


def joint_pose(changes: dict[str, float]) -> JointPose:
    """The stand pose with some joints changed, canonical order.

    Args:
        changes: joint name to angle in rad. A name without `l_` or `r_` sets the left
            joint to the value and the right one to its mirror image.

    Raises:
        ValueError: unknown names.
    """
    known = {*JOINT_NAMES, *(name[2:] for name in JOINT_NAMES[:18])}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise ValueError(
            f"joint_pose: unknown joints {', '.join(unknown)}; expected some of "
            f"{', '.join(sorted(known))}"
        )
    pose = list(STAND_RAD)
    for name, value in changes.items():
        if name in JOINT_COLUMN:
            pose[JOINT_COLUMN[name]] = value
        else:
            pose[JOINT_COLUMN[f"l_{name}"]] = value
            pose[JOINT_COLUMN[f"r_{name}"]] = -value
    return tuple(pose)


FLAT_RAD = joint_pose(
    {"sho_roll": -0.1, "el": 0.0, "hip_pitch": -0.2, "knee": 0.2, "ank_pitch": 0.0}
)
"""Arms out, legs straight: how the scripted get-up lies before it rises."""

T_POSE_RAD = joint_pose(
    {
        "sho_pitch": 0.0,
        "sho_roll": 0.0,
        "el": 0.0,
        "hip_pitch": 0.0,
        "knee": 0.0,
        "ank_pitch": 0.0,
    }
)
"""Arms out, legs straight: a robot in the get-up trials of arXiv:2304.13653."""

CROUCH_RAD = joint_pose(
    {"sho_pitch": -0.5, "hip_pitch": -1.0, "knee": 1.8, "ank_pitch": 0.85}
)
"""Deep knee bend on both soles, which holds by itself (a test keeps it up)."""


@cache
def support_points(pose_rad: JointPose) -> NDArray[np.float64]:
    """[P, 3] m, torso frame: points of the robot's outside that can touch a plane.

    For each of 256 directions the farthest vertex of all colliding hulls, so that the
    height found with them is exact to a fraction of a millimetre.
    """
    model = load_op3().compile()
    data = mujoco.MjData(model)
    for name, angle in zip(JOINT_NAMES, pose_rad, strict=True):
        data.qpos[model.joint(name).qposadr[0]] = angle
    mujoco.mj_kinematics(model, data)
    torso = model.body(TORSO).id
    world = np.concatenate(
        [
            _vertices(model, geom) @ data.geom_xmat[geom].reshape(3, 3).T
            + data.geom_xpos[geom]
            for geom in range(model.ngeom)
            if model.geom_contype[geom] or model.geom_conaffinity[geom]
        ]
    )
    points = (world - data.xpos[torso]) @ data.xmat[torso].reshape(3, 3)
    return points[np.unique(np.argmax(points @ _sphere(_DIRECTIONS).T, axis=0))]


def _vertices(model: mujoco.MjModel, geom: int) -> NDArray[np.float64]:
    """Corners of a mesh or box geom, in its own frame."""
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        return model.mesh_vert[first : first + count]
    corners = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3), axis=-1).reshape(-1, 3)
    return corners * model.geom_size[geom]


def _sphere(count: int) -> NDArray[np.float64]:
    """[count, 3] unit vectors spread evenly (Fibonacci spiral)."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=-1)


def resting_height(gravity: Array, poses: tuple[JointPose, ...]) -> Array:
    """[..., J] torso height at which a robot just touches the floor, per joint pose.

    Args:
        gravity: [..., 3] unit vector of gravity, torso frame.
        poses: J joint poses.
    """
    xp = gravity.__array_namespace__()
    heights = [
        xp.max(gravity @ xp.asarray(support_points(pose).T, dtype=gravity.dtype), -1)
        for pose in poses
    ]
    return xp.stack(heights, axis=-1)


def fall_gravity(tilt_rad: Array, toward_rad: Array) -> Array:
    """[..., 3] gravity in the torso frame after a fall by `tilt_rad`.

    Args:
        tilt_rad: [...] 0 upright, pi/2 lying.
        toward_rad: [...] direction of the fall in the heading frame: 0 on the chest,
            pi/2 on the left side, pi on the back.
    """
    xp = tilt_rad.__array_namespace__()
    side = xp.sin(tilt_rad)
    return xp.stack(
        [side * xp.cos(toward_rad), side * xp.sin(toward_rad), -xp.cos(tilt_rad)],
        axis=-1,
    )


def fall_quaternion(heading_rad: Array, tilt_rad: Array, toward_rad: Array) -> Array:
    """[..., 4] orientation (wxyz) of that robot, facing `heading_rad`.

    A turn by the heading about the vertical after a tilt about the horizontal axis
    across the fall's direction.
    """
    xp = tilt_rad.__array_namespace__()
    cos, sin = xp.cos(heading_rad / 2), xp.sin(heading_rad / 2)
    w, lean = xp.cos(tilt_rad / 2), xp.sin(tilt_rad / 2)
    x, y = -lean * xp.sin(toward_rad), lean * xp.cos(toward_rad)
    return xp.stack([cos * w, cos * x - sin * y, cos * y + sin * x, sin * w], axis=-1)
