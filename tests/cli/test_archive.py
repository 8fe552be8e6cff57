"""`op3-soccer archive` as typed: lists, shows, checks, and explains bad input."""

import json

import numpy as np
import pytest

from cli.main import main
from tests.training.archives import STEPS, STREAMS, header, numbered
from training.archive import ArchiveWriter


@pytest.fixture
def archives(tmp_path):
    """Two archives: `a` of one episode of return 8 per environment, `b` of none."""
    cut = np.zeros((STREAMS, STEPS), bool)
    cut[:, -1] = True
    for name in ("a", "b"):
        place = tmp_path / "runs" / name
        with ArchiveWriter(place, header(learner="ppo"), row_steps=0) as writer:
            writer.add(numbered(0), step=0)
            if name == "a":
                writer.add(numbered(1)._replace(cut=cut), step=8)
    return tmp_path / "runs"


def test_list_names_every_archive_below_a_folder(archives, capsys):
    assert main(["archive", "list", str(archives), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["archive"] for one in found] == [
        str(archives / "a"),
        str(archives / "b"),
    ]
    # 2 environments x 4 steps a call.
    assert [one["steps"] for one in found] == [16, 8]
    assert [one["last_return"] for one in found] == [8.0, None]


def test_list_prints_a_table(archives, capsys):
    assert main(["archive", "list", str(archives)]) == 0
    shown = capsys.readouterr().out
    assert "walk" in shown
    assert "8.00" in shown


def test_list_of_an_empty_folder_says_so(tmp_path, capsys):
    assert main(["archive", "list", str(tmp_path)]) == 0
    assert "no archives below" in capsys.readouterr().out


def test_show_prints_specifications_sizes_and_a_histogram(archives, capsys):
    assert main(["archive", "show", str(archives / "a")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "head_pan" in shown
    assert "returns of 2 episodes" in shown
    assert "#####" in shown


def test_show_as_json_holds_the_histogram(archives, capsys):
    assert main(["archive", "show", str(archives / "a"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["episodes"] == 2
    assert facts["row_shapes"]["observation"] == [4, 3]
    assert sum(count for *_, count in facts["histogram"]) == 2


def test_show_draws_a_picture(archives, tmp_path, capsys):
    picture = tmp_path / "returns.png"
    assert main(["archive", "show", str(archives / "a"), "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 3_000
    assert f"plot in {picture}" in "".join(capsys.readouterr().out.splitlines())


def test_a_whole_archive_passes_the_check(archives, capsys):
    assert main(["archive", "check", str(archives / "a"), str(archives / "b")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0] == f"{archives / 'a'}: 1 chunks, 4 rows, 16 steps, 2 episodes: whole"
    )
    assert lines[1].endswith("2 rows, 8 steps, 0 episodes: whole")


def test_damage_fails_the_check(archives, capsys):
    (archives / "a" / "reward" / "c" / "0" / "0").write_bytes(b"nothing")
    both = [str(archives / "a"), str(archives / "b")]
    assert main(["archive", "check", *both, "--json"]) == 1
    damaged, whole = json.loads(capsys.readouterr().out)
    assert len(damaged["faults"]) == 1
    assert "chunk 0 of reward" in damaged["faults"][0]
    assert whole["faults"] == []


def test_what_is_no_archive_is_bad_input(tmp_path, capsys):
    for action in (["show", str(tmp_path)], ["check", str(tmp_path / "none")]):
        assert main(["archive", *action]) == 2
        shown = " ".join(capsys.readouterr().err.split())
        assert "expected an archive of trajectories, found none" in shown
    assert main(["archive", "list", str(tmp_path / "none")]) == 2
    assert "expected a folder to look in" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_bad_input(archives, tmp_path, capsys):
    place = str(tmp_path / "no" / "such" / "folder.png")
    assert main(["archive", "show", str(archives / "a"), "--plot", place]) == 2
    assert "expected a picture to write" in " ".join(capsys.readouterr().err.split())
