"""A scripted kick that a policy corrects: in training, exported, and on board."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from robot import scripted
from robot.contracts.errors import ContractError
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import ObservationTerm
from robot.contracts.symmetry import observation_mirror
from robot.policy import load_bundle
from robot.scripted.correction import FILE, OnnxCorrection, seen_size
from robot.scripted.kick import CORRECTION_RAD, KickPolicy
from robot.scripted.motion import BODY_JOINTS, MIRROR_INDEX
from sim.env import EnvConfig, Environment
from sim.kick_trials import KickTrialConfig, kick_trials
from sim.motion_world import MotionWorldConfig
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.kick import KickTask
from sim.tasks.kick_starts import KickStarts
from training.archive import ArchiveError, open_for_reuse
from training.borrowed import actor_of_correction
from training.corrected_kick import (
    CorrectedKick,
    CorrectionConfig,
    corrected_spec,
    load_kick,
    sizes,
)
from training.export import export_policy
from training.film import FilmConfig
from training.networks import GaussianActor
from training.ppo import PpoConfig
from training.run_archive import archive_of
from training.run_folder import RunError, RunFolder
from training.skill import load_skill
from training.streams import task_interface
from training.teachers import load_teacher
from training.train_task import (
    TaskRunConfig,
    check_start,
    load_progress,
    make_learner,
    train_task,
)

POLICIES = Path(__file__).parents[2] / "policies"
STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
TASK = KickTask(
    starts=KickStarts(ahead_m=(3.0, 3.0), aim_rad=0.0, rolling_share=0.0),
    episode_s=2.4,
)
REACH = (-0.4, -0.3, -3.0), (0.9, 0.3, 3.0)
RUN = TaskRunConfig(
    task=TASK,
    env=EnvConfig(num_envs=4, num_threads=1),
    ppo=PpoConfig(hidden=(8,)),
    rollout_steps=4,
    total_steps=48,
    seed=3,
    skill="walk",
    reach=REACH,
    kick=CorrectionConfig(),
)


def kicks(count: int, correction: CorrectionConfig, seed: int = 0) -> CorrectedKick:
    """Robots without faults."""
    config = EnvConfig(num_envs=count, randomization=NO_RANDOMIZATION, stagger=False)
    skill = load_skill("walk", TASK.observation, TASK.action, REACH)
    return CorrectedKick(Environment(TASK, config, seed), correction, skill, seed)


def test_without_wishes_the_script_kicks_the_ball_ahead_and_they_stand_again():
    env = kicks(16, CorrectionConfig(bundle="kick"))
    state, moved = env.reset()
    best, fell = np.zeros(16), np.zeros(16, bool)
    idle = np.zeros(env.action_shape)
    for _ in range(90):
        state, moved = env.step(state, idle, push_strength=0.0)
        fell |= moved.terminated
        best = np.maximum(best, moved.measures["best_m_s"][:, 0])
    env.close()
    # 0.3 to 0.7 s of standing, then 1.2 s: it is over in all after 2.25 s.
    assert fell.sum() <= 2
    assert np.median(best) > 2.0


def test_the_learner_sees_nothing_but_while_a_kick_is_on():
    env = kicks(8, CorrectionConfig(bundle="kick", before_s=(0.5, 0.5)))
    state, moved = env.reset()
    idle, seen = np.zeros(env.action_shape), []
    for _ in range(90):
        seen.append(np.abs(moved.observation).max(axis=(1, 2)) > 0)
        state, moved = env.step(state, idle, push_strength=0.0)
    env.close()
    first, last = 20, 20 + round(load_kick("kick", TASK).spec.commit_s / 0.025)
    on = np.array(seen)
    assert not on[:first].any()
    assert on[first:last].all()
    assert not on[last:].any()
    observation, privileged = sizes(TASK)
    assert moved.observation.shape == (8, 1, observation)
    assert moved.privileged.shape == (8, 1, privileged)


def test_what_is_seen_of_a_kick_with_the_right_foot_is_one_with_the_left():
    kick = load_kick("kick", TASK)
    rng = np.random.default_rng(0)
    size, spec = kick.spec.observation.size, kick.spec.observation
    left = rng.normal(size=(1, size)).astype(np.float32)
    left[0, -1] = 1.0  # the side comes last
    right = observation_mirror(spec).of(left)
    state = kick.initial_corrected(1)
    np.testing.assert_allclose(kick.seen(left, state), kick.seen(right, state))
    assert kick.seen(left, state).shape[-1] == seen_size(spec)
    # The same wish then moves mirrored joints, by half of it in the first step.
    wish = rng.uniform(-1, 1, (1, 18)).astype(np.float32)
    still = np.zeros_like(wish)
    moved = [
        kick.corrected(row, state, wish)[0] - kick.corrected(row, state, still)[0]
        for row in (left, right)
    ]
    np.testing.assert_allclose(moved[0], 0.5 * CORRECTION_RAD * wish, atol=1e-6)
    np.testing.assert_allclose(moved[1], -moved[0][:, MIRROR_INDEX], atol=1e-6)


def test_a_turn_while_it_kicks_is_added_up_for_the_correction():
    kick = load_kick("kick", TASK)
    spec = kick.spec.observation
    row = np.zeros(spec.size, np.float32)
    row[-1] = 1.0
    # 3 x 3 numbers of the gyro come first, the newest last, in units of 1.5 rad/s.
    row[8] = 1.0
    state = tuple(part[0] for part in kick.initial_corrected(1))
    still = np.zeros(18, np.float32)
    for _ in range(4):
        _, state = kick.corrected(row, state, still)
    # 4 x 0.025 s x 1.5 rad/s.
    assert kick.seen(row, state)[-1] == pytest.approx(0.15)
    row[-1], state = -1.0, (np.array([1, 0.1, -1], np.float32), *state[1:])
    assert kick.seen(row, state)[-1] == pytest.approx(-0.15)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "kick"
    with RunFolder(path, RUN, resume=False) as folder:
        progress = train_task(RUN, folder, film=FilmConfig(every=16, frames=2))
    bundle = path.parent / "bundle"
    export_policy(path, RUN, bundle, "kick", "op3-soccer train kick --seed 3")
    return path, bundle, progress.learner.params


def test_an_exported_correction_does_on_board_what_was_learned(trained):
    _, bundle, params = trained
    policy = load_bundle(bundle)
    assert isinstance(policy, KickPolicy)
    assert policy.spec.engine == "scripted"
    assert policy.correction is not None
    state = policy.initial_state()
    vector = np.zeros(policy.spec.observation.size, np.float32)
    vector[-1] = 1.0
    seen = policy.seen(vector, state)
    wanted = make_learner(RUN).mean_action(params, seen)
    np.testing.assert_allclose(policy.correction(seen), wanted, atol=1e-5)
    assert list((trained[0] / "film").glob("*.png"))


def test_a_correction_is_learned_on_from_its_bundle(trained, tmp_path):
    on = replace(RUN, seed=4, begins_as=str(trained[1]))
    check_start(on)
    with RunFolder(tmp_path / "run", on, resume=False) as folder:
        params = load_progress(on, folder).learner.params
    seen = np.random.default_rng(0).normal(size=(4, sizes(TASK)[0]))
    seen = seen.astype(np.float32)
    learner = make_learner(RUN)
    wanted = learner.mean_action(trained[2], seen)
    np.testing.assert_allclose(learner.mean_action(params, seen), wanted, atol=1e-6)


def test_what_a_correction_did_not_see_counts_for_nothing_at_first(trained):
    spec, more = load_bundle(trained[1]).spec.observation, 2
    new = ObservationTerm(name="own_velocity", size=more, unit="m/s", frame="heading")
    wider = replace(spec, terms=(new, *spec.terms))
    network = GaussianActor(18, (8,), 0.1)
    seen = np.random.default_rng(0).normal(size=(4, seen_size(wider)))
    fresh = network.init(jax.random.key(0), seen)
    actor = actor_of_correction(str(trained[1]), wider, fresh)
    wanted = make_learner(RUN).mean_action(trained[2], seen[:, more:])
    np.testing.assert_allclose(network.apply(actor, seen)[0], wanted, atol=1e-6)


def test_what_corrects_no_such_kick_is_nothing_to_begin_as(trained):
    bundle = str(trained[1])
    with pytest.raises(RunError, match=r"a kick that a policy corrects .* found no"):
        check_start(replace(RUN, begins_as="walk"))
    with pytest.raises(RunError, match="expected layers"):
        check_start(replace(RUN, begins_as="kick"))
    shorter = replace(TASK, ball_history=4)
    with pytest.raises(RunError, match=r"expected .*ball_position.*history=4"):
        check_start(replace(RUN, task=shorter, begins_as=bundle))


def test_a_corrected_kick_can_be_measured_as_any_other(trained):
    policy = load_bundle(trained[1])
    assert isinstance(policy, KickPolicy)
    config = KickTrialConfig(watch_s=0.0)
    outcome = kick_trials((policy,), MotionWorldConfig(count=4, seed=1), config)
    assert (outcome.speed_m_s > 0.5).all()


def test_a_correction_of_another_shape_is_refused(trained, tmp_path):
    spec = load_bundle(trained[1]).spec
    shorter = replace(spec.observation, terms=spec.observation.terms[1:])
    with pytest.raises(ContractError, match="expected input and output"):
        OnnxCorrection(trained[1] / FILE, shorter)
    with pytest.raises(ContractError, match="corrects this kick, found no such file"):
        scripted.load(POLICIES / "scripted" / "kick", spec)
    (tmp_path / FILE).write_bytes(b"no network")
    with pytest.raises(ContractError, match="expected an ONNX network"):
        OnnxCorrection(tmp_path / FILE, spec.observation)


def test_an_archive_of_it_is_not_taken_for_one_of_the_task(tmp_path):
    archive = archive_of(str(tmp_path / "data"), RUN, made_by="test", resume=False)
    with (
        archive,
        RunFolder(tmp_path / "run", RUN, resume=False) as folder,
    ):
        train_task(RUN, folder, on_batch=archive.add)
    with pytest.raises(ArchiveError, match="corrects"):
        open_for_reuse([str(tmp_path / "data")], task_interface(TASK))


def test_it_is_no_teacher(trained):
    with pytest.raises(RunError, match="corrects a scripted kick"):
        load_teacher(trained[0])


def test_what_is_no_scripted_kick_is_refused():
    with pytest.raises(RunError, match="expected a scripted kick, found onnx walk"):
        load_kick("walk", TASK)
    with pytest.raises(RunError, match="expected a scripted kick, found onnx walk"):
        check_start(replace(RUN, kick=CorrectionConfig(bundle="walk")))
    with pytest.raises(RunError, match=r"kick of 1\.4 s at most .* found 2\.2"):
        load_kick(str(POLICIES / "scripted" / "kick"), TASK)
    with pytest.raises(RunError, match=r"in steps of 0\.025 s"):
        load_kick("kick", replace(TASK, control_period_s=0.02))
    with pytest.raises(ValueError, match=r"run\.kick: expected it with a kick task"):
        replace(RUN, skill="", reach=None)
    with pytest.raises(ValueError, match=r"correction\.before_s: expected 0 < low"):
        CorrectionConfig(before_s=(0.0, 0.5))


def test_the_corrected_spec_leaves_out_what_only_a_learned_kick_needs():
    spec = load_bundle(POLICIES / "scripted" / "kick").spec
    found = corrected_spec(spec, TASK)
    names = [term.name for term in found.observation.terms]
    assert names == [
        *("gyro", "gravity", "joint_position", "previous_target"),
        *("ball_position", "kick_direction", "kick_side"),
    ]
    assert found.state_shapes == ((3,), (18,), (len(BODY_JOINTS),), (1,))
