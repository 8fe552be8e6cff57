"""The step's pure functions agree under jax.jit and NumPy: what backends build on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sim.env_core import build_core
from sim.env_senses import Frames
from sim.env_state import EnvState, chosen, map_arrays
from sim.env_step import after_physics, before_physics, begin, first_step
from sim.pytrees import register_pytrees
from sim.random_numbers import JaxRandom, NumpyRandom
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig
from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask

COUNT = 2


@pytest.fixture
def core():
    """Two robots, a ball, five steps of history."""
    return build_core(MatchTask(), NO_RANDOMIZATION)


def numpy_start(core):
    random = NumpyRandom(0)
    begun = begin(core, random, COUNT)
    sensors = np.zeros((COUNT, core.arena.model.nsensordata))
    state, observation, extra = first_step(core, random, begun, sensors)
    return begun, state, observation, extra


def frames_of(core, begun) -> Frames:
    """Five physics steps in which everything drifts a little."""
    drift = 1e-3 * np.arange(core.substeps)[None, :, None]
    sensors = np.full((COUNT, core.substeps, core.arena.model.nsensordata), 2.0)
    return Frames(
        qpos=begun.qpos[:, None] + drift,
        qvel=begun.qvel[:, None] + drift,
        sensors=sensors,
    )


def in_jax(value):
    return map_arrays(jnp.asarray, value)


def assert_alike(found, expected, atol=2e-5) -> None:
    map_arrays(
        lambda first, second: np.testing.assert_allclose(first, second, atol=atol),
        found,
        expected,
    )


def test_a_traced_step_is_the_numpy_step(core):
    begun, state, *_ = numpy_start(core)
    frames = frames_of(core, begun)
    action = np.random.default_rng(0).normal(size=(COUNT, len(core.agents), 1)) * (
        np.ones(len(core.driven))
    )
    nobody = np.zeros(COUNT, bool)

    def step(random, state: EnvState, action, qpos, frames, exploded):
        control = before_physics(core, random, state, action, qpos)
        after, moved = after_physics(
            core, random, state, action, control, frames, exploded
        )
        return control.goals_rad, after.targets_rad, after.history, moved

    inputs = (state, action, begun.qpos, frames, nobody)
    expected = step(NumpyRandom(1), *inputs)
    register_pytrees(*inputs, expected[-1])
    traced = jax.jit(lambda key, *rest: step(JaxRandom(key), *rest))
    found = traced(jax.random.key(0), *(in_jax(value) for value in inputs))
    # Nothing is drawn into these: no noise, no delay; commands and targets hold on.
    assert_alike(found[:3], expected[:3])
    assert_alike(found[3].observation, expected[3].observation, atol=1e-4)
    assert_alike(found[3].privileged, expected[3].privileged, atol=1e-3)
    assert_alike(found[3].reward, expected[3].reward, atol=1e-3)


def test_episodes_begin_under_jit():
    core = build_core(WalkTask(), RandomizationConfig())

    def start(key):
        random = JaxRandom(key)
        begun = begin(core, random, COUNT)
        sensors = jnp.zeros((COUNT, core.arena.model.nsensordata))
        state, observation, extra = first_step(core, random, begun, sensors)
        return begun.qpos, observation, extra, state.parameters.mass_point_m

    qpos, observation, extra, mass_point = jax.jit(start)(jax.random.key(3))
    plain = numpy_start(core)
    assert qpos.shape == plain[0].qpos.shape
    assert observation.shape == plain[2].shape
    assert extra.shape == plain[3].shape
    assert np.isfinite(observation).all()
    assert not np.array_equal(mass_point[0], mass_point[1])


def test_chosen_picks_whole_rows():
    mask = np.array([True, False])
    fresh = {"a": np.ones((2, 3)), "b": (np.ones(2), None)}
    old = {"a": np.zeros((2, 3)), "b": (np.zeros(2), None)}
    got = chosen(mask, fresh, old)
    np.testing.assert_array_equal(got["a"], [[1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(got["b"][0], [1, 0])
    assert got["b"][1] is None
