"""Findings about the servos: who answers, as what, with which settings, how warm."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from firmware_bridge.errors import BusError
from firmware_bridge.servo_bus import ServoBus
from firmware_bridge.units import V_PER_COUNT
from firmware_bridge.xm430 import hardware_error_names
from robot.contracts.joints import JOINT_NAMES
from robot.diagnosis.eeprom import RULES, EepromRule
from robot.diagnosis.finding import Finding, judged, listed, servo_names
from robot.joint_map import JointMap

WARM_C, HOT_C = 55, 70
"""A servo starts a run at room temperature; at 80 it switches itself off (register 31).
Project's choice."""
LARGEST_ZERO_RAD = 0.1
"""A horn is mounted on one of 24 teeth, so a zero of more than half a tooth (7.5 deg)
would be mounted anew; with margin. Project's choice."""
_ASKS, _ASK_PAUSE_S = 8, 0.25
_SETUP = "torque off, then `op3-soccer robot setup`"


def identify(
    bus: ServoBus, joint_map: JointMap, pause: Callable[[float], None]
) -> Iterator[Finding]:
    """Who answers after power-on, model and firmware; waits 2 s for the last one."""
    names = servo_names(joint_map)
    models = _patiently(bus, "model_number", pause)
    silent = [names[i] for i in bus.servo_ids if i not in models]
    count = len(bus.servo_ids)
    yield judged(
        "servos",
        "answers",
        wrong=bool(silent),
        expected=f"{count} servos",
        found=f"{len(models)}" + (f"; silent: {', '.join(silent)}" if silent else ""),
        remedy="check the cable behind the servo before it, its id and baud rate",
    )
    wanted = {entry.servo_id: entry.model_number for entry in joint_map.entries}
    faults = {i: model for i, model in models.items() if model != wanted[i]}
    yield judged(
        "servos",
        "model",
        wrong=bool(faults),
        expected=listed_once(wanted.values()),
        found=listed({names[i]: model for i, model in faults.items()})
        or listed_once(models.values()),
        remedy="correct model_number in the joint map, or exchange the servo",
    )
    versions = bus.read_all("firmware_version")
    yield judged(
        "servos",
        "firmware",
        wrong=len(set(versions.values())) > 1,
        expected="one version",
        found=listed_once(versions.values()),
        remedy="update the older servos with the vendor's tool",
        verdict="warning",
    )


def answering(
    bus: ServoBus, joint_map: JointMap, pause: Callable[[float], None]
) -> None:
    """Wait until all servos answer after power-on.

    Raises:
        BusError: names every servo that did not within 2 s, or is of another model.
    """
    models = _patiently(bus, "model_number", pause)
    faults = joint_map.model_faults(models)
    if faults:
        raise BusError("servos", [f"{fault}; see robot check" for fault in faults])


def torque(bus: ServoBus, joint_map: JointMap) -> Iterator[Finding]:
    """A robot is checked limp."""
    names = servo_names(joint_map)
    states = bus.read_all("torque_enable")
    driven = {names[i]: "on" for i, value in states.items() if value}
    yield judged(
        "servos",
        "torque",
        wrong=bool(driven),
        expected="off",
        found=listed(driven) or "off",
        remedy="hold the robot, then `op3-soccer robot stop --bus`",
    )


def settings(bus: ServoBus, joint_map: JointMap) -> Iterator[Finding]:
    """One finding per EEPROM rule."""
    names = servo_names(joint_map)
    for rule in RULES:
        yield _rule_finding(rule, bus.read_all(rule.register), names)


