"""The scenes that come with the project, and whether this computer can draw them."""

from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from nerf_render.scene_file import SceneError

SCENES = Path(__file__).parent.parent / "scenes"
_NEEDED = ("jax", "jaxtyping", "scipy")


def shipped_scenes() -> list[Path]:
    """Baked scene files in `scenes/`, by name; empty where none is shipped."""
    return [path for path in sorted(SCENES.glob("*/scene.npz")) if _is_baked(path)]


def default_scene() -> Path | None:
    """The first one; None where there is none, or nothing here to draw it with."""
    shipped = shipped_scenes()
    if not shipped or any(find_spec(package) is None for package in _NEEDED):
        return None
    return shipped[0]


def _is_baked(path: Path) -> bool:
    """Whether robots' pictures can be drawn from it; False for a damaged file."""
    try:
        with ZipFile(path) as archive:
            return "baked/grid.npy" in archive.namelist()
    except (BadZipFile, OSError):
        return False


def add_scene_options(parser: ArgumentParser) -> None:
    """`--scene` and `--no-scene`."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--scene",
        type=Path,
        metavar="NPZ",
        help="captured place that the robots see (default: the first in scenes/)",
    )
    choice.add_argument(
        "--no-scene", action="store_true", help="the robots' pictures are MuJoCo's"
    )


def chosen_scene(args: Namespace) -> Path | None:
    """What `add_scene_options` asked for, or the default.

    Raises:
        SceneError: there is no such file.
    """
    if args.no_scene:
        return None
    if args.scene is None:
        return default_scene()
    if not args.scene.is_file():
        raise SceneError(f"--scene: expected a scene file, found no {args.scene}")
    return args.scene
