"""Unit conversions against hand-computed literals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import units


def test_center_tick_is_zero_and_a_quarter_turn_is_1024_ticks():
    assert units.ticks_to_rad(2048) == 0
    assert units.ticks_to_rad(3072) == pytest.approx(math.pi / 2)
    assert units.ticks_to_rad(0) == pytest.approx(-math.pi)
    assert units.rad_to_ticks(math.pi / 4) == 2560


@given(st.integers(0, 4095))
def test_ticks_survive_the_way_to_radians_and_back(ticks):
    assert units.rad_to_ticks(units.ticks_to_rad(ticks)) == ticks


def test_one_velocity_count_is_0_229_rpm():
    # 100 counts = 22.9 rpm = 22.9 * 2 pi / 60 = 2.398 rad/s
    assert units.counts_to_rad_s(100) == pytest.approx(2.39808, abs=1e-5)


def test_one_current_count_is_2_69_ma():
    assert units.counts_to_a(-1000) == pytest.approx(-2.69)


def test_gyro_counts_are_scaled_and_x_and_y_negated():
    # 16.4 counts per deg/s: 1640 counts = 100 deg/s = 1.745329 rad/s
    found = units.gyro_to_torso_rad_s([1640, -1640, 1640])
    np.testing.assert_allclose(found, [-1.745329, 1.745329, 1.745329], atol=1e-6)


def test_acceleration_counts_are_scaled_and_x_and_y_negated():
    # 16384 counts = 1 g = 9.80665 m/s2
    found = units.acceleration_to_torso_m_s2([16384, 8192, 16384])
    np.testing.assert_allclose(found, [-9.80665, -4.903325, 9.80665])


def test_board_counts_saturate_like_a_16_bit_sensor():
    # 100 m/s2 is 10.2 g, the range is 2 g; x is negated.
    found = units.torso_m_s2_to_acceleration([100.0, 100.0, 100.0])
    assert found.tolist() == [-32768, -32768, 32767]


@given(st.lists(st.integers(-32767, 32767), min_size=3, max_size=3))
def test_gyro_counts_survive_the_way_to_si_and_back(counts):
    rate = units.gyro_to_torso_rad_s(counts)
    assert units.torso_rad_s_to_gyro(rate).tolist() == counts
