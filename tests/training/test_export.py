"""What a run learned, in a bundle that the robot accepts and that acts the same."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import onnx
import pytest

from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import read_spec
from robot.policy import OnnxPolicy, load_bundle
from sim.env import EnvConfig
from sim.tasks.getup import GetupTask
from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask
from training.export import Folding, export_policy, policy_spec, role_of, to_onnx
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.teachers import load_teacher
from training.train_task import (
    TaskRunConfig,
    initial_progress,
    make_learner,
    train_task,
)

TINY = TaskRunConfig(
    task=WalkTask(),
    env=EnvConfig(num_envs=2, num_threads=1),
    ppo=PpoConfig(hidden=(16,), minibatches=2, epochs=1),
    rollout_steps=4,
    total_steps=8,
)


@pytest.mark.parametrize(
    ("task", "role", "size"),
    # 143 = 3 x (3 + 3 + 20 + 20) + 3 + 2; 267: Table S2 of arXiv:2304.13653.
    [
        (WalkTask(), "walk", 143),
        (MatchTask(opponent_id=True), "score", 267),
    ],
)
def test_the_exported_bundle_acts_as_the_learner_does(tmp_path, task, role, size):
    config = replace(TINY, task=task)
    with RunFolder(tmp_path / "run", config, resume=False) as folder:
        progress = train_task(config, folder)
    bundle = tmp_path / "bundle"
    export_policy(tmp_path / "run", config, bundle, "mine", made_by="a test")
    policy, spec = load_bundle(bundle), read_spec(bundle / "spec.json")
    assert (spec.name, spec.role, spec.made_by) == ("mine", role, "a test")
    assert spec.observation.size == size
    assert spec.gets_up == (task.name == "match")
    observation = np.random.default_rng(0).normal(size=size).astype(np.float32)
    action, _ = policy.act(observation, policy.initial_state())
    expected = make_learner(config).mean_action(progress.learner.params, observation)
    np.testing.assert_allclose(action, jax.device_get(expected), atol=1e-5)


def test_a_policy_of_averaged_weights_is_exported_as_such(tmp_path):
    ppo = replace(TINY.ppo, average_updates=10)
    config = replace(TINY, ppo=ppo, total_steps=32)
    with RunFolder(tmp_path / "run", config, resume=False) as folder:
        learner = train_task(config, folder).learner
    bundle = tmp_path / "bundle"
    export_policy(tmp_path / "run", config, bundle, "mine", made_by="a test")
    observation = np.random.default_rng(0).normal(size=143).astype(np.float32)
    action, _ = load_bundle(bundle).act(observation, ())
    acts = make_learner(config)
    newest = acts.mean_action(learner.params, observation)
    averaged = acts.mean_action(acts.policy_params(learner), observation)
    np.testing.assert_allclose(action, averaged, atol=1e-5)
    assert np.abs(action - newest).max() > 1e-3
    teacher = load_teacher(tmp_path / "run")
    told = teacher.distribution(teacher.params, observation).mean
    np.testing.assert_allclose(told, averaged, atol=1e-5)


def test_a_card_that_is_there_stays(tmp_path):
    with RunFolder(tmp_path / "run", TINY, resume=False) as folder:
        train_task(TINY, folder)
    (tmp_path / "bundle").mkdir()
    card = tmp_path / "bundle" / "CARD.md"
    card.write_text("measured: much")
    export_policy(tmp_path / "run", TINY, tmp_path / "bundle", "walk", "a test")
    assert card.read_text() == "measured: much"


def test_the_get_up_asked_to_stand_needs_no_target_on_board(tmp_path):
    """The exported network is the trained one with the standing target put in."""
    config = replace(TINY, task=GetupTask())
    params = initial_progress(config).learner.params
    spec = policy_spec(config, "getup", "a test")
    # 268 numbers without 20 target angles and 3 of the target's gravity.
    assert spec.observation.size == 245
    ppo = make_learner(config)
    network = to_onnx(
        lambda seen: ppo.distribution(params, seen)[0],
        config.task.observation,
        "getup",
    )
    onnx.save(network, str(tmp_path / "policy.onnx"))
    onboard = np.random.default_rng(0).normal(size=245).astype(np.float32)
    action, _ = OnnxPolicy(tmp_path / "policy.onnx", spec).act(onboard, ())
    # The target's angles are normalized about the stand pose: zeros.
    standing = np.concatenate([onboard, np.zeros(20), [0, 0, -1]]).astype(np.float32)
    lying = np.concatenate([onboard, np.zeros(20), [1, 0, 0]]).astype(np.float32)
    np.testing.assert_allclose(action, ppo.mean_action(params, standing), atol=1e-6)
    assert np.abs(action - ppo.mean_action(params, lying)).max() > 1e-5


def test_folded_terms_may_stand_between_others():
    terms = GetupTask().observation.terms
    *body, pose, gravity = terms
    # gyro first, then both targets, then the rest.
    mixed = replace(
        GetupTask().observation, terms=(body[2], pose, gravity, *body[:2], *body[3:])
    )
    folding = Folding.of(replace(mixed, terms=mixed.terms))
    given = np.arange(1, 246, dtype=np.float32)[None]
    whole = np.asarray(folding.unfolded(given))[0]
    # 5 steps of gyro, 20 angles at the stand, gravity down, 230 others.
    assert whole.shape == (268,)
    assert whole[:15].tolist() == list(range(1, 16))
    assert whole[15:35].tolist() == [0.0] * 20
    assert whole[35:38].tolist() == [0, 0, -1]
    assert whole[38:].tolist() == list(range(16, 246))
    assert pose.mean == tuple(joint.stand_rad for joint in OP3_JOINTS)


def test_a_task_without_a_role_is_refused_with_those_that_have_one():
    with pytest.raises(RunError, match=r"rise, kick, score, match; found juggle"):
        role_of(SimpleNamespace(name="juggle"))  # type: ignore[arg-type]


def test_export_without_a_checkpoint_names_the_remedy(tmp_path):
    with pytest.raises(RunError, match="train first with op3-soccer train walk"):
        export_policy(tmp_path, TINY, tmp_path / "b", "walk", made_by="a test")
    assert not (tmp_path / "b").exists()
