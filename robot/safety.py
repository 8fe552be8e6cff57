"""The last look before the bus: limits and faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from robot import reactions
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.faults import Fault
from robot.modes import TRANSITIONS, Event, Mode, mode_after

__all__ = [
    "TRANSITIONS",
    "Event",
    "Mode",
    "SafetyConfig",
    "SafetyVerdict",
    "Vitals",
    "check",
    "mode_after",
    "vitals_fault",
]


@dataclass(frozen=True, kw_only=True)
class SafetyConfig:
    """Limits of what is sent and of what is tolerated.

    Attributes:
        velocity_limit_rad_s: fastest change of a target between two bus cycles. A
            servo turns at most 4.8 rad/s (46 rpm at 12 V, ROBOTIS e-Manual), 0.12 rad
            in a 25 ms policy step, which reaches the bus within one 8 ms cycle: 15
            rad/s. Proportional control lets targets run ahead, so the limit is above
            that and only stops jumps.
        silent_cycles: consecutive bus cycles without an answer that are tolerated
            (0.24 s). The bus asks a silent servo again only every 25 reads.
        all_silent_cycles: the same for all servos at once (0.064 s), less than the
            servos' own watchdog.
        hottest_c: servo temperature; 5 degC below the servo's own shutdown (register
            31, default 80, ROBOTIS e-Manual).
        frozen_s: for which the IMU may repeat all its numbers while the robot moves.
        frozen_motion_rad: joint motion meanwhile that proves it moves. A real board
            is never still; a simulated one is, on a robot at rest.
        lowest_voltage_v: of the battery; a 3-cell pack is empty at 9.5 V, the servo's
            own lower limit (register 34, default 95, ROBOTIS e-Manual).
        low_voltage_s: for which the voltage must stay below, since it sags under load.
    """

    velocity_limit_rad_s: float = 25.0
    silent_cycles: int = 30
    all_silent_cycles: int = 8
    hottest_c: float = 75.0
    frozen_s: float = 0.2
    frozen_motion_rad: float = 0.05
    lowest_voltage_v: float = 9.5
    low_voltage_s: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"SafetyConfig.{name}: expected > 0, found {value}")


def _none() -> NDArray[np.bool_]:
    return np.zeros(len(OP3_JOINTS), dtype=np.bool_)


def _unknown() -> NDArray[np.float64]:
    return np.full(len(OP3_JOINTS), np.nan)


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """Signs of health, gathered over the last cycles.

    Attributes:
        silent_cycles: [20] cycles since each servo answered.
        alert_cycles: [20] cycles each servo has reported a hardware error in a row.
        board_silent_cycles: cycles since the sensor board answered.
        voltage_v: last reported by the board.
        low_voltage_s: time the voltage has been below the limit.
        restarted: [20] bool, torque is off although it was switched on.
        shut_down: [20] bool, the same, and the servo has recorded an error.
        tripped: [20] bool, the servo's bus watchdog has stopped it.
        temperature_c: [20] inside the servos; NaN where not read yet.
        frozen_s: time the IMU has repeated all its numbers.
        frozen_motion_rad: largest joint motion in that time.
    """

    silent_cycles: NDArray[np.int64]
    alert_cycles: NDArray[np.int64]
    board_silent_cycles: int = 0
    voltage_v: float
    low_voltage_s: float = 0.0
    restarted: NDArray[np.bool_] = field(default_factory=_none)
    shut_down: NDArray[np.bool_] = field(default_factory=_none)
    tripped: NDArray[np.bool_] = field(default_factory=_none)
    temperature_c: NDArray[np.float64] = field(default_factory=_unknown)
    frozen_s: float = 0.0
    frozen_motion_rad: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SafetyVerdict:
    """What may really be sent.

    Attributes:
        targets_rad: [20] within all limits; the previous targets if there is a fault.
        position_clamped: [20] bool, outside the joint's range.
        velocity_clamped: [20] bool, too far from the previous target.
        fault: why torque must go off, or None.
    """

    targets_rad: NDArray[np.float64]
    position_clamped: NDArray[np.bool_]
    velocity_clamped: NDArray[np.bool_]
    fault: Fault | None


_MIN_RAD = np.array([joint.min_rad for joint in OP3_JOINTS])
_MAX_RAD = np.array([joint.max_rad for joint in OP3_JOINTS])
_NONE_CLAMPED = np.zeros(len(OP3_JOINTS), dtype=np.bool_)


def check(
    config: SafetyConfig,
    previous_targets_rad: NDArray[np.float64],
    targets_rad: NDArray[np.float64],
    dt_s: float,
) -> SafetyVerdict:
    """Limit one cycle's targets, or name the fault.

    Args:
        config: limits.
        previous_targets_rad: [20] sent in the cycle before, canonical order.
        targets_rad: [20] wanted now.
        dt_s: time since the previous targets were sent.
    """
    fault = _target_fault(targets_rad)
    if fault is not None:
        return replace(unlimited(previous_targets_rad), fault=fault)
    # Limits first: a joint that starts outside its range then comes back at limited
    # speed instead of jumping to the edge.
    limited = np.minimum(np.maximum(targets_rad, _MIN_RAD), _MAX_RAD)
    step = config.velocity_limit_rad_s * dt_s
    sent = np.minimum(
        np.maximum(limited, previous_targets_rad - step), previous_targets_rad + step
    )
    return SafetyVerdict(
        targets_rad=sent,
        position_clamped=limited != targets_rad,
        velocity_clamped=sent != limited,
        fault=None,
    )


def unlimited(targets_rad: NDArray[np.float64]) -> SafetyVerdict:
    """The verdict on targets that are sent as they are."""
    return SafetyVerdict(
        targets_rad=targets_rad,
        position_clamped=_NONE_CLAMPED,
        velocity_clamped=_NONE_CLAMPED,
        fault=None,
    )


def vitals_fault(config: SafetyConfig, vitals: Vitals) -> Fault | None:
    """The most urgent fault; those that switch torque off at once come first."""
    return _servo_fault(config, vitals) or _supply_fault(config, vitals)


def _servo_fault(config: SafetyConfig, vitals: Vitals) -> Fault | None:
    """What makes servos disobey."""
    tolerated = config.silent_cycles
    if vitals.silent_cycles.min() > config.all_silent_cycles:
        return _all_silent(config, vitals)
    if vitals.silent_cycles.max() > tolerated:
        return Fault(
            reason=reactions.SERVO_SILENT,
            expected=f"an answer from every servo within {tolerated} cycles",
            found="none from "
            + _listed(vitals.silent_cycles > tolerated, vitals.silent_cycles),
            remedy="check the cable, the power and the id of that servo",
        )
    shut_down = vitals.shut_down | (vitals.alert_cycles > tolerated)
    if shut_down.any():
        return Fault(
            reason=reactions.HARDWARE_ERROR,
            expected="no hardware alert",
            found="an alert from " + _listed(shut_down, vitals.alert_cycles),
            remedy="read register 70 (hardware error status), let it cool, reboot it",
        )
    if vitals.restarted.any():
        return Fault(
            reason=reactions.SERVO_RESTARTED,
            expected="torque on in every servo",
            found=f"torque off in {_names(vitals.restarted)}",
            remedy="check the plug of that servo; it lost its power for a moment",
        )
    if vitals.tripped.any():
        return Fault(
            reason=reactions.WATCHDOG_TRIPPED,
            expected="servos that heard the computer in time",
            found=f"a tripped bus watchdog in {_names(vitals.tripped)}",
            remedy="see in the log why the computer was silent, then start again",
        )
    return None


def _supply_fault(config: SafetyConfig, vitals: Vitals) -> Fault | None:
    """What takes away the senses or the strength of servos that still obey."""
    tolerated = config.silent_cycles
    if vitals.board_silent_cycles > tolerated:
        return Fault(
            reason=reactions.BOARD_SILENT,
            expected=f"an answer from the OpenCR board within {tolerated} cycles",
            found=f"none for {vitals.board_silent_cycles} cycles",
            remedy="check the board's power and cable",
        )
    if (
        vitals.frozen_s > config.frozen_s
        and vitals.frozen_motion_rad > config.frozen_motion_rad
    ):
        return Fault(
            reason=reactions.IMU_FROZEN,
            expected="gyro and accelerometer to change while the robot moves",
            found=f"equal numbers for {vitals.frozen_s:.2f} s",
            remedy="switch the OpenCR board off and on; check its firmware",
        )
    hot = vitals.temperature_c >= config.hottest_c
    if hot.any():
        return Fault(
            reason=reactions.SERVO_HOT,
            expected=f"servos below {config.hottest_c:g} degC",
            found=", ".join(
                f"{name} {temperature:.0f} degC"
                for name, temperature in zip(
                    JOINT_NAMES, vitals.temperature_c.tolist(), strict=True
                )
                if temperature >= config.hottest_c
            ),
            remedy="let it cool; see in the log what held it under load",
        )
    if vitals.low_voltage_s > config.low_voltage_s:
        return Fault(
            reason=reactions.BATTERY_LOW,
            expected=f"at least {config.lowest_voltage_v:g} V",
            found=f"{vitals.voltage_v:.1f} V for {vitals.low_voltage_s:.1f} s",
            remedy="charge or replace the battery",
        )
    return None


def _all_silent(config: SafetyConfig, vitals: Vitals) -> Fault:
    tolerated = config.all_silent_cycles
    if vitals.board_silent_cycles > tolerated:
        return Fault(
            reason=reactions.BUS_SILENT,
            expected=f"an answer from somebody within {tolerated} cycles",
            found="none, the sensor board included",
            remedy="check the adapter, its cable and the battery",
        )
    return Fault(
        reason=reactions.BROWN_OUT,
        expected=f"an answer from some servo within {tolerated} cycles",
        found="none, while the sensor board answers",
        remedy="check the battery and the servo power switch",
    )


def _target_fault(targets_rad: NDArray[np.float64]) -> Fault | None:
    finite = np.isfinite(targets_rad)
    if finite.all():
        return None
    return not_finite(JOINT_NAMES, targets_rad)


def not_finite(names: Sequence[str], values: NDArray) -> Fault:
    """A policy gave something that is no number, for the joints `names` [n]."""
    finite = np.isfinite(values)
    wrong = [name for name, ok in zip(names, finite, strict=True) if not ok]
    return Fault(
        reason=reactions.NOT_FINITE,
        expected="a finite target for every joint",
        found=f"{values[~finite][0]} for {', '.join(wrong)}",
        remedy="replay the bundle's golden.npz and export the policy again",
    )


def _names(which: NDArray[np.bool_]) -> str:
    return ", ".join(
        name for name, chosen in zip(JOINT_NAMES, which, strict=True) if chosen
    )


def _listed(which: NDArray[np.bool_], cycles: NDArray[np.int64]) -> str:
    return ", ".join(_named(JOINT_NAMES, which, cycles))


def _named(
    names: Sequence[str], which: NDArray[np.bool_], cycles: NDArray[np.int64]
) -> list[str]:
    return [
        f"{name} for {count} cycles"
        for name, chosen, count in zip(names, which, cycles, strict=True)
        if chosen
    ]
