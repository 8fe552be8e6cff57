"""The PettingZoo view by PettingZoo's own tests."""

import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="needs the extra `views`")

from pettingzoo.test import parallel_api_test, parallel_seed_test
from pettingzoo.test.state_test import state_test
from pettingzoo.utils import parallel_to_aec

from sim.env import EnvConfig, EnvError, Environment
from sim.tasks.match import MatchTask
from sim.views.pettingzoo_view import Op3MatchParallelEnv

# 0.25 s / 25 ms = 10 steps; nobody scores that soon.
SHORT = MatchTask(episode_s=0.25)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("team_size", [1, 2])
def test_pettingzoos_api_test_passes_without_a_warning(team_size):
    env = Op3MatchParallelEnv(MatchTask(team_size=team_size, episode_s=0.25))
    parallel_api_test(env, num_cycles=25)
    assert len(env.possible_agents) == 2 * team_size
    env.close()


def test_pettingzoos_seed_test_passes():
    parallel_seed_test(Op3MatchParallelEnv, num_cycles=5)
    # It compares runs of one seed; that another seed is another match is ours to say.
    env = Op3MatchParallelEnv(SHORT)
    first, other, again = (env.reset(seed=seed)[0] for seed in (3, 4, 3))
    env.close()
    for agent in env.possible_agents:
        np.testing.assert_array_equal(first[agent], again[agent])
        assert np.abs(first[agent] - other[agent]).max() > 0.01


@pytest.mark.filterwarnings("error")
def test_pettingzoos_state_test_passes():
    env, turns = Op3MatchParallelEnv(SHORT), Op3MatchParallelEnv(SHORT)
    state_test(parallel_to_aec(turns), env, num_cycles=5)
    # 2 agents x 146 numbers.
    assert env.state_space.shape == (292,)
    env.close()
    turns.close()


def test_agents_get_the_cores_rows_in_the_tasks_order():
    env = Op3MatchParallelEnv(SHORT)
    core = Environment(SHORT, EnvConfig(num_envs=1, num_threads=1, stagger=False), 4)
    seen, infos = env.reset(seed=4)
    state, moved = core.reset()
    assert env.agents == ["home_0", "away_0"]
    rng = np.random.default_rng(0)
    reward = {"home_0": 0.0, "away_0": 0.0}
    for _ in range(11):
        for row, agent in enumerate(("home_0", "away_0")):
            np.testing.assert_array_equal(seen[agent], moved.final_observation[0, row])
            known = moved.final_privileged[0, row]
            np.testing.assert_array_equal(infos[agent]["privileged"], known)
            assert reward[agent] == moved.reward[0, row]
        if not env.agents:
            break
        action = rng.uniform(-1, 1, (1, 2, 20)).astype(np.float32)
        asked = {"away_0": action[0, 1], "home_0": action[0, 0]}
        seen, reward, terminated, truncated, infos = env.step(asked)
        state, moved = core.step(state, action)
    assert terminated == {"home_0": False, "away_0": False}
    assert truncated == {"home_0": True, "away_0": True}
    assert env.agents == []
    env.close()
    core.close()


def test_larger_teams_are_numbered_per_side():
    env = Op3MatchParallelEnv(MatchTask(team_size=2))
    assert env.possible_agents == ["home_0", "home_1", "away_0", "away_1"]
    assert env.observation_space("away_1").shape == (271,)
    assert env.action_space("home_0").shape == (20,)
    env.close()


def test_the_same_seed_gives_the_same_match():
    def match(env, seed):
        env.reset(seed=seed)
        rng = np.random.default_rng(1)
        moves = []
        for _ in range(20):
            action = rng.uniform(-1, 1, (2, 20))
            moves.append(env.step(dict(zip(env.agents, action, strict=True))))
        return np.array([[*seen.values()] for seen, *_ in moves])

    env, other = Op3MatchParallelEnv(), Op3MatchParallelEnv()
    first = match(env, 3)
    match(other, 9)
    np.testing.assert_array_equal(match(other, 3), first)
    assert (match(env, 9) != first).any()
    env.close()
    other.close()


def test_a_picture_has_the_asked_size():
    env = Op3MatchParallelEnv(render_mode="rgb_array", picture_px=(96, 64))
    env.reset(seed=0)
    picture = env.render()
    env.close()
    assert picture.shape == (64, 96, 3)
    assert np.ptp(picture) > 50


def test_wrong_actions_are_all_named():
    env = Op3MatchParallelEnv()
    good = np.zeros(20, np.float32)
    with pytest.raises(EnvError, match="expected a running match, found none"):
        env.step({})
    env.reset(seed=0)
    with pytest.raises(EnvError) as caught:
        env.step({"home_0": np.zeros(19), "referee": good})
    assert str(caught.value) == (
        "actions: home_0: expected shape (20,), found (19,); away_0: expected shape "
        "(20,), found no action; referee: expected one of home_0, away_0"
    )
    with pytest.raises(EnvError, match="rgb_array, found 'human'"):
        Op3MatchParallelEnv(render_mode="human")
    env.close()
    env.close()
