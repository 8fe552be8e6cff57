"""The commands as typed: help, a tiny training run, and input that cannot work."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli import train_stage
from cli.main import COMMANDS, main
from cli.match_players import POLICIES
from cli.train_table import progress_table
from robot.policy import load_bundle
from training.archive import ArchiveReader

TINY = ["--envs", "4", "--steps", "128"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    run, bundle = str(folder / "run"), str(folder / "bundle")
    kept = ["--archive", str(folder / "archive")]
    assert main(["train", "walk", *TINY, *kept, "--out", run, "--bundle", bundle]) == 0
    return folder


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    listed = re.findall(r"^    (\w+)", shown, flags=re.MULTILINE)
    assert listed == list(COMMANDS)


def test_help_needs_no_desktop_library():
    code = (
        "import sys; from cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'jax', 'mujoco', 'cv2'} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_training_ends_in_a_bundle_that_names_its_command(trained):
    spec = load_bundle(trained / "bundle").spec
    assert spec.role == "walk"
    assert spec.made_by == "op3-soccer train walk --seed 0 --steps 128 --envs 4"
    assert (trained / "run" / "checkpoint.msgpack").exists()


def test_an_archive_holds_every_step_of_the_run(trained):
    archive = ArchiveReader(trained / "archive")
    assert archive.progress.steps == 128
    assert archive.header.interface.task == "walk"
    assert (
        archive.header.made_by == "op3-soccer train walk --seed 0 --steps 128 --envs 4"
    )


def test_a_recipe_with_steps_of_ones_own_is_bad_input(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "walk", "--recipe", *TINY, "--out", str(out)]) == 2
    shown = _words(capsys.readouterr().err)
    assert "expected --recipe or --steps, --envs, found both" in shown
    assert not out.exists()


def test_a_terminated_run_is_saved(tmp_path, monkeypatch):
    """SIGTERM in the middle, as a shutdown sends it."""

    def terminate(*args):
        if args[2]:  # a report's metrics
            os.kill(os.getpid(), signal.SIGTERM)
        return progress_table(*args)

    monkeypatch.setattr(train_stage, "progress_table", terminate)
    out = tmp_path / "run"
    args = ["--envs", "4", "--steps", "1000000", "--out", str(out)]
    assert main(["train", "walk", *args]) == 130
    assert (out / "checkpoint.msgpack").exists()


def test_training_again_into_the_same_folder_is_bad_input(trained, capsys):
    assert main(["train", "walk", *TINY, "--out", str(trained / "run")]) == 2
    assert "expected a new folder, found a run" in _words(capsys.readouterr().err)


def test_starting_from_a_run_that_is_none_leaves_no_folder(tmp_path, capsys):
    out, empty = tmp_path / "run", tmp_path / "empty"
    code = main(["train", "walk", *TINY, "--out", str(out), "--from", str(empty)])
    assert code == 2
    assert "to start from, found none" in _words(capsys.readouterr().err)
    assert not out.exists()


def test_a_run_started_from_another_names_it(trained, tmp_path):
    earlier, bundle = str(trained / "run"), str(tmp_path / "bundle")
    # No steps to do: the bundle acts as the run it started from.
    args = ["train", "walk", "--envs", "4", "--steps", "0", "--from", earlier]
    assert main([*args, "--out", str(tmp_path / "run"), "--bundle", bundle]) == 0
    policy, parent = load_bundle(tmp_path / "bundle"), load_bundle(trained / "bundle")
    assert policy.spec.made_by.endswith(f" --from {earlier}")
    seen = np.load(trained / "bundle" / "golden.npz")["observation"][0]
    ours, _ = policy.act(seen, policy.initial_state())
    theirs, _ = parent.act(seen, parent.initial_state())
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(("task", "name"), [("rise", "getup"), ("kick", "kick")])
def test_a_run_started_from_a_bundle_acts_as_it_did(task, name, tmp_path):
    """Of the kick it is the correction that goes on."""
    shipped = POLICIES / name
    args = ["train", task, "--envs", "4", "--steps", "0", "--from", str(shipped)]
    out, bundle = tmp_path / "run", tmp_path / "bundle"
    assert main([*args, "--out", str(out), "--bundle", str(bundle)]) == 0
    told = json.loads((out / "config.json").read_text(encoding="utf-8"))["config"]
    assert told["begins_as"] == str(shipped)
    assert told["kick"] is None or told["kick"]["bundle"] == str(shipped)
    # Its critic knows nothing yet: it learns first.
    assert told["ppo"]["critic_first"] > 0
    golden, policy = np.load(shipped / "golden.npz"), load_bundle(bundle)
    state = policy.initial_state()
    for seen, wanted in zip(golden["observation"], golden["action"], strict=True):
        ours, state = policy.act(seen, state)
        np.testing.assert_allclose(ours, wanted, atol=1e-4)


def test_a_scripted_bundle_is_nothing_to_start_from(tmp_path, capsys):
    shipped = str(POLICIES / "scripted" / "walk")
    assert (
        main(["train", "walk", *TINY, "--out", str(tmp_path), "--from", shipped]) == 2
    )
    assert "found the scripted one" in _words(capsys.readouterr().err)


def test_no_environment_at_all_is_bad_input(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "walk", "--envs", "0"])
    assert stopped.value.code == 2
    assert "expected a whole number from 1 up, found 0" in _words(
        capsys.readouterr().err
    )


def test_evaluating_a_folder_without_a_bundle_is_bad_input(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path)]) == 2
    shown = _words(capsys.readouterr().err)
    assert shown.startswith("error: ")
    assert "spec.json" in shown


def test_a_bundle_of_another_role_is_refused_with_a_remedy(capsys):
    assert main(["evaluate", str(POLICIES / "scripted" / "kick")]) == 2
    shown = _words(capsys.readouterr().err)
    assert "expected a bundle of role 'walk', found 'kick'; give e.g." in shown


@pytest.fixture(scope="module")
def evaluated():
    """`evaluate policies/walk --episodes 2 --json`, parsed strictly."""

    def refuse(constant):
        raise AssertionError(f"not JSON: {constant}")

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        walk = str(POLICIES / "walk")
        assert main(["evaluate", walk, "--episodes", "2", "--json"]) == 0
    return json.loads(out.getvalue(), parse_constant=refuse)


def test_the_shipped_walk_walks_half_a_metre_per_second_without_a_fall(evaluated):
    ahead = evaluated["ours"]["commands"]["forward"]
    assert ahead["distance_m_s"] >= 0.50
    assert ahead["episodes_with_fall"] == 0


def test_the_shipped_walk_goes_where_it_is_told(evaluated):
    commands = evaluated["ours"]["commands"]
    for name in ("backward", "left", "right"):
        # Speed in the commanded direction, 0.4 or 0.3 m/s asked.
        assert commands[name]["distance_m_s"] > 0.2
    assert commands["turn"]["turn_rad_s"] > 1.5
    assert abs(commands["stand"]["distance_m_s"]) < 0.05


def test_the_scripted_walk_is_measured_beside_ours(evaluated):
    assert evaluated["episodes_per_command"] == 2
    names = set(evaluated["ours"]["commands"])
    assert set(evaluated["scripted"]["commands"]) == names >= {"forward", "turn"}
    slow = evaluated["scripted"]["commands"]["slow"]
    assert slow["command"] == [0.2, 0.0, 0.0]
    assert slow["falls_per_min"] >= 0


def _words(text: str) -> str:
    """One line: the console wraps where the terminal ends."""
    return " ".join(text.split())
