"""`op3-soccer scene fit CAPTURE`: a radiance field, as a scene file."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.scene_bake import baked_scene
from cli.scene_progress import StageBar
from nerf_render.capture.document import CaptureError, read_capture
from nerf_render.fit.presets import PRESETS
from nerf_render.fit.run import COMPARISON, FitError, Step, fit_scene
from nerf_render.scene_file import SUFFIX, SceneError, write_scene

ERRORS = (CaptureError, FitError, SceneError)
CONTENTS = ("lines", "goals", "walls")


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "fit",
        help="fit a radiance field to a capture, write the scene file",
        description="Runs nerfstudio in the scene environment (`make scene-env`). "
        "Ctrl-C saves; the same command goes on. Every 8th picture is held out and "
        "measures the result.",
    )
    parser.add_argument("capture", type=Path, help="folder of `scene capture`")
    parser.add_argument(
        "--out", type=Path, metavar="NPZ", help="scene file (CAPTURE/scene.npz)"
    )
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="checkpoints and held-out pictures (CAPTURE/fit)",
    )
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), default="cpu", help="size (%(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, help="of the optimizer, instead of preset's"
    )
    parser.add_argument(
        "--contains",
        nargs="*",
        choices=CONTENTS,
        default=list(CONTENTS),
        help="parts of the pitch that were filmed and need not be drawn (all)",
    )
    parser.add_argument("--name", help="of the scene (the capture's folder)")


def run(args: argparse.Namespace) -> int:
    """Fit, write, report."""
    recipe = PRESETS[args.preset]
    if args.steps is not None:
        if args.steps < 1:
            raise FitError(f"--steps: expected a number > 0, found {args.steps}")
        recipe = replace(recipe, steps=args.steps)
    capture, points = read_capture(args.capture)
    out = args.out or args.capture / f"scene{SUFFIX}"
    work = args.work or args.capture / "fit"
    console = Console()
    if capture.pitch is None:
        console.print(
            "[yellow]no metric reference:[/] the scene will have no metres and no pitch"
        )
    with StageBar() as bar:

        def show(step: Step) -> None:
            note = f"train {step.train_psnr_db:.1f} dB, {step.steps_per_s:.1f}/s"
            bar.stage("fitting", step.step, step.steps, note)

        scene = fit_scene(
            args.name or args.capture.resolve().name,
            args.capture,
            work,
            capture,
            points,
            recipe,
            tuple(args.contains),
            show,
        )
    # Kept as it is, should baking be stopped.
    write_scene(out, scene)
    if scene.header.metric:
        scene = baked_scene(scene)
        write_scene(out, scene)
    table = Table(title=str(out), show_header=False)
    for name, value in scene.header.measured.items():
        table.add_row(name.replace("_", " "), f"{value:.4g}")
    console.print(table)
    console.print(f"held-out pictures beside the photographs: {work / COMPARISON}")
    return 0
