"""Ramps, mixtures of an easy and a hard task, and a difficulty that success drives."""

from dataclasses import replace

import pytest

from sim.tasks.getup import GetupTask
from sim.tasks.getup_starts import GetupStarts
from training.curriculum import (
    Curriculum,
    CurriculumConfig,
    after_report,
    at_step,
    mixed,
    task_at,
)

HARD = GetupTask(starts=GetupStarts(lying_share=0.8, tilted_share=0.2))
EASY = GetupTask(starts=GetupStarts(lying_share=0.2, tilted_share=0.6))


def test_pushes_and_difficulty_follow_their_ramps():
    config = CurriculumConfig(push_ramp=(100, 300), task_ramp=(0, 400))
    start = Curriculum(pushes=0.0, difficulty=0.0)
    # (200 - 100) / 200 and 200 / 400.
    assert at_step(config, start, 200) == (0.5, 0.5)
    assert at_step(config, start, 50) == (0.0, 0.125)
    assert at_step(config, start, 1000) == (1.0, 1.0)


def test_success_makes_it_harder_and_failure_easier():
    config = CurriculumConfig(
        measure="end/up", harder_above=0.8, easier_below=0.4, step=0.25
    )

    def after(difficulty, **metrics):
        now = Curriculum(pushes=0.0, difficulty=difficulty)
        return after_report(config, now, metrics).difficulty

    assert after(0.5, **{"end/up": 0.9}) == 0.75
    assert after(0.5, **{"end/up": 0.6}) == 0.5
    assert after(0.5, **{"end/up": 0.3}) == 0.25
    assert after(0.9, **{"end/up": 0.9}) == 1.0
    assert after(0.5, **{"mean/up": 0.9}) == 0.5
    # The ramp over steps does not touch what success drives.
    assert at_step(config, Curriculum(pushes=0.0, difficulty=0.5), 10**9)[1] == 0.5


def test_a_task_half_way_has_half_way_shares():
    got = task_at(CurriculumConfig(easy=EASY), HARD, 0.5)
    # (0.2 + 0.8) / 2 and (0.6 + 0.2) / 2.
    assert got.starts.lying_share == pytest.approx(0.5)
    assert got.starts.tilted_share == pytest.approx(0.4)
    assert replace(got, starts=HARD.starts) == HARD


def test_without_an_easy_task_there_is_only_the_own_one():
    assert task_at(CurriculumConfig(), HARD, 0.3) is HARD


def test_an_easy_task_that_differs_in_more_than_floats_is_refused():
    with pytest.raises(ValueError, match=r"task\.game_layout: .* False beside True"):
        mixed(EASY, replace(HARD, game_layout=True), 0.5)
