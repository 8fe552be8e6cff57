"""The whole check of a robot, in the order in which things depend on each other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from robot.diagnosis import board, camera, servos, timing
from robot.diagnosis.finding import Finding
from robot.safety import SafetyConfig
from robot.senses import Devices


@dataclass(frozen=True, kw_only=True)
class InspectionConfig:
    """How long to look, and at what kind of robot.

    Attributes:
        imu_s: the robot must lie still for so long.
        cycles: bus cycles to time.
        joint_map_name: file of the joint map; None for the built-in one.
        latency_ms: of the USB adapter; None where there is none.
        on_time: time passes on the bus (no lock-step).
        real: a real robot: noise in its sensors, nothing else on its computer.
    """

    imu_s: float = 3.0
    cycles: int = 250
    joint_map_name: str | None = None
    latency_ms: int | None = None
    on_time: bool = True
    real: bool = True


def inspect(
    devices: Devices,
    clock: Clock,
    config: InspectionConfig,
    camera_hz: Callable[[], float] | None = None,
) -> Iterator[Finding]:
    """Look at everything; servo power goes on, torque stays off.

    One fault does not hide the next: what needs an answer that is missing says so.

    Args:
        devices: bus, board, joint map.
        clock: of the waiting and the timing.
        config: see there.
        camera_hz: opens a camera and counts its frames; None without one.
    """
    bus, joint_map = devices.bus, devices.joint_map

    def pause(duration_s: float) -> None:
        clock.sleep_until(clock.now() + duration_s)

    lowest_v = SafetyConfig().lowest_voltage_v
    yield _power(devices)
    yield from servos.identify(bus, joint_map, pause)
    yield from servos.torque(bus, joint_map)
    yield from servos.settings(bus, joint_map)
    yield from servos.health(bus, joint_map, lowest_v)
    yield servos.zeros(joint_map, config.joint_map_name)
    samples = board.sample_imu(devices.board, clock, config.imu_s)
    yield from board.findings(samples, lowest_v=lowest_v, noise_expected=config.real)
    yield camera.finding(camera_hz)
    yield timing.latency(config.latency_ms)
    times = timing.time_cycles(devices, clock, config.cycles)
    yield from timing.findings(times, on_time=config.on_time, strict=config.real)


def _power(devices: Devices) -> Finding:
    try:
        devices.board.set_servo_power(True)
    except BusError as error:
        return Finding(
            topic="board",
            item="servo power",
            verdict="fault",
            expected="on",
            found="; ".join(error.faults),
            remedy="check battery, power and emergency switch, and the board's cable",
        )
    return Finding(
        topic="board", item="servo power", verdict="ok", expected="on", found="on"
    )
