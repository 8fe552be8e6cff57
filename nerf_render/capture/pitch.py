"""Where the pitch is in a capture, and which pictures contradict the others.

Pictures of a stretch that shows little, or the same thing twice, can be placed far off
and still agree with each other and with what they were joined by. References tell: each
is one thing at one place, whoever looks at it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nerf_render.capture.document import CaptureError, Floats, Frame
from nerf_render.capture.lens import pixels, rays
from nerf_render.capture.sightings import Target
from nerf_render.similarity import Similarity, fit_similarity
from robot.contracts.camera import CameraModel

# Sightings further than this from the common point are mistaken.
_OUTLIER_PX = 4.0
_ROBUST, _TRIES = 8, 5
# A reference further than this from where the others put it has been moved.
_MOVED_M = 0.05
# A picture whose references are further than this from where the others put them is
# placed wrongly. In a lab of known truth, pictures half a metre off or more had 9 to
# 250 pixels, right ones at most 2.
_WRONG_PX = 5.0
_WRONG_MEDIANS = 8.0


@dataclass(frozen=True, kw_only=True)
class Located:
    """The pitch in the capture.

    Attributes:
        pitch: pitch frame <- capture frame.
        error_m: of each reference by name: how far its points end from where they
            should.
        left_out: references that contradict the others.
        error_px: median reprojection error of all sightings.
        sightings: how many there are.
        picture_px: of each picture that shows references which others confirm: the
            median distance from where those put them.
    """

    pitch: Similarity
    error_m: dict[str, float]
    left_out: dict[str, float]
    error_px: float
    sightings: int
    picture_px: dict[str, float]

    @property
    def wrong(self) -> dict[str, float]:
        """Pictures whose pose contradicts the others', and by how many pixels."""
        if not self.picture_px:
            return {}
        usual = float(np.median(list(self.picture_px.values())))
        most = max(_WRONG_PX, _WRONG_MEDIANS * usual)
        return {name: off for name, off in self.picture_px.items() if off > most}


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Sightings [V] of one target with their pictures' poses [V, 4, 4]."""

    target: Target
    images: tuple[str, ...]
    poses: Floats
    px: Floats


def locate_pitch(
    camera: CameraModel, frames: Sequence[Frame], targets: Sequence[Target]
) -> Located:
    """The pitch from where pictures with poses show its references.

    Raises:
        CaptureError: too little of it is seen.
    """
    seen = list(_seen(frames, targets))
    names, found, wanted, errors = [], [], [], []
    for one in seen:
        xyz, error_px = _triangulate(camera, one)
        if xyz is not None:
            names.append(one.target.name)
            found.append(xyz)
            wanted.append(one.target.xyz_m)
            errors += error_px
    if len(found) < 3 or np.linalg.matrix_rank(np.array(wanted) - wanted[0], 1e-3) < 2:
        raise CaptureError(
            "expected three or more reference points that are not on one line, each in "
            f"two pictures or more, found {len(found)}; film the tags from nearer (40 "
            "pixels across or more), or mark pitch points in the reference file"
        )
    pitch, error_m, left_out = _fit(names, np.array(found), np.array(wanted))
    return Located(
        pitch=pitch,
        error_m=error_m,
        left_out=left_out,
        error_px=float(np.median(errors)),
        sightings=len(errors),
        picture_px=_picture_errors(camera, seen, pitch),
    )


def _seen(frames: Sequence[Frame], targets: Sequence[Target]) -> Iterator[_Seen]:
    """Targets that two pictures or more show."""
    poses = {Path(frame.image).name: frame.matrix for frame in frames}
    for target in targets:
        known = [i for i, image in enumerate(target.images) if image in poses]
        if len(known) >= 2:
            images = tuple(target.images[i] for i in known)
            yield _Seen(
                target=target,
                images=images,
                poses=np.stack([poses[image] for image in images]),
                px=target.px[known],
            )


