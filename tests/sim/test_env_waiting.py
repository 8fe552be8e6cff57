"""New episodes that were prepared ahead: whole, in their place, and reproducible."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.tasks.walk_task import WalkTask

WORLD = EnvConfig(num_envs=32, num_threads=2, stagger=False)
"""32 environments: 32 // 16 = 2 episodes wait."""
LYING = (0.0, 0.0, 0.08, 0.7071, 0.0, 0.7071, 0.0)
FALLS = ((4,), (9, 11), (0, 1, 2), (31,), (5, 4), (7,))
"""Rows that fall in each step: one of two that wait, more than are left, more than wait
at most, and so on."""


def fall(env: Environment, state: Any, rows: tuple[int, ...]) -> tuple[Any, Any]:
    env.physics.qpos[np.ix_(rows, env.core.arena.robots[0].root_qpos)] = LYING
    return env.step(state, np.zeros(env.action_shape))


def played(env: Environment, seed: int | None = None) -> list[np.ndarray]:
    """All that a learner and the physics see over `FALLS`."""
    state, seen = env.reset(seed)
    found = [seen.observation, env.physics.state.copy()]
    for rows in FALLS:
        state, seen = fall(env, state, rows)
        found += [seen.observation, seen.privileged, env.physics.state.copy()]
        found += [state.parameters.joint_offset_rad, state.pushes.force_n]
    return found


@pytest.fixture
def env():
    made = Environment(WalkTask(), WORLD, 0)
    yield made
    made.close()


def test_each_row_has_the_model_its_parameters_say(env):
    state, _ = env.reset()
    robot = env.core.arena.robots[0]
    nominal = env.core.arena.model.body_mass[robot.torso_body]
    for rows in FALLS:
        before = state.parameters.floor_friction
        state, seen = fall(env, state, rows)
        assert np.flatnonzero(seen.terminated).tolist() == sorted(rows)
        models, drawn = env.physics.models, state.parameters
        np.testing.assert_array_equal(
            [model.geom("floor").friction[0] for model in models], drawn.floor_friction
        )
        np.testing.assert_allclose(
            [model.body_mass[robot.torso_body] for model in models],
            nominal + drawn.added_mass_kg[:, 0],
        )
        new = before != drawn.floor_friction
        assert np.flatnonzero(new).tolist() == sorted(rows)
        # Placed above the floor, at time zero.
        assert (env.physics.qpos[list(rows), robot.root_qpos[2]] > 0.2).all()
        np.testing.assert_array_equal(state.time_s[list(rows)], 0.0)
        assert len({id(model) for model in models}) == WORLD.num_envs


def test_masses_of_a_waiting_model_are_derived_before_it_is_stepped(env):
    state, _ = env.reset()
    state, _ = fall(env, state, (3,))
    model = env.physics.models[3]
    # The world body's subtree holds all masses.
    np.testing.assert_allclose(model.body_subtreemass[0], model.body_mass.sum())


def test_equal_seeds_give_equal_bits_across_falls_on_any_number_of_threads(env):
    other = Environment(WalkTask(), replace(WORLD, num_threads=1), 0)
    for first, second in zip(played(env), played(other), strict=True):
        np.testing.assert_array_equal(first, second)
    other.close()


def test_a_reset_with_a_seed_forgets_what_waited(env):
    played(env)
    fresh = Environment(WalkTask(), WORLD, 5)
    for first, second in zip(played(env, 5), played(fresh), strict=True):
        np.testing.assert_array_equal(first, second)
    fresh.close()


def test_a_changed_task_starts_its_own_episodes_at_once(env):
    state, _ = env.reset()
    state, _ = fall(env, state, (3,))
    task = WalkTask(fixed_command=(0.3, 0.0, 0.0))
    env.core = replace(env.core, task=task)
    state, _ = fall(env, state, (4,))
    np.testing.assert_array_equal(state.memory.command[4, 0], [0.3, 0.0, 0.0])
