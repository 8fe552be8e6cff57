"""The dm_env view by dm_env's own test and in dm_control's viewer loop."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("dm_env", reason="needs the extra `views`")

from absl.testing import absltest
from dm_env import test_utils

from robot.contracts.joints import OP3_JOINTS
from sim.env import EnvConfig, EnvError, Environment
from sim.tasks.getup import GetupTask
from sim.tasks.match import MatchTask
from sim.tasks.score import ScoreTask
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask
from sim.views.dm_env_view import Op3DmEnvironment

# 0.25 s / 25 ms = 10 steps, so that dm_env's 20 actions see an end.
SHORT_WALK = WalkTask(config=WalkConfig(episode_s=0.25))


class TestWalk(test_utils.EnvironmentTestMixin, absltest.TestCase):
    task = SHORT_WALK
    privileged = False

    def make_object_under_test(self):
        return Op3DmEnvironment(self.task, privileged=self.privileged)

    def make_action_sequence(self):
        """Random actions, in place of dm_env's lowest ones."""
        rng = np.random.default_rng(0)
        specs = self.environment.action_spec()
        for _ in range(20):
            action = [
                rng.uniform(spec.minimum, spec.maximum).astype(spec.dtype)
                for spec in (specs if isinstance(specs, list) else [specs])
            ]
            yield action if isinstance(specs, list) else action[0]


class TestGetup(TestWalk):
    task = GetupTask(episode_s=0.25)
    privileged = True


class TestScore(TestWalk):
    task = ScoreTask(episode_s=0.25)


class TestMatch(TestWalk):
    task = MatchTask(episode_s=0.25)
    privileged = True


def test_terms_side_by_side_are_the_cores_observation():
    view = Op3DmEnvironment(SHORT_WALK, seed=3, privileged=True)
    core = Environment(
        SHORT_WALK, EnvConfig(num_envs=1, num_threads=1, stagger=False), 3
    )
    step = view.reset()
    state, moved = core.reset()
    for _ in range(25):
        terms = dict(step.observation)
        known = terms.pop("privileged")
        assert terms["joint_position"].shape == (3, 20)
        flat = np.concatenate([value.reshape(-1) for value in terms.values()])
        first = step.first()
        wanted = moved.observation if first else moved.final_observation
        np.testing.assert_array_equal(flat, wanted[0, 0])
        wanted = moved.privileged if first else moved.final_privileged
        np.testing.assert_array_equal(known, wanted[0, 0])
        if not first:
            assert step.reward == moved.reward[0, 0]
        over = step.last()
        step = view.step(np.zeros(18, np.float32))
        if not over:
            state, moved = core.step(state, np.zeros((1, 1, 18)))
    view.close()
    core.close()


def test_a_time_limit_keeps_its_discount_and_a_fall_loses_it():
    still = Op3DmEnvironment(SHORT_WALK, seed=0)
    still.reset()
    steps = [still.step(np.zeros(18, np.float32)) for _ in range(10)]
    assert [step.last() for step in steps] == [False] * 9 + [True]
    assert steps[-1].discount == 1.0
    falls = replace(SHORT_WALK, config=WalkConfig(min_height_m=1.0))
    fallen = Op3DmEnvironment(falls, seed=0)
    fallen.reset()
    step = fallen.step(np.zeros(18, np.float32))
    assert step.last()
    assert step.discount == 0.0
    assert fallen.step(None).first()
    still.close()
    fallen.close()


def test_several_agents_come_as_lists():
    view = Op3DmEnvironment("match")
    assert [spec.shape for spec in view.action_spec()] == [(20,), (20,)]
    step = view.reset()
    assert len(step.observation) == 2
    step = view.step([np.zeros(20), np.zeros(20)])
    assert len(step.reward) == 2
    with pytest.raises(EnvError, match=r"for each of 2 agents, found \[\(20,\)\]"):
        view.step([np.zeros(20)])
    view.close()
    view.close()


def test_joints_are_named_in_the_action_spec():
    view = Op3DmEnvironment("getup")
    names = view.action_spec().name.split("\t")
    assert names == [joint.name for joint in OP3_JOINTS]
    view.close()


def test_dm_controls_viewer_loop_runs_it_and_sees_the_robot():
    runtime = pytest.importorskip(
        "dm_control.viewer.runtime", reason="needs the extra `dm`"
    )
    view = Op3DmEnvironment("walk", seed=0)
    shown = runtime.Runtime(environment=view, policy=None)
    for _ in range(4):
        shown.tick(0.1, False)
    assert shown.get_time() >= 0.1
    np.testing.assert_array_equal(view.physics.data.qpos, view._episodes.qpos)
    # Places of bodies follow the state.
    torso = view.physics.named.data.xpos["op3_body_link"]
    np.testing.assert_allclose(torso, view._episodes.qpos[:3], atol=1e-9)
    view.close()


def test_what_dm_control_draws_shows_the_robot():
    pytest.importorskip("dm_control", reason="needs the extra `dm`")
    view = Op3DmEnvironment("walk", seed=0)
    view.reset()
    seen = view.physics.render(64, 96, segmentation=True)
    view.physics.model.geom_group[:] = 5
    none = view.physics.render(64, 96, segmentation=True)
    view.close()
    assert (seen[..., 0] != none[..., 0]).any()
