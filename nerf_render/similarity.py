"""Similarity transforms between frames of different length units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """y = scale R x + translation.

    Attributes:
        scale: target length units per source length unit.
        rotation: R, nine numbers row by row.
        translation: three numbers, target units.
    """

    scale: float = 1.0
    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    translation: tuple[float, ...] = (0.0, 0.0, 0.0)

    @property
    def matrix(self) -> Floats:
        """[3, 3] R."""
        return np.array(self.rotation).reshape(3, 3)

    def points(self, xyz: Any) -> Any:
        """[..., 3] -> [..., 3]; NumPy or JAX arrays."""
        return self.scale * (xyz @ self.matrix.T) + np.array(self.translation)

    def directions(self, xyz: Any) -> Any:
        """[..., 3] -> [..., 3] rotated, lengths kept; NumPy or JAX arrays."""
        return xyz @ self.matrix.T

    @property
    def inverse(self) -> "Similarity":
        """Target -> source."""
        turned = self.matrix.T
        return similarity(
            scale=1 / self.scale,
            rotation=turned,
            translation=-(turned @ np.array(self.translation)) / self.scale,
        )

    def after(self, first: "Similarity") -> "Similarity":
        """The transform that applies `first`, then this one."""
        return similarity(
            scale=self.scale * first.scale,
            rotation=self.matrix @ first.matrix,
            translation=self.points(np.array(first.translation)),
        )

    def poses(self, poses: Floats) -> Floats:
        """[..., 4, 4] rigid poses given in the source frame, in the target frame."""
        moved = poses.copy()
        moved[..., :3, :3] = self.matrix @ poses[..., :3, :3]
        moved[..., :3, 3] = self.points(poses[..., :3, 3])
        return moved


def similarity(
    *, scale: float, rotation: Floats, translation: Floats | Sequence[float]
) -> Similarity:
    """From arrays: `rotation` [3, 3], `translation` [3]."""
    return Similarity(
        scale=float(scale),
        rotation=tuple(float(value) for value in np.asarray(rotation).ravel()),
        translation=tuple(float(value) for value in translation),
    )


def fit_similarity(source: Floats, target: Floats) -> Similarity:
    """Least squares over pairs of points [N, 3], N >= 3 and not all on one line.

    Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", TPAMI 13(4), 1991, equations 38 to 43.
    """
    mean_source, mean_target = source.mean(0), target.mean(0)
    centred = source - mean_source
    covariance = (target - mean_target).T @ centred / len(source)
    u, values, vt = np.linalg.svd(covariance)
    signs = np.ones(3)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        signs[2] = -1.0
    rotation = u @ np.diag(signs) @ vt
    scale = float(values @ signs / centred.var(0).sum())
    return similarity(
        scale=scale,
        rotation=rotation,
        translation=mean_target - scale * rotation @ mean_source,
    )
