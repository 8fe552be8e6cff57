"""Walk trials with policies whose outcome is known beforehand."""

from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest

from robot.contracts.policy import PolicySpec
from sim.env import EnvConfig
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig, without
from sim.tasks.walk_task import WalkTask
from training.export import policy_spec
from training.train_task import TaskRunConfig
from training.walk_trial import TrialConfig, run_command

CALM = EnvConfig(num_threads=1, randomization=NO_RANDOMIZATION)
UNPUSHED = EnvConfig(
    num_threads=1, randomization=without(RandomizationConfig(), "push_n")
)
SHORT = TrialConfig(episodes=2, episode_s=7.5)
FORWARD = (0.4, 0.0, 0.0)


class ConstantPolicy:
    """The same action whatever it sees; counts its calls in its state."""

    def __init__(self, action: float):
        self._action = action
        self.longest_memory = 0

    @cached_property
    def spec(self) -> PolicySpec:
        return policy_spec(TaskRunConfig(task=WalkTask()), "constant", made_by="a test")

    def initial_state(self) -> int:
        return 0

    def act(self, observation, state):
        assert observation.shape == (self.spec.observation.size,)
        self.longest_memory = max(self.longest_memory, state + 1)
        return np.full(len(self.spec.action.joints), self._action), state + 1


def test_a_policy_that_does_nothing_stands_and_reaches_no_speed():
    policy = ConstantPolicy(0.0)
    got = run_command(policy, CALM, SHORT, "forward", FORWARD, seed=0)
    assert got.fell == 0
    assert got.falls_per_min == 0.0
    # Two episodes of 7.5 s.
    assert got.seconds == pytest.approx(15.0)
    assert got.distance_m_s == pytest.approx(0.0, abs=0.01)
    assert got.turn_rad_s == pytest.approx(0.0, abs=0.02)
    # It was asked for 0.4 m/s forward and nothing else.
    assert got.velocity_error == pytest.approx((0.4, 0.0, 0.0), abs=0.02)
    # Its state came back to it: 7.5 s / 25 ms = 300 calls.
    assert policy.longest_memory == 300


def test_a_fall_is_counted_once_and_ends_the_measurement():
    got = run_command(ConstantPolicy(4.0), CALM, SHORT, "forward", FORWARD, seed=0)
    assert got.fell == got.episodes == 2
    # Down within two seconds, though the environment starts again each time.
    assert 0.0 < got.seconds < 4.0
    assert got.falls_per_min == pytest.approx(2 * 60 / got.seconds)
    assert np.isnan(got.distances).all()
    assert np.isnan(got.distance_m_s)


def test_commands_beyond_the_spec_are_clipped_to_it():
    got = run_command(ConstantPolicy(0.0), CALM, SHORT, "all", (5.0, -5.0, 9.0), seed=0)
    assert got.command == (0.9, -0.3, 3.0)


def test_equal_seeds_give_equal_results():
    policy, randomized = ConstantPolicy(0.0), UNPUSHED
    trial = replace(SHORT, commands=(("stand", (0.0, 0.0, 0.0)),))
    (asked,) = trial.commands
    first = run_command(policy, randomized, trial, *asked, seed=3)
    second = run_command(policy, randomized, trial, *asked, seed=3)
    other = run_command(policy, randomized, trial, *asked, seed=4)
    assert first == second
    assert first.distances != other.distances


def test_a_trial_too_short_to_measure_is_refused():
    with pytest.raises(ValueError, match=r"more than 7\.0 s, found 2 of 5\.0 s"):
        TrialConfig(episodes=2, episode_s=5.0)
