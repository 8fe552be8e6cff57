"""Randomized models on MJX hold what MuJoCo holds after `mj_setConst`."""

import jax
import mujoco
import numpy as np
import pytest

from sim.env_core import build_core
from sim.env_models import randomized_fields, write_fields
from sim.env_step import begin
from sim.mjx_fields import Derived, batched_fields
from sim.pytrees import register_pytrees
from sim.random_numbers import NumpyRandom
from sim.randomization import RandomizationConfig
from sim.tasks.match import MatchTask

COUNT = 2
# What no motion of these models depends on.
LEFT_OUT = {
    "bvh_aabb",  # tree of bounding volumes
    "dof_M0",
    "dof_length",  # of sleeping islands
    "actuator_acc0",  # of muscles
    "light_poscom0",
}


@pytest.fixture(scope="module")
def models_and_batch():
    """As compiled, as MuJoCo randomizes it, and as MJX gets it."""
    core = build_core(MatchTask(contacts="feet"), RandomizationConfig())
    model = core.arena.model
    begun = begin(core, NumpyRandom(5), COUNT)
    fields = randomized_fields(core.nominal, core.places, begun.parameters)
    written = [build_core(core.task, core.ranges).arena.model for _ in range(COUNT)]
    for row, each in enumerate(written):
        write_fields(each, core.places, fields, row)
        mujoco.mj_setConst(each, mujoco.MjData(each))
    register_pytrees(fields)
    derived = Derived(model)

    def all_fields(fields):
        batch = batched_fields(model, core.places, fields)
        return batch | derived(batch)

    return model, written, jax.jit(all_fields)(fields)


def test_every_batched_field_is_what_mujoco_holds(models_and_batch):
    _, written, batch = models_and_batch
    for name, found in batch.items():
        expected = np.stack([getattr(each, name) for each in written])
        # float32 keeps 7 digits; inverting the mass matrix costs one.
        np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-9, err_msg=name)


def test_no_field_that_episodes_change_stays_as_compiled(models_and_batch):
    model, written, batch = models_and_batch
    changed = {
        name
        for name in dir(model)
        if isinstance(value := getattr(model, name), np.ndarray)
        and not name.startswith("_")
        and not np.allclose(value, getattr(written[0], name), rtol=1e-6, atol=0)
    }
    assert {"body_mass", "geom_size", "body_invweight0"} <= changed
    assert changed - LEFT_OUT <= batch.keys()


def test_episodes_differ_from_each_other(models_and_batch):
    *_, batch = models_and_batch
    for name, value in batch.items():
        assert not np.array_equal(value[0], value[1]), name
