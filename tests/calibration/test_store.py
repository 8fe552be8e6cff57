"""Measurements on disk: kept through kills, cuts and fresh starts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.store import Store, read_measurements, set_aside

ROOT = Path(__file__).parents[2]
SETUP = {"board": "charuco"}
_ENDLESS = """
import itertools, sys
from pathlib import Path
from calibration.store import Store
store = Store(Path(sys.argv[1]), "head", {"board": "charuco"})
for number in itertools.count():
    store.add(f"view {number:05d}", {"value": list(range(200))})
    print(number, flush=True)
"""


def test_a_killed_program_keeps_every_measurement_it_has_told_of(tmp_path):
    command = [sys.executable, "-c", _ENDLESS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as program:
        told = [int(program.stdout.readline()) for _ in range(20)]
        os.kill(program.pid, signal.SIGKILL)
        told += [int(line) for line in program.stdout if line.endswith(b"\n")]
    store = Store(tmp_path, "head", SETUP)
    assert store.resumed >= len(told)
    for number in told:
        assert store.has(f"view {number:05d}")
    assert all(row["value"] == list(range(200)) for row in store.rows())


def test_a_line_cut_in_half_is_dropped_and_made_again(tmp_path):
    Store(tmp_path, "head", SETUP).add("view 0", {"value": 1})
    path = tmp_path / "measurements.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "view 1", "val')
    store = Store(tmp_path, "head", SETUP)
    assert store.resumed == 1
    assert not store.has("view 1")
    assert path.read_bytes() == whole
    store.add("view 1", {"value": 2})
    assert [row["value"] for row in Store(tmp_path, "head", SETUP).rows()] == [1, 2]


def test_measurements_of_another_board_are_not_mixed(tmp_path):
    Store(tmp_path, "head", SETUP)
    with pytest.raises(CalibrationError) as refused:
        Store(tmp_path, "head", {"board": "chessboard"})
    first, second = refused.value.faults
    assert first == "board: expected chessboard, found charuco"
    assert "name another folder with --out, or start again with --fresh" in second


def test_a_fresh_start_sets_aside_and_deletes_nothing(tmp_path):
    folder = tmp_path / "head"
    Store(folder, "head", SETUP).add("view 0", {"value": 1})
    assert set_aside(folder) == tmp_path / "head.1"
    Store(folder, "head", SETUP).add("view 0", {"value": 2})
    assert set_aside(folder) == tmp_path / "head.2"
    values = [read_measurements(tmp_path / f"head.{n}", "view")[0] for n in (1, 2)]
    assert [row["value"] for row in values] == [1, 2]
    assert set_aside(folder) is None


def test_rows_hold_arrays_as_plain_numbers(tmp_path):
    store = Store(tmp_path, "head", SETUP)
    store.add("view 0", {"angle": np.float64(0.5), "ids": np.arange(3)})
    (row,) = Store(tmp_path, "head", SETUP).rows("view")
    assert row == {"key": "view 0", "angle": 0.5, "ids": [0, 1, 2]}


def test_arrays_lie_beside_their_row(tmp_path):
    store = Store(tmp_path, "servo", SETUP)
    name = store.keep_arrays("sweep l_knee", time_s=np.arange(4) / 2)
    assert store.arrays(name)["time_s"].tolist() == [0.0, 0.5, 1.0, 1.5]
    assert [path.name for path in tmp_path.glob("*.npz")] == ["sweep-l_knee.npz"]


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "head").write_text("")
    with pytest.raises(CalibrationError, match="expected a usable folder, found"):
        Store(tmp_path / "head", "head", SETUP)


def test_the_first_row_says_what_was_measured_with(tmp_path):
    Store(tmp_path, "head", SETUP)
    first = (tmp_path / "measurements.jsonl").read_text().splitlines()[0]
    assert json.loads(first) == {"key": "setup", "board": "charuco"}
