"""The whole way from a video to a capture, each stage kept for the next try."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2

from nerf_render.capture.document import Capture, CaptureError, Points, write_capture
from nerf_render.capture.frames import Chosen, FrameChoice, Progress, choose_frames
from nerf_render.capture.poses import PoseConfig, Posed, compute_poses
from nerf_render.capture.reference import Located, Reference, locate_pitch
from nerf_render.capture.report import write_report

CHOSEN = "chosen.json"


@dataclass(frozen=True, kw_only=True)
class CaptureConfig:
    """How a capture is made."""

    frames: FrameChoice = field(default_factory=FrameChoice)
    poses: PoseConfig = field(default_factory=PoseConfig)


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What came out, for the command to show."""

    capture: Capture
    points: Points
    chosen: Chosen
    posed: Posed
    located: Located | None
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
    posed = compute_poses(folder, chosen.images, config.poses, progress)
    located, failed = None, None
    if reference is not None:
        try:
            located = locate_pitch(
                folder, posed.camera, posed.frames, reference, progress
            )
        except CaptureError as error:
            failed = error
    measured = {
        "pictures": float(len(chosen.images)),
        "blurred": float(len(chosen.blurred)),
        "with_pose": float(len(posed.frames)),
        "reprojection_px": posed.error_px,
        "seconds": time.monotonic() - started,
    }
    if located is not None:
        measured |= {
            "reference_px": located.error_px,
            "reference_m": max(located.error_m.values()),
            "references": float(len(located.error_m)),
        }
    capture = Capture(
        camera=posed.camera,
        frames=posed.frames,
        pitch=None if located is None else located.pitch,
        measured=measured,
        provenance={"source": source.name, "poses": posed.camera.source},
    )
    write_capture(folder, capture, posed.points)
    advice = write_report(folder, capture, posed, chosen, located)
    if failed is not None:
        # Poses are kept: with another reference file the same command goes on.
        raise failed
    return Captured(
        capture=capture,
        points=posed.points,
        chosen=chosen,
        posed=posed,
        located=located,
        advice=advice,
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
