"""`robot replay` and `robot plot` on logs of a robot made of numbers."""

import argparse

import pytest
from PIL import Image

from cli import robot_plot, robot_replay
from robot.faults import RuntimeFault
from robot.player import load_player
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.segments import SegmentConfig
from tests.fakes.bundles import write_bundle, write_player
from tests.fakes.records import cycles


@pytest.fixture
def player(tmp_path):
    write_player(tmp_path / "player")
    return tmp_path / "player"


def log_of(folder, player, **facts):
    walk = load_player(player, player).walk
    files = SegmentConfig(folder=folder)
    with Recorder(RecorderConfig(files=files, inline=True), facts) as recorder:
        for record in cycles(2, walk):
            recorder.cycle(record)
    return folder


def command(module, *words):
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    name = module.__name__.rpartition("_")[2]
    return module.run(parser.parse_args([name, *map(str, words)]))


def test_the_bundle_the_log_names_replays_equal(tmp_path, player, capsys):
    facts = {"bundle": str(player), "defaults": str(player)}
    log = log_of(tmp_path / "log", player, **facts)
    assert command(robot_replay, log) == 0
    printed = capsys.readouterr().out
    assert "84 walk" in printed  # 250 cycles, every third
    assert "every action has the same bits" in printed


def test_another_bundle_is_told_apart_by_table_and_exit_code(tmp_path, player, capsys):
    log = log_of(tmp_path / "log", player, defaults=str(player))
    write_bundle(tmp_path / "other", "walk", seed=5)
    assert command(robot_replay, log, "--bundle", tmp_path / "other") == 1
    printed = capsys.readouterr().out
    assert "l_knee" in printed
    assert "first difference: policy step 0 at 100.000 s" in printed


def test_a_log_that_names_no_bundle_asks_for_one(tmp_path, player):
    log = log_of(tmp_path / "log", player)
    with pytest.raises(RuntimeFault, match="give it: --bundle BUNDLE"):
        command(robot_replay, log)


def test_a_tolerance_below_zero_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        command(robot_replay, tmp_path, "--tolerance", "-1")
    assert "expected a number >= 0, found -1" in capsys.readouterr().err


def test_plot_draws_four_pictures(tmp_path, player, capsys):
    log = log_of(tmp_path / "log", player)
    assert command(robot_plot, log, "--out", tmp_path / "pictures") == 0
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {"tracking.png", "temperatures.png", "voltage.png", "timing.png"}
    for name in names:
        with Image.open(tmp_path / "pictures" / name) as picture:
            assert picture.width >= 1000
            # A picture without lines has hardly a colour.
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 100
    # The target is 0.01 rad ahead of every joint, always.
    assert "rms 0.0100 rad" in capsys.readouterr().out


def test_a_folder_without_a_log_is_an_error(tmp_path):
    with pytest.raises(RuntimeFault, match="log: expected a robot's log"):
        command(robot_plot, tmp_path)
