"""Everything that can go wrong, as data: how to cause it, how its reaction shows."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.emulator import FaultKind
from robot import reactions
from robot.faults import RuntimeFault
from robot.skills import SkillRequest
from robot.stop import UdpStop, send_stop
from tests.fakes.fault_rig import PERIOD_S, QUICK, FaultRig

KNEE, HEAD_TILT, BOARD = 14, 20, 200
LONGEST_S = 6.0
AFTERWARDS_S = 0.33


@dataclass(frozen=True, kw_only=True)
class FaultCase:
    """One fault.

    Attributes:
        name: for the table.
        rule: key of `robot.reactions.REACTIONS`.
        cause: breaks something between two cycles. What time it takes by itself does
            not count.
        before: mode it happens in.
        settle_s: in that mode first.
        boot_time_s: of the servos.
        shows: whether the robot has reacted; None for what its reaction implies.
    """

    name: str
    rule: str
    cause: Callable[[FaultRig], None]
    before: str = "playing"
    settle_s: float = 0.3
    boot_time_s: float = 0.0
    shows: Callable[[FaultRig], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case.

    Attributes:
        took_s: from the fault to the reaction; None if it did not react.
        reason: of the runtime's fault or stop; empty without one.
        mode: a third of a second later.
    """

    took_s: float | None
    reason: str
    mode: str


def try_case(case: FaultCase, bundles: Path) -> Outcome:
    """Cause the fault on a fresh robot and wait for the reaction, in simulated time."""
    rig = FaultRig(bundles, boot_time_s=case.boot_time_s)
    rig.until(case.before, case.settle_s)
    shows = case.shows or SHOWS[reactions.REACTIONS[case.rule].reaction]
    assert not shows(rig), "expected a robot that has no reason to react yet"
    case.cause(rig)
    rig.unharmed = len(rig.records)
    began_s = rig.clock.now()
    took_s = None
    while took_s is None and rig.clock.now() - began_s < LONGEST_S:
        _go_on(rig)
        if shows(rig):
            took_s = rig.clock.now() - began_s
    fault = rig.runtime.fault
    reason = fault.reason if fault else ("stop" if rig.runtime.stopped_by else "")
    for _ in range(round(AFTERWARDS_S / PERIOD_S)):
        _go_on(rig)
    mode = rig.runtime.mode
    rig.runtime.stop()
    return Outcome(took_s=took_s, reason=reason, mode=mode)


def _go_on(rig: FaultRig) -> None:
    """One cycle, or only time once the runtime has ended."""
    if not rig.runtime.running:
        rig.clock.advance(PERIOD_S)
        rig.chain.update()
        return
    with suppress(RuntimeFault, ZeroDivisionError, KeyboardInterrupt):
        rig.cycle()


def _limp(rig: FaultRig) -> bool:
    return rig.runtime.mode == "fault" and not rig.plant.torque_on.any()


def _damped(rig: FaultRig) -> bool:
    soft = rig.chain.register("position_p_gain") == QUICK.damped_position_p
    return rig.runtime.mode == "damped" and bool(soft.all())


def _stands(rig: FaultRig) -> bool:
    brain = rig.runtime.brain
    return brain is not None and brain.request.kind == "stand"


def _gets_up(rig: FaultRig) -> bool:
    brain = rig.runtime.brain
    return brain is not None and brain.loop.skill == "getup"


def _derated(rig: FaultRig) -> bool:
    return bool((rig.chain.register("goal_pwm") < 885).any())


def _servos_stopped(rig: FaultRig) -> bool:
    return bool((rig.chain.register("bus_watchdog") == -1).all())


def _read_again(rig: FaultRig) -> bool:
    """All there in the cycle that was damaged, or in the next one."""
    if rig.unharmed is None or len(rig.records) == rig.unharmed:
        return False
    last = rig.records[-1]
    return rig.runtime.mode == "playing" and bool(last.sensors.fresh.all())


SHOWS: dict[str, Callable[[FaultRig], bool]] = {
    "limp": _limp,
    "damp": _damped,
    "stand": _stands,
    "get up": _gets_up,
    "derate": _derated,
    "servos stop": _servos_stopped,
    "freeze": lambda rig: rig.runtime.lifted,
}


def _inject(kind: FaultKind, device_id: int = 0, **what: int):
    return lambda rig: rig.inject(kind, device_id, **what)


def _act(change: Callable[[FaultRig, np.ndarray], np.ndarray]):
    def cause(rig: FaultRig) -> None:
        rig.acting = lambda action: change(rig, action)

    return cause