def _picture_errors(
    camera: CameraModel, seen: Sequence[_Seen], pitch: Similarity
) -> dict[str, float]:
    """`Located.picture_px`."""
    errors: dict[str, list[float]] = {}
    for one in seen:
        # A reference that was moved says nothing: no two pictures show it at its place.
        place = pitch.inverse.points(one.target.xyz_m)
        away = place - one.poses[:, :3, 3]
        across = np.cross(rays(camera, one.poses, one.px), away)
        near = np.linalg.norm(across, axis=-1) * pitch.scale < _MOVED_M
        if near.sum() < 2 or near.mean() <= 0.5:
            continue
        xyz, _ = _triangulate(camera, one, near)
        if xyz is None:
            continue
        off = np.linalg.norm(pixels(camera, one.poses, xyz) - one.px, axis=-1)
        for image, error in zip(one.images, off, strict=True):
            errors.setdefault(image, []).append(float(error))
    return {image: float(np.median(found)) for image, found in errors.items()}


def _fit(
    names: Sequence[str], found: Floats, wanted: Floats
) -> tuple[Similarity, dict[str, float], dict[str, float]]:
    """The pitch, how far each reference is off, and those left out."""
    groups = {
        name: np.array([n == name for n in names]) for name in dict.fromkeys(names)
    }
    left_out: dict[str, float] = {}
    pitch, error_m = _errors(groups, left_out, found, wanted)
    while max(error_m.values()) > _MOVED_M and len(error_m) > 3:
        # One that was moved pulls all others along: see how they fit without each.
        trials = {
            name: _errors(groups, {**left_out, name: 0.0}, found, wanted)
            for name in error_m
        }
        name = min(trials, key=lambda one: max(trials[one][1].values()))
        if max(trials[name][1].values()) > max(error_m.values()) / 2:
            break
        pitch, error_m = trials[name]
        away = np.linalg.norm(pitch.points(found) - wanted, axis=-1)
        left_out[name] = float(away[groups[name]].max())
    return pitch, error_m, left_out


def _errors(
    groups: Mapping[str, Floats],
    left_out: Mapping[str, float],
    found: Floats,
    wanted: Floats,
) -> tuple[Similarity, dict[str, float]]:
    """The pitch from all references but some, and how far each used one is off."""
    used = {name: group for name, group in groups.items() if name not in left_out}
    joined = np.any(list(used.values()), axis=0)
    pitch = fit_similarity(found[joined], wanted[joined])
    away = np.linalg.norm(pitch.points(found) - wanted, axis=-1)
    return pitch, {name: float(away[group].max()) for name, group in used.items()}


def _triangulate(
    camera: CameraModel, seen: _Seen, start: NDArray[np.bool_] | None = None
) -> tuple[Floats | None, list[float]]:
    """The point nearest to all rays but mistaken ones, and errors in pixels.

    Args:
        start: sightings to begin with; all without it.
    """
    directions = rays(camera, seen.poses, seen.px)
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    used = np.ones(len(seen.px), bool) if start is None else start
    weight = used.astype(np.float64)
    # First the least sum of distances, which few mistaken rays hardly move, by
    # reweighted squares; then the least squares of what lies near that.
    for attempt in range(_ROBUST + _TRIES):
        if used.sum() < 2:
            break
        system = np.einsum("n,nij->ij", weight, across)
        right = np.einsum("n,nij,nj->i", weight, across, seen.poses[:, :3, 3])
        if np.linalg.cond(system) > 1e6:
            break
        xyz = np.linalg.solve(system, right)
        error = np.linalg.norm(pixels(camera, seen.poses, xyz) - seen.px, axis=-1)
        if attempt < _ROBUST:
            weight = used / np.maximum(error, 1.0)
            continue
        kept = error < max(_OUTLIER_PX, 3 * float(np.median(error[used])))
        if (kept == used).all() or attempt == _ROBUST + _TRIES - 1:
            return xyz, error[used].tolist()
        used, weight = kept, kept.astype(np.float64)
    return None, []
