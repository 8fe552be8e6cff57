"""Settings of the onboard loop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from robot.attitude import AttitudeConfig
from robot.brain import BrainConfig
from robot.bring_up import BringUpConfig
from robot.contracts.joints import OP3_JOINTS
from robot.derating import DeratingConfig
from robot.fall import FallConfig
from robot.lateness import LatenessConfig
from robot.lift import LiftConfig
from robot.safety import SafetyConfig

STAND_RAD = tuple(joint.stand_rad for joint in OP3_JOINTS)
WATCHDOG_UNIT_S = 0.02
"""Of register 98 (XM430-W350)."""


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """Settings of the onboard loop; project's choices unless a source is named.

    Attributes:
        bus_period_s: of one cycle (125 Hz, as ROBOTIS' own framework).
        ready_rad: joint angles the robot moves to before it plays: the stand. Another
            pose suits a robot that is started lying.
        stand_move_s: duration of the slow move there.
        arming_velocity_rad_s: fastest change of a target during it, and of one that is
            lifted.
        wait_for_start_button: torque goes on when somebody presses START on the board,
            not at once.
        watchdog_20ms: the servos stop by themselves when the computer is silent this
            long (register 98, units of 20 ms).
        damped_s: a damped robot sinks this long before its torque goes off.
        damped_position_p: its P gain register (800 in play).
        servo_p: P gain registers by joint that differ from the policy's, e.g. of a
            calibration (`robot.calibrated.matched_gains`).
        camera_stale_s: age at which the newest camera frame no longer counts.
        derate_every_cycles: cycles between two looks at heat and voltage.
        status_period_s: between two reports to the referee (0.5 to 2 Hz are allowed).
    """

    bus_period_s: float = 0.008
    ready_rad: tuple[float, ...] = STAND_RAD
    stand_move_s: float = 3.0
    arming_velocity_rad_s: float = 1.5
    wait_for_start_button: bool = False
    watchdog_20ms: int = 5
    damped_s: float = 1.5
    damped_position_p: int = 200
    servo_p: Mapping[str, int] = field(default_factory=dict)
    camera_stale_s: float = 0.5
    derate_every_cycles: int = 25
    status_period_s: float = 1.0
    bring_up: BringUpConfig = field(default_factory=BringUpConfig)
    attitude: AttitudeConfig = field(default_factory=AttitudeConfig)
    fall: FallConfig = field(default_factory=FallConfig)
    lift: LiftConfig = field(default_factory=LiftConfig)
    lateness: LatenessConfig = field(default_factory=LatenessConfig)
    derating: DeratingConfig = field(default_factory=DeratingConfig)
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    brain: BrainConfig = field(default_factory=BrainConfig)

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= self.watchdog_20ms <= 127:
            faults.append(
                f"watchdog_20ms: expected 1 to 127, found {self.watchdog_20ms}"
            )
        if len(self.ready_rad) != len(OP3_JOINTS):
            faults.append(
                f"ready_rad: expected {len(OP3_JOINTS)} angles, found "
                f"{len(self.ready_rad)}"
            )
        if not 0 < self.bus_period_s < self.watchdog_s:
            faults.append(
                f"bus_period_s: expected more than 0 and less than the watchdog's "
                f"{self.watchdog_s:g} s, found {self.bus_period_s}"
            )
        if faults:
            raise ValueError("RuntimeConfig: " + "; ".join(faults))

    @property
    def watchdog_s(self) -> float:
        """Silence after which the servos stop by themselves."""
        return self.watchdog_20ms * WATCHDOG_UNIT_S
