"""Following one thing: wrong measurements are rejected, insistent ones are not."""

import math

import pytest

from match.eyes.pursuit import Measurement, Motion, found, pursue, value_at

MOTION = Motion(noise=1.0, rate_deviation=0.5, gate=5.0, insist=3, rival_s=0.5)


def at(time_s, *value, source="camera", deviation=0.01):
    return Measurement(source=source, time_s=time_s, value=value, deviation=deviation)


def follow(measurements, motion=MOTION, pursuit=None):
    believed = []
    for measured in measurements:
        pursuit, ok = pursue(pursuit, measured, motion)
        believed.append(ok)
    return pursuit, believed


def still(until_s, *value, source="camera"):
    """A thing that stands, seen 20 times a second."""
    return [at(k / 20, *value, source=source) for k in range(round(20 * until_s))]


def test_one_wild_measurement_changes_nothing():
    before, _ = follow(still(1.0, 1.0, 2.0))
    after, believed = follow([at(1.0, -1.0, 0.0)], pursuit=before)
    assert believed == [False]
    assert after.track == before.track
    _, believed = follow([at(1.05, 1.0, 2.0)], pursuit=after)
    assert believed == [True]


def test_wild_measurements_that_disagree_never_win():
    before, _ = follow(still(1.0, 0.0, 0.0))
    wild = [at(1 + k / 20, 2.0 * (-1) ** k, 0.0) for k in range(10)]
    after, believed = follow(wild, pursuit=before)
    assert not any(believed)
    assert after.track.value == pytest.approx((0, 0), abs=1e-6)


def test_who_insists_is_believed():
    """Put 2 m away by hand: the third look there begins the track anew."""
    before, _ = follow(still(1.0, 0.0, 0.0))
    moved = [at(1 + k / 20, 2.0, 0.0) for k in range(4)]
    after, believed = follow(moved, pursuit=before)
    assert believed == [False, False, True, True]
    assert after.track.value == pytest.approx((2, 0), abs=1e-3)


def test_who_insists_against_another_source_is_not():
    camera, robot = still(3.0, 0.0, 0.0), still(3.0, 1.0, 1.0, source="robot")
    both = [m for pair in zip(camera, robot, strict=True) for m in pair]
    pursuit, believed = follow(both)
    assert not any(believed[1::2])
    assert all(believed[0::2])
    # The camera falls silent at 2.95 s: 0.5 s later the robot's word counts.
    late = [at(3 + k / 20, 1.0, 1.0, source="robot") for k in range(12)]
    pursuit, believed = follow(late, pursuit=pursuit)
    assert believed == [False] * 9 + [True] * 3
    assert pursuit.track.value == pytest.approx((1, 1), abs=1e-2)


def test_a_full_turn_is_nothing():
    turning = Motion(noise=1.0, rate_deviation=0.5, angle=True)
    pursuit, believed = follow([at(0.0, 3.1), at(0.05, -3.1)], turning)
    assert believed == [True, True]
    # From 3.1 to -3.1 the short way is 2 pi - 6.2 = 0.083 rad.
    assert 3.1 < pursuit.track.value[0] < 2 * math.pi - 3.1


def test_an_unseen_thing_moves_on_and_then_stands():
    moving = [at(k / 20, 0.05 * k) for k in range(20)]  # 1 m/s, last seen at 0.95 s
    pursuit, _ = follow(moving)
    coasting = value_at(pursuit, 1.15, MOTION)
    standing = value_at(pursuit, 2.0, MOTION)
    assert coasting.value[0] == pytest.approx(1.15, abs=0.01)
    assert standing.value[0] == pytest.approx(1.15, abs=0.01)
    assert standing.rate == (0.0,)
    assert standing.deviation > coasting.deviation


def test_found_is_where_it_was_seen():
    assert found(at(2.0, 1.0, -1.0), MOTION).track.value == (1.0, -1.0)
