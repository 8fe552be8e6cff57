"""Every axis: its range, its switch, its way into the model, and that it stays sane."""

from dataclasses import fields, replace
from typing import Any

import mujoco
import numpy as np
import pytest

from sim.arena import match_arena
from sim.env_models import (
    model_places,
    nominal_fields,
    randomized_fields,
    write_fields,
)
from sim.env_parameters import sample_parameters
from sim.random_numbers import NumpyRandom
from sim.randomization import (
    AXES,
    NO_RANDOMIZATION,
    RandomizationConfig,
    draw,
    midpoint,
    without,
)
from tests.sim.env_worlds import NEVER_ENDS, STANDING, idle, world

BY_NAME = {axis.name: axis for axis in AXES}


def test_every_range_has_an_axis_that_says_what_it_is():
    assert [field.name for field in fields(RandomizationConfig)] == list(BY_NAME)
    assert all(axis.meaning and axis.source and axis.unit for axis in AXES)


@pytest.mark.parametrize("name", BY_NAME)
def test_draws_fill_their_range_and_a_point_switches_off(name):
    axis, config = BY_NAME[name], RandomizationConfig()
    low, high = getattr(config, name)
    values = draw(config, name, NumpyRandom(0), (2000,))
    assert values.min() >= low
    assert values.max() <= high
    if axis.whole:
        # Both ends included, each with the same chance.
        found, counts = np.unique(values, return_counts=True)
        assert found.tolist() == list(range(low, high + 1))
        assert counts.min() > 0.8 * 2000 / len(found)
    else:
        # Mean of 2000 uniform draws: within 5 standard errors, 0.032 of the width.
        assert abs(values.mean() - (low + high) / 2) <= 0.033 * (high - low)
    off = draw(without(config, name), name, NumpyRandom(0), (5,))
    np.testing.assert_array_equal(off, np.full(5, axis.off))


def test_switching_one_axis_off_leaves_the_others():
    config = RandomizationConfig()
    changed = without(config, "added_mass_kg")
    assert replace(changed, added_mass_kg=config.added_mass_kg) == config
    with pytest.raises(KeyError, match=r"expected an axis of .*found 'wind'"):
        without(config, "wind")


def test_ranges_that_make_no_sense_are_refused_all_at_once():
    with pytest.raises(ValueError, match=r"low <= high.*push_n: expected 0 or more"):
        RandomizationConfig(floor_friction=(1.0, 0.5), push_n=(-1.0, 5.0))


@pytest.fixture(scope="module")
def randomized():
    """A match arena, eight draws, and the model with draw 5 written into it."""
    arena = match_arena()
    places = model_places(arena)
    drawn = sample_parameters(RandomizationConfig(), NumpyRandom(1), 8, 2)
    made = randomized_fields(nominal_fields(arena, places), places, drawn)
    spec_model = arena.spec.compile()
    write_fields(spec_model, places, made, 5)
    data = mujoco.MjData(spec_model)
    mujoco.mj_setConst(spec_model, data)
    return arena, drawn, spec_model


def test_masses_and_servos_reach_the_model(randomized):
    arena, drawn, model = randomized
    total = arena.model.body_mass.sum() + drawn.added_mass_kg[5].sum()
    total += 0.20 * (drawn.ball_mass[5] - 1)
    assert model.body_mass.sum() == pytest.approx(total)
    for number, robot in enumerate(arena.robots):
        factor = drawn.servo_gain[5, number] * drawn.battery[5, number]
        np.testing.assert_allclose(
            model.actuator_gainprm[robot.actuators, 0], 21.1 * factor
        )
        np.testing.assert_allclose(
            model.actuator_biasprm[robot.actuators, 1], -21.1 * factor
        )
        limit = 4.1 * drawn.torque_limit[5, number] * drawn.battery[5, number]
        np.testing.assert_allclose(
            model.actuator_forcerange[robot.actuators],
            np.tile([-limit, limit], (20, 1)),
        )


def test_an_added_mass_weighs_as_a_body_welded_to_the_torso(randomized):
    """Against MuJoCo's own composite inertia of a torso with a small heavy sphere."""
    arena, drawn, model = randomized
    robot = arena.robots[0]
    spec = match_arena().spec
    spec.body("home_body_link").add_body(pos=drawn.mass_point_m[5, 0]).add_geom(
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[0.001, 0, 0],
        mass=drawn.added_mass_kg[5, 0],
        contype=0,
        conaffinity=0,
    )
    welded = spec.compile()
    expected = mass_matrix(welded)[np.ix_(range(6), range(6))]
    found = mass_matrix(model)[np.ix_(robot.root_qvel, robot.root_qvel)]
    np.testing.assert_allclose(found[:3], expected[:3], atol=1e-6)
    # Turning: but for products of inertia, a few 1e-4 kg m^2 of about 0.03.
    np.testing.assert_allclose(np.diag(found)[3:], np.diag(expected)[3:], rtol=0.02)


def mass_matrix(model) -> np.ndarray:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    full = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, full)
    return full


