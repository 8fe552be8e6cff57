"""The two servo laws an OP3 can be built with; each writes itself into its spec."""

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from robot.contracts.actuator import NOMINAL_SERVOS, ServoCalibration
from robot.contracts.joints import JOINT_NAMES
from sim.actuator_fields import ServoFields, servo_fields, stack_servos


class ActuatorError(Exception):
    """A servo law does not fit the model or the step it is asked for."""


@dataclass(frozen=True, kw_only=True)
class IdentifiedServo:
    """The papers' position servo: an ideal torque up to a limit.

    All numbers from arXiv:2304.13653, identified on one motor with a known load;
    Menagerie's `op3.xml` holds the same, but for a torque limit of 5 Nm.

    Attributes:
        gain_nm_rad: position gain.
        damping_nm_s: per rad/s.
        armature_kg_m2: rotor inertia at the output.
        frictionloss_nm: Coulomb friction.
        torque_limit_nm: stall torque at 12 V, vendor manual.
    """

    gain_nm_rad: float = 21.1
    damping_nm_s: float = 1.084
    armature_kg_m2: float = 0.045
    frictionloss_nm: float = 0.03
    torque_limit_nm: float = 4.1

    def write_to(self, spec: mujoco.MjSpec) -> None:
        """Set all twenty servos of an OP3.

        Raises:
            ActuatorError: a joint or its actuator is missing; lists them all.
        """
        ones = np.ones(len(JOINT_NAMES))
        values = ServoFields(
            gain=ones * self.gain_nm_rad,
            force_limit_nm=ones * self.torque_limit_nm,
            damping=ones * self.damping_nm_s,
            damping_quadratic=ones * 0.0,
            frictionloss_nm=ones * self.frictionloss_nm,
            armature_kg_m2=ones * self.armature_kg_m2,
        )
        _write_fields(spec, values)


@dataclass(frozen=True, kw_only=True)
class Xm430Servo:
    """The XM430 as a voltage: torque falls with speed and with the battery.

    Attributes:
        servos: parameters per joint, e.g. of a calibration file.
        battery_v: open-circuit voltage. 11.1: nominal, OP3's three-cell battery.
        shortest_step_s: shortest physics step the model will be stepped with. Delayed
            commands wait in a buffer of one sample per step, sized at compile time;
            with shorter steps MuJoCo would silently delay less.
    """

    servos: ServoCalibration = NOMINAL_SERVOS
    battery_v: float = 11.1
    shortest_step_s: float = 0.001

    def __post_init__(self) -> None:
        for name in ("battery_v", "shortest_step_s"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ActuatorError(f"{name}: expected above 0, found {value}")

    def write_to(self, spec: mujoco.MjSpec) -> None:
        """Set all twenty servos of an OP3.

        MuJoCo holds a delayed command until the first step at or after its time, so a
        delay acts as if rounded up to whole physics steps.

        Raises:
            ActuatorError: a joint or its actuator is missing; lists them all.
        """
        table = stack_servos(self.servos)
        _write_fields(spec, servo_fields(table, np.array([self.battery_v])))
        for name, delay_s in zip(JOINT_NAMES, table.command_delay_s, strict=True):
            if delay_s > 0:
                actuator = spec.actuator(f"{name}_act")
                actuator.delay = delay_s
                actuator.nsample = math.ceil(delay_s / self.shortest_step_s) + 1
                actuator.interp = 0


ServoLaw = IdentifiedServo | Xm430Servo
IDENTIFIED_SERVO = IdentifiedServo()
"""What an OP3 is built with unless told otherwise."""


def _write_fields(spec: mujoco.MjSpec, values: ServoFields) -> None:
    missing = [
        name
        for name in JOINT_NAMES
        if spec.joint(name) is None or spec.actuator(f"{name}_act") is None
    ]
    if missing:
        raise ActuatorError(
            f"expected each joint with an actuator <joint>_act, found none for "
            f"{', '.join(missing)}; give the OP3's own spec, before it is attached"
        )
    for row, name in enumerate(JOINT_NAMES):
        joint, actuator = spec.joint(name), spec.actuator(f"{name}_act")
        actuator.gainprm[0] = values.gain[row]
        actuator.biasprm[1] = -values.gain[row]
        limit = values.force_limit_nm[row]
        actuator.forcerange = [-limit, limit]
        joint.damping = [values.damping[row], values.damping_quadratic[row], 0.0]
        joint.frictionloss = values.frictionloss_nm[row]
        joint.armature = values.armature_kg_m2[row]
