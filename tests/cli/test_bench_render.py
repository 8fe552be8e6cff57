"""`op3-soccer bench render`: one JSON object, on one core."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_one_object_with_both_figures(room_file):
    # In a process of its own: it keeps itself on one core.
    words = ["bench", "render", "--json", "--seconds", "0", "--scene", str(room_file)]
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["baked_fps"] > found["composite_fps"] > 1
    assert found["size_px"] == [40, 30]
    assert found["scene"] == "room"


def test_a_scene_that_is_not_there_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: None)
    words = ["bench", "render", "--scene", str(tmp_path / "none.npz")]
    assert main(words) == 2
    assert "expected a scene file, found none" in capsys.readouterr().err
