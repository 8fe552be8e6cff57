"""`op3-soccer robot run --camera` with a policy that sees, on the virtual robot."""

import imageio.v3 as iio
import numpy as np
import pytest

from cli.main import main
from robot.record.log_reader import read_log
from tests.fakes.bundles import write_player
from tests.fakes.seeing import write_seeing_walk

RUN = ("--virtual", "--lock-step", "--seconds", "4")


@pytest.fixture
def player(tmp_path):
    write_player(tmp_path / "player")
    write_seeing_walk(tmp_path / "player" / "walk")
    return str(tmp_path / "player")


def test_a_seeing_player_without_a_camera_is_told_how_to_name_one(player, capsys):
    assert main(["robot", "run", player, *RUN]) != 0
    printed = capsys.readouterr()
    assert "--camera /dev/video0" in printed.out + printed.err


def test_a_video_file_can_be_the_camera(player, tmp_path):
    gray = np.full((30, 480, 640, 3), 102, dtype=np.uint8)
    iio.imwrite(tmp_path / "lab.mp4", gray, fps=30)
    video = str(tmp_path / "lab.mp4")
    log = str(tmp_path / "log")
    assert main(["robot", "run", player, *RUN, "--camera", video, "--log", log]) == 0
    steps = read_log(tmp_path / "log").topic("/robot/policy")
    # 102 of 255 is a brightness of 0.4; the video codec may be off by a shade or two.
    assert [step.action[0] for step in steps][-1] == pytest.approx(0.4, abs=0.01)


def test_a_camera_that_is_not_there_is_one_clear_error(player, tmp_path, capsys):
    missing = str(tmp_path / "video7")
    assert main(["robot", "run", player, *RUN, "--camera", missing]) != 0
    printed = capsys.readouterr()
    assert f"expected a camera at {missing}" in printed.out + printed.err
