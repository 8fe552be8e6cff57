"""`op3-soccer scene view`: the page's state, drawn; and bad input."""

import numpy as np
import pytest

from cli.main import main


def test_a_scene_that_is_not_there_is_refused(tmp_path, capsys):
    assert main(["scene", "view", str(tmp_path / "none.npz")]) == 2
    assert "expected a scene file, found none" in capsys.readouterr().err


@pytest.mark.slow
def test_the_heads_picture_follows_the_ball(room_file):
    from cli.scene_pictures import ScenePainter
    from cli.scene_stage_page import CAMERA, StagePage
    from nerf_render.scene_file import read_scene
    from sim.arena import match_arena

    arena = match_arena()
    painter = ScenePainter(arena, [read_scene(room_file)], CAMERA, fine=2)
    page = StagePage(arena, painter, "127.0.0.1", 0)
    try:
        page.update()
        first = page.policy_picture
        page.move_ball((-0.4, 0.1, 0.07))
        page.update()
        moved = np.abs(page.policy_picture.astype(int) - first).max()
        assert moved > 60
        assert page.note == ""
    finally:
        page.close()
