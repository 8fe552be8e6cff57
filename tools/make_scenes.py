"""`make scenes`: film labs that never were, then the way of a real one, and its card.

Only the pictures come from MuJoCo. Poses, pitch and field come from the same commands
as a real lab's; what filming knew is used at the end, to say how far they are off.
"""

import argparse
import math
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scene_forms import against_exact
from cli.main import main as op3_soccer
from nerf_render.baked_file import PART
from nerf_render.capture.document import DOCUMENT, Capture, read_capture
from nerf_render.capture.report import COVERAGE
from nerf_render.fit.place import place
from nerf_render.fit.presets import PRESETS
from nerf_render.fit.run import COMPARISON
from nerf_render.scene_file import Scene, SceneError, read_scene
from nerf_render.similarity import fit_similarity
from tools.procedural_lab import Phone, film
from tools.procedural_room import LABS, Lab
from tools.scene_heads import write_heads

Floats = NDArray[np.float64]
_ROOT = Path(__file__).parents[1]
_BUILD = _ROOT / "build" / "scenes"
_SCENES = _ROOT / "scenes"
_MOST_MB = 8.0
_CARD_WIDTH_PX = 900
_HEADS = 200
_PRESET = "dull"
"""MuJoCo's room has no gloss."""
_LABELS = {
    "capture_with_pose": "pictures with a pose",
    "capture_wrong_pose": "pictures left out, because tags showed them placed wrongly",
    "capture_reprojection_px": "reprojection error, px",
    "capture_reference_m": "worst tag off by, m",
    "capture_seconds": "capture, s of wall clock",
    "fit_steps": "steps of the fit",
    "fit_s": "fit, s of wall clock",
    "fit_cpu_s": "the same, s of processor",
    "psnr_db": "held-out PSNR, dB",
    "ssim": "held-out SSIM",
    "floor_depth_error_m": "depth error on the floor, median, m",
    "floor_depth_error_p90_m": "the same, 90th percentile, m",
}


def pitch_errors(capture: Capture, truth: Floats) -> dict[str, float]:
    """How far a capture's pitch frame is from the one that was filmed in.

    Args:
        truth: [V, 4, 4] of all pictures filmed, in order; frames name theirs.
    """
    assert capture.pitch is not None
    index = [int(Path(frame.image).stem) for frame in capture.frames]
    found = capture.pitch.poses(capture.poses)[:, :3, 3]
    # True pitch frame <- the capture's.
    left = fit_similarity(found, truth[index, :3, 3])
    along = left.directions(np.array([1.0, 0.0, 0.0]))
    return {
        "pitch_origin_m": float(np.linalg.norm(left.points(np.zeros(3)))),
        "pitch_yaw_deg": abs(math.degrees(math.atan2(along[1], along[0]))),
        "pitch_scale_error": abs(left.scale - 1),
    }


def make(lab: Lab, phone: Phone, preset: str, steps: int | None) -> Path:
    """One scene from nothing; what is there of an interrupted try is used."""
    build, out = _BUILD / lab.name, _SCENES / lab.name
    if not _is_filmed(build, phone):
        film(lab, build, phone)
    capture_folder, scene_path = build / "capture", out / "scene.npz"
    if not (capture_folder / DOCUMENT).exists():
        _run(
            *("scene", "capture", str(build / "video"), "--out", str(capture_folder)),
            *("--reference", str(build / "reference.json")),
        )
    capture, points = read_capture(capture_folder)
    recipe = PRESETS[preset]
    recipe = replace(recipe, steps=steps or recipe.steps)
    job = place(capture_folder, capture, points, recipe).job
    if not _is_fitted(scene_path, job.fingerprint):
        _run(
            *("scene", "fit", str(capture_folder), "--out", str(scene_path)),
            *("--preset", preset, "--steps", str(recipe.steps), "--name", lab.name),
        )
    with np.load(build / "truth.npz") as truth:
        errors = pitch_errors(capture, truth["poses"])
    _picture(capture_folder / "fit" / COMPARISON, out / "held_out.jpg")
    _picture(capture_folder / COVERAGE, out / "coverage.jpg")
    if PART not in {name.split("/")[0] for name in read_scene(scene_path).arrays}:
        # The fit was stopped while it baked.
        _run("scene", "bake", str(scene_path))
    scene = read_scene(scene_path)
    write_heads(scene, out / "heads.jpg")
    size_mb = scene_path.stat().st_size / 1e6
    if size_mb > _MOST_MB:
        raise SystemExit(
            f"{scene_path}: expected at most {_MOST_MB} MB, found {size_mb:.1f}; use a "
            "smaller --preset"
        )
    card = out / "CARD.md"
    forms = against_exact(scene, _HEADS)
    card.write_text(_card(lab, scene, errors, forms, size_mb), encoding="utf-8")
    return card