def _raise(error: type[BaseException]):
    def change(rig: FaultRig, action: np.ndarray) -> np.ndarray:
        raise error

    return _act(change)


def _take(seconds: float, times: int = 10**6):
    def cause(rig: FaultRig) -> None:
        left = [times]

        def slow(action: np.ndarray) -> np.ndarray:
            if left[0]:
                left[0] -= 1
                rig.clock.advance(seconds)
            return action

        rig.acting = slow

    return cause


def _set(name: str, value: object):
    """Set something of the body or the world around it."""

    def cause(rig: FaultRig) -> None:
        owner, attribute = name.split(".")
        setattr(getattr(rig, owner), attribute, value)

    return cause


def _freeze_imu_while_moving(rig: FaultRig) -> None:
    rig.inject(FaultKind.FREEZE_IMU)
    rig.acting = lambda action: action + 4 * np.sin(9 * rig.clock.now())


def _silence_everything(rig: FaultRig) -> None:
    for device_id in (*range(1, 21), BOARD):
        rig.inject(FaultKind.SILENCE, device_id)


def _trip_one_watchdog(rig: FaultRig) -> None:
    # One servo with a watchdog of 20 ms, and a pause of 30 ms that the others survive.
    bus = rig.runtime._devices.bus
    bus.write(KNEE, "bus_watchdog", 1)
    rig.clock.advance(0.03)


def _send_stop(rig: FaultRig) -> None:
    stop = UdpStop(team=1, player=1, port=0, host="127.0.0.1")
    rig.stops.append(stop)
    send_stop("127.0.0.1", stop.port, team=1)


def _silent_for_a_moment(rig: FaultRig) -> None:
    rig.inject(FaultKind.SILENCE, KNEE)
    rig.cycles(0.1)
    rig.inject(FaultKind.ANSWER, KNEE)


def _die(rig: FaultRig) -> None:
    """No cycle any more: nobody even stops the runtime."""
    rig.runtime.mode = "off"


def _fall(sign: float):
    """Tip over at 3 rad/s, forward (+1) or backward, up to the tilt of a fall."""

    def cause(rig: FaultRig) -> None:
        tilt_rad = 0.0

        def tip() -> None:
            nonlocal tilt_rad
            rate_rad_s = 3.0 if tilt_rad < 1.5 else 0.0
            tilt_rad += rate_rad_s * PERIOD_S
            rig.plant.gyro_rad_s = np.array([0.0, sign * rate_rad_s, 0.0])
            rig.plant.gravity = np.array(
                [sign * np.sin(tilt_rad), 0.0, -np.cos(tilt_rad)]
            )

        rig.turning = tip
        while tilt_rad < 1.0:
            rig.cycle()

    return cause


def _lift(rig: FaultRig) -> None:
    # A stop of the game first: it stands, 0.3 A in each leg joint.
    rig.runtime.order = SkillRequest()
    rig.cycles(2.5)
    rig.plant.current_a = np.full(20, 0.03)


def _camera_hangs(rig: FaultRig) -> None:
    rig.camera.stuck_s = rig.clock.now()


