"""What `scenes/` ships is whole, small enough, metric, and has its card."""

from pathlib import Path

import pytest

from nerf_render.field import field_of
from nerf_render.scene_file import read_scene

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
    for picture in ("held_out.jpg", "coverage.jpg"):
        assert f"({picture})" in card
        assert (path.parent / picture).stat().st_size <= 400_000
