"""One robot as measured: values, their uncertainties, when and how they were found.

`calibration.json` holds one `CalibrationBundle`; each part comes from one step of
`op3-soccer calibrate` and is missing until that step was done. The runtime takes the
joint zeros and the camera from it, the simulator centre and spread of what it draws,
the renderer the camera.

Uncertainties are one standard deviation. Frames: the OP3 model's links (x forward, y
left, z up); camera frames are OpenCV's (x right, y down, z into the picture).
"""

import math
from dataclasses import dataclass, fields, replace

from robot.contracts.actuator import (
    NOMINAL_SERVOS,
    PARAMETER_NAMES,
    JointOverride,
    ServoCalibration,
)
from robot.contracts.camera import CameraModel
from robot.contracts.joints import JOINT_NAMES

CALIBRATION_VERSION = 1

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
_UNIT_TOLERANCE = 1e-6


def _refuse(faults: list[str]) -> None:
    if faults:
        raise ValueError("; ".join(faults))


def _sigma_faults(name: str, *values: float) -> list[str]:
    return [
        f"{name}: expected 0 or more, found {value}"
        for value in values
        if not 0 <= value < math.inf
    ]


def _finite_faults(name: str, *values: float) -> list[str]:
    return [
        f"{name}: expected a finite number, found {value}"
        for value in values
        if not math.isfinite(value)
    ]


