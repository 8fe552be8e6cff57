"""What a camera does to a picture, against dm_pix and a second implementation."""

import math
from dataclasses import replace

import dm_pix
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from firmware_bridge.emulator import SimulatedClock
from nerf_render.camera_effects import (
    NO_EFFECTS,
    CameraEffects,
    as_bytes,
    draw_look,
    mounted,
    newest_frame,
    smeared,
)
from nerf_render.camera_effects import developed as developed_eagerly
from nerf_render.cameras import looking, pixel_rays
from robot.camera.v4l2 import C920_NOMINAL
from robot.camera.virtual import FrameTiming, VirtualCamera

KEY = jax.random.key(0)
developed = jax.jit(developed_eagerly, static_argnums=0)
drawn_look = jax.jit(draw_look, static_argnums=0)
PICTURE = jax.random.uniform(jax.random.key(1), (30, 40, 3), minval=0.05, maxval=0.9)


def look(effects=NO_EFFECTS, **changes):
    return drawn_look(effects, KEY)._replace(
        **{name: jnp.asarray(value, jnp.float32) for name, value in changes.items()}
    )


def test_the_default_lens_is_the_runtimes_c920():
    ours = CameraEffects().lens
    assert ours.fy_px == pytest.approx(C920_NOMINAL.fy_px, rel=1e-3)
    assert (ours.width_px, ours.height_px) == (640, 480)
    small = CameraEffects().camera
    assert (small.width_px, small.height_px) == (40, 30)
    # 480 / 30 = 16 pixels of the sensor for one of the policy's.
    assert small.fy_px == pytest.approx(ours.fy_px / 16)


def test_a_perfect_camera_changes_nothing():
    out = developed(NO_EFFECTS, PICTURE, look(), KEY)
    np.testing.assert_allclose(out, PICTURE, atol=1e-5)
    pose = looking(jnp.array([1.0, 2, 3]), 0.4, 0.1)
    np.testing.assert_allclose(mounted(pose, look()).rotation, pose.rotation, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "peer"),
    [
        ({"brightness": 0.1}, lambda x: dm_pix.adjust_brightness(x, 0.1)),
        ({"hue": 1 / 24}, lambda x: dm_pix.adjust_hue(x, 1 / 24)),
        ({"hue": -0.3}, lambda x: dm_pix.adjust_hue(x, -0.3)),
        ({"contrast": 1.5}, lambda x: dm_pix.adjust_contrast(x, 1.5)),
        ({"contrast": 0.5}, lambda x: dm_pix.adjust_contrast(x, 0.5)),
        ({"saturation": 1.5}, lambda x: dm_pix.adjust_saturation(x, 1.5)),
        ({"saturation": 0.5}, lambda x: dm_pix.adjust_saturation(x, 0.5)),
    ],
)
def test_colours_change_as_dm_pix_changes_them(change, peer):
    out = developed(NO_EFFECTS, PICTURE, look(**change), KEY)
    np.testing.assert_allclose(out, jnp.clip(peer(PICTURE), 0, 1), atol=2e-5)


def test_gain_acts_on_light_and_shift_moves_the_picture():
    flat = jnp.full((30, 40, 3), 0.5)
    out = developed(NO_EFFECTS, flat, look(gain=2.0), KEY)
    # 0.5^2.2 * 2 is (0.5 * 2^(1 / 2.2))^2.2.
    np.testing.assert_allclose(out, 0.5 * 2 ** (1 / 2.2), atol=1e-5)
    moved = developed(NO_EFFECTS, PICTURE, look(shift=(0.05, -0.1)), KEY)
    # 5 % of 40 is 2 px to the right, 10 % of 30 is 3 px up.
    np.testing.assert_allclose(moved[:-3, 2:], PICTURE[3:, :-2], atol=1e-5)


def test_noise_has_the_drawn_size_and_differs_between_frames():
    flat = jnp.full((30, 40, 3), 0.5)
    first = developed(NO_EFFECTS, flat, look(noise=0.02), KEY)
    other = developed(NO_EFFECTS, flat, look(noise=0.02), jax.random.key(9))
    assert float(jnp.std(first)) == pytest.approx(0.02, rel=0.05)
    assert float(jnp.abs(first - other).mean()) > 0.01


def test_draws_stay_within_the_papers_ranges_and_fill_them():
    effects = CameraEffects()
    looks = jax.vmap(lambda key: draw_look(effects, key))(jax.random.split(KEY, 2000))
    ranges = {
        "brightness": (-32 / 255, 32 / 255),
        "hue": (-1 / 24, 1 / 24),
        "contrast": (0.5, 1.5),
        "saturation": (0.5, 1.5),
        "shift": (-0.05, 0.05),
        "delay_s": (0.01, 0.05),
        "turn_rad": (-math.radians(2), math.radians(2)),
        "offset_m": (-0.005, 0.005),
    }
    for name, (low, high) in ranges.items():
        drawn = np.asarray(getattr(looks, name))
        assert low <= drawn.min() < low + 0.01 * (high - low), name
        assert high - 0.01 * (high - low) < drawn.max() <= high, name


