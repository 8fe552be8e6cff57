"""`op3-soccer session`: real matches in real processes, killed and gone on with."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.main import main
from match.session_files import match_folder

ROOT = Path(__file__).parents[2]
PLAN = """
name = "test"
match_s = {seconds}
limit = {limit}
seed = 3
clips_per_match = {clips}
stall_s = 60

[rules]
initial_duration_s = 0.2
ready_duration_s = 0.5
set_duration_s = 0.2

[[teams]]
name = "learned"
bundle = "{root}/policies"

[[teams]]
name = "scripted"
bundle = "{root}/policies/scripted"

[[teams]]
name = "walks"
bundle = "{root}/policies/walk"
"""


def write_plan(folder, *, seconds, limit, clips=0):
    path = folder / "plan.toml"
    text = PLAN.format(seconds=seconds, limit=limit, clips=clips, root=ROOT)
    path.write_text(text, encoding="utf-8")
    return path


def rows(folder, query):
    with sqlite3.connect(f"file:{folder}/session.sqlite?mode=ro", uri=True) as file:
        return file.execute(query).fetchall()


def test_a_session_of_one_match(tmp_path, capsys):
    plan, out = write_plan(tmp_path, seconds=2, limit=1, clips=1), tmp_path / "out"
    assert main(["session", str(plan), "--out", str(out)]) == 0
    assert rows(out, "SELECT number, status FROM result") == [(1, "finished")]
    place = match_folder(out, 1)
    kept = {path.name for path in place.iterdir()}
    assert {"match.mcap", "match.json", "paths.npz", "result.json"} <= kept
    assert (place / "errors.txt").read_text() == ""
    summary = json.loads((place / "result.json").read_text())["summary"]
    assert summary["played_s"] == pytest.approx(2.0, abs=0.05)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "1 of 1 matches played" in page
    assert "data:video/mp4" in page
    # The same command again has nothing to play, and another plan is refused.
    assert main(["session", str(plan), "--out", str(out)]) == 0
    write_plan(tmp_path, seconds=3, limit=1)
    assert main(["session", str(plan), "--out", str(out)]) == 2
    assert "match_s: expected 2.0 as this session began" in capsys.readouterr().err


def test_a_plan_whose_bundle_is_missing_is_refused_at_once(tmp_path, capsys):
    plan = write_plan(tmp_path, seconds=2, limit=1)
    plan.write_text(plan.read_text().replace("/policies/walk", "/policies/none"))
    assert main(["session", str(plan), "--out", str(tmp_path / "out")]) == 2
    assert "policies/none" in capsys.readouterr().err


def session_process(plan, out):
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "session",
        str(plan),
        "--out",
        str(out),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def wait_for(condition, process, longest_s=900.0):
    end_s = time.monotonic() + longest_s
    while not condition():
        assert process.poll() is None, f"ended with code {process.returncode}"
        assert time.monotonic() < end_s
        time.sleep(0.05)


def playing(out):
    """Process ids of matches that are on; from /proc, because `ps` may take seconds on
    a busy machine, and a match is over by then."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # ended meanwhile; a zombie has no command line
        if "cli.session_match" in command and str(out) in command:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
def test_kills_lose_and_double_no_match(tmp_path):
    """The session is killed in its second match; later its third match is killed and
    its fourth one hangs, for longer than `stall_s`."""
    plan, out = write_plan(tmp_path, seconds=6, limit=4), tmp_path / "out"
    first = session_process(plan, out)
    record = match_folder(out, 2) / "match.mcap"
    wait_for(record.exists, first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    for _ in range(100):
        if not playing(out):
            break
        time.sleep(0.1)
    assert playing(out) == []  # the match went down with its session
    assert rows(out, "SELECT number FROM result") == [(1,)]
    (kept,) = rows(out, "SELECT * FROM result WHERE number = 1")

    second = session_process(plan, out)
    wait_for((match_folder(out, 3) / "match.mcap").exists, second)
    (match,) = playing(out)
    os.kill(match, signal.SIGKILL)
    wait_for((match_folder(out, 4) / "match.mcap").exists, second)
    (match,) = playing(out)
    os.kill(match, signal.SIGSTOP)
    assert second.wait(timeout=1800) == 0
    results = rows(out, "SELECT number, status FROM result ORDER BY number")
    assert results == [(number, "finished") for number in range(1, 5)]
    assert rows(out, "SELECT * FROM result WHERE number = 1") == [kept]
    killed, hung = rows(out, "SELECT number, reason FROM attempt ORDER BY number")
    assert killed[0] == 3
    assert "code -9" in killed[1]
    assert hung == (4, "no sign of life for 60 s")
    figures = json.loads((out / "session.json").read_text())
    assert sum(line["played"] for line in figures["standings"]) == 8
