"""Recipes: their stages follow each other and fit together."""

from pathlib import Path

import jax
import pytest

from robot.policy import load_bundle
from sim.tasks.getup_starts import StartState
from sim.tasks.kick import KickTask
from training import recipes
from training.clone import CloneConfig
from training.recipes import plain_run, recipe
from training.stages import Stage, staged
from training.train_task import TaskRunConfig, initial_progress

SCRIPTED = Path(__file__).parents[2] / "policies" / "scripted"
RECORDED = (
    StartState(height_m=0.1, tilt_rad=1.0, toward_rad=0.0, joint_rad=(0.0,) * 20),
)


def no_script(name):
    raise AssertionError(f"asked for the script {name}")


def test_rise_clones_the_scripted_getup_and_goes_on_from_the_clone(monkeypatch):
    asked, recorded = [], []

    def scripts(name):
        asked.append(name)
        return load_bundle(SCRIPTED / name)

    def record(script, **settings):
        recorded.append((script.spec.name, settings))
        return RECORDED

    monkeypatch.setattr(recipes, "record_getups", record)
    stages = staged(recipe("rise", 3, scripts), Path("runs/rise"))
    first, second, third, fourth, sides, quicker, last = stages
    assert asked == ["getup"]
    assert recorded == [("scripted getup", {"worlds": 24, "every_s": 0.1, "seed": 5})]
    assert isinstance(first.run, CloneConfig)
    assert isinstance(second.run, TaskRunConfig)
    assert (first.name, first.run.script, first.run.run.seed) == ("clone", "getup", 3)
    assert isinstance(third.run, TaskRunConfig)
    assert second.run.warm_start == "runs/rise/clone"
    assert isinstance(fourth.run, TaskRunConfig)
    assert third.run.warm_start == "runs/rise/sure"
    assert fourth.run.warm_start == "runs/rise/fast"
    assert isinstance(sides.run, TaskRunConfig)
    assert isinstance(last.run, TaskRunConfig)
    assert sides.run.warm_start == "runs/rise/faster"
    assert isinstance(quicker.run, TaskRunConfig)
    assert quicker.run.warm_start == "runs/rise/sides"
    assert last.run.warm_start == "runs/rise/quicker"
    # Only at the end does it matter how upright it is once it is up.
    assert quicker.run.task.rewards.lean == 0  # type: ignore[attr-defined]
    assert last.run.task.rewards.lean < 0  # type: ignore[attr-defined]
    # No pushes in the second stage, full ones before the third ends and from then on.
    assert second.run.curriculum.push_ramp[0] >= second.run.total_steps
    assert third.run.curriculum.push_ramp[1] < third.run.total_steps
    assert fourth.run.curriculum.push_ramp[1] <= 1
    assert second.run.ppo.critic_first == 25
    starts = second.run.task.starts  # type: ignore[attr-defined]
    assert starts.recorded == RECORDED
    # 0.65 + 0.10 + 0.20: the rest of 0.05 stands.
    shares = (starts.lying_share, starts.tilted_share, starts.recorded_share)
    assert shares == (0.65, 0.10, 0.20)
    shapes = [
        jax.eval_shape(lambda run=run: initial_progress(run).learner.params)
        for run in (first.run.run, second.run, third.run, fourth.run, last.run)
    ]
    assert all(shape == shapes[0] for shape in shapes)


def test_stages_of_the_walk_start_from_each_other():
    stages = staged(recipe("walk", 0, no_script), Path("out"))
    runs = [stage.run for stage in stages if isinstance(stage.run, TaskRunConfig)]
    assert [run.warm_start for run in runs] == [
        # Dash, turn and gait are each learned from nothing, their pupil from the gait.
        *("", "out/dash", "out/dash_quiet", "out/dash_pushed", "out/dash_paced"),
        *("", "out/turn"),
        *("", "out/slow_clock", "out/fast_clock", "out/careful"),
        *("out/quiet", "out/taught", "out/settled", "out/exact", "out/evened"),
        *("out/turned", "out/dashed"),
    ]
    taught = [run.specialists for run in runs if run.specialists is not None]
    assert len(taught) == 7
    for specialists in taught:
        assert specialists.turn == "out/turn_pushed"
        assert specialists.dash == "out/dash_bold"
        assert specialists.walk == "out/quiet"
    shapes = [
        jax.eval_shape(lambda run=run: initial_progress(run).learner.params)
        for run in runs
    ]
    assert all(shape == shapes[0] for shape in shapes)


