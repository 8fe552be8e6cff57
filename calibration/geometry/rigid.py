"""Rotations and positions of rigid bodies, batched."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Where a frame is in another one: x_outer = rotation @ x_inner + position.

    Attributes:
        rotation: [..., 3, 3].
        position: [..., 3] m.
    """

    rotation: FloatArray
    position: FloatArray

    def __matmul__(self, inner: "Pose") -> "Pose":
        """The pose of `inner`'s frame, given in this one, in the outer frame."""
        return Pose(self.rotation @ inner.rotation, self.points(inner.position))

    def points(self, points: FloatArray) -> FloatArray:
        """[..., 3] points of the inner frame, in the outer one."""
        return np.einsum("...ij,...j->...i", self.rotation, points) + self.position

    def inverse(self) -> "Pose":
        back = np.swapaxes(self.rotation, -1, -2)
        return Pose(back, -np.einsum("...ij,...j->...i", back, self.position))

    def moved(self, change: FloatArray) -> "Pose":
        """Displaced by [..., 6]: m along, then rad about, the inner frame's axes."""
        return self @ Pose(rotation_matrix(change[..., 3:]), change[..., :3])


IDENTITY = Pose(np.eye(3), np.zeros(3))


def rotation_matrix(vector_rad: FloatArray) -> FloatArray:
    """[..., 3, 3] of rotation vectors [..., 3] (Rodrigues)."""
    angle = np.linalg.norm(vector_rad, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(np.asarray(vector_rad, np.float64), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack(
        [
            np.stack([zero, -z, y], axis=-1),
            np.stack([z, zero, -x], axis=-1),
            np.stack([-y, x, zero], axis=-1),
        ],
        axis=-2,
    )
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 1.0, np.sin(safe) / safe)
    second = np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    return np.eye(3) + first * cross + second * (cross @ cross)


def rotation_angle(rotation: FloatArray) -> float:
    """Of one [3, 3] matrix, rad."""
    skew = rotation - rotation.T
    sine = 0.5 * float(np.linalg.norm([skew[2, 1], skew[0, 2], skew[1, 0]]))
    return float(np.arctan2(sine, 0.5 * (np.trace(rotation) - 1)))


def matrix_of_quaternion(quat_wxyz: FloatArray) -> FloatArray:
    """[3, 3] of a unit quaternion."""
    w, x, y, z = quat_wxyz
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_of_matrix(rotation: FloatArray) -> tuple[float, float, float, float]:
    """Unit quaternion (w, x, y, z), w >= 0: the eigenvector of Bar-Itzhack's matrix."""
    r = rotation
    symmetric = np.array(
        [
            [
                r[0, 0] + r[1, 1] + r[2, 2],
                r[2, 1] - r[1, 2],
                r[0, 2] - r[2, 0],
                r[1, 0] - r[0, 1],
            ],
            [0.0, r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [0.0, 0.0, r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1]],
            [0.0, 0.0, 0.0, r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    _, vectors = np.linalg.eigh(symmetric, UPLO="U")
    quat = vectors[:, -1] * (1.0 if vectors[0, -1] >= 0 else -1.0)
    return tuple(map(float, quat))  # type: ignore[return-value]
