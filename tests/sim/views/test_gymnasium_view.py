"""The Gymnasium view by Gymnasium's own checker, vectorizer and wrappers."""

import warnings

import numpy as np
import pytest

pytest.importorskip("gymnasium", reason="needs the extra `views`")

import gymnasium
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from robot.action import filtered_targets
from sim.env import EnvConfig, EnvError, Environment
from sim.renderer import ArenaRenderer, RenderConfig
from sim.tasks.registry import make_task
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask
from sim.views.bounds import action_bounds
from sim.views.gymnasium_view import TASK_IDS, Op3Env, Op3VectorEnv

PREFIX = "sim.views.gymnasium_ids:"
SHORT_WALK = WalkTask(config=WalkConfig(episode_s=0.5))
# The stand is 0.236 m high: random actions end some episodes within 20 steps.
STRICT_WALK = WalkTask(config=WalkConfig(episode_s=0.5, min_height_m=0.22))
STAGGERED = EnvConfig(num_threads=1)


def same(first, second) -> bool:
    return data_equivalence(first, second, exact=True)


@pytest.mark.parametrize("name", TASK_IDS)
def test_gymnasiums_checker_passes_each_registered_id(name):
    env = gymnasium.make(PREFIX + name, disable_env_checker=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env.unwrapped)
    advice = [str(each.message) for each in caught]
    env.close()
    # The walk's action unit is 0.5 rad around the stand; see `action_bounds`.
    assert ["symmetric and normalized" in each for each in advice] == (
        [True] if "Walk" in name else []
    )


def test_the_spaces_are_the_tasks_clip_and_joint_limits():
    env = Op3VectorEnv("score", num_envs=3)
    assert env.single_observation_space.shape == (267,)
    assert env.observation_space.shape == (3, 267)
    assert (env.observation_space.low == -10).all()
    assert (env.observation_space.high == 10).all()
    np.testing.assert_allclose(env.action_space.low, -np.ones((3, 20)), rtol=1e-6)
    np.testing.assert_allclose(env.action_space.high, np.ones((3, 20)), rtol=1e-6)
    assert env.metadata["render_fps"] == 40
    env.close()


def test_the_walks_box_ends_where_the_joint_limits_begin_to_cut():
    spec = make_task("walk").action
    low, high = action_bounds(spec)
    knee = spec.joints.index("l_knee")
    # Stand 1.2 rad, limits -0.2 and 2.2 rad, 0.5 rad per unit.
    assert low[knee] == pytest.approx((-0.2 - 1.2) / 0.5)
    assert high[knee] == pytest.approx((2.2 - 1.2) / 0.5)
    for bound, limit in ((low, spec.min_rad), (high, spec.max_rad)):
        reached = filtered_targets(spec, bound.astype(float), np.array(limit))
        np.testing.assert_allclose(reached, limit, atol=1e-6)
        inside = filtered_targets(spec, 0.9 * bound.astype(float), np.array(limit))
        assert (inside != limit).all()


def test_a_batch_of_one_is_what_gymnasium_makes_of_the_single_environment():
    single = SyncVectorEnv(
        [lambda: Op3Env(STRICT_WALK)], autoreset_mode=AutoresetMode.SAME_STEP
    )
    batch = Op3VectorEnv(STRICT_WALK, num_envs=1)
    assert same(single.reset(seed=3), batch.reset(seed=3))
    single.action_space.seed(0)
    truncations = terminations = 0
    for _ in range(150):
        action = single.action_space.sample()
        wanted, found = single.step(action), batch.step(action)
        assert same(wanted[0], found[0])
        np.testing.assert_array_equal(wanted[1], found[1])
        assert same(wanted[2:4], found[2:4])
        assert same(wanted[4], found[4])
        terminations += found[2].sum()
        truncations += found[3].sum()
    single.close()
    batch.close()
    # Both kinds of endings were compared.
    assert terminations > 0
    assert truncations > 0


def test_a_batch_shows_the_cores_numbers_and_each_ended_episodes_last():
    batch = Op3VectorEnv(STRICT_WALK, num_envs=4, config=STAGGERED)
    first, _ = batch.reset(seed=5)
    core = Environment(STRICT_WALK, EnvConfig(num_envs=4, num_threads=1), batch_seed(5))
    state, start = core.reset()
    np.testing.assert_array_equal(first, start.observation[:, 0])
    batch.action_space.seed(1)
    mixed = 0
    for _ in range(60):
        action = batch.action_space.sample()
        seen, reward, terminated, truncated, info = batch.step(action)
        state, moved = core.step(state, action[:, None])
        np.testing.assert_array_equal(seen, moved.observation[:, 0])
        np.testing.assert_array_equal(reward, moved.reward[:, 0])
        ended = terminated | truncated
        assert (ended == (moved.terminated | moved.truncated)).all()
        assert ("final_obs" in info) == ended.any()
        mixed += ended.any() and not ended.all()
        for row in np.flatnonzero(ended):
            last = moved.final_observation[row, 0]
            np.testing.assert_array_equal(info["final_obs"][row], last)
            # The next episode's first observation is another one.
            assert (seen[row] != last).any()
        if ended.any():
            final = info["final_info"]
            assert (info["_final_obs"] == ended).all()
            assert (final["_exploded"] == ended).all()
            assert (info["_exploded"] == ~ended).all()
            critic = np.where(ended[:, None], moved.final_privileged[:, 0], 0)
            np.testing.assert_array_equal(final["privileged"], critic)
            term = np.where(ended, 0, moved.terms["velocity"][:, 0])
            np.testing.assert_array_equal(info["reward_terms"]["velocity"], term)
    assert mixed > 0
    core.close()
    batch.close()