def _is_filmed(build: Path, phone: Phone) -> bool:
    """Whether all of it is there; otherwise nothing of another film stays."""
    truth = build / "truth.npz"
    if truth.exists():
        with np.load(truth) as arrays:
            if len(arrays["poses"]) == phone.views:
                return True
    shutil.rmtree(build, ignore_errors=True)
    return False


def _is_fitted(path: Path, fingerprint: str) -> bool:
    """Whether the scene file is whole and of this very fit."""
    try:
        return read_scene(path).header.provenance["fit"] == fingerprint
    except SceneError:
        return False


def _card(
    lab: Lab,
    scene: Scene,
    errors: dict[str, float],
    forms: dict[str, float],
    size_mb: float,
) -> str:
    light = scene.header.light
    assert light is not None
    measured = scene.header.measured
    rows = [
        (label, f"{measured[name]:.4g}")
        for name, label in _LABELS.items()
        if name in measured
    ]
    rows += [
        ("pitch origin off by, m", f"{errors['pitch_origin_m']:.4f}"),
        ("pitch yaw off by, deg", f"{errors['pitch_yaw_deg']:.3f}"),
        ("pitch scale off by, %", f"{100 * errors['pitch_scale_error']:.3f}"),
        (f"baked against exact, {_HEADS} heads, PSNR, dB", f"{forms['psnr_db']:.1f}"),
        ("the same, depth on the pitch, m", f"{forms['pitch_depth_error_m']:.4f}"),
        ("light: toward", _numbers(light.toward_p)),
        (
            "the same, lamp and rest, RGB",
            f"{_numbers(light.diffuse_rgb)}; {_numbers(light.ambient_rgb)}",
        ),
        ("scene file, MB", f"{size_mb:.2f}"),
    ]
    return "\n".join(
        [
            f"# {lab.name}",
            "",
            f"{lab.about} Filmed in MuJoCo (`tools/procedural_lab.py`), then "
            "captured and fitted as a real lab is.",
            "",
            "```sh",
            f"make scenes LABS={lab.name}",
            "```",
            "",
            "| measured | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows),
            "",
            "Held-out pictures: photograph, field, its depth.",
            "",
            "![Held-out photographs above what the field shows](held_out.jpg)",
            "",
            "Two robots' heads: robots and ball traced into the scene at 320 x 240, "
            "the same as a policy gets it, and in MuJoCo.",
            "",
            "![Composite, 40 x 30, MuJoCo](heads.jpg)",
            "",
            "The capture: cameras, points, and how many pictures show each place.",
            "",
            "![Cameras, points and coverage of the pitch](coverage.jpg)",
            "",
        ]
    )


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def _run(*command: str) -> None:
    print("op3-soccer", *command, flush=True)
    code = op3_soccer(list(command))
    if code:
        raise SystemExit(code)


def _picture(source: Path, target: Path) -> None:
    picture = cv2.imread(str(source))
    assert picture is not None
    scale = min(1.0, _CARD_WIDTH_PX / picture.shape[1])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), reduced, [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    """Make the scenes named."""
    labs = {lab.name: lab for lab in LABS}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=list(labs), metavar="LAB")
    parser.add_argument("--views", type=int, default=Phone().views)
    parser.add_argument("--preset", default=_PRESET, help="of the fit")
    parser.add_argument("--steps", type=int, help="instead of the lab's own")
    args = parser.parse_args()
    for name in args.names:
        phone = Phone(views=args.views)
        print(make(labs[name], phone, args.preset, args.steps or labs[name].steps))


if __name__ == "__main__":
    main()
