"""Each specialist teaches the commands that are its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.env import EnvConfig
from sim.tasks.score import ScoreTask
from sim.tasks.walk_task import WalkTask
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.specialists import SpecialistsConfig
from training.teachers import load_teacher
from training.train_task import TaskRunConfig, initial_progress, train_task

TASK = WalkTask()
PLAIN = TaskRunConfig(task=TASK, ppo=PpoConfig(hidden=(8,)))


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    """Runs that have a checkpoint and nothing else, each with networks of its own."""
    path = tmp_path_factory.mktemp("specialists")
    for seed, name in enumerate(("turn", "dash", "walk")):
        run = replace(PLAIN, seed=seed)
        with RunFolder(path / name, run, resume=False) as folder:
            folder.save(initial_progress(run))
    return SpecialistsConfig(
        turn=str(path / "turn"), dash=str(path / "dash"), walk=str(path / "walk")
    )


def observed(command):
    """A plausible observation with that command, in m/s, m/s and rad/s."""
    spec, rng = TASK.observation, np.random.default_rng(3)
    parts = []
    for term in spec.terms:
        value = 0.1 * rng.normal(size=term.size * term.history)
        if term.name == "velocity_command":
            value = np.array(command) / np.array(term.std)
        parts.append(value)
    return np.concatenate(parts)[None].astype(np.float32)


@pytest.mark.parametrize(
    ("command", "teacher"),
    [
        # From 1.5 rad/s on, along at no more than 0.1 m/s.
        ((0.0, 0.0, 2.0), "turn"),
        ((0.05, 0.05, -1.6), "turn"),
        ((0.0, 0.0, 1.4), "walk"),
        ((0.2, 0.0, 2.0), "walk"),
        # From 0.55 m/s ahead, with at most 0.12 m/s to the side and 0.8 rad/s around.
        ((0.8, 0.0, 0.0), "dash"),
        ((0.6, -0.1, 0.7), "dash"),
        ((0.8, 0.2, 0.0), "walk"),
        ((0.8, 0.0, 0.9), "walk"),
        ((0.5, 0.0, 0.0), "walk"),
        ((0.0, 0.0, 0.0), "walk"),
    ],
)
def test_the_command_says_who_teaches(teachers, command, teacher):
    guide = teachers.guide(TASK.observation, TASK.action)
    seen = observed(command)
    lesson = guide.lesson(guide.start(), seen)
    found = load_teacher(Path(getattr(teachers, teacher)))
    expected = found.distribution(found.params, seen).mean
    low, high = (
        (np.array(end) - np.array(TASK.action.default_rad))
        / np.array(TASK.action.scale_rad)
        for end in (TASK.action.min_rad, TASK.action.max_rad)
    )
    np.testing.assert_allclose(lesson.mean, np.clip(expected, low, high), atol=1e-4)
    assert lesson.weight.tolist() == pytest.approx([1.0])
    assert bool(lesson.first[0]) == (teacher != "walk")


def test_a_pupil_learns_from_its_specialists_alone(teachers, tmp_path):
    run = replace(
        PLAIN,
        env=EnvConfig(num_envs=8, num_threads=1),
        ppo=PpoConfig(
            hidden=(8,),
            learning_rate=0.02,
            learning_rate_range=(0.02, 0.02),
            init_std=0.9,
        ),
        specialists=teachers,
        seed=9,
        rollout_steps=8,
        total_steps=640,
        report_every=1,
    )
    with RunFolder(tmp_path / "run", run, resume=False) as folder:
        train_task(run, folder)
        rows = folder.history()
    assert rows[-1]["teacher/kl"] < 0.5 * rows[0]["teacher/kl"]
    # The weight does not move, so nothing else counts.
    assert {row["teacher/specialist_weight"] for row in rows} == {1.0}
    assert {row["policy_loss"] for row in rows} == {0.0}


def test_a_missing_specialist_and_a_task_without_commands_are_refused(teachers):
    with pytest.raises(RunError, match=r"or policy\.onnx of a bundle as a teacher in"):
        replace(teachers, dash="nowhere").check()
    other = ScoreTask()
    with pytest.raises(RunError, match="expected a task that observes velocity_comma"):
        teachers.guide(other.observation, other.action)
