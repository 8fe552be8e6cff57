"""Walk and kick learned together out of whole shots."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cli.main import main
from robot.policy import OnnxPolicy, load_bundle
from robot.scripted.kick import KickPolicy
from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.kick import KickTask
from sim.tasks.kick_starts import KickStarts
from sim.tasks.walk_task import WalkTask
from training.bundle_network import read_network
from training.corrected_kick import read_correction
from training.corrected_kick import sizes as kick_sizes
from training.curriculum import CurriculumConfig
from training.export import export_shot
from training.kept_walk import KeptWalkConfig, record
from training.networks import FIRST, SECOND, GaussianActor, TwoSkills
from training.ppo import Batch, Kept, Ppo, PpoConfig
from training.recipes import SHOT, recipe
from training.run_folder import RunError, RunFolder
from training.shots import ShotConfig, Shots, check_walk, sizes
from training.train_task import (
    TaskRunConfig,
    check_start,
    load_progress,
    make_learner,
    train_task,
)

POLICIES = Path(__file__).parents[2] / "policies"
TASK = KickTask(
    starts=KickStarts(ahead_m=(3.0, 3.0), aim_rad=0.0, rolling_share=0.0),
    episode_s=10.5,
)
RUN = TaskRunConfig(
    task=TASK,
    env=EnvConfig(num_envs=4, num_threads=1, stagger=False),
    ppo=PpoConfig(critic_hidden=(8,), critic_first=100, minibatches=2),
    curriculum=CurriculumConfig(push_ramp=(0, 1)),
    rollout_steps=4,
    total_steps=32,
    seed=3,
    shot=ShotConfig(),
)
WALK = read_network("walk").spec
NEAR = ShotConfig(near_share=1.0)


def shots(count, config=NEAR):
    """Robots without faults."""
    env = EnvConfig(num_envs=count, randomization=NO_RANDOMIZATION, stagger=False)
    return Shots(Environment(TASK, env, 0), config, 0)


def shipped(tmp_path):
    """What acts as the shipped walk and kick."""
    with RunFolder(tmp_path / "run", RUN, resume=False) as folder:
        params = load_progress(RUN, folder).learner.params
    learner = make_learner(RUN)
    return lambda seen: np.asarray(learner.mean_action(params, seen))


def test_the_shipped_skills_walk_to_the_ball_and_score(tmp_path):
    act, env = shipped(tmp_path), shots(24)
    state, moved = env.reset()
    goals, ended, paid = [], np.zeros(24, bool), np.zeros(24)
    for _ in range(320):
        state, moved = env.step(
            state, act(moved.observation[:, 0])[:, None], push_strength=0.0
        )
        now = moved.terminated & ~ended
        paid += np.where(ended, 0.0, moved.terms["goal"][:, 0])
        goals += moved.measures["chance"][now, 0].tolist()
        ended |= now
    env.close()
    assert ended.all()
    # Nominal robots score in nine of ten get-up-and-shoots on board.
    assert np.mean(goals) > 0.6
    # All that is paid on the way is the chance in the end.
    assert paid.sum() == pytest.approx(np.sum(goals), abs=1e-6)


def test_each_skill_sees_nothing_while_the_other_acts(tmp_path):
    act, env = shipped(tmp_path), shots(6)
    walk, kick = WALK.observation.size, kick_sizes(TASK)[0]
    state, moved = env.reset()
    kicked = np.zeros(6, bool)
    for _ in range(200):
        seen = moved.observation[:, 0]
        on = seen[:, -1] > 0
        kicked |= on
        assert not seen[on, :walk].any()
        assert not seen[~on, walk : walk + kick].any()
        assert (np.abs(seen[~on, :walk]).max(axis=-1) > 0).all()
        state, moved = env.step(state, act(seen)[:, None], push_strength=0.0)
    env.close()
    assert kicked.any()
    assert moved.observation.shape[-1] == sizes(WALK, TASK)[0]
    assert moved.privileged.shape[-1] == sizes(WALK, TASK)[1]


def test_a_robot_that_does_nothing_is_late_and_pays_for_its_time():
    env = shots(2, ShotConfig(near_share=0.0, up_s=(1.0, 1.0), late_s=1.5))
    state, moved = env.reset()
    paid, late = np.zeros(2), []
    for _ in range(22):
        state, moved = env.step(state, np.zeros(env.action_shape), push_strength=0.0)
        paid += moved.terms["second"][:, 0]
        late.append(moved.measures["late"][0, 0])
    env.close()
    # From 1 to 1.5 s, 20 steps of 25 ms, and the step with which it ends.
    assert late == [False] * 20 + [True] + [False]
    assert paid[0] == pytest.approx(22 * 0.025 * -0.04)


def test_an_actor_of_two_skills_is_the_one_that_acts():
    two = TwoSkills(3, (5, 4), (8,), 0.2)
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(6, 10)).astype(np.float32)
    seen[:, -1] = [0, 1, 0, 1, 1, 0]
    params = two.init(jax.random.key(0), seen)
    params = jax.tree.map(lambda x: x + rng.normal(size=x.shape) * 0.1, params)
    mean, log_std = two.apply(params, seen)
    one = GaussianActor(3, (8,), 0.2)
    first = one.apply({"params": params["params"][FIRST]}, seen[:, :5])
    second = one.apply({"params": params["params"][SECOND]}, seen[:, 5:9])
    acts = seen[:, -1:] > 0
    np.testing.assert_allclose(mean, np.where(acts, second[0], first[0]), rtol=1e-5)
    np.testing.assert_allclose(log_std, np.where(acts, second[1], first[1]), rtol=1e-5)


def test_what_is_kept_is_not_forgotten():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(64, 4)).astype(np.float32)
    kept = Kept(observation=jnp.asarray(seen), action=jnp.asarray(seen[:, :2]), rows=64)

    def apart(learner):
        """From what is kept, after updates that teach nothing else."""
        state = learner.init(jax.random.key(0), 4, 1)
        flat = jnp.zeros((8, 4))
        batch = Batch(
            observation=jnp.zeros((8, 4, 4)),
            privileged=jnp.zeros((8, 4, 1)),
            action=jnp.zeros((8, 4, 2)),
            log_prob=flat,
            reward=flat,
            value=flat,
            next_value=flat,
            ended=flat,
            cut=flat,
        )
        for _ in range(60):
            state, _ = learner.update(state, batch)
        return float(
            np.abs(learner.mean_action(state.params, seen) - seen[:, :2]).mean()
        )

    config = PpoConfig(hidden=(32,), entropy=0.0, learning_rate_range=(1e-3, 1e-2))
    assert apart(Ppo(config, 2, kept=kept)) < 0.2 * apart(Ppo(config, 2))


def test_a_walk_is_recorded_where_no_shot_leads_it():
    config = KeptWalkConfig(robots=16, seconds=1.5)
    seen, done = record(config, "walk", seed=1)
    # From 0.5 to 1.5 s every other step of 25 ms: 20 times.
    assert seen.shape == (16 * 20, WALK.observation.size)
    np.testing.assert_allclose(read_network("walk")(seen), done, atol=1e-4)
    offset = sum(
        term.size * term.history
        for term in WalkTask().observation.terms
        if term.name not in ("velocity_command", "gait_clock")
    )
    told = seen[:, offset : offset + 3] * np.array([0.4, 0.2, 1.0])
    ahead, aside, around = np.abs(told).T
    of_games = (told[:, 0] >= -0.2) & (ahead <= 0.5) & (aside <= 0.15) & (around <= 2.4)
    assert not of_games.any()
    assert (told[:, 0] > 0.55).any()
    assert (around > 2.5).any()


def test_a_run_is_exported_as_the_two_skills_it_began_as(tmp_path):
    # The critic alone learns, so that both are what they were.
    with RunFolder(tmp_path / "run", RUN, resume=False) as folder:
        train_task(RUN, folder)
    export_shot(tmp_path / "run", RUN, tmp_path / "player", "a test")
    walk, kick = (load_bundle(tmp_path / "player" / name) for name in ("walk", "kick"))
    assert isinstance(walk, OnnxPolicy)
    assert isinstance(kick, KickPolicy)
    was = load_bundle(POLICIES / "walk")
    assert replace(walk.spec, made_by="", commit="") == replace(
        was.spec, made_by="", commit=""
    )
    seen = np.random.default_rng(0).normal(size=(WALK.observation.size,))
    np.testing.assert_allclose(
        walk.act(seen.astype(np.float32), ())[0],
        was.act(seen.astype(np.float32), ())[0],
        atol=1e-4,
    )
    (_, ours), (_, theirs) = (
        read_correction(str(folder))
        for folder in (tmp_path / "player" / "kick", POLICIES / "kick")
    )
    for (weight, bias), (other, other_bias) in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-6)
        np.testing.assert_allclose(bias, other_bias, atol=1e-6)


def test_its_recipe_goes_on_from_stage_to_stage_and_takes_no_other_settings(capsys):
    steady, surer, finest = recipe(SHOT, 5, lambda name: None)  # type: ignore[arg-type]
    assert isinstance(surer.run, TaskRunConfig)
    assert surer.follows
    assert finest.follows
    assert surer.run.env.randomization.imu_tilt_rad == (-0.06, 0.06)
    check_start(steady.run)
    others = ["--steps", "5", "--archive", "runs/a"]
    assert main(["train", SHOT, *others]) == 2
    told = capsys.readouterr().err
    assert "expected shot by its recipe alone, found --steps, --archive" in told
    assert main(["train", SHOT, "--bundle", str(POLICIES / "walk")]) == 2
    assert "found a single bundle" in capsys.readouterr().err


def test_shots_of_other_tasks_and_without_mirrors_are_refused():
    with pytest.raises(ValueError, match="expected it with a mirrored kick task"):
        replace(RUN, task=WalkTask())
    with pytest.raises(ValueError, match="expected it with a mirrored kick task"):
        replace(RUN, mirrored=False)
    first, gravity, *_ = WALK.observation.terms
    terms = (first, replace(gravity, std=(1.0,) * 3))
    other = replace(
        WALK,
        observation=replace(WALK.observation, terms=terms),
        action=replace(WALK.action, filter_keep=0.5),
    )
    with pytest.raises(RunError, match="found another gravity, action"):
        check_walk(other, TASK)
    with pytest.raises(RunError, match="scripted kick"):
        check_start(replace(RUN, shot=ShotConfig(kick="walk")))
