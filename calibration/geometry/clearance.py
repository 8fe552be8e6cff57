"""Which poses, and which ways between them, keep the robot's parts apart."""

from collections.abc import Sequence
from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from calibration.geometry.mounts import MOUNTS
from calibration.geometry.rigid import FloatArray, quaternion_of_matrix
from robot.contracts.joints import JOINT_NAMES
from sim.arena import SELF_COLLISION_EXCLUDED
from sim.robot_model import load_op3

_PLATE_GROUP = 4
_SHEET_M = 0.003
_EDGE_M = 0.006
"""Of the sheet around the printed squares."""
APART_M = 0.012
"""What zeros that are 3 degrees off move a hand or foot at the end of its limb."""
_NEIGHBOURS = 3
"""Links so few joints apart are close in any pose: they may not touch, that is all."""
_WAY_STEP_RAD = 0.08
_HIT_M = 0.008


class Clearance:
    """The model, with plates on feet and hands or without; holds scratch memory."""

    def __init__(self, plates: bool) -> None:
        spec = load_op3()
        for first, second in SELF_COLLISION_EXCLUDED:
            spec.add_exclude(bodyname1=first, bodyname2=second)
        for name, mount in MOUNTS.items():
            if plates and mount.pose is not None:
                _add_plate(spec, name)
        self._model = spec.compile()
        self._model.geom_margin[:] = APART_M
        self._data = mujoco.MjData(self._model)
        self._qpos = np.array(
            [int(self._model.joint(name).qposadr[0]) for name in JOINT_NAMES]
        )
        self._head = self._model.body("head_tilt_link").id
        self._ray_groups = np.array([0, 0, 0, 1, 1, 0], np.uint8)

    def near(
        self, joint_rad: FloatArray, apart_m: float = APART_M
    ) -> list[tuple[str, str]]:
        """Pairs of links that touch or come nearer to each other than `apart_m`.

        Args:
            joint_rad: [20] canonical order.
            apart_m: at most `APART_M`.
        """
        self._pose(joint_rad)
        mujoco.mj_collision(self._model, self._data)
        found = set()
        for contact in self._data.contact[: self._data.ncon]:
            first, second = (int(self._model.geom_bodyid[g]) for g in contact.geom)
            limit = 0.0 if self._joints_apart(first, second) <= _NEIGHBOURS else apart_m
            if contact.dist < limit:
                names = sorted((self._name(first), self._name(second)))
                found.add((names[0], names[1]))
        return sorted(found)

    def way_clear(
        self,
        first_rad: FloatArray,
        last_rad: FloatArray,
        apart_m: float = APART_M,
    ) -> bool:
        """Whether all of the straight way between two poses is clear, ends included."""
        farthest = float(np.abs(last_rad - first_rad).max())
        count = max(2, int(np.ceil(farthest / _WAY_STEP_RAD)) + 1)
        return all(
            not self.near(first_rad + share * (last_rad - first_rad), apart_m)
            for share in np.linspace(0, 1, count)
        )

    def hidden(
        self, joint_rad: FloatArray, eye_m: FloatArray, points_m: FloatArray
    ) -> NDArray[np.bool_]:
        """[N] whether a part of the robot is before a point, seen from the head.

        Args:
            joint_rad: [20].
            eye_m: [3] torso frame.
            points_m: [N, 3] torso frame.
        """
        self._pose(joint_rad)
        torso = self._data.body("body_link")
        world = np.concatenate([[eye_m], points_m]) @ torso.xmat.reshape(3, 3).T
        world += torso.xpos
        return rays_hit(
            self._model, self._data, world[0], world[1:], self._head, self._ray_groups
        )

    def _pose(self, joint_rad: FloatArray) -> None:
        self._data.qpos[self._qpos] = joint_rad
        mujoco.mj_kinematics(self._model, self._data)

    def _name(self, body: int) -> str:
        return self._model.body(body).name

    def _joints_apart(self, first: int, second: int) -> int:
        a, b = self._ancestors(first), self._ancestors(second)
        shared = len(set(a) & set(b))
        return len(a) + len(b) - 2 * shared

    @cache  # noqa: B019  (one per process, see `op3_clearance`)
    def _ancestors(self, body: int) -> tuple[int, ...]:
        found = (body,)
        while found[-1] != 0:
            found = (*found, int(self._model.body_parentid[found[-1]]))
        return found


def rays_hit(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    eye_m: FloatArray,
    points_m: FloatArray,
    own_body: int,
    groups: Sequence[int] | np.ndarray,
) -> NDArray[np.bool_]:
    """[N] whether something lies between an eye and points, world frame.

    Args:
        model, data: the world, its kinematics computed.
        eye_m: [3].
        points_m: [N, 3].
        own_body: what never hides anything: the eye is inside it.
        groups: [6] which geom groups hide.
    """
    rays = points_m - eye_m
    length = np.linalg.norm(rays, axis=-1)
    count = len(rays)
    geoms, distance = np.full(count, -1, np.int32), np.full(count, -1.0)
    mujoco.mj_multiRay(
        model,
        data,
        eye_m,
        (rays / length[:, None]).ravel(),
        np.asarray(groups, np.uint8),
        1,
        own_body,
        geoms,
        distance,
        None,
        count,
        float(length.max()) + 1,
    )
    return (geoms >= 0) & (distance < length - _HIT_M)


def _add_plate(spec: mujoco.MjSpec, name: str) -> None:
    mount = MOUNTS[name]
    assert mount.pose is not None
    width, height = mount.board.size_m
    low = mount.board.picture_origin_m
    middle = np.array([low[0] + width / 2, low[1] + height / 2, _SHEET_M / 2])
    spec.body(mount.link).add_geom(
        name=f"{name}_plate",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[width / 2 + _EDGE_M, height / 2 + _EDGE_M, _SHEET_M / 2],
        pos=mount.pose.points(middle),
        quat=quaternion_of_matrix(mount.pose.rotation),
        group=_PLATE_GROUP,
        mass=0,
    )


@cache
def op3_clearance(plates: bool) -> Clearance:
    """Of the installed model."""
    return Clearance(plates)
