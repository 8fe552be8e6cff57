"""Where the OP3's links are, from joint angles: the model's chain, batched."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np

from calibration.geometry.rigid import (
    FloatArray,
    Pose,
    matrix_of_quaternion,
    rotation_matrix,
)
from robot.contracts.joints import JOINT_NAMES
from sim.robot_model import CAMERA, TORSO, load_op3

HEAD = "head_tilt_link"
"""The link that carries the camera."""
_CV_OF_GL = np.diag([1.0, -1.0, -1.0])
"""OpenCV's camera looks along +z with y down; MuJoCo's along -z with y up."""


@dataclass(frozen=True)
class _Link:
    parent: str
    rest: Pose
    joint: int
    axis: FloatArray


@dataclass(frozen=True)
class Chain:
    """The robot's links; poses are in the torso's frame.

    Attributes:
        camera: nominal pose of the camera on `HEAD`, OpenCV's axes.
    """

    links: Mapping[str, _Link]
    camera: Pose

    def pose(self, link: str, joint_rad: FloatArray) -> Pose:
        """Pose of one link.

        Args:
            link: name of a body of the model.
            joint_rad: [..., 20] canonical order.

        Raises:
            KeyError: no such link.
        """
        if link == TORSO:
            shape = joint_rad.shape[:-1]
            turn = np.broadcast_to(np.eye(3), (*shape, 3, 3))
            return Pose(turn, np.zeros((*shape, 3)))
        here = self.links[link]
        angle = joint_rad[..., here.joint]
        turned = Pose(rotation_matrix(angle[..., None] * here.axis), np.zeros(3))
        return self.pose(here.parent, joint_rad) @ here.rest @ turned

    def joints_of(self, link: str) -> tuple[int, ...]:
        """Joints between torso and link, torso first."""
        found: tuple[int, ...] = ()
        while link != TORSO:
            found = (self.links[link].joint, *found)
            link = self.links[link].parent
        return found


@cache
def op3_chain() -> Chain:
    """Of the installed model.

    Raises:
        sim.robot_model.ModelError: no model, or another one.
    """
    model = load_op3().compile()
    links = {}
    for name in JOINT_NAMES:
        joint = model.joint(name)
        body = int(model.jnt_bodyid[joint.id])
        links[model.body(body).name] = _Link(
            parent=model.body(int(model.body_parentid[body])).name,
            rest=Pose(
                matrix_of_quaternion(model.body_quat[body]), model.body_pos[body].copy()
            ),
            joint=JOINT_NAMES.index(name),
            axis=model.jnt_axis[joint.id].copy(),
        )
    return Chain(links=links, camera=_camera(model))


def _camera(model: mujoco.MjModel) -> Pose:
    number = model.camera(CAMERA).id
    turn = matrix_of_quaternion(model.cam_quat[number]) @ _CV_OF_GL
    return Pose(turn, model.cam_pos[number].copy())
