"""`op3-soccer randomization`: a row and a histogram for each axis."""

import struct

from cli.main import main
from sim.randomization import AXES


def test_every_axis_has_a_row_with_range_and_source(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    assert main(["randomization"]) == 0
    shown = capsys.readouterr().out
    rows = {
        line.split("│")[1].strip(): line for line in shown.splitlines() if "│" in line
    }
    assert set(rows) == {axis.name for axis in AXES}
    assert "0.5 to 1" in rows["floor_friction"]
    assert "P1: up to 0.5 kg" in rows["added_mass_kg"]
    assert "(0, 0)" in rows["push_n"]


def test_the_plot_is_a_picture(tmp_path, capsys):
    picture = tmp_path / "axes.png"
    assert main(["randomization", "--plot", str(picture)]) == 0
    assert str(picture) in capsys.readouterr().out.replace("\n", "")
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    # Width and height stand in the header: 4 panels of 4 inches at 90 dots.
    width, height = struct.unpack(">II", data[16:24])
    assert width == 4 * 4 * 90
    assert height > 1000


def test_a_place_that_cannot_be_written_is_named(tmp_path, capsys):
    assert main(["randomization", "--plot", str(tmp_path / "no" / "axes.png")]) == 2
    assert "expected a picture file that can be written" in capsys.readouterr().err