def _joint_faults(names: list[str]) -> list[str]:
    found = [
        f"joint {name!r}: expected one of {', '.join(JOINT_NAMES)}"
        for name in names
        if name not in JOINT_NAMES
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    return found + [f"joint {name}: expected once, found twice" for name in twice]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A measured number.

    Raises:
        ValueError: not finite, or a negative uncertainty.
    """

    value: float
    sigma: float

    def __post_init__(self) -> None:
        _refuse(
            _finite_faults("value", self.value) + _sigma_faults("sigma", self.sigma)
        )


@dataclass(frozen=True, kw_only=True)
class VectorEstimate:
    """Three measured numbers, and the uncertainty of each."""

    value: Vector
    sigma: Vector

    def __post_init__(self) -> None:
        _refuse(
            _finite_faults("value", *self.value) + _sigma_faults("sigma", *self.sigma)
        )


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a part comes from.

    Attributes:
        made: date and time, ISO 8601 with zone.
        robot: which robot, as whoever measured called it.
        procedure: the command and its settings.
        residual: how well the measurements are explained, in words with a unit.
        measurements: how many went in.
    """

    made: str
    robot: str
    procedure: str
    residual: str
    measurements: int


@dataclass(frozen=True, kw_only=True)
class CameraPart:
    """Intrinsics.

    Attributes:
        model: focal lengths, centre, distortion.
        focal_sigma_px: of fx and fy.
        centre_sigma_px: of cx and cy.
        coefficient_sigma: one per coefficient of the model.
        rms_px: reprojection error over the views used.
    """

    provenance: Provenance
    model: CameraModel
    focal_sigma_px: tuple[float, float]
    centre_sigma_px: tuple[float, float]
    coefficient_sigma: tuple[float, ...]
    rms_px: float

    def __post_init__(self) -> None:
        faults = [f"model: {fault}" for fault in self.model.faults()]
        for name in ("focal_sigma_px", "centre_sigma_px", "coefficient_sigma"):
            faults += _sigma_faults(name, *getattr(self, name))
        if len(self.coefficient_sigma) != len(self.model.coefficients):
            faults.append(
                f"coefficient_sigma: expected {len(self.model.coefficients)} numbers, "
                f"found {len(self.coefficient_sigma)}"
            )
        _refuse(faults + _sigma_faults("rms_px", self.rms_px))


@dataclass(frozen=True, kw_only=True)
class HeadCameraPart:
    """Pose of the camera on the head's tilting link.

    Attributes:
        position_m: of the optical centre in the frame of `head_tilt_link`.
        quat_wxyz: turns vectors of the camera frame into that link's frame.
        rotation_sigma_rad: uncertainty about the link's axes.
    """

    provenance: Provenance
    position_m: VectorEstimate
    quat_wxyz: Quaternion
    rotation_sigma_rad: Vector

    def __post_init__(self) -> None:
        _refuse(
            _unit_faults("quat_wxyz", self.quat_wxyz)
            + _sigma_faults("rotation_sigma_rad", *self.rotation_sigma_rad)
        )


def _unit_faults(name: str, quat: Quaternion) -> list[str]:
    norm = math.hypot(*quat)
    if abs(norm - 1) < _UNIT_TOLERANCE:
        return []
    return [f"{name}: expected length 1, found {norm:.6g}"]


@dataclass(frozen=True, kw_only=True)
class JointZero:
    """Servo angle at joint angle zero, as `robot.joint_map` counts it.

    Attributes:
        source: what it rests on, e.g. "board views" or "jig".
    """

    joint: str
    zero_rad: Estimate
    source: str


@dataclass(frozen=True, kw_only=True)
class JointPart:
    """Software offsets; nothing is ever written into a servo.

    Raises:
        ValueError: an unknown joint, or one twice.
    """

    provenance: Provenance
    zeros: tuple[JointZero, ...]

    def __post_init__(self) -> None:
        _refuse(_joint_faults([zero.joint for zero in self.zeros]))


@dataclass(frozen=True, kw_only=True)
class ParameterEstimate:
    """One field of `ServoParameters`, measured."""

    parameter: str
    estimate: Estimate

    def __post_init__(self) -> None:
        if self.parameter not in PARAMETER_NAMES:
            raise ValueError(
                f"parameter: expected one of {', '.join(PARAMETER_NAMES)}, "
                f"found {self.parameter!r}"
            )


@dataclass(frozen=True, kw_only=True)
class ServoFit:
    """One servo's law.

    Attributes:
        parameters: what was fitted; the others stay at their defaults.
        supply_v: mean voltage of the battery meanwhile.
        hold_out_rad: rms joint-angle error on motions that were not fitted.
        noise_rad: rms noise of the angle readings.
    """

    joint: str
    parameters: tuple[ParameterEstimate, ...]
    supply_v: float
    hold_out_rad: float
    noise_rad: float


@dataclass(frozen=True, kw_only=True)
class ServoPart:
    """Servos as identified; others are taken for nominal ones.

    Raises:
        ValueError: an unknown joint, or one twice.
    """

    provenance: Provenance
    fits: tuple[ServoFit, ...]

    def __post_init__(self) -> None:
        _refuse(_joint_faults([fit.joint for fit in self.fits]))

    def servos(self, default: ServoCalibration = NOMINAL_SERVOS) -> ServoCalibration:
        """The simulator's servo table; joints that were not measured as in `default`.

        Raises:
            ValueError: a value outside a servo's range.
        """
        measured = {
            (fit.joint, one.parameter): one.estimate.value
            for fit in self.fits
            for one in fit.parameters
        }
        kept = tuple(
            override
            for override in default.overrides
            if (override.joint, override.parameter) not in measured
        )
        return replace(
            default,
            source=f"{self.provenance.procedure}, {self.provenance.made}",
            overrides=kept
            + tuple(
                JointOverride(joint=joint, parameter=parameter, value=value)
                for (joint, parameter), value in measured.items()
            ),
        )


@dataclass(frozen=True, kw_only=True)
class ImuPart:
    """The sensor board's gyro and accelerometer.

    torso vector = R(quat_wxyz) (reading - bias).

    Attributes:
        gyro_bias_rad_s: reading at rest.
        acceleration_bias_m_s2: reading beyond gravity's.
        quat_wxyz: turns vectors of the sensor into the torso's frame.
        rotation_sigma_rad: uncertainty about the torso's axes.
        gyro_noise_rad_s: sigma of one reading, mean over the axes.
        acceleration_noise_m_s2: likewise.
    """

    provenance: Provenance
    gyro_bias_rad_s: VectorEstimate
    acceleration_bias_m_s2: VectorEstimate
    quat_wxyz: Quaternion
    rotation_sigma_rad: Vector
    gyro_noise_rad_s: float
    acceleration_noise_m_s2: float

    def __post_init__(self) -> None:
        _refuse(
            _unit_faults("quat_wxyz", self.quat_wxyz)
            + _sigma_faults("rotation_sigma_rad", *self.rotation_sigma_rad)
            + _sigma_faults("gyro_noise_rad_s", self.gyro_noise_rad_s)
            + _sigma_faults("acceleration_noise_m_s2", self.acceleration_noise_m_s2)
        )


@dataclass(frozen=True, kw_only=True)
class LatencyPart:
    """Delays, as far as a program on the robot can tell them apart.

    Attributes:
        bus_s: from writing a goal to reading, over the same bus, that the servo acts
            on it: the command's delay plus the age of the reading.
        camera_s: age of a picture when it arrives, less the age of a joint reading.
        gyro_s: age of a gyro reading, less the age of a joint reading.
        read_s: duration of one read of all joints and the board.
    """

    provenance: Provenance
    bus_s: Estimate
    camera_s: Estimate
    gyro_s: Estimate
    read_s: Estimate

    @property
    def camera_to_action_s(self) -> Estimate:
        """From the light to the servo's torque, with a program that takes no time."""
        return Estimate(
            value=self.bus_s.value + self.camera_s.value,
            sigma=math.hypot(self.bus_s.sigma, self.camera_s.sigma),
        )


@dataclass(frozen=True, kw_only=True)
class CalibrationBundle:
    """All that is known of one robot.

    Attributes:
        version: of this format.
        others: None where the step has not been done.
    """

    version: int = CALIBRATION_VERSION
    camera: CameraPart | None = None
    head: HeadCameraPart | None = None
    joints: JointPart | None = None
    servos: ServoPart | None = None
    imu: ImuPart | None = None
    latency: LatencyPart | None = None

    def __post_init__(self) -> None:
        if self.version != CALIBRATION_VERSION:
            raise ValueError(
                f"version: expected {CALIBRATION_VERSION}, found {self.version}; "
                "calibrate again with this release"
            )

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what it holds."""
        names = [field.name for field in fields(self) if field.name != "version"]
        return tuple(name for name in names if getattr(self, name) is not None)

    @property
    def zeros_rad(self) -> dict[str, float]:
        """Joint name to servo angle at joint angle zero; empty if not measured."""
        zeros = self.joints.zeros if self.joints else ()
        return {zero.joint: zero.zero_rad.value for zero in zeros}


def merged(old: CalibrationBundle, new: CalibrationBundle) -> CalibrationBundle:
    """`old` with the parts of `new` in place of its own.

    Joints and servos merge one by one: measuring one leaves the others. The provenance
    is then the newer one.
    """
    changes = {name: getattr(new, name) for name in new.parts}
    if old.joints is not None and new.joints is not None:
        again = {zero.joint for zero in new.joints.zeros}
        kept = tuple(zero for zero in old.joints.zeros if zero.joint not in again)
        changes["joints"] = replace(new.joints, zeros=kept + new.joints.zeros)
    if old.servos is not None and new.servos is not None:
        again = {fit.joint for fit in new.servos.fits}
        kept_fits = tuple(fit for fit in old.servos.fits if fit.joint not in again)
        changes["servos"] = replace(new.servos, fits=kept_fits + new.servos.fits)
    return replace(old, **changes)