K = FaultKind
R = reactions
Row = tuple[str, str, Callable[[FaultRig], None], dict[str, Any]]
_ROWS: tuple[Row, ...] = (
    ("knee silent", R.SERVO_SILENT, _inject(K.SILENCE, KNEE), {}),
    ("head silent", R.SERVO_SILENT, _inject(K.SILENCE, HEAD_TILT), {}),
    (
        "knee silent while arming",
        R.SERVO_SILENT,
        _inject(K.SILENCE, KNEE),
        {"before": "armed", "settle_s": 0.1},
    ),
    ("knee restarts", R.SERVO_RESTARTED, _inject(K.REBOOT, KNEE), {}),
    ("head restarts", R.SERVO_RESTARTED, _inject(K.REBOOT, HEAD_TILT), {}),
    (
        "knee restarts while arming",
        R.SERVO_RESTARTED,
        _inject(K.REBOOT, KNEE),
        {"before": "armed", "settle_s": 0.1},
    ),
    (
        "knee overloaded, shuts down",
        R.HARDWARE_ERROR,
        _inject(K.HARDWARE_ERROR, KNEE, bits=1 << 5),
        {},
    ),
    (
        "knee overheated, shuts down",
        R.HARDWARE_ERROR,
        _inject(K.HARDWARE_ERROR, KNEE, bits=1 << 2),
        {},
    ),
    (
        "voltage error, torque stays on",
        R.HARDWARE_ERROR,
        _inject(K.HARDWARE_ERROR, KNEE, bits=1 << 0),
        {},
    ),
    ("one watchdog trips", R.WATCHDOG_TRIPPED, _trip_one_watchdog, {}),
    ("brown-out", R.BROWN_OUT, _inject(K.BROWN_OUT), {}),
    (
        "brown-out, servos boot for 0.5 s",
        R.BROWN_OUT,
        _inject(K.BROWN_OUT),
        {"boot_time_s": 0.5},
    ),
    ("nobody answers", R.BUS_SILENT, _silence_everything, {}),
    ("adapter unplugged", R.BUS_FAILURE, _set("port.unplugged", True), {}),
    (
        "computer stalls for 0.15 s",
        R.COMPUTER_STALLED,
        lambda rig: rig.clock.advance(0.15),
        {},
    ),
    ("policy raises", R.PROGRAM_ERROR, _raise(ZeroDivisionError), {}),
    ("Ctrl-C in a cycle", R.PROGRAM_ERROR, _raise(KeyboardInterrupt), {}),
    (
        "knee at 76 degC",
        R.SERVO_HOT,
        _inject(K.TEMPERATURE, KNEE, temperature_c=76),
        {},
    ),
    ("battery at 9.2 V", R.BATTERY_LOW, _set("plant.voltage_v", 9.2), {}),
    ("board silent", R.BOARD_SILENT, _inject(K.SILENCE, BOARD), {}),
    ("IMU repeats itself", R.IMU_FROZEN, _freeze_imu_while_moving, {}),
    ("NaN", R.NOT_FINITE, _act(lambda rig, action: action * np.nan), {}),
    ("infinity", R.NOT_FINITE, _act(lambda rig, action: action + np.inf), {}),
    ("policy stuck for 90 ms", R.POLICY_LATE, _take(0.09, 1), {}),
    ("policy takes 30 ms again and again", R.POLICY_LATE, _take(0.03), {}),
    (
        "falls while arming",
        R.FALL_WHILE_ARMING,
        _fall(+1),
        {"before": "armed", "settle_s": 0.0},
    ),
    ("button USER", R.STOP, lambda rig: rig.chain.press_buttons(0b100), {}),
    ("stop message", R.STOP, _send_stop, {}),
    ("program or signal", R.STOP, lambda rig: rig.flag.set("SIGTERM"), {}),
    (
        "stop while arming",
        R.STOP,
        lambda rig: rig.flag.set("SIGTERM"),
        {"before": "armed", "settle_s": 0.1},
    ),
    (
        "falls on its face",
        R.FALL,
        _fall(+1),
        {},
    ),
    (
        "falls on its back",
        R.FALL,
        _fall(-1),
        {},
    ),
    ("lifted, standing", R.LIFTED, _lift, {}),
    ("camera hangs", R.CAMERA_STALE, _camera_hangs, {}),
    ("tracker silent", R.TRACKER_LOST, _set("tracker.silent", True), {}),
    ("referee silent", R.REFEREE_LOST, _set("game.silent", True), {}),
    (
        "knee at 66 degC",
        R.SERVO_WARM,
        _inject(K.TEMPERATURE, KNEE, temperature_c=66),
        {},
    ),
    ("battery at 10.0 V", R.VOLTAGE_SAG, _set("plant.voltage_v", 10.0), {}),
    (
        "knee's answer damaged",
        R.DAMAGED_ANSWER,
        _inject(K.CORRUPT_NEXT, KNEE),
        {"shows": _read_again},
    ),
    (
        "board's answer damaged",
        R.DAMAGED_ANSWER,
        _inject(K.CORRUPT_NEXT, BOARD),
        {"shows": _read_again},
    ),
    (
        "fast reads refused",
        R.FAST_READ_REFUSED,
        _inject(K.REFUSE_FAST),
        {"shows": _read_again},
    ),
    (
        "bulk reads refused",
        R.BULK_READ_REFUSED,
        _inject(K.REFUSE_BULK),
        {"shows": _read_again},
    ),
    (
        "one cycle 20 ms late",
        R.MISSED_DEADLINE,
        lambda rig: rig.clock.advance(0.02),
        {"shows": _read_again},
    ),
    ("computer dead", R.COMPUTER_DEAD, _die, {}),
)
CASES = tuple(
    FaultCase(name=name, rule=rule, cause=cause, **more)
    for name, rule, cause, more in _ROWS
)
