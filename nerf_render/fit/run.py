"""Fits a capture in the scene environment and makes the scene file from the result."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nerf_render.capture.document import Capture, Points
from nerf_render.field import PART
from nerf_render.fit.job import (
    FIELD_ARRAYS,
    HELD_OUT,
    RESULT,
    STOPPED,
    Recipe,
    write_job,
)
from nerf_render.fit.place import Placed, place
from nerf_render.fit.quality import (
    floor_depth_error,
    picture_quality,
    point_depth_error,
    read_held_out,
    side_by_side,
)
from nerf_render.scene_file import FieldShape, Scene, SceneHeader

ENVIRONMENT = ".scene-env"
COMPARISON = "held_out.jpg"
_ROOT = Path(__file__).parents[2]


class FitError(Exception):
    """A fit cannot go on; says expected, found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a fit is.

    Attributes:
        step: of `steps`.
        seconds: spent in training altogether, earlier runs included.
        train_psnr_db: of the last seconds' batches.
    """

    step: int
    steps: int
    seconds: float
    steps_per_s: float
    train_psnr_db: float


def environment_python(root: Path = _ROOT) -> Path:
    """The scene environment's Python.

    Raises:
        FitError: it is not there.
    """
    named = os.environ.get("SCENE_ENV")
    folder = Path(named) if named else root / ENVIRONMENT
    python = folder / "bin" / "python"
    if not python.exists():
        raise FitError(
            f"{folder}: expected the scene environment (torch, nerfstudio), found "
            "none; run `make scene-env` (about five minutes), or name one in SCENE_ENV"
        )
    return python


def fit_scene(
    name: str,
    folder: Path,
    work: Path,
    capture: Capture,
    points: Points,
    recipe: Recipe,
    contains: tuple[str, ...],
    progress: Callable[[Step], None],
) -> Scene:
    """Fit `capture` (read from `folder`); `work` keeps checkpoints and results.

    Called again with the same arguments it goes on where it was stopped.

    Args:
        contains: see `SceneHeader`.

    Raises:
        FitError: no scene environment, or the fit failed there.
        KeyboardInterrupt: stopped; a checkpoint is in `work`.
    """
    python = environment_python()
    placed = place(folder, capture, points, recipe)
    work.mkdir(parents=True, exist_ok=True)
    write_job(work, placed.job)
    _train(python, work, progress)
    return scene_of(name, work, capture, points, placed, contains)


def scene_of(
    name: str,
    work: Path,
    capture: Capture,
    points: Points,
    placed: Placed,
    contains: tuple[str, ...],
) -> Scene:
    """The scene of a finished fit, with its quality; writes the comparison picture."""
    held_out = read_held_out(work / HELD_OUT)
    result = json.loads((work / RESULT).read_text(encoding="utf-8"))
    base = capture.pitch.scale if capture.pitch else 1.0
    measured = {f"capture_{key}": value for key, value in capture.measured.items()}
    measured |= {
        "fit_steps": float(result["steps"]),
        "fit_s": result["seconds"],
        "fit_cpu_s": result["cpu_seconds"],
    }
    measured |= picture_quality(held_out)
    measured |= point_depth_error(held_out, capture, points, placed.pitch.scale / base)
    if placed.metric:
        measured |= floor_depth_error(held_out, placed.pitch)
    side_by_side(held_out, work / COMPARISON)
    with np.load(work / FIELD_ARRAYS) as arrays:
        exact = {f"{PART}/{key}": arrays[key] for key in arrays.files}
    recipe = placed.job.recipe
    header = SceneHeader(
        name=name,
        pitch=placed.pitch,
        metric=placed.metric,
        camera=capture.camera,
        field=FieldShape(
            proposal_samples=recipe.proposal_samples,
            field_samples=recipe.field_samples,
            far=placed.job.far,
        ),
        contains=contains,
        measured=measured,
        provenance=capture.provenance
        | {
            "recipe": json.dumps(asdict(recipe)),
            "fit": placed.job.fingerprint,
            "fitted_with": result.get("versions", ""),
        },
    )
    return Scene(header=header, arrays=exact)


def _train(python: Path, work: Path, progress: Callable[[Step], None]) -> None:
    command = [
        str(python),
        *("-W", "ignore"),
        *("-m", "nerf_render.fit.trainer", str(work.resolve())),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(_ROOT),
        # Spinning threads starve each other where another program shares the cores.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    log = work / "trainer.log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Ctrl-C is for us; the trainer is asked to save and end.
            start_new_session=True,
        )
        try:
            for facts in _lines(process):
                if "train_psnr_db" in facts:
                    progress(Step(**facts))
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
        process.wait()
    if process.returncode == STOPPED:
        raise FitError(
            f"{work}: expected the fit to end, found it stopped from outside; "
            "what it had is saved, the same command goes on"
        )
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip()[-600:]
        raise FitError(
            f"{work}: expected the fit to end well, found exit code "
            f"{process.returncode}; the end of {log}: {last}"
        )


def _lines(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)
