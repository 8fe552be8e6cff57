"""A script acts in a task: its targets arrive, and what does not fit is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ActionSpec, ObservationSpec, ObservationTerm
from robot.policy import load_bundle
from sim.demonstrator import Demonstrator, DemonstratorError, action_for, newest
from sim.env import EnvConfig, Environment
from sim.tasks.rise import RiseTask

SCRIPT = load_bundle(Path(__file__).parents[2] / "policies" / "scripted" / "getup")
ONE_JOINT = ActionSpec(
    joints=("l_knee",),
    default_rad=(0.5,),
    scale_rad=(0.8,),
    min_rad=(-1.0,),
    max_rad=(2.0,),
    filter_keep=0.4,
)


def test_the_action_for_a_target_by_hand():
    got = action_for(ONE_JOINT, np.array([1.0]), np.array([0.4]))
    # (1.0 - 0.4 x 0.4) / 0.6 = 1.4; (1.4 - 0.5) / 0.8 = 1.125
    np.testing.assert_allclose(got, [1.125])
    np.testing.assert_allclose(filtered_targets(ONE_JOINT, got, np.array([0.4])), [1.0])


def test_a_target_out_of_one_steps_reach_gives_the_action_at_the_limit():
    got = action_for(ONE_JOINT, np.array([1.9]), np.array([0.0]))
    # 1.9 / 0.6 = 3.17 lies above 2.0; (2.0 - 0.5) / 0.8 = 1.875
    np.testing.assert_allclose(got, [1.875])


def test_the_newest_values_of_a_history_are_raw_again():
    gyro = ObservationTerm(
        name="gyro", size=2, unit="rad/s", frame="torso", history=2, std=(2.0, 4.0)
    )
    gravity = ObservationTerm(
        name="gravity", size=1, unit="1", frame="torso", mean=(-1.0,)
    )
    got = newest(
        ObservationSpec(terms=(gyro, gravity)), np.array([[9.0, 9.0, 1.0, 2.0, 0.25]])
    )
    # 1 x 2 and 2 x 4; 0.25 - 1
    np.testing.assert_allclose(got["gyro"], [[2.0, 8.0]])
    np.testing.assert_allclose(got["gravity"], [[-0.75]])


def test_the_environment_sends_the_targets_that_the_script_wants():
    task = RiseTask()
    env = Environment(task, EnvConfig(num_envs=3, num_threads=1, stagger=False), seed=1)
    acts = Demonstrator(task, SCRIPT, 3)
    memory = tuple(np.tile(part, (3, 1)) for part in SCRIPT.initial_state())
    columns = [JOINT_NAMES.index(name) for name in task.action.joints]
    state, moved = env.reset()
    raw = newest(task.observation, moved.observation[:, 0])
    far = []
    for _ in range(20):
        # The script's terms in its own order, written out by hand.
        vector = np.concatenate(
            [raw["gravity"], raw["gyro"], raw["previous_target"]], axis=-1
        )
        wanted, memory = SCRIPT.act(vector.astype(np.float32), memory)
        action = acts(moved.observation[:, 0])
        state, moved = env.step(state, action[:, None], push_strength=0.0)
        raw = newest(task.observation, moved.observation[:, 0])
        far.append(np.abs(raw["previous_target"][:, columns] - wanted))
    env.close()
    # Few targets lie farther than the filter lets a joint go in one step.
    assert np.mean(np.array(far) < 1e-4) > 0.9


def test_a_policy_that_does_not_fit_is_told_everything():
    class Other:
        spec = replace(
            SCRIPT.spec,
            control_period_s=0.01,
            action=ONE_JOINT,
            observation=ObservationSpec(
                terms=(
                    ObservationTerm(name="kick_side", size=1, unit="1", frame="none"),
                )
            ),
        )
        initial_state = SCRIPT.initial_state
        act = SCRIPT.act

    with pytest.raises(DemonstratorError) as refused:
        Demonstrator(RiseTask(), Other(), 1)
    said = str(refused.value)
    assert "found l_knee" in said
    assert "expected a control period of 0.025 s, found 0.01 s" in said
    assert "expected kick_side (1) in the observation of rise, found gyro (3)" in said
