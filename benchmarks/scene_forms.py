"""A scene's two forms: the exact one against nerfstudio, the baked one against it.

    python -m benchmarks.scene_forms SCENE --held-out FIT/held_out [--double DIR]
    python -m benchmarks.scene_forms SCENE --heads 200

Held-out pictures are those that nerfstudio itself rendered at the end of a fit
(`op3-soccer scene fit` keeps them): one whole view is compared, pixel by pixel. Heads
are random places and directions of an OP3's head over the pitch, 40 x 30 pixels of
2 x 2 rays each in both forms.
"""

import argparse
import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from nerf_render.background import baked_background, ray_grid
from nerf_render.baked_file import baked_of, exact_rays
from nerf_render.baking import stack_scenes
from nerf_render.cameras import looking, world_rays
from nerf_render.field import field_of, render_exact_image
from nerf_render.scene_file import Scene, read_scene
from robot.contracts.camera import pinhole

CAMERA = pinhole(40, 30, math.radians(43.31))
PITCH_M = (2.5, 2.0)
_RAYS = ("origins", "directions")


def against_double(scene: Scene, file: Path, double: Path) -> dict[str, float]:
    """Both forms' distance from one view in double precision, as nerfstudio has it."""
    out = {}
    with (
        np.load(file) as view,
        np.load(double / file.name) as truth,
        jax.enable_x64(True),
    ):
        field = jax.tree.map(
            lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), field_of(scene)
        )
        rays = [jnp.asarray(view[name], jnp.float64) for name in _RAYS]
        ours = render_exact_image(field, *rays)
        for name, unit in (("rgb", 1.0), ("depth", 2.0)):
            # The cube [-1, 1]^3 of the scene frame: two units wide.
            rounding = np.abs(view[name] - truth[name]).max() / unit
            same = np.abs(np.asarray(getattr(ours, name)) - truth[name]).max() / unit
            out[f"{name}_nerfstudio_single_from_double"] = float(rounding)
            out[f"{name}_ours_double_from_double"] = float(same)
    return out


def against_nerfstudio(scene: Scene, file: Path) -> dict[str, float]:
    """Largest differences over one view."""
    with np.load(file) as view:
        seen = render_exact_image(
            field_of(scene),
            jnp.asarray(view["origins"], jnp.float32),
            jnp.asarray(view["directions"], jnp.float32),
        )
        rgb = np.abs(np.asarray(seen.rgb) - view["rgb"])
        depth = np.abs(np.asarray(seen.depth) - view["depth"])
        expected = np.abs(np.asarray(seen.expected_depth) - view["expected_depth"])
    # The cube [-1, 1]^3 of the scene frame: two units wide.
    return {
        "pixels": float(rgb[..., 0].size),
        "rgb_most": float(rgb.max()),
        "rgb_99_percent": float(np.quantile(rgb, 0.99)),
        "depth_most_of_scene": float(depth.max() / 2),
        "depth_99_percent_of_scene": float(np.quantile(depth, 0.99) / 2),
        "expected_depth_most_of_scene": float(expected.max() / 2),
    }


def against_exact(scene: Scene, heads: int) -> dict[str, float]:
    """Baked against exact over random heads."""
    grid = ray_grid(CAMERA, 1, 2)
    baked = stack_scenes([baked_of(scene)])
    exact = exact_rays(scene)
    random = np.random.default_rng(1)

    @jax.jit
    def both(place: jax.Array, yaw: jax.Array, pitch: jax.Array) -> tuple:
        pose = looking(place, yaw, pitch)
        seen = baked_background(baked, jnp.int32(0), pose, grid)
        origins, directions, stretch = world_rays(pose, grid.fine)
        return seen, origins, directions, stretch

    squares, floor = [], []
    for _ in range(heads):
        place = [*random.uniform(-1, 1, 2) * PITCH_M, random.uniform(0.3, 0.55)]
        yaw, pitch = random.uniform(-math.pi, math.pi), random.uniform(-0.7, 0.1)
        seen, origins, directions, stretch = both(
            jnp.array(place), jnp.float32(yaw), jnp.float32(pitch)
        )
        rgb, distance = exact(origins, directions)
        ours, theirs = (np.asarray(grid.pixels(c).mean(2)) for c in (seen.rgb, rgb))
        squares.append(np.mean((ours - theirs) ** 2))
        ends = np.asarray(origins + directions * distance[:, None])
        on_pitch = (np.abs(ends[:, :2]) < PITCH_M).all(1) & (np.abs(ends[:, 2]) < 0.1)
        depth = np.asarray(distance / stretch)
        baked_depth = 1 / np.maximum(np.asarray(seen.inverse_depth), 1e-6)
        floor.append(np.abs(baked_depth - depth)[on_pitch])
    errors = np.concatenate(floor)
    return {
        "heads": heads,
        "psnr_db": float(-10 * np.log10(np.mean(squares))),
        "psnr_db_5_percent": float(-10 * np.log10(np.quantile(squares, 0.95))),
        "pitch_depth_error_m": float(np.median(errors)),
        "pitch_depth_error_90_percent_m": float(np.quantile(errors, 0.9)),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--held-out", type=Path, metavar="DIR")
    parser.add_argument(
        "--double",
        type=Path,
        metavar="DIR",
        help="the same view of benchmarks.nerfstudio_rounding",
    )
    parser.add_argument("--heads", type=int, default=0)
    args = parser.parse_args()
    scene = read_scene(args.scene)
    found: dict[str, float] = {}
    if args.held_out is not None:
        view = sorted(args.held_out.glob("*.npz"))[0]
        found |= against_nerfstudio(scene, view)
        if args.double is not None:
            found |= against_double(scene, view, args.double)
    if args.heads:
        found |= against_exact(scene, args.heads)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
