"""Matches in a captured scene: players that see, and the video's insets."""

import math

import numpy as np
import pytest

from cli import shipped_scenes
from cli.main import main
from cli.match_insets import SceneInsets
from cli.scene_pictures import ScenePainter, scene_eyes
from firmware_bridge.emulator import SimulatedClock
from nerf_render.cameras import CameraError
from robot.contracts.camera import pinhole
from sim.arena import match_arena

CAMERA = pinhole(40, 30, math.radians(43.31))


@pytest.fixture(scope="module")
def arena():
    return match_arena()


@pytest.fixture
def qpos(arena):
    """The away robot lies in the distance; a ball 0.6 m before the home robot."""
    out = arena.model.qpos0.copy()
    out[arena.robots[0].root_qpos] = [-1.0, 0.0, 0.27, 1, 0, 0, 0]
    out[arena.robots[0].joint_qpos[-1]] = -0.4
    out[arena.robots[1].root_qpos] = [2.0, 1.5, 0.27, 0, 0, 0, 1]
    out[arena.ball.qpos[:3]] = [-0.4, 0.0, 0.07]
    return out


def test_a_robot_sees_the_ball_before_it_and_takes_new_pictures(arena, room_file, qpos):
    clock = SimulatedClock()
    eyes = scene_eyes(arena, room_file, CAMERA, clock, 0, lambda: qpos)
    seen = []
    for _ in range(20):
        clock.advance(0.025)
        picture = eyes.look()
        if picture is not None:
            seen.append(picture)
    # Half a second at 30 Hz, less the cable's 40 ms.
    assert 12 <= len(seen) <= 15
    assert seen[0].shape == (30, 40, 3)
    red, green, _ = seen[0].astype(int).transpose(2, 0, 1)
    orange = red > 2 * green  # the room's box is brown, less than that
    # 0.14 m at about 0.7 m, focal length 37.8 px: 7.5 px across, 45 in area.
    assert 25 < orange.sum() < 70


def test_insets_are_drawn_every_second_time(arena, room_file, qpos):
    insets = SceneInsets(arena, room_file)
    home, away = insets(qpos)
    assert home.shape == away.shape == (180, 240, 3)
    moved = qpos.copy()
    moved[arena.ball.qpos[1]] += 0.15
    assert insets(moved)[0] is home
    assert np.abs(insets(moved)[0].astype(int) - home).max() > 60


def test_a_robot_in_the_scenes_box_is_refused(arena, room_scene, qpos):
    painter = ScenePainter(arena, [room_scene], CAMERA, fine=1)
    painter.refuse_blocked(qpos, 0)
    qpos[arena.robots[0].root_qpos[:3]] = [1.5, 0.95, 0.05]
    with pytest.raises(CameraError, match="expected free space"):
        painter.refuse_blocked(qpos, 0)


def test_a_scene_that_is_not_there_is_refused_before_the_match(tmp_path, capsys):
    words = ["play", "--scene", str(tmp_path / "none.npz"), "--out", str(tmp_path)]
    assert main(words) == 2
    assert "--scene: expected a scene file, found no" in capsys.readouterr().err


def test_only_scenes_with_a_baked_form_are_taken_by_themselves(
    room_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(shipped_scenes, "SCENES", tmp_path)
    assert shipped_scenes.default_scene() is None
    for name, content in (("a", b"cut short"), ("b", room_file.read_bytes())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scene.npz").write_bytes(content)
    assert shipped_scenes.default_scene() == tmp_path / "b" / "scene.npz"
