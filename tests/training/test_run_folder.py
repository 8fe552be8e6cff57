"""Runs survive a stop and a kill, and refuse a mix-up."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sim.env import EnvConfig
from sim.tasks.walk_task import WalkTask
from training.curves import draw_curves
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder, read_params
from training.train_task import TaskRunConfig, initial_progress, train_task

TINY = TaskRunConfig(
    task=WalkTask(),
    env=EnvConfig(num_envs=4, num_threads=1),
    ppo=PpoConfig(hidden=(16,), minibatches=2, epochs=1),
    rollout_steps=8,
    total_steps=64,
    report_every=1,
    save_every=1,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    with RunFolder(path, TINY, resume=False) as folder:
        progress = train_task(TINY, folder)
    return path, progress


def test_a_run_leaves_config_metrics_and_checkpoint(finished):
    path, progress = finished
    assert int(progress.steps) == 64
    assert json.loads((path / "config.json").read_text())["config"]["seed"] == 0
    rows = [
        json.loads(row) for row in (path / "metrics.jsonl").read_text().splitlines()
    ]
    # 64 steps in updates of 4 environments x 8 steps.
    assert [row["step"] for row in rows] == [32, 64]
    assert np.isfinite(rows[-1]["reward/total"])
    assert (path / "checkpoint.msgpack").exists()


def test_a_run_resumes_where_it_stopped(finished, tmp_path):
    path, progress = finished
    longer = replace(TINY, total_steps=96)
    (tmp_path / "checkpoint.msgpack").write_bytes(
        (path / "checkpoint.msgpack").read_bytes()
    )
    with RunFolder(tmp_path, longer, resume=True) as folder:
        after = train_task(longer, folder)
    assert int(after.steps) == 96
    assert int(after.learner.updates) == int(progress.learner.updates) + 1


def test_a_second_run_in_the_same_folder_is_refused(finished):
    path, _ = finished
    with pytest.raises(RunError, match="expected a new folder, found a run"):
        RunFolder(path, TINY, resume=False)


def test_another_configuration_is_refused_by_name(finished):
    path, _ = finished
    other = replace(TINY, seed=9)
    with pytest.raises(RunError, match=r"seed: expected 0, found 9"):
        RunFolder(path, other, resume=True)


def test_a_line_cut_short_by_a_kill_is_skipped(tmp_path):
    with RunFolder(tmp_path, TINY, resume=False) as folder:
        folder.report(1, {"kl": 0.5})
        (tmp_path / "metrics.jsonl").open("a").write('{"step": 2, "k')
        assert folder.history() == [{"step": 1, "kl": 0.5}]


def test_a_line_after_one_cut_short_is_a_line_of_its_own(tmp_path):
    with RunFolder(tmp_path, TINY, resume=False) as folder:
        folder.report(1, {"kl": 0.5})
    (tmp_path / "metrics.jsonl").open("a").write('{"step": 2, "k')
    with RunFolder(tmp_path, TINY, resume=True) as folder:
        folder.report(3, {"kl": 0.25})
        assert folder.history() == [{"step": 1, "kl": 0.5}, {"step": 3, "kl": 0.25}]


def test_reports_beyond_the_checkpoint_gone_on_from_are_forgotten(tmp_path):
    with RunFolder(tmp_path, TINY, resume=False) as folder:
        for step in (10, 20, 30):
            folder.report(step, {"kl": step / 10})
        # Killed at 30 with a checkpoint of step 15.
        folder.rewind(15)
        folder.report(25, {"kl": 9.0})
        assert folder.history() == [{"step": 10, "kl": 1.0}, {"step": 25, "kl": 9.0}]
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 5


def test_networks_of_another_shape_are_refused_by_name(finished):
    path, _ = finished
    wider = replace(TINY, ppo=replace(TINY.ppo, hidden=(32,)))
    like = initial_progress(wider).learner.params
    with pytest.raises(
        RunError, match=r"actor/params/Mlp_0/Dense_0/bias: \(32,\) here"
    ):
        read_params(path, like)


def test_curves_are_drawn(finished, tmp_path):
    path, _ = finished
    with RunFolder(path, TINY, resume=True) as folder:
        draw_curves(folder.history(), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5_000
