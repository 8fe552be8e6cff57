"""`op3-soccer bench sim`: one JSON object, a CSV file and a plot."""

import csv
import json

from cli.main import main


def test_one_object_with_ratios_and_memory_and_the_sweeps_as_files(tmp_path, capsys):
    out = tmp_path / "bench"
    words = ["bench", "sim", "--json", "--envs", "2", "--seconds", "0"]
    assert main([*words, "--sizes", "1", "3", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    for task in ("walk", "match"):
        low, high = found[f"{task}.ratio_iqr"]
        assert 0 < low <= found[f"{task}.ratio"] <= high
        assert found[f"{task}.steps_per_s"] > 0
    assert found["match.bytes_per_env"] > found["match.model_bytes"] / 2
    assert found["num_envs"] == 2
    assert found["cores"] >= 1
    assert found["versions"].keys() >= {"mujoco", "numpy"}
    assert json.loads((out / "bench.json").read_text()) == found
    with (out / "throughput.csv").open() as file:
        rows = list(csv.DictReader(file))
    cases = [(row["task"], row["environments"], row["robots"]) for row in rows]
    assert cases == [
        ("walk", "1", "1"),
        ("walk", "3", "1"),
        ("match", "1", "2"),
        ("match", "3", "2"),
        ("match", "2", "2"),
        ("match", "2", "4"),
        ("match", "2", "6"),
    ]
    assert (out / "throughput.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_no_environments_are_refused(capsys):
    assert main(["bench", "sim", "--envs", "0"]) == 2
    assert "expected 1 or more environments, found 0" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused_before_measuring(tmp_path, capsys):
    path = tmp_path / "taken"
    path.write_text("")
    assert main(["bench", "sim", "--out", str(path)]) == 2
    assert "--out: expected a folder" in capsys.readouterr().err
