"""`op3-soccer calibrate ...` as typed."""

import pytest

from cli.calibrate_step import StepPlace
from cli.main import main
from robot.contracts.calibration import (
    CalibrationBundle,
    Estimate,
    JointPart,
    JointZero,
)
from robot.contracts.calibration_file import write_calibration


def calibrate(*arguments):
    return main(["calibrate", *arguments])


def test_boards_are_written(tmp_path):
    assert calibrate("board", "--out", str(tmp_path), "--paper", "letter") == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "stand_board.pdf",
        "plates.pdf",
    }


def test_show_tells_zeros_in_degrees(tmp_path, capsys):
    place = StepPlace(root=tmp_path, step="zeros")
    zero = JointZero(
        joint="l_knee", zero_rad=Estimate(value=0.05, sigma=0.002), source="jig"
    )
    part = JointPart(provenance=place.provenance("by hand", "none", 1), zeros=(zero,))
    write_calibration(place.calibration, CalibrationBundle(joints=part))
    assert calibrate("show", str(place.calibration)) == 0
    shown = capsys.readouterr().out
    # 0.05 rad = 2.865 deg, 0.002 rad = 0.115 deg.
    assert "l_knee" in shown
    assert "+2.86" in shown
    assert "0.11" in shown


def test_show_without_a_file_says_what_to_do(tmp_path, capsys):
    assert calibrate("show", str(tmp_path / "none.json")) == 2
    assert "make it with op3-soccer calibrate" in capsys.readouterr().err


def test_a_step_that_is_not_one_lists_the_steps(capsys):
    with pytest.raises(SystemExit):
        calibrate("kamera")
    assert "board" in capsys.readouterr().err
