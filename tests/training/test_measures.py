"""Reports: averages over whole episodes, worked out by hand."""

import numpy as np
import pytest

from robot.contracts.policy import ObservationSpec, ObservationTerm
from sim.env import TimeStep
from sim.tasks.getup import GetupTask
from training.measures import EpisodeMeter, Meter, Watched, truth


def moved(reward, *, terminated=(), truncated=(), measures=None) -> TimeStep:
    """A step of B environments with one agent each, by numbers of the environments
    that end."""
    count = len(reward)
    rows = np.arange(count)
    column = np.array(reward, np.float32)[:, None]
    return TimeStep(
        observation=column,
        privileged=column,
        reward=column,
        terminated=np.isin(rows, terminated),
        truncated=np.isin(rows, truncated),
        final_observation=column,
        final_privileged=column,
        terms={"only": 10 * column},
        measures=measures or {},
        info={},
    )


def add(meter, step, *, up, goal):
    seen = Watched(
        levels={"up": np.array(up, bool)[:, None]},
        events={"goals": np.array(goal, bool)[:, None]},
    )
    found = meter.add(step, seen)
    return {name: value.ravel().tolist() for name, value in found}


def test_an_episode_is_summed_from_its_beginning_to_its_end():
    meter = EpisodeMeter((1, 1), 0.5, whole=True)
    assert add(meter, moved([1]), up=[0], goal=[0]) == {}
    assert add(meter, moved([2]), up=[1], goal=[1]) == {}
    ended = add(meter, moved([4], truncated=[0]), up=[0], goal=[0])
    assert ended == {
        "episode/return": [7.0],
        # 3 steps of 0.5 s.
        "episode/seconds": [1.5],
        "episodes_with/goals": [1.0],
        "end/up": [0.0],
        "max/up": [1.0],
        # Up after its second step.
        "first_s/up": [1.0],
    }
    # The next episode knows nothing of it.
    ended = add(meter, moved([8], terminated=[0]), up=[1], goal=[0])
    assert ended["episode/return"] == [8.0]
    assert ended["episodes_with/goals"] == [0.0]
    # Up from its first step on: it never came to be.
    assert ended["first_s/up"] == []


def test_a_first_episode_begun_anywhere_counts_for_nothing():
    meter = EpisodeMeter((2, 1), 0.5, whole=False)
    assert add(meter, moved([1, 1], truncated=[1]), up=[0, 0], goal=[0, 0]) == {}
    ended = add(meter, moved([5, 6], truncated=[0, 1]), up=[0, 1], goal=[0, 0])
    # Only environment 1 has been seen from a beginning.
    assert ended["episode/return"] == [6.0]


def test_a_report_averages_steps_and_episodes_apart():
    class Plain:
        name, control_period_s = "none of those with rules", 0.5

    meter = Meter(Plain(), (2, 1), whole=True)
    level = {"speed": np.array([[1.0], [3.0]])}
    meter.add_step(moved([1, 2], terminated=[0], measures=level))
    meter.add_step(moved([3, 4], measures=level))
    meter.add({"kl": 0.5})
    got = meter.take()
    assert got["reward/total"] == pytest.approx(2.5)
    assert got["reward/only"] == pytest.approx(25.0)
    assert got["mean/speed"] == pytest.approx(2.0)
    # One termination in 4 steps of half a second: 1 in 2 s.
    assert got["terminations_per_min"] == pytest.approx(30.0)
    assert got["episode/return"] == 1.0
    assert got["end/speed"] == 1.0
    assert got["kl"] == 0.5
    assert meter.take() == {}


def test_true_values_are_read_back_from_the_critics_vector():
    spec = ObservationSpec(
        terms=(
            ObservationTerm(name="a", size=2, unit="1", frame="none"),
            ObservationTerm(
                name="height", size=1, unit="m", frame="field", mean=(0.2,), std=(0.1,)
            ),
        )
    )
    # 0.5 x 0.1 + 0.2
    got = truth(spec, np.array([[7.0, 8.0, 0.5]]), "height")
    assert got.tolist() == [[pytest.approx(0.25)]]
    with pytest.raises(ValueError, match="expected one of a, height, found 'b'"):
        truth(spec, np.zeros((1, 3)), "b")


def test_a_get_up_counts_as_up_when_tall_and_upright():
    task = GetupTask()
    names = [term.name for term in task.privileged.terms]
    assert names[:3] == ["velocity", "height", "upright"]
    extra = np.zeros((3, 1, task.privileged.size), np.float32)
    # Height is (z - 0.236) / 0.1; 36/41 of 0.236 m is 0.2072 m.
    extra[:, 0, 3] = [0.0, -0.5, 0.0]
    extra[:, 0, 6] = [-1.0, -1.0, -0.5]
    step = moved([0, 0, 0])
    step = TimeStep(**(vars(step) | {"final_privileged": extra}))
    meter = Meter(task, (3, 1), whole=True)
    meter.add_step(step)
    # Standing; too low (0.186 m); leaning by 60 degrees.
    assert meter.take()["mean/up"] == pytest.approx(1 / 3)