def health(bus: ServoBus, joint_map: JointMap, lowest_v: float) -> Iterator[Finding]:
    """Voltage, temperature and recorded errors of all servos that answer."""
    names = servo_names(joint_map)
    volts = {
        names[i]: count * V_PER_COUNT
        for i, count in bus.read_all("present_input_voltage").items()
    }
    low = {name: f"{value:.1f} V" for name, value in volts.items() if value < lowest_v}
    yield judged(
        "servos",
        "voltage",
        wrong=bool(low) or not volts,
        expected=f"at least {lowest_v:g} V",
        found=listed(low) or _span(volts.values(), "V", 1),
        remedy="charge the battery; a single low servo: check its cable",
    )
    warmth = {names[i]: c for i, c in bus.read_all("present_temperature").items()}
    warm = {name: f"{value} degC" for name, value in warmth.items() if value > WARM_C}
    hot = any(value >= HOT_C for value in warmth.values())
    yield judged(
        "servos",
        "temperature",
        wrong=bool(warm) or not warmth,
        expected=f"at most {WARM_C} degC",
        found=listed(warm) or _span(warmth.values(), "degC", 0),
        remedy="let the robot cool",
        verdict="fault" if hot or not warmth else "warning",
    )
    errors = {
        names[i]: ", ".join(hardware_error_names(bits))
        for i, bits in bus.read_all("hardware_error_status").items()
        if bits
    }
    yield judged(
        "servos",
        "hardware errors",
        wrong=bool(errors),
        expected="none",
        found=listed(errors) or "none",
        remedy="let it cool, look for what blocks it, switch the robot off and on",
    )


def zeros(joint_map: JointMap, source: str | None) -> Finding:
    """Zero offsets of the joint map; `source` is its file, None for the built-in."""
    offsets = {entry.joint: entry.zero_rad for entry in joint_map.entries}
    large = {
        name: f"{offsets[name]:+.3f} rad"
        for name in JOINT_NAMES
        if abs(offsets[name]) > LARGEST_ZERO_RAD
    }
    largest = max(offsets.values(), key=abs)
    if source is None:
        return Finding(
            topic="joints",
            item="zero offsets",
            verdict="warning",
            expected="a joint map of this robot",
            found="the built-in one, all zero",
            remedy="measure the zeros and give them with --joint-map",
        )
    return judged(
        "joints",
        "zero offsets",
        wrong=bool(large),
        expected=f"at most {LARGEST_ZERO_RAD:g} rad",
        found=listed(large) or f"largest {largest:+.3f} rad ({source})",
        remedy="mount the horn a tooth further, measure again",
    )


def listed_once(values: Iterable[int]) -> str:
    """Distinct values, ascending."""
    return ", ".join(map(str, sorted(set(values)))) or "none"


def _rule_finding(
    rule: EepromRule, values: Mapping[int, int], names: Mapping[int, str]
) -> Finding:
    wrong = {names[i]: value for i, value in values.items() if not rule.holds(value)}
    # A silent servo has a finding of its own; here those count that answer.
    return judged(
        "EEPROM",
        rule.register,
        wrong=bool(wrong) or not values,
        expected=rule.expected,
        found=listed(wrong) or f"{listed_once(values.values())} ({len(values)} servos)",
        remedy=f"{_SETUP}: {rule.why}" if wrong else "make the servos answer first",
    )


def _patiently(
    bus: ServoBus, name: str, pause: Callable[[float], None]
) -> dict[int, int]:
    """Read a register of all servos; servos boot for a while after power-on."""
    found: dict[int, int] = {}
    for attempt in range(_ASKS):
        found = bus.read_all(name)
        if len(found) == len(bus.servo_ids):
            return found
        if attempt + 1 < _ASKS:
            pause(_ASK_PAUSE_S)
    # A group read may end at a silent servo: ask the rest one by one.
    for servo_id in bus.servo_ids:
        if servo_id not in found:
            try:
                found[servo_id] = bus.read(servo_id, name)
            except BusError:
                continue
    return found


def _span(values: Iterable[float], unit: str, digits: int) -> str:
    numbers = list(values)
    if not numbers:
        return "no answer"
    low, high = min(numbers), max(numbers)
    return f"{low:.{digits}f} to {high:.{digits}f} {unit}"
