"""An exploding state ends its own episode, is counted, and can be replayed."""

from dataclasses import replace

import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.guard import GuardConfig, GuardError, exploded, replay
from sim.randomization import RandomizationConfig
from tests.sim.env_worlds import STANDING, idle


@pytest.fixture
def env(tmp_path, monkeypatch):
    # MuJoCo logs its own warnings into the working directory.
    monkeypatch.chdir(tmp_path)
    config = EnvConfig(
        num_envs=4,
        num_threads=2,
        randomization=RandomizationConfig(),
        stagger=False,
        guard=GuardConfig(folder=str(tmp_path / "dumps"), most_dumps=2),
    )
    made = Environment(STANDING, config, 0)
    yield made
    made.close()


def states(**changes):
    """Three states of seven positions (the first three free) and six velocities."""
    qpos, qvel = np.zeros((3, 7)), np.zeros((3, 6))
    for name, (row, column, value) in changes.items():
        {"qpos": qpos, "qvel": qvel}[name][row, column] = value
    return exploded(np.arange(3), qpos, qvel).tolist()


def test_only_what_no_robot_can_do_counts_as_exploded():
    assert states() == [False, False, False]
    assert states(qvel=(1, 5, 99.0)) == [False, False, False]
    assert states(qvel=(1, 5, -101.0)) == [False, True, False]
    assert states(qpos=(2, 0, 49.0)) == [False, False, False]
    assert states(qpos=(2, 1, -51.0)) == [False, False, True]
    # A joint angle is no distance.
    assert states(qpos=(2, 6, 51.0)) == [False, False, False]
    assert states(qpos=(0, 6, np.nan)) == [True, False, False]
    assert states(qvel=(0, 0, np.inf)) == [True, False, False]
    assert states(qvel=(0, 0, np.nan)) == [True, False, False]


@pytest.mark.parametrize("speed", [1e4, np.nan, np.inf])
def test_an_explosion_ends_its_episode_only(env, speed):
    state, _ = env.reset()
    state, _ = idle(env, state, 2)
    env.physics.qvel[1, 3] = speed
    state, moved = idle(env, state, 1)
    assert moved.info["exploded"].tolist() == [False, True, False, False]
    assert moved.terminated.tolist() == [False, True, False, False]
    assert moved.reward[1, 0] == 0.0
    assert env.explosions == 1
    for values in (moved.observation, moved.final_observation, moved.privileged):
        assert np.isfinite(values).all()
    # It goes on with a fresh episode.
    assert state.time_s.tolist() == pytest.approx([0.075, 0.0, 0.075, 0.075])
    state, moved = idle(env, state, 20)
    assert not moved.terminated.any()
    assert env.explosions == 1


def test_a_dump_replays_the_step_that_exploded(env, tmp_path):
    state, _ = env.reset()
    state, _ = idle(env, state, 2)
    env.physics.qvel[3, 10] = 3e3
    start = env.physics.qpos[3].copy()
    friction = state.parameters.floor_friction[3]
    step, ends = env.physics.step, []

    def recording(*inputs):
        frames = step(*inputs)
        ends.append((frames.qpos[3].copy(), frames.qvel[3].copy()))
        return frames

    env.physics.step = recording
    idle(env, state, 1)
    again = replay(tmp_path / "dumps" / "explosion_0000.npz")
    np.testing.assert_array_equal(again.qpos[0], start)
    assert again.qvel[0, 10] == 3e3
    # The guard has seen the same: 5 physics steps, bit for bit.
    assert again.qpos.shape == (6, len(start))
    np.testing.assert_array_equal(again.qpos[1:], ends[0][0])
    np.testing.assert_array_equal(again.qvel[1:], ends[0][1])
    assert again.parameters["floor_friction"] == friction
    assert len(again.model_sha256) == 64


def test_all_explosions_are_counted_and_some_dumped(env, tmp_path):
    state, _ = env.reset()
    env.physics.qvel[:3, 3] = 1e4
    idle(env, state, 1)
    assert env.explosions == 3
    names = sorted(path.name for path in (tmp_path / "dumps").glob("*.npz"))
    assert names == ["explosion_0000.npz", "explosion_0001.npz"]


def test_nothing_is_written_without_a_folder(env, tmp_path):
    env.config = replace(env.config, guard=GuardConfig())
    state, _ = env.reset()
    env.physics.qvel[0, 3] = 1e4
    idle(env, state, 1)
    assert env.explosions == 1
    assert not (tmp_path / "dumps").exists()


def test_other_files_are_refused(tmp_path):
    with pytest.raises(GuardError, match="expected a dump of the guard"):
        replay(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", qpos=np.zeros(3))
    with pytest.raises(GuardError, match="found no control_spec, ctrl, model"):
        replay(tmp_path / "other.npz")
