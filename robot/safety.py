"""The last look before the bus: limits, faults, and the modes a robot can be in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.faults import Fault

Mode = Literal["off", "ready", "armed", "playing", "fault"]
"""off: torque off, nothing checked. ready: checked and configured, torque still off.
armed: torque on, moving slowly to the stand. playing: the policy decides.
fault: torque off again, with a reason."""

Event = Literal["checked", "torque on", "standing", "stopped", "failed"]

TRANSITIONS: dict[tuple[Mode, Event], Mode] = {
    ("off", "checked"): "ready",
    ("ready", "torque on"): "armed",
    ("armed", "standing"): "playing",
    ("ready", "stopped"): "off",
    ("armed", "stopped"): "off",
    ("playing", "stopped"): "off",
    ("off", "stopped"): "off",
    ("fault", "stopped"): "fault",
    ("off", "failed"): "fault",
    ("ready", "failed"): "fault",
    ("armed", "failed"): "fault",
    ("playing", "failed"): "fault",
    ("fault", "failed"): "fault",
}
"""Every allowed change of mode; torque is on in armed and playing only. A faulted robot
stays so: a new start needs a new runtime."""

HARDWARE_ERROR = "servo hardware error"
"""Reason of the fault whose details stand in the servo's own register."""


def mode_after(mode: Mode, event: Event) -> Mode:
    """The mode `event` leads to.

    Raises:
        ValueError: `event` cannot happen in `mode`.
    """
    try:
        return TRANSITIONS[mode, event]
    except KeyError:
        allowed = [name for known, name in TRANSITIONS if known == mode]
        raise ValueError(
            f"mode {mode}: expected one of {', '.join(allowed)}, found {event}"
        ) from None


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
        lowest_voltage_v: of the battery; a 3-cell pack is empty at 9.5 V, the servo's
            own lower limit (register 34, default 95, ROBOTIS e-Manual).
        low_voltage_s: for which the voltage must stay below, since it sags under load.
    """

    velocity_limit_rad_s: float = 25.0
    silent_cycles: int = 30
    lowest_voltage_v: float = 9.5
    low_voltage_s: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"SafetyConfig.{name}: expected > 0, found {value}")


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """Signs of health, gathered over the last cycles.

    Attributes:
        silent_cycles: [20] cycles since each servo answered.
        alert_cycles: [20] cycles each servo has reported a hardware error in a row.
        board_silent_cycles: cycles since the sensor board answered.
        voltage_v: last reported by the board.
        low_voltage_s: time the voltage has been below the limit.
    """

    silent_cycles: NDArray[np.int64]
    alert_cycles: NDArray[np.int64]
    board_silent_cycles: int = 0
    voltage_v: float
    low_voltage_s: float = 0.0


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
    vitals: Vitals,
    dt_s: float,
) -> SafetyVerdict:
    """Limit one cycle's targets, or name the fault.

    Args:
        previous_targets_rad: [20] sent in the cycle before, canonical order.
        targets_rad: [20] wanted now.
        vitals: of this cycle.
        dt_s: time since the previous targets were sent.
    """
    fault = _target_fault(targets_rad) or vitals_fault(config, vitals)
    if fault is not None:
        return SafetyVerdict(
            targets_rad=previous_targets_rad,
            position_clamped=_NONE_CLAMPED,
            velocity_clamped=_NONE_CLAMPED,
            fault=fault,
        )
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


def vitals_fault(config: SafetyConfig, vitals: Vitals) -> Fault | None:
    """The first of: silent servo, hardware error, silent board, empty battery."""
    tolerated = config.silent_cycles
    if vitals.silent_cycles.max() > tolerated:
        return Fault(
            reason="servo silent",
            expected=f"an answer from every servo within {tolerated} cycles",
            found="none from "
            + _listed(vitals.silent_cycles > tolerated, vitals.silent_cycles),
            remedy="check the cable, the power and the id of that servo",
        )
    if vitals.alert_cycles.max() > tolerated:
        return Fault(
            reason=HARDWARE_ERROR,
            expected="no hardware alert",
            found="an alert from "
            + _listed(vitals.alert_cycles > tolerated, vitals.alert_cycles),
            remedy="read register 70 (hardware error status), let it cool, reboot it",
        )
    if vitals.board_silent_cycles > tolerated:
        return Fault(
            reason="sensor board silent",
            expected=f"an answer from the OpenCR board within {tolerated} cycles",
            found=f"none for {vitals.board_silent_cycles} cycles",
            remedy="check the board's power and cable",
        )
    if vitals.low_voltage_s > config.low_voltage_s:
        return Fault(
            reason="battery low",
            expected=f"at least {config.lowest_voltage_v:g} V",
            found=f"{vitals.voltage_v:.1f} V for {vitals.low_voltage_s:.1f} s",
            remedy="charge or replace the battery",
        )
    return None


def _target_fault(targets_rad: NDArray[np.float64]) -> Fault | None:
    finite = np.isfinite(targets_rad)
    if finite.all():
        return None
    names = [name for name, ok in zip(JOINT_NAMES, finite, strict=True) if not ok]
    return Fault(
        reason="policy output not finite",
        expected="a finite target for every joint",
        found=f"{targets_rad[~finite][0]} for {', '.join(names)}",
        remedy="replay the bundle's golden.npz and export the policy again",
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
