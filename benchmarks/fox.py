"""Poses of real photographs from the pictures alone, against the ones they came with.

`python -m benchmarks.fox FOLDER` needs a folder with nerfstudio's `transforms.json` and
pictures of which at least 20 are sharp, such as instant-ngp's `data/nerf/fox`.
Prints one JSON object. `--fit` fits the given poses too (`make scene-env` first).
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nerf_render.capture.document import Capture, read_capture
from nerf_render.capture.run import CaptureConfig, make_capture
from nerf_render.fit.presets import PRESETS
from nerf_render.fit.run import Step, fit_scene
from nerf_render.scene_file import write_scene

Floats = NDArray[np.float64]


def rotation_errors_deg(found: Floats, given: Floats) -> Floats:
    """[N] angles between rotations [N, 3, 3] after the best common turn of frames."""
    u, _, vt = np.linalg.svd(np.einsum("nij,nkj->ik", given, found))
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    left = np.einsum("nji,jk,nkl->nil", given, turn, found)
    cosine = (np.trace(left, axis1=1, axis2=2) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def compare(found: Capture, given: Capture) -> dict[str, float]:
    """Share of pictures with a pose, and rotation errors of those."""
    names = [Path(frame.image).stem for frame in given.frames]
    index = [names.index(Path(frame.image).stem) for frame in found.frames]
    errors = rotation_errors_deg(found.poses[:, :3, :3], given.poses[index, :3, :3])
    return {
        "registered": len(found.frames) / len(given.frames),
        "rotation_median_deg": float(np.median(errors)),
        "rotation_max_deg": float(errors.max()),
        "focal_px": found.camera.fx_px,
        "focal_given_px": given.camera.fx_px,
    }


def main() -> None:
    """Capture, compare, fit if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", metavar="PRESET", choices=sorted(PRESETS))
    parser.add_argument("--steps", type=int, help="of the fit, instead of preset's")
    parser.add_argument("--out", type=Path, help="keep what is made here")
    args = parser.parse_args()
    given, points = read_capture(args.folder)
    with tempfile.TemporaryDirectory() as temporary:
        out = args.out or Path(temporary)
        started = time.monotonic()
        images = args.folder / Path(given.frames[0].image).parent
        made = make_capture(
            images, out / "capture", CaptureConfig(), None, lambda *_: None
        )
        result = compare(made.capture, given)
        result |= {"capture_s": time.monotonic() - started}
        result |= {"reprojection_px": made.posed.error_px}
        if args.fit is not None:
            recipe = PRESETS[args.fit]
            recipe = replace(recipe, steps=args.steps or recipe.steps)
            scene = fit_scene(
                "fox", args.folder, out / "fit", given, points, recipe, (), _show
            )
            write_scene(out / "scene.npz", scene)
            result |= scene.header.measured
    print(json.dumps({name: round(value, 4) for name, value in result.items()}))


def _show(step: Step) -> None:
    if step.step % 100 < 10:
        print(f"{step.step}/{step.steps} {step.train_psnr_db:.1f} dB", flush=True)


if __name__ == "__main__":
    main()
