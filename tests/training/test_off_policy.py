"""DMPO's run loop: archives everything, mixes, resumes after a kill, heeds Ctrl-C."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.toy import ENDLESS, TINY, Point, streams, train
from training.archive import ArchiveReader, open_for_reuse
from training.archive_check import check_archive
from training.dm_env_batch import episode_returns
from training.dmpo_config import DmpoConfig
from training.off_policy import OffPolicyConfig, make_learner, train_off_policy
from training.run_folder import RunError, RunFolder, has_checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def learner():
    """One learner for all runs: its functions are compiled once."""
    return make_learner(TINY, streams())


@pytest.fixture(scope="module")
def finished(learner, tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    return path, train(path, TINY, learner)


def history(path: Path, config: OffPolicyConfig = TINY) -> list[dict[str, float]]:
    with RunFolder(path / "run", config, resume=True) as folder:
        return folder.history()


def test_a_run_counts_steps_and_updates(finished):
    path, progress = finished
    assert int(progress.steps) == 400
    # 20 steps a burst (4 rows x 5); updates from the burst that fills 200 steps on:
    # 11 bursts x 20 x 0.1 = 22.
    assert int(progress.learner.updates) == 22
    rows = history(path)
    assert [row["step"] for row in rows] == [100, 200, 300, 400]
    assert "critic_loss" not in rows[0]
    assert np.isfinite(rows[-1]["critic_loss"])


def test_the_archive_holds_every_step_and_every_episode(finished):
    path, _ = finished
    reader = ArchiveReader(path / "archive")
    assert check_archive(reader).faults == ()
    # 400 steps of 4 rows: 5 episodes of 20 steps in each row.
    assert (reader.progress.steps, reader.progress.episodes) == (400, 20)
    reported = [row["episode/return"] for row in history(path)]
    # Episodes end at 80, 160 ... steps: each report of 100 has 4 but the last, with 8.
    totals = reader.episodes().total
    assert reported[0] == pytest.approx(totals[:4].mean(), rel=1e-5)


def test_a_resumed_run_goes_on_with_full_replay(finished, learner, tmp_path):
    path, progress = finished
    longer = replace(TINY, total_steps=440)
    _copy(path, tmp_path)
    after = train(tmp_path, longer, learner, resume=True)
    assert int(after.steps) == 440
    # 400 steps are in the archive, so updates go on at once: 40 x 0.1.
    assert int(after.learner.updates) == int(progress.learner.updates) + 4
    assert ArchiveReader(tmp_path / "archive").progress.steps == 440


def test_without_an_archive_a_resumed_run_waits_for_new_data(
    finished, learner, tmp_path
):
    path, progress = finished
    _copy(path, tmp_path)
    longer = replace(TINY, total_steps=440)
    with RunFolder(tmp_path / "run", longer, resume=True) as folder:
        after = train_off_policy(longer, learner, streams(), folder)
    assert int(after.learner.updates) == int(progress.learner.updates)


def test_equal_seeds_give_equal_runs(finished, learner, tmp_path):
    path, _ = finished
    train(tmp_path, TINY, learner)
    one, other = (history(place)[-1] for place in (path, tmp_path))
    assert one["critic_loss"] == other["critic_loss"]
    assert one["episode/return"] == other["episode/return"]


def test_reused_data_is_mixed_in_from_the_first_update(finished, learner, tmp_path):
    path, _ = finished
    reuse = open_for_reuse([path / "archive"], streams().interface)
    with RunFolder(tmp_path / "run", TINY, resume=False) as folder:
        mixed = train_off_policy(TINY, learner, streams(), folder, reuse=reuse)
    assert int(mixed.learner.updates) == 22
    last = history(tmp_path)[-1]["critic_loss"]
    assert np.isfinite(last)
    assert last != history(path)[-1]["critic_loss"]


def test_a_warm_start_takes_networks_and_nothing_else(finished, learner, tmp_path):
    path, progress = finished
    warm = replace(TINY, warm_start=str(path / "run"), total_steps=20)
    with RunFolder(tmp_path, warm, resume=False) as folder:
        started = train_off_policy(warm, learner, streams(), folder)
    # 20 steps are too few for an update.
    assert (int(started.steps), int(started.learner.updates)) == (20, 0)
    for where in (started.learner.params, started.learner.target):
        np.testing.assert_array_equal(_bias(where), _bias(progress.learner.params))
    missing = replace(TINY, warm_start=str(tmp_path / "none"))
    with (
        RunFolder(tmp_path / "other", missing, resume=False) as folder,
        pytest.raises(RunError, match=r"expected checkpoint\.msgpack in .*none"),
    ):
        train_off_policy(missing, learner, streams(), folder)


def test_ctrl_c_saves_what_there_is(learner, tmp_path):
    def stop(step, metrics):
        if step >= 200:
            raise KeyboardInterrupt

    progress = train(tmp_path, ENDLESS, learner, on_report=stop)
    assert int(progress.steps) == 200
    assert has_checkpoint(tmp_path / "run")
    # All 200 steps, the last rows in a short chunk.
    assert ArchiveReader(tmp_path / "archive").progress.steps == 200


def test_a_policy_is_evaluated_on_time(learner, tmp_path):
    seen = []

    def evaluate(policy):
        actions = np.asarray(policy(np.zeros((3, 3), np.float32)))
        seen.append(actions.shape)
        return {"eval/return": 7.0}

    train(tmp_path, TINY, learner, evaluate=evaluate)
    assert seen == [(3, 1), (3, 1)]
    assert [row.get("eval/return") for row in history(tmp_path)] == [
        None, 7.0, None, 7.0
    ]  # fmt: skip


@pytest.mark.slow
def test_kill_9_in_the_middle_loses_nothing_written_and_the_curve_goes_on(
    learner, tmp_path
):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.training.toy", str(tmp_path)], cwd=ROOT
    )
    try:
        _wait_until(lambda: has_checkpoint(tmp_path / "run"), process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    archive = ArchiveReader(tmp_path / "archive")
    kept = archive.progress.steps
    assert kept > 0
    assert check_archive(archive).faults == ()
    steps = []
    after = train(
        tmp_path, ENDLESS, learner, resume=True,
        on_report=lambda step, metrics: _stop_after(steps, step, 2),
    )  # fmt: skip
    # It went on from a checkpoint, saved every 200 steps, with a replay of old data.
    begun = steps[0] - 100
    assert begun % 200 == 0
    assert begun >= 200
    assert int(after.learner.updates) > 0
    archive.refresh()
    assert archive.progress.steps == kept + 200
    assert check_archive(archive).faults == ()
    rows = history(tmp_path, ENDLESS)
    assert [row["step"] for row in rows] == list(range(100, begun + 201, 100))


@pytest.mark.slow
def test_learning_reaches_the_middle(tmp_path):
    """Standing on x = 0 earns 20; doing nothing, 10 on average over starts."""
    config = replace(
        TINY, total_steps=6_000, updates_per_step=0.25, report_every=6_000,
        save_every=6_000, evaluate_every=6_000,
    )  # fmt: skip
    found = []

    def evaluate(policy):
        held_out = [Point(seed) for seed in range(100, 116)]
        found.append(float(np.mean(episode_returns(held_out, "point", policy))))
        return {}

    train(tmp_path, config, evaluate=evaluate)
    # From a start of |x| = 0.5 on average at 0.2 a step: the best lose about 1.
    assert found[-1] > 17.0


def test_too_short_trajectories_are_refused():
    with pytest.raises(ValueError, match=r"n_step \+ 1 = 6 steps or more"):
        OffPolicyConfig(dmpo=DmpoConfig(n_step=5), length=5)


def _bias(params):
    return np.asarray(params["actor"]["params"]["mean_head"]["bias"])


def _stop_after(steps: list[int], step: int, count: int) -> None:
    steps.append(step)
    if len(steps) == count:
        raise KeyboardInterrupt


def _wait_until(condition, process) -> None:
    for _ in range(6000):
        assert process.poll() is None, "the run ended by itself"
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("no checkpoint within two minutes")


def _copy(source: Path, target: Path) -> None:
    """The finished run, its configuration left out: the copy is to run longer."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    (target / "run" / "config.json").unlink()