def test_a_match_is_learned_from_both_teachers(monkeypatch):
    monkeypatch.setattr(recipes, "record_getups", lambda script, **more: RECORDED)
    stages = recipe("match", 1, lambda name: load_bundle(SCRIPTED / name))
    tactics, alone, opponent, score, *more = staged(stages, Path("out"))
    clone, sure, fast, faster, sides, quicker, rise, duel = more
    names = ["tactics", "alone", "opponent", "score"]
    names += ["clone", "sure", "fast", "faster", "sides", "quicker", "rise", "duel"]
    assert [stage.name for stage in stages] == names
    assert isinstance(tactics.run, CloneConfig)
    assert isinstance(opponent.run, TaskRunConfig)
    assert isinstance(alone.run, TaskRunConfig)
    assert isinstance(clone.run, CloneConfig)
    assert isinstance(score.run, TaskRunConfig)
    assert isinstance(sure.run, TaskRunConfig)
    assert isinstance(fast.run, TaskRunConfig)
    assert isinstance(faster.run, TaskRunConfig)
    assert isinstance(sides.run, TaskRunConfig)
    assert isinstance(quicker.run, TaskRunConfig)
    assert isinstance(rise.run, TaskRunConfig)
    assert isinstance(duel.run, TaskRunConfig)
    later = (alone, opponent, score, sure, fast, faster, sides, quicker, rise, duel)
    assert [stage.run.warm_start for stage in later] == [
        *("out/tactics", "out/alone", "out/opponent"),
        *("out/clone", "out/sure", "out/fast", "out/faster"),
        *("out/sides", "out/quicker", ""),
    ]
    assert duel.run.duel is not None
    teachers = duel.run.duel.score_teacher, duel.run.duel.getup_teacher
    assert teachers == ("out/score", "out/rise")
    # The score teacher commands a walk, its pupil the joints: it begins from nothing.
    assert score.run.skill == "walk"
    assert not duel.run.skill
    assert not duel.run.duel.from_score_teacher


def test_a_kick_is_corrected_standing_then_out_of_the_walk():
    stages = staged(recipe("kick", 4, no_script), Path("out"))
    before = ("", "out/standing", "out/moving", "out/straight", "out/upright")
    shares = (0.0, 0.5, 0.4, 0.25, 0.15)
    for stage, earlier, share in zip(stages, before, shares, strict=True):
        run = stage.run
        assert isinstance(run, TaskRunConfig)
        assert isinstance(run.task, KickTask)
        assert run.warm_start == earlier
        assert (run.skill, run.seed) == ("walk", 4)
        assert run.kick is not None
        assert (run.kick.bundle, run.kick.moving_share) == ("kick", share)
    walk = load_bundle(SCRIPTED.parent / "walk")
    assert KickTask().clock_hz == walk.spec.clock_hz


def test_a_task_without_a_recipe_is_one_plain_run():
    assert recipe("getup", 2, no_script) == (Stage(name="", run=plain_run("getup", 2)),)


def test_score_commands_the_walk_as_the_tactics_do_then_better():
    clone, alone, pushed, last = staged(recipe("score", 4, no_script), Path("out"))
    assert isinstance(clone.run, CloneConfig)
    assert isinstance(alone.run, TaskRunConfig)
    assert isinstance(pushed.run, TaskRunConfig)
    assert isinstance(last.run, TaskRunConfig)
    assert (clone.run.script, clone.run.run.seed) == ("tactics", 4)
    starts = [run.warm_start for run in (alone.run, pushed.run, last.run)]
    assert starts == ["out/tactics", "out/alone", "out/opponent"]
    runs = clone.run.run, alone.run, pushed.run, last.run
    assert [run.skill for run in runs] == ["walk"] * 4
    assert [run.task.alone for run in runs] == [True, True, False, False]  # type: ignore[attr-defined]
    # A detour is learned where an opponent stands in the way.
    assert last.run.task.opponent_in_way_share == 0.4  # type: ignore[attr-defined]
    # One network fits all.
    shapes = [
        jax.eval_shape(lambda run=run: initial_progress(run).learner.params)
        for run in runs
    ]
    assert all(shape == shapes[0] for shape in shapes)


def test_a_clone_that_would_forget_its_predecessor_is_refused():
    clone = CloneConfig(run=plain_run("rise"), script="getup", seconds=1.0)
    stages = (Stage(name="a", run=plain_run("rise")), Stage(name="b", run=clone))
    with pytest.raises(ValueError, match="that follows nothing, found 'b' after 'a'"):
        staged(stages, Path("out"))
