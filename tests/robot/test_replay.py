"""A log's observations through the same policy, and through others."""

from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import pytest

from robot.faults import RuntimeFault
from robot.policy import OnnxPolicy, load_bundle
from robot.record.log_reader import read_log
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.replay import replay
from robot.record.segments import SegmentConfig
from tests.fakes.bundles import write_bundle
from tests.fakes.records import cycles


def bundle(folder, **settings):
    write_bundle(folder, "walk", **settings)
    return load_bundle(folder)


def logged(folder, records):
    files = SegmentConfig(folder=folder)
    with Recorder(RecorderConfig(files=files, inline=True)) as recorder:
        for record in records:
            recorder.cycle(record)
    return read_log(folder)


@pytest.fixture
def stateless(tmp_path):
    return bundle(tmp_path / "stateless")


@pytest.fixture
def recurrent(tmp_path):
    """Its state counts its steps and is added to the action."""
    return bundle(tmp_path / "recurrent", memory=4)


@pytest.mark.parametrize("name", ["stateless", "recurrent"])
def test_the_same_bundle_answers_bit_for_bit(tmp_path, request, name):
    policy = request.getfixturevalue(name)
    log = logged(tmp_path / "log", cycles(3, policy))
    again = load_bundle(tmp_path / name)
    found = replay(log, {"walk": again})
    assert found.identical
    assert found.differences == ()
    # 375 cycles, a question in every third.
    assert (found.compared, found.skipped, found.largest) == ({"walk": 125}, 0, 0.0)


def test_one_changed_weight_is_found_where_it_acts(tmp_path, stateless):
    log = logged(tmp_path / "log", cycles(1, stateless))
    model = onnx.load(str(tmp_path / "stateless" / "policy.onnx"))
    weight = onnx.numpy_helper.to_array(model.graph.initializer[0]).copy()
    weight[0, 11] += 0.5  # from the first observation to the twelfth joint
    model.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(weight, "weight_0")
    )
    write_bundle(tmp_path / "changed", "walk")
    onnx.save(model, str(tmp_path / "changed" / "policy.onnx"))
    changed = OnnxPolicy(tmp_path / "changed" / "policy.onnx", stateless.spec)
    found = replay(log, {"walk": changed})
    (difference,) = found.differences
    assert difference.joint == stateless.spec.action.joints[11]
    assert (difference.first, difference.first_s) == (0, 100.0)
    assert difference.steps == 42
    seen = np.array([m.observation[0] for m in log.topic("/robot/policy")])
    # Action differs by half the observation; the target by that times 0.1 rad.
    assert found.largest == pytest.approx(0.5 * np.abs(seen).max(), rel=1e-5)
    assert difference.largest_rad == pytest.approx(0.1 * found.largest)


def test_a_tolerance_hides_small_differences_but_not_that_bits_differ(
    tmp_path, stateless
):
    log = logged(tmp_path / "log", cycles(1, stateless))
    other = bundle(tmp_path / "other", seed=1)
    strict = replay(log, {"walk": other})
    loose = replay(log, {"walk": other}, tolerance=strict.largest)
    assert len(strict.differences) == 18
    assert loose.differences == ()
    assert not loose.identical


def test_a_log_without_its_beginning_starts_at_a_recorded_state(tmp_path, recurrent):
    # Policy steps 2 to 99 are left: the state of step 40 is the first in the log.
    records = islice(cycles(2.4, recurrent), 6, None)
    log = logged(tmp_path / "log", records)
    found = replay(log, {"walk": recurrent})
    assert found.identical
    assert (found.compared, found.skipped) == ({"walk": 60}, 38)


def test_steps_that_were_dropped_do_not_shift_the_state(tmp_path, recurrent):
    records = [r for i, r in enumerate(cycles(2.4, recurrent)) if not 30 <= i < 60]
    log = logged(tmp_path / "log", records)
    found = replay(log, {"walk": recurrent})
    assert found.identical
    # Steps 10 to 19 are gone, 20 to 39 have no state: 10 + 60 remain.
    assert (found.compared, found.skipped) == ({"walk": 70}, 20)


def test_a_policy_that_does_not_fit_is_named(tmp_path, stateless):
    log = logged(tmp_path / "log", cycles(0.1, stateless))
    with pytest.raises(
        RuntimeFault, match="a policy with 9 observations and 18 actions"
    ):
        replay(log, {})


def test_a_log_of_a_robot_that_never_played_cannot_be_replayed(tmp_path, stateless):
    log = logged(tmp_path / "log", cycles(0.1))
    with pytest.raises(RuntimeFault, match="the log of a robot that played"):
        replay(log, {"walk": stateless})


def test_the_shipped_walk_replays_bit_for_bit(tmp_path):
    folder = Path(__file__).parents[2] / "policies" / "walk"
    policy = load_bundle(folder)
    found = replay(logged(tmp_path, cycles(2, policy)), {"walk": load_bundle(folder)})
    assert found.identical
    assert found.compared == {"walk": 84}
