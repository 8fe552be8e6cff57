"""kill -9 in the middle of a run, as typed: the curve goes on, no data is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from training.archive import ArchiveReader
from training.run_folder import read_step

STEPS = 20_000


@pytest.mark.slow
def test_a_killed_run_goes_on_and_loses_nothing(tmp_path):
    out, archive = tmp_path / "run", tmp_path / "archive"
    command = [sys.executable, "-m", "cli.main", "train", "rise", "--envs", "4"]
    command += ["--steps", str(STEPS), "--film-every", "0"]
    command += ["--out", str(out), "--archive", str(archive)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        # A checkpoint (every 50 updates of 128 steps) and a report beyond it.
        deadline = time.monotonic() + 600
        while not _last_step(out) > read_step(out) > 0:
            assert run.poll() is None, "the run ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    saved, before = read_step(out), (out / "metrics.jsonl").read_text()
    kept = ArchiveReader(archive).progress.steps
    done = subprocess.run([*command, "--resume"], stdout=subprocess.DEVNULL)
    assert done.returncode == 0
    after = (out / "metrics.jsonl").read_text()
    assert after.startswith(before)
    steps = [row["step"] for row in _rows(after[len(before) :])]
    # It says where it goes on, and reports from there to the end.
    assert steps[0] == saved
    assert steps[-1] <= read_step(out) == -(-STEPS // 128) * 128
    assert steps == sorted(steps)
    # All data committed before the kill, and all from the checkpoint on.
    assert ArchiveReader(archive).progress.steps == kept + read_step(out) - saved


def _last_step(out) -> int:
    path = out / "metrics.jsonl"
    rows = _rows(path.read_text()) if path.exists() else []
    return rows[-1]["step"] if rows else 0


def _rows(text):
    rows = []
    for line in text.splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows
