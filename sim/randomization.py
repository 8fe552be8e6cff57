"""What differs from episode to episode: axes, their ranges, and draws.

Ranges follow arXiv:2304.13653 (P1; its list is short on purpose: more axes gave a timid
policy) and arXiv:2210.04932 (N) where they state them; the rest is marked as the
project's choice. Array-API code: any backend draws by the same lines.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from sim.tasks.task import Random

Array = Any
Range = tuple[float, float]

MASS_BOX_M = ((-0.05, -0.05, 0.0), (0.05, 0.05, 0.12))
"""Corners of a box that the torso hull fills, torso frame: where added mass sits and
where pushes act."""


@dataclass(frozen=True, kw_only=True)
class RandomizationConfig:
    """Ranges of all axes; a range of one point switches its axis off.

    Drawn once per episode, but for delay jitter (each step) and pushes (each push).
    Meaning, source and neutral point of each axis: `AXES`.
    """

    floor_friction: Range = (0.5, 1.0)
    ball_mass: Range = (0.8, 1.2)
    ball_radius: Range = (0.95, 1.05)
    ball_rolling: Range = (0.7, 1.5)
    joint_offset_rad: Range = (-0.05, 0.05)
    imu_tilt_rad: Range = (-0.035, 0.035)
    imu_shift_m: Range = (-0.005, 0.005)
    added_mass_kg: Range = (0.0, 0.5)
    servo_gain: Range = (0.85, 1.15)
    torque_limit: Range = (0.9, 1.0)
    battery: Range = (0.9, 1.05)
    observation_delay_steps: tuple[int, int] = (0, 4)
    observation_jitter_steps: tuple[int, int] = (0, 1)
    action_delay_steps: tuple[int, int] = (0, 2)
    action_jitter_steps: tuple[int, int] = (0, 1)
    gyro_noise_rad_s: Range = (0.02, 0.06)
    gravity_noise: Range = (0.004, 0.012)
    acceleration_noise_m_s2: Range = (0.05, 0.2)
    joint_noise_rad: Range = (0.002, 0.005)
    push_n: Range = (5.0, 15.0)
    push_s: Range = (0.05, 0.15)
    push_every_s: Range = (1.0, 3.0)

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected low <= high, found {low} > {high}"
            for name, (low, high) in vars(self).items()
            if not low <= high
        ]
        faults += [
            f"{axis.name}: expected 0 or more, found {getattr(self, axis.name)[0]}"
            for axis in AXES
            if axis.positive and getattr(self, axis.name)[0] < 0
        ]
        if faults:
            raise ValueError("RandomizationConfig: " + "; ".join(faults))

    @property
    def has_pushes(self) -> bool:
        return self.push_n[1] > 0 and self.push_s[1] > 0

    @property
    def most_observation_delay(self) -> int:
        """Physics steps, jitter included."""
        return self.observation_delay_steps[1] + self.observation_jitter_steps[1]

    @property
    def most_action_delay(self) -> int:
        """Physics steps, jitter included."""
        return self.action_delay_steps[1] + self.action_jitter_steps[1]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of randomization.

    Attributes:
        name: its range in `RandomizationConfig`.
        unit: "1" for factors and coefficients.
        of: what is drawn: one value per world, robot or joint, a vector per robot, or
            a value per step or per push.
        off: the neutral point; the range (off, off) switches the axis off.
        meaning: in words.
        source: of the default range.
        whole: whole numbers, both ends included.
        positive: below 0 makes no sense.
    """

    name: str
    unit: str
    of: Literal["world", "robot", "joint", "vector", "step", "push"]
    off: float
    meaning: str
    source: str
    whole: bool = False
    positive: bool = True


_CHOICE = "project's choice"
AXES: tuple[Axis, ...] = (
    Axis(
        name="floor_friction",
        unit="1",
        of="world",
        off=1.0,
        meaning="sliding coefficient between floor and robots",
        source="P1: 0.5 to 1.0",
    ),
    Axis(
        name="ball_mass",
        unit="1",
        of="world",
        off=1.0,
        meaning="factor on the ball's mass",
        source=f"{_CHOICE} (N: 0.5 to 0.9 kg, of a basketball)",
    ),
    Axis(
        name="ball_radius",
        unit="1",
        of="world",
        off=1.0,
        meaning="factor on the ball's radius",
        source=f"{_CHOICE} (N: 11.5 to 12.5 cm, of a basketball)",
    ),
    Axis(
        name="ball_rolling",
        unit="1",
        of="world",
        off=1.0,
        meaning="factor on the ball's rolling friction",
        source=f"{_CHOICE} (FIFA's turf test: rolls of 10 to 4 m, factors 1 to 2.5)",
    ),
    Axis(
        name="joint_offset_rad",
        unit="rad",
        of="joint",
        off=0.0,
        meaning="measured minus true joint angle",
        source="P1: +-2.9 deg",
        positive=False,
    ),
    Axis(
        name="imu_tilt_rad",
        unit="rad",
        of="vector",
        off=0.0,
        meaning="mounting error of the IMU about each axis",
        source="P1: up to 2 deg",
        positive=False,
    ),
    Axis(
        name="imu_shift_m",
        unit="m",
        of="vector",
        off=0.0,
        meaning="position error of the IMU along each axis; only acceleration sees it",
        source="P1: up to 5 mm",
        positive=False,
    ),
    Axis(
        name="added_mass_kg",
        unit="kg",
        of="robot",
        off=0.0,
        meaning="a mass at a random torso point",
        source="P1: up to 0.5 kg",
    ),
    Axis(
        name="servo_gain",
        unit="1",
        of="robot",
        off=1.0,
        meaning="factor on the position gain",
        source=_CHOICE,
    ),
    Axis(
        name="torque_limit",
        unit="1",
        of="robot",
        off=1.0,
        meaning="factor on the torque limit: wear, heat",
        source=_CHOICE,
    ),
    Axis(
        name="battery",
        unit="1",
        of="robot",
        off=1.0,
        meaning="supply over the servo law's own; scales gain and torque limit",
        source=f"{_CHOICE}: 10.8 to 12.6 V (three lithium cells) over 12 V",
    ),
    Axis(
        name="observation_delay_steps",
        unit="physics steps",
        of="robot",
        off=0,
        meaning="age of the sensors",
        source="P1: 10 to 50 ms; here the onboard loop reads within one 8 ms cycle",
        whole=True,
    ),
    Axis(
        name="observation_jitter_steps",
        unit="physics steps",
        of="step",
        off=0,
        meaning="added to the sensors' age",
        source="N: 5 ms per sensor",
        whole=True,
    ),
    Axis(
        name="action_delay_steps",
        unit="physics steps",
        of="robot",
        off=0,
        meaning="until new targets reach the servos",
        source=_CHOICE,
        whole=True,
    ),
    Axis(
        name="action_jitter_steps",
        unit="physics steps",
        of="step",
        off=0,
        meaning="added to the targets' delay",
        source=f"{_CHOICE}, as the sensors'",
        whole=True,
    ),
    Axis(
        name="gyro_noise_rad_s",
        unit="rad/s",
        of="robot",
        off=0.0,
        meaning="sigma of white noise on the gyro",
        source=f"{_CHOICE}; no paper states one",
    ),
    Axis(
        name="gravity_noise",
        unit="1",
        of="robot",
        off=0.0,
        meaning="sigma of white noise on the gravity direction",
        source=f"{_CHOICE}; no paper states one",
    ),
    Axis(
        name="acceleration_noise_m_s2",
        unit="m/s^2",
        of="robot",
        off=0.0,
        meaning="sigma of white noise on the acceleration",
        source=f"{_CHOICE}; no paper states one",
    ),
    Axis(
        name="joint_noise_rad",
        unit="rad",
        of="robot",
        off=0.0,
        meaning="sigma of white noise on the joint angles",
        source=f"{_CHOICE}; one encoder tick is 0.0015 rad",
    ),
    Axis(
        name="push_n",
        unit="N",
        of="push",
        off=0.0,
        meaning="horizontal force at a random torso point; 0 for no pushes",
        source="P1: 5 to 15, printed as Nm; read as newtons",
    ),
    Axis(
        name="push_s",
        unit="s",
        of="push",
        off=0.0,
        meaning="how long a push lasts",
        source="P1: 0.05 to 0.15 s",
    ),
    Axis(
        name="push_every_s",
        unit="s",
        of="push",
        off=2.0,
        meaning="pause between two pushes",
        source="P1: 1 to 3 s",
    ),
)
_BY_NAME = {axis.name: axis for axis in AXES}


def axis_named(name: str) -> Axis:
    """One of `AXES`; KeyError names the choices."""
    if name not in _BY_NAME:
        raise KeyError(f"expected an axis of {', '.join(_BY_NAME)}, found {name!r}")
    return _BY_NAME[name]


def without(config: RandomizationConfig, *names: str) -> RandomizationConfig:
    """`config` with the named axes switched off."""
    off = {name: (axis_named(name).off,) * 2 for name in names}
    return replace(config, **off)


def midpoint(axis: Axis, config: RandomizationConfig) -> float:
    """Middle of the axis's range; rounded down where only whole numbers are drawn."""
    low, high = getattr(config, axis.name)
    return (low + high) // 2 if axis.whole else (low + high) / 2


NO_RANDOMIZATION = without(RandomizationConfig(), *_BY_NAME)
"""Every axis at its neutral point."""


def draw(
    config: RandomizationConfig, name: str, random: Random, shape: tuple[int, ...]
) -> Array:
    """Values of one axis, uniform over its range."""
    return scaled(config, name, random.uniform(shape))


def scaled(config: RandomizationConfig, name: str, uniform: Array) -> Array:
    """Values of one axis from uniform numbers in [0, 1)."""
    low, high = getattr(config, name)
    if not axis_named(name).whole:
        return low + (high - low) * uniform
    xp = uniform.__array_namespace__()
    return xp.floor(low + (high + 1 - low) * uniform).astype(int)
