"""`op3-soccer scene bake SCENE`: the fast form of a scene, into its file."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.scene_progress import StageBar
from nerf_render.baked_file import baked_of, with_baked
from nerf_render.baking import BakeConfig
from nerf_render.scene_file import Scene, SceneError, read_scene, write_scene

ERRORS = (SceneError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    config = BakeConfig()
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bake",
        help="make the fast form that robots' pictures are drawn from",
        description="Renders the exact field from where heads can be, fuses the "
        "pictures into surfaces with colours, estimates the light, and writes all into "
        "the scene file. `scene fit` does it too.",
    )
    parser.add_argument("scene", type=Path, help="scene file")
    parser.add_argument(
        "--voxel",
        type=float,
        default=config.voxel_m,
        metavar="M",
        help="edge of a voxel, m (%(default)s)",
    )
    parser.add_argument(
        "--views",
        type=int,
        default=config.views,
        metavar="N",
        help="pictures taken of the exact field (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Bake, write, report."""
    if args.voxel <= 0 or args.views < 1:
        raise SceneError(
            f"--voxel, --views: expected numbers > 0, found {args.voxel}, {args.views}"
        )
    scene = baked_scene(
        read_scene(args.scene), BakeConfig(voxel_m=args.voxel, views=args.views)
    )
    write_scene(args.scene, scene)
    megabytes = baked_of(scene).bytes / 1e6
    Console().print(
        f"{args.scene}: baked; {args.scene.stat().st_size / 1e6:.2f} MB on disk, "
        f"{megabytes:.0f} MB in memory"
    )
    return 0


def baked_scene(scene: Scene, config: BakeConfig | None = None) -> Scene:
    """With its fast form, a bar running along.

    Raises:
        SceneError: it has no metres, or see `with_baked`.
    """
    if not scene.header.metric:
        raise SceneError(
            f"{scene.header.name}: expected a scene with a metric pitch frame, found "
            "one without; capture it again with --reference"
        )
    with StageBar() as bar:
        return with_baked(
            scene,
            config,
            lambda share: bar.stage("baking", round(1000 * share), 1000),
        )