def batch_seed(seed: int) -> int:
    """The number that Gymnasium's generator of this seed gives first."""
    return int(gymnasium.utils.seeding.np_random(seed)[0].integers(2**63))


def played(env: Op3VectorEnv, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    seen = [env.reset(seed=seed)[0]]
    for _ in range(40):
        action = rng.uniform(-1, 1, env.action_space.shape)
        seen.append(env.step(action.astype(np.float32))[0])
    return seen


@pytest.mark.parametrize("task", ["walk", "score"])
def test_the_same_seed_gives_the_same_trajectory_in_new_and_used_environments(task):
    env, other = (Op3VectorEnv(task, num_envs=3) for _ in range(2))
    first = played(env, 7)
    np.testing.assert_array_equal(played(env, 7), first)
    played(other, 8)
    np.testing.assert_array_equal(played(other, 7), first)
    assert (played(other, 8)[0] != first[0]).any()
    env.close()
    other.close()


def test_unseeded_environments_differ_and_draw_on_at_each_reset():
    env, other = Op3Env("walk"), Op3Env("walk")
    first, second = env.reset()[0], env.reset()[0]
    assert (first != second).any()
    assert (first != other.reset()[0]).any()
    env.close()
    other.close()


def test_make_vec_gives_the_batched_environment_and_gymnasiums_own_on_request():
    env = gymnasium.make_vec(PREFIX + "op3-soccer/Walk-v0", num_envs=2)
    assert isinstance(env, Op3VectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.reset(seed=0)[0] in env.observation_space
    env.close()
    env = gymnasium.make_vec(
        "op3-soccer/Walk-v0", num_envs=2, vectorization_mode="sync"
    )
    assert isinstance(env, SyncVectorEnv)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    env.close()


def test_gymnasiums_wrapper_counts_each_episode_once():
    env = RecordEpisodeStatistics(Op3VectorEnv(SHORT_WALK, num_envs=2))
    env.reset(seed=0)
    hold = np.zeros((2, 18), np.float32)
    total = np.zeros(2)
    for _ in range(40):
        _, reward, _, _, info = env.step(hold)
        total += reward
        if "episode" in info:
            np.testing.assert_allclose(info["episode"]["r"], total, rtol=1e-5)
            total[:] = 0
    env.close()
    # The stand holds: 0.5 s / 25 ms = 20 steps per episode, two each.
    assert list(env.length_queue) == [20, 20, 20, 20]


def test_gymnasiums_wrapper_splits_the_info_per_environment():
    env = DictInfoToList(Op3VectorEnv(SHORT_WALK, num_envs=2))
    _, infos = env.reset(seed=0)
    assert [set(info) for info in infos] == [{"privileged"}] * 2
    hold = np.zeros((2, 18), np.float32)
    for _ in range(20):
        *_, infos = env.step(hold)
    env.close()
    assert [set(info) for info in infos] == [
        {"privileged", "final_obs", "final_info"}
    ] * 2


def test_pictures_show_each_environment():
    env = Op3VectorEnv(
        "score", num_envs=2, render_mode="rgb_array", picture_px=(96, 64)
    )
    env.reset(seed=0)
    first, second = env.render()
    env.close()
    assert first.shape == second.shape == (64, 96, 3)
    assert first.dtype == np.uint8
    # Robots and ball stand in different places on the same pitch.
    differing = (first.astype(int) - second).any(axis=-1).mean()
    assert 0.001 < differing < 0.5


def test_without_a_ball_the_camera_stays_on_the_robot():
    env = Op3Env("walk")
    env.reset(seed=0)
    arena = env._episodes.core.arena
    here = env._episodes.qpos.copy()
    away = here.copy()
    away[arena.robots[0].root_qpos[:2]] += 20.0
    config = RenderConfig(broadcast_px=(96, 64), distance_m=1.5)
    with ArenaRenderer(arena, config) as renderer:
        pictures = []
        for qpos in (here, away):
            renderer.pose(qpos)
            pictures.append(renderer.broadcast().astype(int))
    env.close()
    assert np.ptp(pictures[0]) > 50
    assert np.abs(pictures[0] - pictures[1]).mean() < 3


def test_wrong_uses_are_named():
    with pytest.raises(EnvError, match="task match: expected one agent, found 2"):
        Op3Env("match")
    with pytest.raises(EnvError, match="expected one of walk, getup, rise, kick"):
        Op3VectorEnv("dance")
    with pytest.raises(EnvError, match="rgb_array, found 'human'"):
        Op3Env("walk", render_mode="human")
    single, batch = Op3Env("walk"), Op3VectorEnv(SHORT_WALK, num_envs=2)
    with pytest.raises(ResetNeeded):
        single.step(single.action_space.sample())
    with pytest.raises(ResetNeeded):
        batch.step(batch.action_space.sample())
    with pytest.raises(EnvError, match="expected no reset_mask"):
        batch.reset(options={"reset_mask": np.array([True, False])})
    batch.reset()
    with pytest.raises(EnvError, match=r"expected shape \(2, 1, 18\)"):
        batch.step(np.zeros((2, 20), np.float32))
    for env in (single, batch):
        assert env.render() is None
        env.close()
        env.close()


def test_an_ended_episode_asks_for_a_reset():
    env = Op3Env(WalkTask(config=WalkConfig(episode_s=0.05)))
    env.reset(seed=0)
    hold = np.zeros(18, np.float32)
    endings = [env.step(hold)[3] for _ in range(2)]
    assert endings == [False, True]
    with pytest.raises(ResetNeeded):
        env.step(hold)
    env.reset()
    env.step(hold)
    env.close()
