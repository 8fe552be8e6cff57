"""The filter against the same one written with matrices, axis by axis."""

import numpy as np
import pytest

from match.eyes import kalman


def matrix_filter(steps, noise, rate_deviation):
    """Textbook Kalman filter of one axis: x' = F x, P' = F P F^T + Q."""
    (time, value, deviation), *rest = steps
    x = np.array([value, 0.0])
    p = np.diag([deviation**2, rate_deviation**2])
    for now, measured, sigma in rest:
        dt = now - time
        time = now
        f = np.array([[1, dt], [0, 1]])
        q = noise * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        x, p = f @ x, f @ p @ f.T + q
        h = np.array([[1.0, 0.0]])
        gain = p @ h.T / (h @ p @ h.T + sigma**2)
        x = x + (gain * (measured - x[0])).ravel()
        p = (np.eye(2) - gain @ h) @ p
    return x, p


def test_every_axis_is_filtered_as_by_matrices():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.01, 0.2, 30))
    places = rng.normal(size=(30, 2))
    deviations = rng.uniform(0.01, 0.5, 30)
    track = kalman.begin(times[0], tuple(places[0]), deviations[0], rate_deviation=0.7)
    for time, place, deviation in zip(
        times[1:], places[1:], deviations[1:], strict=True
    ):
        track = kalman.predict(track, time, 3.0)
        offsets = tuple(place - np.array(track.value))
        track = kalman.correct(track, offsets, deviation)
    for axis in range(2):
        steps = list(zip(times, places[:, axis], deviations, strict=True))
        x, p = matrix_filter(steps, 3.0, 0.7)
        assert track.value[axis] == pytest.approx(x[0], rel=1e-9)
        assert track.rate[axis] == pytest.approx(x[1], rel=1e-9)
        assert track.value_var == pytest.approx(p[0, 0], rel=1e-9)
        assert track.both_var == pytest.approx(p[0, 1], rel=1e-9)
        assert track.rate_var == pytest.approx(p[1, 1], rel=1e-9)


def test_surprise_counts_standard_deviations():
    track = kalman.begin(0.0, (1.0, 2.0), 0.3, rate_deviation=1.0)
    # Off by (0.3, 0.4), that is 0.5; sigma = sqrt(0.3^2 + 0.4^2) = 0.5.
    assert kalman.surprise(track, (0.3, 0.4), 0.4) == pytest.approx(1.0)


def test_time_does_not_run_backwards():
    track = kalman.begin(5.0, (1.0,), 0.1, rate_deviation=1.0)
    assert kalman.predict(track, 4.0, 1.0) == track
