"""The MJX environment: what it refuses, and its judgement of frames MuJoCo made."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mujoco.mjx import warp

from robot.contracts.actuator import NOMINAL_SERVOS
from sim.actuators import Xm430Servo
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.env import EnvConfig
from sim.env_core import EnvError, build_core
from sim.env_senses import Frames
from sim.env_state import map_arrays
from sim.env_step import after_physics, before_physics, begin, first_step
from sim.guard import GuardConfig
from sim.mjx_env import MjxConfig, MjxEnvironment
from sim.mjx_physics import faults, resolved
from sim.physics import CpuPhysics
from sim.pytrees import register_pytrees
from sim.randomization import RandomizationConfig
from sim.robot_model import RobotModelConfig
from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask
from tests.sim.tasks.worlds import Replay

COUNT = 2
JAX = MjxConfig(implementation="jax")


def refusal(task, **config) -> str:
    with pytest.raises(EnvError) as caught:
        MjxEnvironment(task, EnvConfig(num_envs=1, **config), 0, physics=JAX)
    return str(caught.value)


def test_colliding_hulls_are_refused_with_the_remedy():
    message = refusal(MatchTask())
    # 25 hulls of each of two robots.
    assert "contacts of 50 convex hulls" in message
    assert 'contacts="feet"' in message
    assert "implementation='warp'" in message


def test_what_a_compiled_step_cannot_do_is_refused():
    message = refusal(WalkTask(), num_threads=2, guard=GuardConfig(folder="dumps"))
    assert "num_threads: expected None on MJX, found 2" in message
    assert "found 'dumps'" in message


def test_servo_laws_that_mjx_would_change_are_refused():
    servos = replace(
        NOMINAL_SERVOS,
        default=replace(NOMINAL_SERVOS.default, command_delay_s=0.01),
    )
    robot = RobotModelConfig(actuator=Xm430Servo(servos=servos), contacts="feet")
    place = RobotPlace(name="op3", config=robot)
    model = build_arena(ArenaConfig(robots=(place,), field=None, ball=False)).model
    found = faults(model, "jax")
    assert [fault.split(":")[0] for fault in found] == [
        "actuator delay",
        "quadratic joint damping",
    ]
    assert [fault.split(":")[0] for fault in faults(model, "warp")] == [
        "actuator delay"
    ]


@pytest.mark.skipif(warp.WARP_INSTALLED, reason="warp-lang is there")
def test_without_warp_jax_is_chosen_and_warp_refused():
    assert resolved("auto") == "jax"
    with pytest.raises(EnvError, match="warp-lang, found none; pip install"):
        resolved("warp")


def test_an_action_of_another_shape_is_refused():
    env = MjxEnvironment(WalkTask(), EnvConfig(num_envs=2), 0, physics=JAX)
    assert env.action_shape == (2, 1, 18)
    with pytest.raises(EnvError, match=r"expected shape \(2, 1, 18\).*found \(2, 18\)"):
        env.step(None, jnp.zeros((2, 18)))


@pytest.mark.parametrize("task", [WalkTask(), MatchTask(contacts="feet")])
def test_equal_frames_give_equal_observations_and_rewards(task):
    core = build_core(task, RandomizationConfig())
    # Draws that both backends replay, in float32.
    begun = begin(core, Replay(np, 1), COUNT)
    physics = CpuPhysics(
        core.arena.model,
        COUNT,
        1,
        pushed_bodies=tuple(core.arena.robots[a].torso_body for a in core.agents),
    )
    sensors = physics.place(np.arange(COUNT), begun.qpos, begun.qvel)
    state, *_ = first_step(core, Replay(np, 2), begun, sensors)
    shape = (COUNT, len(core.agents), len(core.driven))
    action = np.random.default_rng(0).normal(size=shape)
    control = before_physics(core, Replay(np, 3), state, action, begun.qpos)
    frames = physics.step(control.goals_rad, control.wrench)
    nobody = np.zeros(COUNT, bool)

    def judged(xp, state, action, control, frames, bad):
        random = Replay(xp, 4)
        return after_physics(core, random, state, action, control, frames, bad)

    inputs = (state, action, control, frames, nobody)
    after, expected = judged(np, *inputs)
    register_pytrees(*inputs, expected)
    in_jax = map_arrays(jnp.asarray, inputs)
    after_jax, found = jax.jit(lambda *given: judged(jnp, *given))(*in_jax)
    # The same lines in float64 and float32; observations are of size one.
    np.testing.assert_allclose(found.observation, expected.observation, atol=1e-5)
    np.testing.assert_allclose(found.reward, expected.reward, atol=1e-4)
    np.testing.assert_allclose(found.privileged, expected.privileged, atol=1e-4)
    np.testing.assert_array_equal(found.terminated, expected.terminated)
    np.testing.assert_allclose(after_jax.targets_rad, after.targets_rad, atol=1e-6)
    assert isinstance(found.observation, jax.Array)
    assert isinstance(frames, Frames)
