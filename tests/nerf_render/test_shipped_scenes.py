"""What `scenes/` ships is whole, small enough, metric, and has its card."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from nerf_render.field import field_of
from nerf_render.scene_file import read_scene
from nerf_render.shading import LINE_ALBEDO
from tools.procedural_room import LABS

SCENES = sorted((Path(__file__).parents[2] / "scenes").glob("*/scene.npz"))


def test_a_scene_is_shipped():
    assert SCENES


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.parent.name)
def test_a_shipped_scene_is_whole_with_its_card(path):
    assert path.stat().st_size <= 8e6
    scene = read_scene(path)
    assert scene.header.name == path.parent.name
    assert scene.header.metric
    assert field_of(scene).shape == scene.header.field
    # Cameras and pitch lie in a cube of two units, so one unit is some metres.
    assert 2.0 < scene.header.pitch.scale < 5.0
    card = (path.parent / "CARD.md").read_text(encoding="utf-8")
    assert f"{scene.header.measured['psnr_db']:.4g}" in card
    assert "(held_out.jpg)" in card
    assert "(coverage.jpg)" in card
    for picture in re.findall(r"\((\w+\.jpg)\)", card):
        assert (path.parent / picture).stat().st_size <= 400_000


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.parent.name)
def test_a_shipped_labs_light_is_near_the_one_it_was_filmed_in(path):
    (lab,) = [one for one in LABS if one.name == path.parent.name]
    light = read_scene(path).header.light
    lamp = np.array(lab.lamp_toward) / np.linalg.norm(lab.lamp_toward)
    assert math.degrees(math.acos(lamp @ np.array(light.toward_p))) < 25
    # MuJoCo adds display values; what an upward white face sends is their sum.
    floor = (np.array(lab.ambient) + np.array(lab.lamp) * lamp[2]) ** 2.2
    found = np.array(light.diffuse_rgb) * light.toward_p[2] + light.ambient_rgb
    np.testing.assert_allclose(found * LINE_ALBEDO, floor, rtol=0.2)
    np.testing.assert_allclose(found / found.mean(), floor / floor.mean(), rtol=0.1)
