"""Making a scene of a fit's results; the real fit where the scene environment is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.capture.document import NO_POINTS, Capture, frame
from nerf_render.field import field_of, render_exact_image
from nerf_render.fit.presets import PRESETS
from nerf_render.fit.run import FitError, environment_python, fit_scene
from robot.contracts.camera import CameraModel

ROOT = Path(__file__).parents[2]
HAS_ENVIRONMENT = (
    Path(os.environ.get("SCENE_ENV", ROOT / ".scene-env")) / "bin" / "python"
).exists()
needs_environment = pytest.mark.skipif(
    not HAS_ENVIRONMENT, reason="needs `make scene-env`"
)
CAMERA = CameraModel(
    width_px=64,
    height_px=48,
    fx_px=50.0,
    fy_px=50.0,
    cx_px=31.5,
    cy_px=23.5,
    distortion="brown_conrady",
    coefficients=(0.05, -0.02, 0.001, 0.0),
)


def test_no_scene_environment_says_what_makes_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENE_ENV", str(tmp_path / "none"))
    with pytest.raises(FitError, match="found none; run `make scene-env`"):
        environment_python()


@pytest.fixture
def capture(tmp_path):
    """Sixteen pictures of noise from a circle, looking at the middle."""
    frames = []
    (tmp_path / "images").mkdir()
    for index in range(16):
        angle = 2 * np.pi * index / 16
        forward = -np.array([np.cos(angle), np.sin(angle), 0.0])
        right = np.array([-np.sin(angle), np.cos(angle), 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=-1)
        pose[:3, 3] = -forward
        noise = np.random.default_rng(index).integers(0, 255, (6, 8, 3))
        picture = cv2.resize(noise.astype(np.uint8), (64, 48))
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), picture)
        frames.append(frame(f"images/{index}.png", pose))
    return Capture(camera=CAMERA, frames=tuple(frames))


def test_a_broken_environment_is_named_with_the_end_of_its_log(
    tmp_path, monkeypatch, capture
):
    # A real Python without torch.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("SCENE_ENV", str(tmp_path))
    with pytest.raises(FitError, match=r"(?s)found exit code 1; .*No module named"):
        fit_scene(
            "x",
            tmp_path,
            tmp_path / "fit",
            capture,
            NO_POINTS,
            PRESETS["tiny"],
            (),
            lambda step: None,
        )


@pytest.mark.slow
@needs_environment
def test_the_exact_field_is_what_nerfstudio_rendered(tmp_path, capture):
    work = tmp_path / "fit"
    scene = fit_scene(
        "noise",
        tmp_path,
        work,
        capture,
        NO_POINTS,
        PRESETS["tiny"],
        (),
        lambda step: None,
    )
    assert scene.header.measured["fit_steps"] == 20
    assert "nerfstudio 1.1.5" in scene.header.provenance["fitted_with"]
    field = field_of(scene)
    for file in sorted((work / "held_out").glob("*.npz")):
        with np.load(file) as theirs:
            ours = render_exact_image(
                field, jnp.asarray(theirs["origins"]), jnp.asarray(theirs["directions"])
            )
            assert np.abs(np.asarray(ours.rgb) - theirs["rgb"]).max() < 1e-4
            depth = np.abs(np.asarray(ours.depth) - theirs["depth"])
            # The scene is two units across.
            assert np.median(depth) < 2e-3


@pytest.mark.slow
@needs_environment
def test_a_stopped_fit_goes_on_where_it_was(tmp_path, capture):
    from dataclasses import replace

    from nerf_render.fit.job import write_job
    from nerf_render.fit.place import place

    recipe = replace(PRESETS["tiny"], steps=3000)
    work = tmp_path / "fit"
    work.mkdir()
    write_job(work, place(tmp_path, capture, NO_POINTS, recipe).job)
    command = [environment_python(), "-m", "nerf_render.fit.trainer", work]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 75
    assert (work / "checkpoint.pt").exists()
    time.sleep(0.1)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        again = json.loads(process.stdout.readline())
        process.kill()
    assert again["resumed"] >= first["step"]


@pytest.mark.slow
@needs_environment
def test_the_fast_hash_grid_has_nerfstudios_values_and_gradients():
    program = """
import torch
from nerfstudio.field_components.encodings import HashEncoding
from nerf_render.fit.fast_hash import installed
torch.manual_seed(0)
grid = HashEncoding(num_levels=4, min_res=4, max_res=64, log2_hashmap_size=8,
                    implementation="torch")
grid.hash_table.data.uniform_(-1, 1)
at, weight = torch.rand(500, 3), torch.randn(500, 8)
results = []
def once():
    grid.zero_grad()
    out = grid(at)
    (out * weight).sum().backward()
    return out.detach().clone(), grid.hash_table.grad.clone()
own = once()
with installed():
    fast = once()
for a, b in zip(own, fast):
    print(float((a - b).abs().max()))
"""
    done = subprocess.run(
        [environment_python(), "-W", "ignore", "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    values, gradients = map(float, done.stdout.split()[-2:])
    assert values < 1e-5
    assert gradients < 1e-4
