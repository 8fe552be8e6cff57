"""Camera poses of pictures by COLMAP (Schoenberger and Frahm, CVPR 2016), resumable.

Features and matches live in COLMAP's database and are not computed twice; mapping
starts over, it is the short part.
"""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycolmap

from nerf_render.capture import colmap_stage
from nerf_render.capture.colmap_stage import DATABASE, MODEL, PAIRS, PLACED, SETTINGS
from nerf_render.capture.document import (
    IMAGES,
    CaptureError,
    Frame,
    Points,
    frame,
)
from nerf_render.capture.frames import Progress
from robot.contracts.camera import CameraModel

_POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class PoseConfig:
    """How poses are computed.

    Attributes:
        features: per picture at most.
        all_pairs_up_to: pictures; beyond that only near ones are matched, and the
            landmarks below.
        overlap: pictures after each that it is matched with; further ones at distances
            of powers of two.
        landmarks: pictures spread over the capture that are all matched with each
            other, so that a path that comes back closes.
        matches: that two pictures must share to count as showing one place; fewer also
            turn up between things that look alike.
        least_share: of pictures that must get a pose.
        seed: of COLMAP's random sampling.
    """

    features: int = 4096
    all_pairs_up_to: int = 80
    overlap: int = 6
    landmarks: int = 40
    matches: int = 30
    least_share: float = 0.7
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Posed:
    """What COLMAP found.

    Attributes:
        without_pose: names of pictures that did not connect.
        error_px: mean reprojection error.
        frame_error_px: the same of each frame.
    """

    camera: CameraModel
    frames: tuple[Frame, ...]
    points: Points
    without_pose: tuple[str, ...]
    error_px: float
    frame_error_px: tuple[float, ...]


