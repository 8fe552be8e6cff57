"""The modes a robot can be in, and every way from one to another."""

from typing import Literal

Mode = Literal["off", "ready", "armed", "playing", "damped", "fault"]
"""off: torque off, nothing checked. ready: checked and configured, torque still off.
armed: torque on, moving slowly to the stand. playing: the policy decides.
damped: torque on, soft; the goals follow the joints, so the robot sinks instead of
falling. fault: torque off again, with a reason."""

Event = Literal[
    "checked", "torque on", "standing", "damp", "rested", "stopped", "failed"
]
"""checked: start-up found nothing wrong. torque on: all servos confirmed. standing: the
slow move is over. damp: a stop was asked for, or a trouble that leaves time. rested:
the time of sinking is over. stopped: torque off on request. failed: torque off because
of a fault."""

TRANSITIONS: dict[tuple[Mode, Event], Mode] = {
    ("off", "checked"): "ready",
    ("ready", "torque on"): "armed",
    ("armed", "standing"): "playing",
    ("armed", "damp"): "damped",
    ("playing", "damp"): "damped",
    ("damped", "rested"): "off",
    ("off", "stopped"): "off",
    ("ready", "stopped"): "off",
    ("armed", "stopped"): "off",
    ("playing", "stopped"): "off",
    ("damped", "stopped"): "off",
    ("fault", "stopped"): "fault",
    ("off", "failed"): "fault",
    ("ready", "failed"): "fault",
    ("armed", "failed"): "fault",
    ("playing", "failed"): "fault",
    ("damped", "failed"): "fault",
    ("fault", "failed"): "fault",
}
"""Every allowed change of mode. No way leads from damped or fault back to armed or
playing: torque never comes back by itself. A faulted robot stays so: a new start needs
a new runtime."""

TORQUE_ON: frozenset[Mode] = frozenset({"armed", "playing", "damped"})
"""Modes in which motors are switched on."""

RUNNING: frozenset[Mode] = frozenset({"ready", *TORQUE_ON})
"""Modes in which `Runtime.cycle` may be called."""


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
