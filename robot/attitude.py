"""Which way is down: a complementary filter over gyro and accelerometer.

The gyro turns the last gravity estimate; the accelerometer pulls it back, slowly. The
specific force enters with its length, because what it holds beside gravity averages
out over steps, while its direction alone does not: trusting it less the more it differs
from one g left 0.02 rad of steady error while walking. Yaw is not estimated. Plain
floats: at three numbers NumPy's call overhead dominates.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STANDARD_GRAVITY_M_S2 = 9.80665
"""Standard acceleration of gravity (3rd CGPM, 1901)."""

Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class AttitudeConfig:
    """Filter settings.

    Attributes:
        time_constant_s: after which the accelerometer outweighs the integrated gyro.
            Long against a step of the gait (about 0.2 s), short against gyro drift
            (project's choice).
        longest_m_s2: specific force beyond this length, an impact, is cut to it.
    """

    time_constant_s: float = 3.0
    longest_m_s2: float = 3 * STANDARD_GRAVITY_M_S2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"AttitudeConfig.{name}: expected > 0, found {value}")


@dataclass(frozen=True, kw_only=True)
class AttitudeState:
    """Estimate at one instant, torso frame (x forward, y left, z up).

    Attributes:
        gravity: unit vector of gravity; (0, 0, -1) upright.
        gyro_rad_s: angular velocity.
    """

    gravity: Vector
    gyro_rad_s: Vector

    @property
    def gravity_array(self) -> NDArray[np.float64]:
        return np.array(self.gravity)

    @property
    def tilt_rad(self) -> float:
        """Angle between the torso's z axis and the vertical."""
        return math.acos(max(-1.0, min(1.0, -self.gravity[2])))


def start(acceleration_m_s2: NDArray[np.float64]) -> AttitudeState:
    """First estimate, from the accelerometer alone: the robot is taken to be at rest.

    Args:
        acceleration_m_s2: [3] specific force, torso frame.
    """
    force = _vector(acceleration_m_s2)
    length = math.hypot(*force)
    if not length > 0:
        return AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))
    return AttitudeState(
        gravity=_scaled(force, -1 / length), gyro_rad_s=(0.0, 0.0, 0.0)
    )


def update(
    config: AttitudeConfig,
    state: AttitudeState,
    gyro_rad_s: NDArray[np.float64],
    acceleration_m_s2: NDArray[np.float64],
    dt_s: float,
) -> AttitudeState:
    """The estimate one measurement later.

    Args:
        gyro_rad_s: [3] angular velocity, torso frame.
        acceleration_m_s2: [3] specific force, torso frame.
        dt_s: time since the last update.
    """
    gyro, force = _vector(gyro_rad_s), _vector(acceleration_m_s2)
    turned = _rotated(state.gravity, _scaled(gyro, -dt_s))
    length = max(math.hypot(*force), config.longest_m_s2)
    share = dt_s / (config.time_constant_s + dt_s)
    pull = share * config.longest_m_s2 / (length * STANDARD_GRAVITY_M_S2)
    turned = _sum(_scaled(turned, 1 - share), _scaled(force, -pull))
    norm = math.hypot(*turned)
    gravity = _scaled(turned, 1 / norm) if norm > 1e-6 else state.gravity
    return AttitudeState(gravity=gravity, gyro_rad_s=gyro)


def _rotated(vector: Vector, rotation_rad: Vector) -> Vector:
    """`vector` turned by the rotation vector (Rodrigues' formula)."""
    angle = math.hypot(*rotation_rad)
    if angle < 1e-12:
        return vector
    axis = _scaled(rotation_rad, 1 / angle)
    cosine, sine = math.cos(angle), math.sin(angle)
    along = sum(a * v for a, v in zip(axis, vector, strict=True)) * (1 - cosine)
    return _sum(
        _sum(_scaled(vector, cosine), _scaled(_cross(axis, vector), sine)),
        _scaled(axis, along),
    )


def _cross(a: Vector, b: Vector) -> Vector:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _scaled(a: Vector, factor: float) -> Vector:
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def _sum(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return (x, y, z)
