"""What a robot's camera does to a picture: mount, shutter, exposure, sensor, cable.

One frozen `CameraEffects` holds the ranges; `draw_look` draws from them what stays for
an episode, and noise is drawn per frame. The order is the light's: the camera hangs a
little off (`mounted`), the shutter opens (`newest_frame` says when), the picture smears
while it is open (`smeared`), the sensor and its settings colour it (`developed`).

Ranges of colour, shift, delay and jitter: NeRF2Real (arXiv:2210.04932), which names
dm_pix's operations; `developed` computes the same. Others are the project's choice and
say so.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from nerf_render.cameras import CameraPose
from nerf_render.shading import albedo_of, display
from robot.contracts.camera import CameraModel, pinhole, project

C920 = pinhole(640, 480, math.radians(43.31))
"""As `robot.camera.v4l2.C920_NOMINAL`, undistorted."""
_FAR_M = 1e3
_DRAWN = 16
"""Numbers in a `Look`."""


@dataclass(frozen=True, kw_only=True)
class CameraEffects:
    """One kind of camera; `draw_look` draws one of the kind.

    Attributes:
        lens: at the sensor's full size, distortion included. The default is the ideal
            lens that the onboard runtime undistorts to.
        size_px: width, height of the policy's picture: the full one averaged by area.
        rate_hz: of the shutter; 30 is the C920's.
        delay_s: least and largest, from the shutter to the program, per episode.
        jitter_s: of each frame's delay, up and down.
        exposure_s: how long the shutter is open (as `robot.camera.v4l2.C920`).
        taps: pictures that a smear is the mean of.
        brightness: added, up and down, display value.
        hue: turns of the colour circle, up and down.
        contrast: least and largest factor about each colour's mean.
        saturation: least and largest factor.
        shift: of the whole picture, share of its width and height, up and down.
        gain: least and largest factor on the light (project's choice: manual gain and
            lamps that warm up).
        noise: least and largest standard deviation, display value (project's choice).
        mount_rad: rotation error of the mount, about each axis, up and down (IMU's
            2 deg in the paper; project's choice for the camera).
        mount_m: its position error along each axis (IMU's 5 mm, likewise).

    Raises:
        ValueError: numbers out of range; names them all.
    """

    lens: CameraModel = C920
    size_px: tuple[int, int] = (40, 30)
    rate_hz: float = 30.0
    delay_s: tuple[float, float] = (0.010, 0.050)
    jitter_s: float = 0.005
    exposure_s: float = 0.010
    taps: int = 5
    brightness: float = 32 / 255
    hue: float = 1 / 24
    contrast: tuple[float, float] = (0.5, 1.5)
    saturation: tuple[float, float] = (0.5, 1.5)
    shift: float = 0.05
    gain: tuple[float, float] = (0.8, 1.25)
    noise: tuple[float, float] = (0.0, 0.02)
    mount_rad: float = math.radians(2.0)
    mount_m: float = 0.005

    def __post_init__(self) -> None:
        faults = []
        for name in ("delay_s", "contrast", "saturation", "gain", "noise"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                faults.append(f"{name}: expected 0 <= low <= high, found {low}, {high}")
        if not 0 <= 2 * self.jitter_s < 1 / self.rate_hz:
            # Else one frame could overtake another, which no cable does.
            faults.append(
                f"jitter_s: expected less than half a period of {self.rate_hz:g} Hz, "
                f"found {self.jitter_s}"
            )
        if self.jitter_s > self.delay_s[0]:
            faults.append(
                f"jitter_s: expected at most the least delay {self.delay_s[0]}, found "
                f"{self.jitter_s}"
            )
        if not 0 <= self.exposure_s <= 1 / self.rate_hz:
            faults.append(
                f"exposure_s: expected within a period of {self.rate_hz:g} Hz, found "
                f"{self.exposure_s}"
            )
        if self.taps < 1:
            faults.append(f"taps: expected 1 or more, found {self.taps}")
        if faults:
            raise ValueError("CameraEffects: " + "; ".join(faults))

    @property
    def camera(self) -> CameraModel:
        """At the policy's size."""
        return self.lens.at_size(*self.size_px)


NO_EFFECTS = CameraEffects(
    delay_s=(0.0, 0.0),
    jitter_s=0.0,
    exposure_s=0.0,
    brightness=0.0,
    hue=0.0,
    contrast=(1.0, 1.0),
    saturation=(1.0, 1.0),
    shift=0.0,
    gain=(1.0, 1.0),
    noise=(0.0, 0.0),
    mount_rad=0.0,
    mount_m=0.0,
)
"""A perfect camera: all as drawn, at once."""


class Look(NamedTuple):
    """One camera, on one day: what stays the same for an episode.

    Attributes:
        turn_rad: [3] rotation vector of the mount's error, camera frame.
        offset_m: [3] position error, camera frame.
        delay_s: from shutter to program.
        phase_s: of the first shutter, within a period.
        brightness, hue, contrast, saturation, gain, noise: see `CameraEffects`.
        shift: [2] of the picture to the right and down, shares of width and height.
    """

    turn_rad: Float[Array, "*B 3"]
    offset_m: Float[Array, "*B 3"]
    delay_s: Float[Array, "*B"]
    phase_s: Float[Array, "*B"]
    brightness: Float[Array, "*B"]
    hue: Float[Array, "*B"]
    contrast: Float[Array, "*B"]
    saturation: Float[Array, "*B"]
    gain: Float[Array, "*B"]
    noise: Float[Array, "*B"]
    shift: Float[Array, "*B 2"]


class Shutter(NamedTuple):
    """The newest frame that has arrived.

    Attributes:
        sequence: its number since the first shutter; negative before that has arrived.
        captured_s: middle of its exposure, on the episode's clock.
    """

    sequence: Int[Array, "*B"]
    captured_s: Float[Array, "*B"]


def draw_look(effects: CameraEffects, key: Key[Array, ""]) -> Look:
    """Draw one camera of the kind, all evenly over their ranges."""
    share = iter(jax.random.uniform(key, (_DRAWN,)))

    def within(low: float, high: float) -> Float[Array, ""]:
        return low + (high - low) * next(share)

    def about(width: float, count: int) -> Float[Array, "N"]:
        return jnp.stack([within(-width, width) for _ in range(count)])

    return Look(
        turn_rad=about(effects.mount_rad, 3),
        offset_m=about(effects.mount_m, 3),
        delay_s=within(*effects.delay_s),
        phase_s=within(0.0, 1 / effects.rate_hz),
        brightness=within(-effects.brightness, effects.brightness),
        hue=within(-effects.hue, effects.hue),
        contrast=within(*effects.contrast),
        saturation=within(*effects.saturation),
        gain=within(*effects.gain),
        noise=within(*effects.noise),
        shift=about(effects.shift, 2),
    )


def mounted(pose: CameraPose, look: Look) -> CameraPose:
    """Where the camera really is when the robot's model says `pose`."""
    turned = pose.rotation @ _rotation(look.turn_rad)
    return CameraPose(
        position=pose.position + pose.rotation @ look.offset_m, rotation=turned
    )


def newest_frame(
    effects: CameraEffects, look: Look, key: Key[Array, ""], time_s: Float[Array, ""]
) -> Shutter:
    """Which frame a program that asks at `time_s` gets: 30 Hz against 40 Hz.

    Args:
        key: of the episode's jitter; a frame's delay is the same whoever asks when.
    """
    period = 1 / effects.rate_hz
    since = time_s - look.phase_s - look.delay_s
    sure = jnp.floor((since - effects.jitter_s) / period).astype(jnp.int32)

    def arrives_s(sequence: Int[Array, ""]) -> Float[Array, ""]:
        # Frames before the first are never asked for; any number does for them.
        own = jax.random.fold_in(key, jnp.maximum(sequence, 0).astype(jnp.uint32))
        late = jax.random.uniform(own, minval=-1.0, maxval=1.0) * effects.jitter_s
        return sequence * period + late

    following = sure + 1
    sequence = jnp.where(arrives_s(following) <= since, following, sure)
    return Shutter(sequence=sequence, captured_s=look.phase_s + sequence * period)


def smeared(
    effects: CameraEffects,
    rgb: Float[Array, "H W 3"],
    depth_m: Float[Array, "H W"],
    rays: Float[Array, "H W 2"],
    opening: CameraPose,
    closing: CameraPose,
) -> Float[Array, "H W 3"]:
    """Motion blur by the camera's own motion while the shutter is open.

    The picture stands for the middle of the exposure. Each pixel becomes the mean, in
    linear light, of `taps` places along its path over the sensor, which its depth and
    the two poses give. The path of what moves by itself (a rolling ball) is left out:
    at 10 ms the head's turning is the larger part by far.

    Args:
        rgb: display values.
        rays: x / z and y / z of the pixels' middles.
        opening: the camera when the shutter opens; and `closing`.
    """
    if effects.taps == 1 or effects.exposure_s == 0:
        return rgb
    middle = CameraPose(
        position=(opening.position + closing.position) / 2,
        rotation=_between(opening.rotation, closing.rotation),
    )
    points = _points(middle, rays, depth_m)
    first, first_ahead = _seen_at(effects.camera, opening, points)
    last, last_ahead = _seen_at(effects.camera, closing, points)
    path = jnp.where((first_ahead & last_ahead)[..., None], last - first, 0.0)
    height, width = depth_m.shape
    column, row = jnp.meshgrid(jnp.arange(width), jnp.arange(height))
    linear = albedo_of(rgb)
    total = jnp.zeros_like(rgb)
    for tap in range(effects.taps):
        share = (tap + 0.5) / effects.taps - 0.5
        total += _bilinear(
            linear, column + share * path[..., 0], row + share * path[..., 1]
        )
    return display(total / effects.taps)


def developed(
    effects: CameraEffects,
    rgb: Float[Array, "H W 3"],
    look: Look,
    key: Key[Array, ""],
) -> Float[Array, "H W 3"]:
    """The picture as the policy gets it, display values in 0..1.

    Gain on the light, then shift, brightness, hue, contrast and saturation as dm_pix
    has them, then noise.

    Args:
        key: of this frame's noise.
    """
    height, width = rgb.shape[:2]
    column, row = jnp.meshgrid(jnp.arange(width), jnp.arange(height))
    out = display(albedo_of(rgb) * look.gain)
    out = _bilinear(out, column - look.shift[0] * width, row - look.shift[1] * height)
    out = jnp.clip(out + look.brightness, 0, 1)
    out = _hue_and_saturation(out, look.hue, jnp.float32(1.0))
    mean = jnp.mean(out, axis=(0, 1))
    out = jnp.clip((out - mean) * look.contrast + mean, 0, 1)
    out = _hue_and_saturation(out, jnp.float32(0.0), look.saturation)
    out += look.noise * jax.random.normal(key, out.shape)
    return jnp.clip(out, 0, 1)


def as_bytes(rgb: Float[Array, "*N"]) -> Array:
    """uint8 of display values in 0..1, as a `robot.contracts.camera.Image` has them."""
    return jnp.round(rgb * 255).astype(jnp.uint8)


def _hue_and_saturation(
    rgb: Float[Array, "H W 3"], turn: Float[Array, ""], factor: Float[Array, ""]
) -> Float[Array, "H W 3"]:
    """Turn the hue and scale the saturation of hue, saturation and value."""
    value, least = rgb.max(-1), rgb.min(-1)
    span = value - least
    safe = jnp.where(span > 0, span, 1.0)
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    sector = jnp.where(
        value == r,
        (g - b) / safe,
        jnp.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe),
    )
    hue = jnp.where(span > 0, sector, 0.0) / 6 + turn
    saturation = jnp.where(value > 0, span / jnp.where(value > 0, value, 1.0), 0.0)
    saturation = jnp.clip(saturation * factor, 0, 1)
    # Alvy Ray Smith's formula in closed form: n = 5, 3, 1 for red, green and blue.
    k = jnp.mod(jnp.array([5.0, 3.0, 1.0]) + hue[..., None] * 6, 6.0)
    ramp = jnp.clip(jnp.minimum(k, 4 - k), 0, 1)
    return value[..., None] * (1 - saturation[..., None] * ramp)


def _bilinear(
    picture: Float[Array, "H W C"],
    column: Float[Array, "H W"],
    row: Float[Array, "H W"],
) -> Float[Array, "H W C"]:
    """Values between pixels; beyond the border the border's."""
    height, width = picture.shape[:2]
    x, y = jnp.clip(column, 0, width - 1), jnp.clip(row, 0, height - 1)
    left = jnp.clip(jnp.floor(x).astype(jnp.int32), 0, max(width - 2, 0))
    top = jnp.clip(jnp.floor(y).astype(jnp.int32), 0, max(height - 2, 0))
    right, bottom = jnp.minimum(left + 1, width - 1), jnp.minimum(top + 1, height - 1)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    above = picture[top, left] * (1 - fx) + picture[top, right] * fx
    below = picture[bottom, left] * (1 - fx) + picture[bottom, right] * fx
    return above * (1 - fy) + below * fy


def _points(
    pose: CameraPose, rays: Float[Array, "H W 2"], depth_m: Float[Array, "H W"]
) -> Float[Array, "H W 3"]:
    ahead = jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1)
    reach = jnp.minimum(depth_m, _FAR_M)[..., None]
    return pose.position + (ahead * reach) @ pose.rotation.T


def _seen_at(
    camera: CameraModel, pose: CameraPose, points: Float[Array, "H W 3"]
) -> tuple[Float[Array, "H W 2"], Bool[Array, "H W"]]:
    """Pixel coordinates, and whether the points lie before the camera."""
    local = (points - pose.position) @ pose.rotation
    ahead = local[..., 2] > 1e-3
    depth = jnp.where(ahead, local[..., 2], 1.0)
    seen = project(camera, local[..., 0] / depth, local[..., 1] / depth)
    return jnp.stack(seen, axis=-1), ahead


def _between(
    first: Float[Array, "3 3"], last: Float[Array, "3 3"]
) -> Float[Array, "3 3"]:
    """Halfway between two rotations that differ by little."""
    mean = (first + last) / 2
    # One Newton step toward the nearest rotation (Higham, "Computing the polar
    # decomposition", SIAM J. Sci. Stat. Comput. 7(4), 1986).
    return mean @ (1.5 * jnp.eye(3) - 0.5 * mean.T @ mean)


def _rotation(turn_rad: Float[Array, "3"]) -> Float[Array, "3 3"]:
    """Of a small rotation vector; Rodrigues' formula."""
    angle = jnp.sqrt(jnp.sum(turn_rad**2) + 1e-20)
    x, y, z = turn_rad / angle
    zero = jnp.zeros_like(x)
    cross = jnp.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]])
    return jnp.eye(3) + jnp.sin(angle) * cross + (1 - jnp.cos(angle)) * cross @ cross