def compute_poses(
    folder: Path,
    images: Sequence[str],
    config: PoseConfig,
    progress: Progress,
    rejected: Collection[str] = (),
) -> Posed:
    """Poses of `folder/images/...` in a frame of COLMAP's choice.

    Args:
        rejected: pictures that are left without a pose.

    Raises:
        CaptureError: the pictures do not connect.
    """
    database = folder / DATABASE
    _forget_others(database, images)
    wanted = pairs(images, config)
    listing = "".join(f"{first} {second}\n" for first, second in wanted)
    (folder / PAIRS).write_text(listing, encoding="utf-8")
    settings = {
        "images": list(images),
        "features": config.features,
        "seed": config.seed,
        "matches": config.matches,
        "placed": [name for name in images if name not in rejected],
    }
    (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    _run(
        folder,
        "features",
        len(images),
        progress,
        lambda: _rows(database, "keypoints"),
    )
    _run(
        folder,
        "matches",
        len(wanted),
        progress,
        lambda: _rows(database, "two_view_geometries"),
    )
    model = _reconstruct(folder, images, progress)
    return _result(model, images, config)


def pairs(images: Sequence[str], config: PoseConfig) -> list[tuple[str, str]]:
    """Which pictures to compare; see `PoseConfig`."""
    count = len(images)
    if count <= config.all_pairs_up_to:
        found = {(i, j) for i in range(count) for j in range(i + 1, count)}
    else:
        steps = {*range(1, config.overlap + 1)}
        steps |= {2**k for k in range(3, 7)}
        found = {(i, i + s) for i in range(count) for s in steps if i + s < count}
        chosen = np.unique(np.linspace(0, count - 1, config.landmarks).astype(int))
        found |= {(int(i), int(j)) for i in chosen for j in chosen if i < j}
    return [(images[i], images[j]) for i, j in sorted(found)]


def _run(
    folder: Path, stage: str, total: int, progress: Progress, done: Callable[[], int]
) -> None:
    """A stage in its own process, reported while it runs, ended on Ctrl-C."""
    log = folder / f"{stage}.log"
    command = [
        sys.executable,
        "-m",
        colmap_stage.__name__,
        stage,
        str(folder.resolve()),
    ]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us; we tell the process.
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(_POLL_S)
                progress(stage, min(done(), total), total)
        finally:
            process.terminate()
            process.wait()
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip()[-400:]
        raise CaptureError(
            f"{folder}: stage {stage}: expected COLMAP to end well, found exit code "
            f"{process.returncode}: {last}; run the same command again, it goes on "
            "from here"
        )


def _reconstruct(
    folder: Path, images: Sequence[str], progress: Progress
) -> pycolmap.Reconstruction:
    target, log = folder / MODEL, folder / "poses.log"
    shutil.rmtree(target, ignore_errors=True)
    _run(
        folder,
        "poses",
        len(images),
        progress,
        lambda: log.read_text(encoding="utf-8", errors="replace").count(PLACED),
    )
    if not (target / "cameras.bin").exists():
        raise CaptureError(
            f"{folder}: expected pictures that show the same places, found none that "
            "connect; film with more overlap, slowly, with texture in view (posters, "
            "furniture), and never turn on the spot"
        )
    return pycolmap.Reconstruction(target)


def _result(
    model: pycolmap.Reconstruction, images: Sequence[str], config: PoseConfig
) -> Posed:
    by_name = {model.image(i).name: model.image(i) for i in model.reg_image_ids()}
    posed = [name for name in images if name in by_name]
    missing = tuple(name for name in images if name not in by_name)
    if len(posed) < config.least_share * len(images):
        raise CaptureError(
            f"expected poses of at least {config.least_share:.0%} of {len(images)} "
            f"pictures, found {len(posed)}; first without: {', '.join(missing[:5])}; "
            "film these places again with more overlap, joined to places already filmed"
        )
    index = {by_name[name].image_id: i for i, name in enumerate(posed)}
    frames = []
    for name in posed:
        pose = np.eye(4)
        pose[:3] = by_name[name].cam_from_world().inverse().matrix()
        frames.append(frame(f"{IMAGES}/{name}", pose))
    points, per_frame = _points(model, index)
    return Posed(
        camera=_camera(next(iter(model.cameras.values()))),
        frames=tuple(frames),
        points=points,
        without_pose=missing,
        error_px=float(model.compute_mean_reprojection_error()),
        frame_error_px=per_frame,
    )


def _points(
    model: pycolmap.Reconstruction, index: dict[int, int]
) -> tuple[Points, tuple[float, ...]]:
    xyz, rgb, error, by, which, px = [], [], [], [], [], []
    for point in model.points3D.values():
        for element in point.track.elements:
            by.append(index[element.image_id])
            which.append(len(xyz))
            # COLMAP counts from the picture's corner.
            seen = model.image(element.image_id).points2D[element.point2D_idx].xy
            px.append(seen - 0.5)
        xyz.append(point.xyz)
        rgb.append(point.color)
        error.append(point.error)
    by_array, errors = np.array(by, np.int64), np.array(error)
    weights = errors[np.array(which, np.int64)]
    counts = np.maximum(np.bincount(by_array, minlength=len(index)), 1)
    per_frame = np.bincount(by_array, weights, minlength=len(index)) / counts
    points = Points(
        xyz=np.array(xyz).reshape(-1, 3),
        rgb=np.array(rgb, np.uint8).reshape(-1, 3),
        error_px=errors,
        seen_by=by_array,
        seen_point=np.array(which, np.int64),
        seen_px=np.array(px).reshape(-1, 2),
    )
    return points, tuple(float(value) for value in per_frame)


def _camera(camera: pycolmap.Camera) -> CameraModel:
    fx, fy, cx, cy, k1, k2, p1, p2 = (float(value) for value in camera.params)
    return CameraModel(
        width_px=camera.width,
        height_px=camera.height,
        fx_px=fx,
        fy_px=fy,
        cx_px=cx - 0.5,
        cy_px=cy - 0.5,
        distortion="brown_conrady",
        coefficients=(k1, k2, p1, p2),
        source=f"COLMAP {pycolmap.__version__}",
    )


def _rows(database: Path, table: str) -> int:
    """Of a table of COLMAP's database while COLMAP writes it; 0 if it cannot say."""
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.2)
        try:
            return int(
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            )
        finally:
            connection.close()
    return 0


def _forget_others(database: Path, images: Sequence[str]) -> None:
    """Drop a database of other pictures: it would bring them into the model."""
    if not database.exists():
        return
    known: set[str] = set()
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(database)
        known = {row[0] for row in connection.execute("SELECT name FROM images")}
        connection.close()
    if not known <= set(images):
        database.unlink()
