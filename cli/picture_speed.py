"""How many robots' pictures a second, beside the exact field and nerfstudio."""

import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cli.scene_pictures import ScenePainter
from cli.shipped_scenes import shipped_scenes
from nerf_render.background import baked_background
from nerf_render.cameras import CameraPose, world_rays
from nerf_render.field import field_of, render_exact_image
from nerf_render.fit.run import FitError, environment_python
from nerf_render.scene_file import Scene, SceneError, read_scene
from robot.contracts.camera import pinhole
from sim.arena import Arena, match_arena
from sim.throughput import processor

BATCH = 16
CAMERA = pinhole(40, 30, math.radians(43.31))
FINE = 2
_ROOT = Path(__file__).parents[1]


def measure(path: Path | None, seconds: float, batch: int = BATCH) -> dict[str, Any]:
    """The JSON object. Times are of the processor, so that others do not count.

    Args:
        path: scene file; None for the first shipped one.
        seconds: to measure each figure for.
        batch: pictures at once.

    Raises:
        SceneError: there is no such scene.
    """
    scene = read_scene(_found(path))
    arena = match_arena()
    painter = ScenePainter(arena, [scene], CAMERA, fine=FINE)
    qpos = jnp.asarray(_states(arena, batch), jnp.float32)
    robot, which = jnp.arange(batch) % 2, jnp.zeros(batch, jnp.int32)
    eyes = jax.vmap(painter.eye)(jax.vmap(painter.kinematics)(qpos), robot)

    @jax.jit
    def background(eyes: CameraPose) -> Any:
        def one(eye: CameraPose) -> Any:
            stage = painter.stage
            return baked_background(stage.scenes, jnp.int32(0), eye, stage.grid)

        return jax.vmap(one)(eyes)

    baked_fps = batch / _best_s(lambda: background(eyes), seconds)
    composite_fps = batch / _best_s(lambda: painter.frames(qpos, which, robot), seconds)
    result: dict[str, Any] = {
        "baked_fps": round(baked_fps, 1),
        "composite_fps": round(composite_fps, 1),
        "batch": batch,
        "size_px": [CAMERA.width_px, CAMERA.height_px],
        "rays_per_pixel": FINE * FINE,
        "scene": scene.header.name,
        "device": processor(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    if scene.part("field"):
        eye = jax.tree.map(lambda leaf: leaf[0], eyes)
        result |= _exact(path or _found(path), scene, eye, seconds, baked_fps)
    return result


def _found(path: Path | None) -> Path:
    if path is not None:
        return path
    shipped = shipped_scenes()
    if not shipped:
        raise SceneError(
            "expected a scene in scenes/, found none; name one with --scene, or make "
            "one with `make scenes`"
        )
    return shipped[0]


def _exact(
    path: Path, scene: Scene, eye: CameraPose, seconds: float, baked_fps: float
) -> dict[str, Any]:
    """The exact field here and, if there is a scene environment, in nerfstudio."""
    field = field_of(scene)
    to_scene = scene.header.pitch.inverse
    rays = np.stack(np.meshgrid(np.arange(40), np.arange(30)), -1)
    rays = (rays - [CAMERA.cx_px, CAMERA.cy_px]) / [CAMERA.fx_px, CAMERA.fy_px]
    origins, directions, _ = world_rays(eye, jnp.asarray(rays, jnp.float32))
    origins = jnp.asarray(to_scene.points(origins), jnp.float32)
    directions = jnp.asarray(to_scene.directions(directions), jnp.float32)
    exact_fps = 1 / _best_s(
        lambda: render_exact_image(field, origins, directions), seconds
    )
    out: dict[str, Any] = {"exact_fps": round(exact_fps, 1)}
    try:
        python = environment_python()
    except FitError as missing:
        return out | {"ratio_nerfstudio": None, "why": str(missing)}
    with tempfile.TemporaryDirectory() as folder:
        there, back = Path(folder) / "rays.npz", Path(folder) / "seen.npz"
        np.savez(there, origins=np.asarray(origins), directions=np.asarray(directions))
        subprocess.run(
            [
                *(str(python), "-W", "ignore", "-m", "nerf_render.fit.peer"),
                *(str(path.resolve()), str(there), str(back)),
            ],
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            check=True,
            capture_output=True,
        )
        with np.load(back) as seen:
            nerfstudio_fps = 1 / float(seen["seconds"])
            ours = render_exact_image(field, origins, directions)
            difference = float(np.abs(seen["rgb"] - np.asarray(ours.rgb)).max())
    return out | {
        "nerfstudio_fps": round(nerfstudio_fps, 2),
        "ratio_nerfstudio": round(baked_fps / nerfstudio_fps, 1),
        "exact_rgb_difference": difference,
    }


def _best_s(work: Callable[[], Any], seconds: float) -> float:
    """Processor seconds of the fastest run; the first one compiles."""
    jax.block_until_ready(work())
    best, end_s = math.inf, time.monotonic() + seconds
    while not math.isfinite(best) or time.monotonic() < end_s:
        start = time.process_time()
        jax.block_until_ready(work())
        best = min(best, time.process_time() - start)
    return best


def _states(arena: Arena, count: int) -> np.ndarray:
    """Two robots that stand about a ball and look at it, [count, nq]."""
    random = np.random.default_rng(0)
    out = np.tile(arena.model.qpos0, (count, 1))
    assert arena.ball is not None
    for qpos in out:
        ball = random.uniform(-1.2, 1.2, 2)
        qpos[arena.ball.qpos[:3]] = [*ball, 0.07]
        for side, robot in zip((1.0, -1.0), arena.robots, strict=True):
            away = side * random.uniform(0.4, 1.6)
            half = math.pi / 2 if side > 0 else 0.0
            x, y = ball[0] + away, ball[1] + random.uniform(-0.3, 0.3)
            turn = [math.cos(half), 0.0, 0.0, math.sin(half)]
            qpos[robot.root_qpos] = [x, y, 0.27, *turn]
            qpos[robot.joint_qpos[-1]] = random.uniform(-0.6, -0.2)
    return out
