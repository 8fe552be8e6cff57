"""Teachers see and act through their pupil's specs: the same numbers either way."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import read_spec, write_spec
from robot.observation import start, vector
from sim.tasks.getup import STANDING, GetupTask
from sim.tasks.match import MatchTask
from sim.tasks.rise import RiseTask
from sim.tasks.walk_task import WalkTask
from training.mpo_losses import Gaussian
from training.recipes import duel_task
from training.run_folder import RunError
from training.teachers import UNTOLD_STD, guide_of, is_upright, load_teacher
from training.teaching import TeachingConfig
from training.translation import Interface, Reading, Translation, newest_raw

MATCH, RISE, DUEL = MatchTask(), RiseTask(), duel_task()
POLICIES = Path(__file__).parents[2] / "policies"


def history(spec, steps):
    """Per term the newest values of `steps` ({name: [T, size]})."""
    return tuple(steps[term.name][-term.history :] for term in spec.terms)


@pytest.fixture(scope="module")
def steps():
    """Five control steps of every term, plausible values."""
    rng = np.random.default_rng(0)
    spec = MATCH.observation
    found = {term.name: rng.normal(0, 0.3, (5, term.size)) for term in spec.terms}
    found["target_pose"] = np.tile(STANDING.joint_rad, (5, 1))
    found["target_gravity"] = np.tile(STANDING.gravity, (5, 1))
    return found


@pytest.mark.parametrize("task", [RISE, GetupTask(), MATCH])
def test_what_a_teacher_sees_is_in_its_pupils_observation(steps, task):
    pupil = vector(MATCH.observation, history(MATCH.observation, steps))
    expected = vector(task.observation, history(task.observation, steps))
    read = Reading.of(MATCH.observation, task.observation)
    np.testing.assert_allclose(read(pupil), expected, atol=2e-6)


def test_a_teacher_that_sees_more_is_refused():
    with pytest.raises(RunError, match="velocity_command x 1, gait_clock x 1"):
        Reading.of(MATCH.observation, WalkTask().observation)


def test_the_translated_action_leads_to_the_teachers_targets():
    last = np.array([joint.stand_rad for joint in OP3_JOINTS])
    wish = 0.15 * np.random.default_rng(1).normal(size=18)
    asked = Gaussian(mean=wish, std=np.full(18, 0.3))
    translate = Translation(pupil=MATCH.action, teacher=RISE.action, least_std=0.01)
    action = translate(asked, last)
    got = filtered_targets(MATCH.action, np.asarray(action.mean), last)
    expected = filtered_targets(RISE.action, wish, last[:18])
    # Where 5 times the way (1 - 0.8 of it in one step) stays within the limits.
    inside = np.abs(np.asarray(action.mean)[:18]) < 0.999
    assert inside.sum() >= 14
    np.testing.assert_allclose(got[:18][inside], expected[inside], atol=1e-6)
    # The head is not the get-up's: it stays.
    np.testing.assert_allclose(got[18:], last[18:], atol=1e-6)
    assert action.std[18:].tolist() == [1.0, 1.0]
    # 0.8 rad x 0.3 x (1 - 0.4) / (1 - 0.8) over half of the knee's range.
    knee = JOINT_NAMES.index("l_knee")
    half_range = (2.2 + 0.2) / 2
    assert float(action.std[knee]) == pytest.approx(0.8 * 0.3 * 3 / half_range)


def test_an_equal_action_stays_as_it_is_but_within_the_range():
    translate = Translation(pupil=MATCH.action, teacher=MATCH.action, least_std=0.1)
    mean = np.linspace(-1.5, 1.5, 20)
    got = translate(Gaussian(mean, np.full(20, 0.05)), np.zeros(20))
    np.testing.assert_allclose(got.mean, np.clip(mean, -1, 1), atol=1e-5)
    np.testing.assert_allclose(got.std, 0.1)


def test_the_tilt_says_which_teacher_is_in_charge(steps):
    def seen(tilt_rad):
        gravity = np.array([[math.sin(tilt_rad), 0.0, -math.cos(tilt_rad)]] * 5)
        now = steps | {"gravity": gravity}
        return vector(MATCH.observation, history(MATCH.observation, now))

    assert is_upright(MATCH.observation, seen(0.79), 0.8)
    assert not is_upright(MATCH.observation, seen(0.81), 0.8)
    raw = newest_raw(MATCH.observation, seen(0.5), "previous_target")
    np.testing.assert_allclose(raw, steps["previous_target"][-1], atol=1e-6)
    spec = MATCH.observation
    assert start(spec, {k: v[-1] for k, v in steps.items()})[0].shape == (5, 20)


def test_a_folder_without_a_run_is_no_teacher(tmp_path):
    with pytest.raises(RunError, match=r"or policy\.onnx of a bundle as a teacher in"):
        load_teacher(tmp_path)


def test_a_bundle_is_a_teacher_whose_policy_is_the_one_on_board():
    teacher = load_teacher(POLICIES / "score")
    golden = np.load(POLICIES / "score" / "golden.npz")
    seen = golden["observation"][:6].reshape(2, 3, -1)
    found = teacher.distribution(teacher.params, seen)
    wanted = golden["action"][:6].reshape(2, 3, -1)
    np.testing.assert_allclose(found.mean, wanted, atol=1e-4)
    assert np.asarray(found.std) == pytest.approx(UNTOLD_STD)
    # Its pupil in a match sees all that it needs.
    guide = guide_of(
        TeachingConfig(),
        Interface(DUEL.observation, DUEL.action),
        teacher,
        load_teacher(POLICIES / "getup"),
    )
    none = np.zeros((4, DUEL.observation.size), np.float32)
    assert guide.advice[0](guide.params[0], none).mean.shape == (4, 20)


def test_a_bundle_with_a_memory_is_no_teacher(tmp_path):
    spec = replace(read_spec(POLICIES / "walk" / "spec.json"), state_shapes=((4,),))
    write_spec(tmp_path / "spec.json", spec)
    (tmp_path / "policy.onnx").write_bytes(b"never read")
    with pytest.raises(RunError, match="expected a teacher without memory or camera"):
        load_teacher(tmp_path)


def test_a_bundle_whose_network_is_another_is_no_teacher(tmp_path):
    for file in ("spec.json", "golden.npz"):
        shutil.copy(POLICIES / "walk" / file, tmp_path / file)
    shutil.copy(POLICIES / "getup" / "policy.onnx", tmp_path / "policy.onnx")
    with pytest.raises(RunError, match=r"the network of its golden\.npz, found"):
        load_teacher(tmp_path)
