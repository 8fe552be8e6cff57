"""Where the pitch is: tags or marked points at known places, found in the pictures.

A reference file is JSON, metres, pitch frame (`robot.contracts.field`):

    {"family": "36h11",
     "tags": [{"id": 0, "size_m": 0.2, "centre_m": [x, y, z],
               "right": [x, y, z], "up": [x, y, z]}, ...],
     "points": [{"name": "corner", "xyz_m": [x, y, z],
                 "seen": [{"image": "0001.jpg", "px": [u, v]}, ...]}, ...]}

A tag's `size_m` is the edge of its black square; `right` and `up` are those of the
printed picture. A point's `xyz_m` may be left out where `name` is one of
`pitch_landmarks`; it must be marked in two pictures or more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from nerf_render.capture.document import CaptureError, Floats, Frame
from nerf_render.capture.frames import Progress
from nerf_render.similarity import Similarity, fit_similarity
from robot.contracts.camera import CameraModel
from robot.contracts.codec import from_plain
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec

FAMILIES = {
    "36h11": cv2.aruco.DICT_APRILTAG_36h11,
    "36h10": cv2.aruco.DICT_APRILTAG_36h10,
    "25h9": cv2.aruco.DICT_APRILTAG_25h9,
    "16h5": cv2.aruco.DICT_APRILTAG_16h5,
}
# Sightings further than this from the common point are mistaken.
_OUTLIER_PX = 4.0
_TRIES = 5
# A reference further than this from where the others put it has been moved.
_MOVED_M = 0.05


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One printed tag; see the module."""

    id: int
    size_m: float
    centre_m: tuple[float, ...]
    right: tuple[float, ...]
    up: tuple[float, ...]

    @property
    def corners_m(self) -> Floats:
        """[4, 3] upper left, upper right, lower right, lower left."""
        centre = np.array(self.centre_m)
        right = np.array(self.right) / np.linalg.norm(self.right) * self.size_m / 2
        up = np.array(self.up) / np.linalg.norm(self.up) * self.size_m / 2
        return centre + np.array([up - right, up + right, right - up, -right - up])


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where a point was seen, in pixels; the upper left pixel's centre is (0, 0)."""

    image: str
    px: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class MarkedPoint:
    """One point marked by hand."""

    name: str
    seen: tuple[Mark, ...]
    xyz_m: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a reference file says."""

    family: str = "36h11"
    tags: tuple[Tag, ...] = ()
    points: tuple[MarkedPoint, ...] = ()


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
    """

    pitch: Similarity
    error_m: dict[str, float]
    left_out: dict[str, float]
    error_px: float
    sightings: int