def test_the_ball_becomes_the_drawn_one(randomized):
    arena, drawn, model = randomized
    mass, radius = 0.20 * drawn.ball_mass[5], 0.07 * drawn.ball_radius[5]
    body = arena.ball.body
    assert model.body_mass[body] == pytest.approx(mass)
    # A thin shell: 2/3 m r^2.
    np.testing.assert_allclose(model.body_inertia[body], 2 / 3 * mass * radius**2)
    data = mujoco.MjData(model)
    data.qpos[arena.ball.qpos[:3]] = [1.5, 1.0, 0.3]
    for _ in range(400):
        mujoco.mj_step(model, data)
    # It rests on its drawn radius, less what it sinks in.
    height = data.qpos[arena.ball.qpos[2]]
    assert height == pytest.approx(radius, abs=0.002)
    assert abs(radius - 0.07) > 0.0005


def test_a_bigger_ball_is_placed_higher():
    """A ball of 1.05 times 7 cm starts 3.5 mm higher than the task says."""
    from sim.env_core import build_core
    from sim.env_step import begin
    from sim.tasks.score import ScoreTask

    grown = replace(NO_RANDOMIZATION, ball_radius=(1.05, 1.05))
    core = build_core(ScoreTask(), grown)
    begun = begin(core, NumpyRandom(0), 3)
    assert core.arena.ball is not None
    assert begun.placement.ball is not None
    lift = begun.qpos[:, core.arena.ball.qpos[2]] - begun.placement.ball[:, 2]
    np.testing.assert_allclose(lift, 0.0035)


@pytest.mark.parametrize("friction", [0.5, 0.9])
def test_the_drawn_friction_is_the_one_between_floor_and_soles(friction):
    env = world(num_envs=1, floor_friction=(friction, friction))
    state, _ = env.reset()
    idle(env, state, 20)
    model = env.physics.models[0]
    data = mujoco.MjData(model)
    data.qpos = env.physics.qpos[0]
    mujoco.mj_forward(model, data)
    assert data.ncon >= 4
    np.testing.assert_allclose(data.contact.friction[:, :2], friction)


def test_no_randomization_leaves_the_compiled_model():
    env = world(num_envs=1)
    env.reset()
    base, model = env.core.arena.model, env.physics.models[0]
    for name in (
        "body_mass",
        "body_inertia",
        "body_ipos",
        "site_pos",
        "actuator_gainprm",
        "actuator_biasprm",
        "actuator_forcerange",
    ):
        np.testing.assert_allclose(
            getattr(model, name), getattr(base, name), rtol=1e-12
        )
    soles = [base.geom(f"op3_{side}_sole_long").id for side in ("left", "right")]
    np.testing.assert_array_equal(model.geom_friction[soles], base.geom_friction[soles])


@pytest.mark.parametrize("name", BY_NAME)
def test_at_mid_range_the_robot_stands_and_drops_alike(name, plain):
    """Row 0 stands for 1.5 s; row 1 drops from 0.5 m with its legs as they are."""
    middle = midpoint(BY_NAME[name], RandomizationConfig())
    axes = {name: (middle, middle)}
    if name == "push_n":
        # A push in the first second, as long and as strong as half way.
        axes |= {"push_s": (0.1, 0.1), "push_every_s": (0.5, 0.5)}
    found = stand_and_drop(**axes)
    assert found.keys() == plain.keys()
    # The torso of the standing one, and the one dropped while it falls: m.
    assert found["standing"] == pytest.approx(plain["standing"], abs=0.012)
    assert found["falling"] == pytest.approx(plain["falling"], abs=0.003)
    # 0.5 m - g t^2 / 2 for 0.2 s = 0.304 m.
    assert found["falling"] == pytest.approx(0.304, abs=0.006)
    # Landed: on the floor or its feet, at rest or nearly so.
    assert 0.03 < found["landed"] < 0.3
    assert found["explosions"] == 0


@pytest.fixture(scope="module")
def plain() -> dict[str, float]:
    return stand_and_drop()


def stand_and_drop(**axes: Any) -> dict[str, float]:
    env = world(NEVER_ENDS, num_envs=2, **axes)
    state, _ = env.reset()
    height = env.core.arena.robots[0].root_qpos[2]
    env.physics.qpos[1, height] = 0.5
    env.physics.qvel[:] = 0.0
    state, _ = idle(env, state, 8)
    falling = float(env.physics.qpos[1, height])
    state, _ = idle(env, state, 52)
    standing, landed = (float(value) for value in env.physics.qpos[:, height])
    env.close()
    return {
        "standing": standing,
        "falling": falling,
        "landed": landed,
        "explosions": env.explosions,
    }


def test_the_draw_is_returned_with_the_state():
    env = world(STANDING, num_envs=5, ranges=RandomizationConfig())
    state, _ = env.reset()
    floor = env.core.arena.model.geom("floor").id
    for row, model in enumerate(env.physics.models):
        drawn = state.parameters.floor_friction[row]
        assert model.geom_friction[floor, 0] == drawn
    assert np.ptp(state.parameters.floor_friction) > 0
