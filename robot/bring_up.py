"""Before the first torque and after the last: power, identity, registers, limp."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_bridge import slow_items
from firmware_bridge.bus_types import ServoIdentity
from firmware_bridge.errors import BusError
from firmware_bridge.servo_bus import ServoBus
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ServoGains
from robot.derating import FULL_PWM
from robot.faults import Fault, RuntimeFault
from robot.joint_map import JointMap
from robot.senses import Devices

POSITION_MODE = 3
"""Operating Mode of a position servo (ROBOTIS e-Manual, XM430-W350)."""

LONGEST_RETURN_DELAY = 1
"""In 2 us, as the vendor sets it (dxl_init_OP3.yaml); the servo's own 250 (500 us)
takes more than the whole bus cycle for twenty servos."""

EXPECTED_REGISTERS: dict[str, int] = {
    "operating_mode": POSITION_MODE,
    "return_delay_time": LONGEST_RETURN_DELAY,
    "drive_mode": 0,
    "homing_offset": 0,
    "min_position_limit": 0,
    "max_position_limit": 4095,
}
"""EEPROM registers that must read like this: the vendor's start-up values, and the
plain sign and zero that the joint map builds on. A lower return delay is welcome."""

OLDEST_FIRMWARE = 38
"""The first with a bus watchdog (ROBOTIS e-Manual, XM430)."""

RUNNING_REGISTERS: dict[str, int] = {
    "profile_acceleration": 0,
    "profile_velocity": 0,
}
"""RAM registers written at every start: no ramps, the policy makes its own."""


@dataclass(frozen=True, kw_only=True)
class BringUpConfig:
    """How long to wait for the servos after power-on.

    Attributes:
        attempts: pings before giving up.
        pause_s: between them.
    """

    attempts: int = 10
    pause_s: float = 0.2


def bring_up(
    devices: Devices,
    gains: ServoGains,
    config: BringUpConfig,
    pause: Callable[[float], None],
    *,
    goal_pwm: int = FULL_PWM,
    servo_p: Mapping[str, int] | None = None,
) -> None:
    """Power on, identify, check and configure all servos; torque stays off.

    Args:
        devices: bus, board and joint map.
        gains: of the servos' position loops.
        config: patience.
        pause: waits that many seconds.
        goal_pwm: limit of what the servos' position loops put out, 885 = 100 %.
        servo_p: P gain registers by joint, where they differ from `gains`.

    Raises:
        RuntimeFault: lists every servo and register that is not as expected.
    """
    bus, joint_map = devices.bus, devices.joint_map
    if tuple(bus.servo_ids) != joint_map.servo_ids:
        raise RuntimeFault(
            Fault(
                reason="wrong joint map",
                expected=f"the bus to list servos {joint_map.servo_ids}",
                found=f"{tuple(bus.servo_ids)}",
                remedy="build the bus with joint_map.servo_ids",
            )
        )
    _power_on(devices)
    _check_identity(_identities(bus, config, pause), joint_map)
    try:
        bus.set_torque(False)
        # A watchdog that tripped in an earlier run makes goals read-only.
        bus.write_all("bus_watchdog", 0)
        found = register_faults(bus, joint_map)
        if found:
            raise RuntimeFault(*found)
        found = _configure(bus, joint_map, gains, goal_pwm)
        found += _set_servo_p(bus, joint_map, servo_p or {})
    except BusError as error:
        raise RuntimeFault(bus_fault(error)) from error
    if found:
        raise RuntimeFault(*found)


def go_limp(devices: Devices) -> tuple[str, ...]:
    """Torque off, whatever it takes; never raises `BusError`.

    First all servos at once, verified; where that fails, each by itself; if one still
    does not confirm, the servo power is cut at the board.

    Returns:
        What did not work on the first try, in words; empty if all confirmed.
    """
    try:
        devices.bus.set_torque(False)
        return ()
    except BusError as error:
        notes = list(error.faults)
    unconfirmed = []
    for servo_id in devices.bus.servo_ids:
        try:
            devices.bus.write(servo_id, "torque_enable", 0)
        except BusError:
            unconfirmed.append(servo_id)
    if unconfirmed:
        listed = ", ".join(map(str, unconfirmed))
        try:
            devices.board.set_servo_power(False)
            notes.append(f"servos {listed} did not confirm: servo power cut")
        except BusError as error:
            notes.append(f"servos {listed} did not confirm")
            notes += [f"servo power: {fault}" for fault in error.faults]
    return tuple(notes)


def bus_fault(error: BusError) -> Fault:
    """A bus error as a reason to stop."""
    return Fault(
        reason="bus failure",
        expected=f"{error.subject} to work",
        found="; ".join(error.faults),
        remedy="check the adapter, the cable and the power",
    )


def _power_on(devices: Devices) -> None:
    try:
        devices.board.set_servo_power(True)
    except BusError as error:
        raise RuntimeFault(
            Fault(
                reason="no servo power",
                expected="the OpenCR board to switch the servos on",
                found="; ".join(error.faults),
                remedy="check the battery, the power switch and the board's cable",
            )
        ) from error


def _identities(
    bus: ServoBus, config: BringUpConfig, pause: Callable[[float], None]
) -> dict[int, ServoIdentity]:
    for attempt in range(config.attempts):
        try:
            return bus.ping_all()
        except BusError as error:
            if attempt + 1 == config.attempts:
                raise RuntimeFault(
                    *(
                        Fault(
                            reason="servo missing",
                            expected="every servo of the joint map to answer a ping",
                            found=text,
                            remedy="repair it, or correct the joint map",
                        )
                        for text in error.faults
                    )
                ) from error
            pause(config.pause_s)
    raise ValueError(f"expected attempts >= 1, found {config.attempts}")


def _check_identity(found: dict[int, ServoIdentity], joint_map: JointMap) -> None:
    models = {servo_id: item.model_number for servo_id, item in found.items()}
    wrong = joint_map.model_faults(models)
    if wrong:
        raise RuntimeFault(
            Fault(
                reason="wrong joint map",
                expected="the servos that the joint map lists",
                found="; ".join(wrong),
                remedy="correct the joint map, or exchange the servo",
            )
        )
    old = [i for i in found.values() if i.firmware_version < OLDEST_FIRMWARE]
    if old:
        raise RuntimeFault(
            *(
                Fault(
                    reason="old servo firmware",
                    expected=f"{OLDEST_FIRMWARE} or later, for its bus watchdog",
                    found=f"{item.firmware_version} in servo {item.servo_id}",
                    remedy="update it with Dynamixel Wizard",
                )
                for item in old
            )
        )


def register_faults(bus: ServoBus, joint_map: JointMap) -> list[Fault]:
    """What differs from `EXPECTED_REGISTERS`, servo by servo.

    Raises:
        BusError: the port failed.
    """
    faults = []
    for name, expected in EXPECTED_REGISTERS.items():
        values = bus.read_all(name)
        for joint, servo_id in zip(JOINT_NAMES, joint_map.servo_ids, strict=True):
            found = values.get(servo_id)
            low_enough = name == "return_delay_time" and found == 0
            if found != expected and not low_enough:
                faults.append(_register_fault(joint, servo_id, name, expected, found))
    return faults


def _configure(
    bus: ServoBus, joint_map: JointMap, gains: ServoGains, goal_pwm: int
) -> list[Fault]:
    wanted = {
        **RUNNING_REGISTERS,
        "goal_pwm": goal_pwm,
        "position_p_gain": gains.position_p,
        "position_i_gain": gains.position_i,
        "position_d_gain": gains.position_d,
    }
    faults = []
    for name, value in wanted.items():
        bus.write_all(name, value)
        values = bus.read_all(name)
        faults += [
            _register_fault(joint, servo_id, name, value, values.get(servo_id))
            for joint, servo_id in zip(JOINT_NAMES, joint_map.servo_ids, strict=True)
            if values.get(servo_id) != value
        ]
    faults += [
        Fault(
            reason="wrong servo register",
            expected=f"the indirect area of servo {servo_id} to take addresses",
            found="others, or no answer",
            remedy="switch the servo off and on; check the cable",
        )
        for servo_id in slow_items.map_to_block(bus)
    ]
    return faults


def _set_servo_p(
    bus: ServoBus, joint_map: JointMap, servo_p: Mapping[str, int]
) -> list[Fault]:
    """P gains of single servos; what they read back otherwise."""
    faults = []
    for joint, value in servo_p.items():
        servo_id = joint_map.servo_ids[JOINT_NAMES.index(joint)]
        bus.write(servo_id, "position_p_gain", value)
        found = bus.read(servo_id, "position_p_gain")
        if found != value:
            faults.append(
                _register_fault(joint, servo_id, "position_p_gain", value, found)
            )
    return faults


def _register_fault(
    joint: str, servo_id: int, name: str, expected: int, found: int | None
) -> Fault:
    return Fault(
        reason="wrong servo register",
        expected=f"{name} {expected} of {joint} (servo {servo_id})",
        found="no answer" if found is None else str(found),
        remedy=f"write {name} = {expected} with torque off",
    )
