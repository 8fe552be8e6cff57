"""`train TASK` with a recipe that begins with a clone, as typed."""

from dataclasses import replace

import pytest

from cli import train_plan
from cli.main import main
from robot.policy import load_bundle
from sim.env import EnvConfig
from sim.tasks.getup_starts import GetupStarts
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask
from sim.tasks.view import STAND_RAD
from training.clone import CloneConfig
from training.ppo import PpoConfig
from training.run_folder import RunFolder, has_checkpoint
from training.stages import Stage
from training.train_task import TaskRunConfig, initial_progress

STANDING = GetupStarts(
    lying_share=0.0, tilted_share=0.0, poses=(STAND_RAD,), joint_spread_rad=0.0
)
RUN = TaskRunConfig(
    task=RiseTask(starts=STANDING),
    env=EnvConfig(num_envs=4, num_threads=1),
    ppo=PpoConfig(hidden=(16,), critic_first=1),
    rollout_steps=8,
    total_steps=64,
    report_every=1,
)
CLONE = CloneConfig(
    run=replace(RUN, seed=1), script="getup", noise=(0.0,), seconds=0.5, total_steps=20
)


@pytest.fixture
def tiny(monkeypatch):
    stages = (Stage(name="clone", run=CLONE), Stage(name="rise", run=RUN))
    monkeypatch.setattr(train_plan, "recipe", lambda task, seed, scripts: stages)


@pytest.mark.usefixtures("tiny")
def test_a_recipe_clones_then_trains_then_exports_and_resumes(tmp_path, capsys):
    out, bundle = tmp_path / "run", tmp_path / "bundle"
    command = ["train", "rise", "--out", str(out), "--film-every", "0"]
    assert main([*command, "--bundle", str(bundle)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "rise: clone of the scripted getup, 20 of 20 steps" in shown
    assert load_bundle(bundle).spec.role == "getup"
    for stage in ("clone", "rise"):
        assert (out / stage / "checkpoint.msgpack").exists()
    # Both stages are done: nothing is learned again.
    saved = (out / "clone" / "checkpoint.msgpack").stat().st_mtime_ns
    assert main([*command, "--resume"]) == 0
    assert (out / "clone" / "checkpoint.msgpack").stat().st_mtime_ns == saved


def test_a_pupil_of_teachers_of_another_shape_starts_from_nothing(tmp_path):
    teachers = []
    for task in (ScoreTask(), RiseTask()):
        config = TaskRunConfig(task=task, ppo=PpoConfig(hidden=(8,)))
        with RunFolder(tmp_path / task.name, config, resume=False) as folder:
            folder.save(initial_progress(config))
        teachers.append(str(tmp_path / task.name))
    command = ["train", "match", "--out", str(tmp_path / "duel"), "--steps", "0"]
    assert main([*command, "--envs", "4", "--teachers", *teachers]) == 0
    assert has_checkpoint(tmp_path / "duel")


def test_teachers_are_for_matches_only(tmp_path, capsys):
    out = ["--out", str(tmp_path / "run"), "--teachers", "runs/score", "runs/rise"]
    assert main(["train", "score", *out]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "expected the task match with --teachers, found score" in told
    assert main(["train", "match", *out]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "of a bundle as a teacher in runs/score, found neither" in told
    assert not (tmp_path / "run").exists()