@dataclass(kw_only=True)
class _Target:
    """One point to triangulate: sightings (frame, px) and its place."""

    name: str
    xyz_m: Floats
    frames: list[int] = field(default_factory=list)
    px: list[Floats] = field(default_factory=list)


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        CaptureError: missing, not JSON, or not of the form above.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        found = from_plain(Reference, plain, subject=str(path))
    except FileNotFoundError:
        raise CaptureError(
            f"{path}: expected a reference file with tags or points, found none; its "
            "form is told in nerf_render/capture/reference.py"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaptureError(f"{path}: expected JSON, found {error}") from None
    except ContractError as error:
        raise CaptureError(str(error)) from None
    if found.family not in FAMILIES:
        raise CaptureError(
            f"{path}: family: expected one of {', '.join(FAMILIES)}, found "
            f"{found.family}"
        )
    known = pitch_landmarks(FieldSpec())
    for point in found.points:
        if point.xyz_m is None and point.name not in known:
            raise CaptureError(
                f"{path}: point {point.name}: expected xyz_m, or one of the names "
                f"{', '.join(known)}"
            )
    return found


def pitch_landmarks(spec: FieldSpec) -> dict[str, tuple[float, float, float]]:
    """Points of the pitch that can be marked by name: outer corners of lines."""
    x, y = spec.half_length_m, spec.half_width_m
    inner, area = x - spec.penalty_area_depth_m, spec.penalty_area_width_m / 2
    out = {"centre": (0.0, 0.0, 0.0)}
    for end, sx in (("home", -1), ("away", 1)):
        for side, sy in (("left", 1), ("right", -1)):
            out[f"{end}_{side}_corner"] = (sx * x, sy * y, 0.0)
            out[f"{end}_{side}_area"] = (sx * inner, sy * area, 0.0)
    out |= {"halfway_left": (0.0, y, 0.0), "halfway_right": (0.0, -y, 0.0)}
    return out


def locate_pitch(
    folder: Path,
    camera: CameraModel,
    frames: Sequence[Frame],
    reference: Reference,
    progress: Progress,
    spec: FieldSpec | None = None,
) -> Located:
    """Find the reference in the pictures and from it the pitch.

    Raises:
        CaptureError: too little of it is seen.
    """
    targets = _tag_targets(folder, frames, reference, progress)
    targets += _point_targets(frames, reference, pitch_landmarks(spec or FieldSpec()))
    names, found, wanted, errors = [], [], [], []
    poses = np.stack([frame.matrix for frame in frames])
    for target in targets:
        if len(target.frames) < 2:
            continue
        xyz, error_px = _triangulate(camera, poses, target)
        if xyz is not None:
            names.append(target.name)
            found.append(xyz)
            wanted.append(target.xyz_m)
            errors += error_px
    if len(found) < 3 or np.linalg.matrix_rank(np.array(wanted) - wanted[0], 1e-3) < 2:
        raise CaptureError(
            "expected three or more reference points that are not on one line, each in "
            f"two pictures or more, found {len(found)}; film the tags from nearer (40 "
            "pixels across or more), or mark pitch points in the reference file"
        )
    return _fit(names, np.array(found), np.array(wanted), errors)


def _fit(
    names: Sequence[str], found: Floats, wanted: Floats, errors: Sequence[float]
) -> Located:
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
    return Located(
        pitch=pitch,
        error_m=error_m,
        left_out=left_out,
        error_px=float(np.median(errors)),
        sightings=len(errors),
    )


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


def _tag_targets(
    folder: Path, frames: Sequence[Frame], reference: Reference, progress: Progress
) -> list[_Target]:
    if not reference.tags:
        return []
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(FAMILIES[reference.family])
    detector = cv2.aruco.ArucoDetector(dictionary, parameters)
    targets = {
        (tag.id, corner): _Target(name=f"tag {tag.id}", xyz_m=tag.corners_m[corner])
        for tag in reference.tags
        for corner in range(4)
    }
    for index, one in enumerate(frames):
        gray = cv2.imread(str(folder / one.image), cv2.IMREAD_GRAYSCALE)
        assert gray is not None
        corners, ids, _ = detector.detectMarkers(gray)
        for quad, number in zip(
            corners, [] if ids is None else ids.ravel(), strict=True
        ):
            for corner in range(4):
                target = targets.get((int(number), corner))
                if target is not None:
                    target.frames.append(index)
                    target.px.append(quad.reshape(4, 2)[corner].astype(float))
        progress("tags", index + 1, len(frames))
    return list(targets.values())


def _point_targets(
    frames: Sequence[Frame],
    reference: Reference,
    landmarks: Mapping[str, tuple[float, float, float]],
) -> list[_Target]:
    index = {Path(one.image).name: i for i, one in enumerate(frames)}
    targets = []
    for point in reference.points:
        xyz = point.xyz_m or landmarks[point.name]
        seen = [mark for mark in point.seen if Path(mark.image).name in index]
        targets.append(
            _Target(
                name=point.name,
                xyz_m=np.array(xyz),
                frames=[index[Path(mark.image).name] for mark in seen],
                px=[np.array(mark.px) for mark in seen],
            )
        )
    return targets


def _triangulate(
    camera: CameraModel, poses: Floats, target: _Target
) -> tuple[Floats | None, list[float]]:
    """The point nearest to all rays but mistaken ones, and errors in pixels."""
    px, pose = np.array(target.px), poses[target.frames]
    flat = cv2.undistortPoints(px[:, None], matrix(camera), coefficients(camera))[:, 0]
    local = np.concatenate([flat, np.ones((len(flat), 1))], axis=-1)
    rays = np.einsum("nij,nj->ni", pose[:, :3, :3], local)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
    used, tries = np.ones(len(px), bool), 0
    while used.sum() >= 2:
        system = across[used].sum(0)
        right = np.einsum("nij,nj->i", across[used], pose[used, :3, 3])
        if np.linalg.cond(system) > 1e6:
            break
        xyz = np.linalg.solve(system, right)
        error = np.linalg.norm(_project(camera, pose, xyz) - px, axis=-1)
        kept = error < max(_OUTLIER_PX, 3 * float(np.median(error[used])))
        tries += 1
        if (kept == used).all() or tries == _TRIES:
            return xyz, error[used].tolist()
        used = kept
    return None, []


def _project(camera: CameraModel, poses: Floats, xyz: Floats) -> Floats:
    """[N, 2] where one point appears in each of the poses [N, 4, 4]."""
    local = np.einsum("nji,nj->ni", poses[:, :3, :3], xyz - poses[:, :3, 3])
    zero = np.zeros(3)
    out, _ = cv2.projectPoints(local, zero, zero, matrix(camera), coefficients(camera))
    return out[:, 0].astype(np.float64)


def matrix(camera: CameraModel) -> Floats:
    """[3, 3] OpenCV's camera matrix."""
    return np.array(
        [
            [camera.fx_px, 0.0, camera.cx_px],
            [0.0, camera.fy_px, camera.cy_px],
            [0.0, 0.0, 1.0],
        ]
    )


def coefficients(camera: CameraModel) -> Floats:
    """OpenCV's distortion coefficients, Brown-Conrady; zeros without distortion."""
    return np.array(camera.coefficients or (0.0,) * 4)
