"""The whole way from a video to a capture, each stage kept for the next try."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2

from nerf_render.capture.document import (
    IMAGES,
    Capture,
    CaptureError,
    Points,
    write_capture,
)
from nerf_render.capture.frames import Chosen, FrameChoice, Progress, choose_frames
from nerf_render.capture.pitch import Located, locate_pitch
from nerf_render.capture.poses import PoseConfig, Posed, compute_poses
from nerf_render.capture.reference import Reference
from nerf_render.capture.report import write_report
from nerf_render.capture.sightings import find_targets

CHOSEN = "chosen.json"
_ROUNDS = 4


@dataclass(frozen=True, kw_only=True)
class CaptureConfig:
    """How a capture is made."""

    frames: FrameChoice = field(default_factory=FrameChoice)
    poses: PoseConfig = field(default_factory=PoseConfig)


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What came out, for the command to show.

    Attributes:
        rejected: pictures whose poses contradicted the others', and by how many pixels.
    """

    capture: Capture
    points: Points
    chosen: Chosen
    posed: Posed
    located: Located | None
    rejected: dict[str, float]
    advice: tuple[str, ...]


def make_capture(
    source: Path,
    folder: Path,
    config: CaptureConfig,
    reference: Reference | None,
    progress: Progress,
) -> Captured:
    """Make the capture `folder` of a video or a folder of pictures.

    What is there of an earlier, interrupted try with the same source is used.

    Args:
        reference: tags or points of known place; None for a capture without scale.

    Raises:
        CaptureError: see the stages; all that was computed stays in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    chosen = _frames(source, folder, config.frames, progress)
    posed, located, rejected, failed = _placed(
        folder, chosen.images, config.poses, reference, progress
    )
    measured = {
        "pictures": float(len(chosen.images)),
        "blurred": float(len(chosen.blurred)),
        "with_pose": float(len(posed.frames)),
        "wrong_pose": float(len(rejected)),
        "reprojection_px": posed.error_px,
        "seconds": time.monotonic() - started,
    }
    if located is not None:
        measured |= {
            "reference_px": located.error_px,
            "reference_m": max(located.error_m.values()),
            "references": float(len(located.error_m)),
            "checked": float(len(located.picture_px)),
        }
    capture = Capture(
        camera=posed.camera,
        frames=posed.frames,
        pitch=None if located is None else located.pitch,
        measured=measured,
        provenance={"source": source.name, "poses": posed.camera.source},
    )
    write_capture(folder, capture, posed.points)
    advice = write_report(folder, capture, posed, chosen, located, rejected)
    if failed is not None:
        # Poses are kept: with another reference file the same command goes on.
        raise failed
    return Captured(
        capture=capture,
        points=posed.points,
        chosen=chosen,
        posed=posed,
        located=located,
        rejected=rejected,
        advice=advice,
    )


def _placed(
    folder: Path,
    images: Sequence[str],
    config: PoseConfig,
    reference: Reference | None,
    progress: Progress,
) -> tuple[Posed, Located | None, dict[str, float], CaptureError | None]:
    """Poses and pitch, without pictures that contradict the others; see `pitch`.

    Poses are computed anew without those: what they had pulled along comes right, and a
    reference that seemed to have been moved may turn out to stand in its place.
    """
    rejected: dict[str, float] = {}
    posed = compute_poses(folder, images, config, progress)
    if reference is None:
        return posed, None, rejected, None
    files = [f"{IMAGES}/{name}" for name in images]
    targets = find_targets(folder, files, reference, progress)
    for _ in range(_ROUNDS):
        try:
            located = locate_pitch(posed.camera, posed.frames, targets)
        except CaptureError as error:
            return posed, None, rejected, error
        if not located.wrong:
            return posed, located, rejected, None
        rejected |= located.wrong
        posed = compute_poses(folder, images, config, progress, rejected)
    return posed, None, rejected, _unsettled(rejected)


def _unsettled(rejected: Mapping[str, float]) -> CaptureError:
    return CaptureError(
        f"expected pictures that agree where the references are, found {len(rejected)} "
        f"that do not after {_ROUNDS} tries, first {min(rejected)}; check that every "
        "tag's number is there once, then film again with more light and texture"
    )


def _frames(
    source: Path, folder: Path, choice: FrameChoice, progress: Progress
) -> Chosen:
    kept = folder / CHOSEN
    mark = _fingerprint(source, choice)
    if kept.exists():
        plain = json.loads(kept.read_text(encoding="utf-8"))
        if plain.pop("mark") == mark:
            return Chosen(**{name: tuple(value) for name, value in plain.items()})
    chosen = choose_frames(source, folder, choice, progress)
    text = json.dumps(asdict(chosen) | {"mark": mark}, indent=1)
    kept.write_text(text, encoding="utf-8")
    return chosen


def _fingerprint(source: Path, choice: FrameChoice) -> str:
    """Changes when the source or the choice does (names, sizes and times of files)."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    facts = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
        if file.exists()
    ]
    text = json.dumps([facts, asdict(choice), cv2.__version__])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
