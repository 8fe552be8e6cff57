"""What the runtime takes from a calibration file: zeros, sensor board, gains.

A policy knows servos that follow with a certain delay: damping over gain. A servo that
was measured slower gets a higher P gain, a faster one a lower. A worn winding takes
gain and damping alike and leaves the response as it is: making up for its stiffness
would make it quicker than any servo a policy was trained on, and on virtual robots the
walk fell more often for it. The torque limit is the motor's and stays.
"""

from collections.abc import Mapping

from robot.contracts.actuator import NOMINAL_SERVOS, ServoParameters
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.joints import JOINT_NAMES
from robot.imu_correction import ImuCorrection, correction_of
from robot.joint_map import JointMap, with_zeros

MOST_P_FACTOR = 1.6
"""Beyond this a servo is rather broken than worn: project's choice."""
_SUPPLY_V = 11.1


def calibrated_joint_map(joint_map: JointMap, bundle: CalibrationBundle) -> JointMap:
    """`joint_map` with the zeros that were measured."""
    return with_zeros(joint_map, bundle.zeros_rad)


def calibrated_imu(bundle: CalibrationBundle) -> ImuCorrection | None:
    """How the sensor board is mounted; None if it was not measured."""
    return None if bundle.imu is None else correction_of(bundle.imu)


def matched_gains(bundle: CalibrationBundle, position_p: int) -> Mapping[str, int]:
    """P gain registers by joint that give a nominal servo's response.

    Args:
        bundle: the robot's; joints whose servo was not measured are left out.
        position_p: register value the policy was made for.
    """
    if bundle.servos is None:
        return {}
    servos = bundle.servos.servos()
    nominal = quickness(NOMINAL_SERVOS.default)
    found = {}
    for fit in bundle.servos.fits:
        factor = nominal / quickness(servos.servo(fit.joint))
        factor = min(max(factor, 1 / MOST_P_FACTOR), MOST_P_FACTOR)
        found[fit.joint] = round(position_p * factor)
    return {name: found[name] for name in JOINT_NAMES if name in found}


def quickness(servo: ServoParameters) -> float:
    """1/s at a nominal supply: gain over damping, how fast an error goes away."""
    per_volt = servo.torque_constant_nm_a / servo.resistance_ohm
    gain_nm_rad = per_volt * _SUPPLY_V * servo.duty_per_rad
    return gain_nm_rad / (per_volt * servo.torque_constant_nm_a + servo.viscous_nm_s)
