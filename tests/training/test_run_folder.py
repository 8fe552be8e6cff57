"""Runs survive a stop, refuse a mix-up, and end in a bundle that the robot accepts."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from robot.contracts.policy import read_spec
from robot.policy import load_bundle
from sim.env import EnvConfig
from training.curves import draw_curves
from training.export import export_walk
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.train_walk import WalkRunConfig, make_learner, train_walk

TINY = WalkRunConfig(
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
        progress = train_walk(TINY, folder)
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
        after = train_walk(longer, folder)
    assert int(after.steps) == 96
    assert int(after.learner.updates) == int(progress.learner.updates) + 1


def test_a_second_run_in_the_same_folder_is_refused(finished):
    path, _ = finished
    with pytest.raises(RunError, match="expected a new folder, found a run"):
        RunFolder(path, TINY, resume=False)


def test_another_configuration_is_refused_by_name(finished):
    path, _ = finished
    other = replace(TINY, seed=9)
    with pytest.raises(RunError, match=r"config\.seed: 0 there, 9 here"):
        RunFolder(path, other, resume=True)


def test_a_line_cut_short_by_a_kill_is_skipped(tmp_path):
    with RunFolder(tmp_path, TINY, resume=False) as folder:
        folder.report(1, {"kl": 0.5})
        (tmp_path / "metrics.jsonl").open("a").write('{"step": 2, "k')
        assert folder.history() == [{"step": 1, "kl": 0.5}]


def test_the_exported_bundle_acts_as_the_learner_does(finished, tmp_path):
    path, progress = finished
    bundle = tmp_path / "walk"
    export_walk(path, TINY, bundle, "walk", made_by="a test")
    policy = load_bundle(bundle)
    spec = read_spec(bundle / "spec.json")
    assert spec.made_by == "a test"
    assert spec.observation.size == 143
    observation = np.random.default_rng(0).normal(size=143).astype(np.float32)
    action, _ = policy.act(observation, policy.initial_state())
    expected = make_learner(TINY).mean_action(progress.learner.params, observation)
    np.testing.assert_allclose(action, jax.device_get(expected), atol=1e-5)


def test_export_without_a_checkpoint_names_the_remedy(tmp_path):
    with pytest.raises(RunError, match="train first with op3-soccer train walk"):
        export_walk(tmp_path, TINY, tmp_path / "b", "walk", made_by="a test")


def test_curves_are_drawn(finished, tmp_path):
    path, _ = finished
    with RunFolder(path, TINY, resume=True) as folder:
        draw_curves(folder.history(), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5_000