def test_the_newest_frame_is_the_virtual_cameras():
    effects = replace(NO_EFFECTS, delay_s=(0.04, 0.04))
    ours = look(effects, phase_s=0.0)
    clock = SimulatedClock()
    camera = VirtualCamera(
        lambda: np.zeros((1, 1, 3), np.uint8),
        clock,
        FrameTiming(rate_hz=30, delay_s=0.04, jitter_s=0.0),
    )
    ask = jax.jit(lambda time_s: newest_frame(effects, ours, KEY, time_s))
    for step in range(200):
        if step:
            clock.advance(0.005)
        frame = camera.newest()
        # Between two of its own instants rounding may decide: ask 0.1 ms later.
        found = ask(jnp.float32(clock.now() + 1e-4))
        if frame is None:
            assert int(found.sequence) < 0
        else:
            assert int(found.sequence) == frame.sequence
            assert float(found.captured_s) == pytest.approx(frame.captured_s, abs=1e-5)


def test_jitter_makes_frames_late_and_never_takes_one_back():
    effects = CameraEffects()
    ours = look(effects, delay_s=0.03, phase_s=0.01)
    times = jnp.arange(4000) * 1e-3
    found = jax.vmap(lambda t: newest_frame(effects, ours, KEY, t))(times)
    sequence = np.asarray(found.sequence)
    assert set(np.diff(sequence).tolist()) == {0, 1}
    shown = np.flatnonzero(np.diff(sequence)) + 1
    late = np.asarray(times[shown] - found.captured_s[shown])
    # 30 ms and up to 5 ms up and down, seen once per ms.
    assert 0.025 - 1e-4 <= late.min() < 0.027
    assert 0.034 < late.max() <= 0.036 + 1e-4
    # At 40 Hz three of four looks find a new frame.
    at_policy = sequence[::25]
    assert np.mean(np.diff(at_policy) > 0) == pytest.approx(0.75, abs=0.03)


def test_turning_smears_sideways_by_the_angle_that_was_turned():
    effects = CameraEffects(exposure_s=0.01, taps=33)
    camera = effects.camera
    rays = pixel_rays(camera)[:, :, 0, 0]
    stripe = jnp.zeros((30, 40, 3)).at[:, 20].set(1.0)
    turned = 4 / camera.fx_px  # four pixels at the picture's middle
    first = looking(jnp.zeros(3), turned / 2, 0.0)
    last = looking(jnp.zeros(3), -turned / 2, 0.0)
    out = smeared(effects, stripe, jnp.full((30, 40), 2.0), rays, first, last)
    light = np.asarray(out[15, :, 0]) ** 2.2
    # As much light, spread over the four pixels and half of each neighbour's.
    assert light.sum() == pytest.approx(1.0, rel=0.05)
    assert light[19:22] == pytest.approx(np.full(3, 0.25), abs=0.02)
    assert light[:17].max() < 1e-3
    still = smeared(effects, stripe, jnp.full((30, 40), 2.0), rays, first, first)
    np.testing.assert_allclose(still, stripe, atol=2e-3)


def test_moving_aside_smears_what_is_near_more():
    effects = CameraEffects(taps=9)
    rays = pixel_rays(effects.camera)[:, :, 0, 0]
    edge = jnp.zeros((30, 40, 3)).at[:, 20:].set(1.0)
    depth = jnp.full((30, 40), 0.3).at[:15].set(jnp.inf)
    first = looking(jnp.array([0.0, 0.01, 0]), 0.0, 0.0)
    last = looking(jnp.array([0.0, -0.01, 0]), 0.0, 0.0)
    out = np.asarray(smeared(effects, edge, depth, rays, first, last))[..., 0]
    assert np.ptp(out[5, 18:22]) > 0.99  # the sky's edge is sharp
    assert (np.abs(out[25, 18:22] - 0.5) < 0.45).sum() >= 2


def test_the_mount_turns_the_camera_by_the_drawn_angle():
    ours = look(turn_rad=(0.0, 0.02, 0.0), offset_m=(0.0, 0.0, 0.004))
    pose = looking(jnp.array([1.0, 0, 0]), 0.0, 0.0)
    found = mounted(pose, ours)
    # About the camera's y (down), clockwise from above: the view turns to the right.
    np.testing.assert_allclose(
        found.rotation, looking(jnp.zeros(3), -0.02, 0.0).rotation, atol=1e-6
    )
    np.testing.assert_allclose(found.position, [1.004, 0, 0], atol=1e-6)


def test_bytes_are_rounded():
    assert as_bytes(jnp.array([0.0, 0.5, 1.0])).tolist() == [0, 128, 255]


def test_faults_are_named_together():
    with pytest.raises(ValueError, match=r"jitter_s: expected less than half.*taps"):
        CameraEffects(jitter_s=0.02, delay_s=(0.03, 0.05), taps=0)
