"""The robot that a command talks to: a real port, or a virtual one behind the same bus.

`add_robot_options` declares the options all commands share; `open_robot` opens what
they name. Without `--virtual` nothing beyond the robot extra is imported.
"""

import argparse
import importlib.util
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cli.arguments import at_least_one
from cli.commands import MissingPackage
from cli.robot_faults import (
    FORMS,
    LET_GO_AFTER_S,
    VirtualConfig,
    all_faults,
    one_fault,
)
from firmware_bridge.bus_types import BusConfig
from firmware_bridge.clock import Clock, MonotonicClock
from firmware_bridge.emulator import MemoryPort
from firmware_bridge.errors import BusError
from firmware_bridge.link import DESKTOP, Patience
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.port import DEFAULT_BAUD, open_port
from firmware_bridge.servo_bus import ServoBus
from firmware_bridge.tapped_port import Tap, TappedPort
from robot.calibrated import calibrated_imu, calibrated_joint_map
from robot.contracts.actuator import ServoCalibration, read_servos
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.calibration_file import read_calibration
from robot.contracts.errors import ContractError
from robot.faults import RuntimeFault
from robot.imu_correction import ImuCorrection
from robot.joint_map import JointMap, default_joint_map, read_joint_map
from robot.senses import Devices

DEFAULT_PORT = "/dev/ttyUSB0"
ERRORS = (BusError, ContractError, MissingPackage, RuntimeFault)
_START_TIMEOUT_S = 30.0
_PTY_MARGIN_S = 0.2
"""A virtual robot shares its computer with others: its process may be asleep for longer
than a USB adapter takes."""


@dataclass(frozen=True, kw_only=True)
class RobotOptions:
    """Which robot.

    Attributes:
        port: serial device, unless the robot is virtual.
        baud: of the bus.
        joint_map: which servo moves which joint, with the calibration's zeros.
        calibration: of this robot; None if it is not known.
        virtual: a simulated robot instead of a port.
        lock_step: it lives on simulated time, in this process.
    """

    port: str = DEFAULT_PORT
    baud: int = DEFAULT_BAUD
    joint_map: JointMap = field(default_factory=default_joint_map)
    calibration: CalibrationBundle | None = None
    virtual: VirtualConfig | None = None
    lock_step: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenRobot:
    """A robot on an open port.

    Attributes:
        name: of the port, for people.
        port: the open port, a `firmware_bridge.port.BusPort`.
        devices: bus, board, joint map.
        clock: real, or simulated in lock-step.
        virtual: nothing can break.
    """

    name: str
    port: Any
    devices: Devices
    clock: Clock
    virtual: bool

    def pause(self, duration_s: float) -> None:
        """Let time pass."""
        self.clock.sleep_until(self.clock.now() + duration_s)


def add_robot_options(parser: argparse.ArgumentParser) -> None:
    """The options that name a robot."""
    robot = parser.add_argument_group("which robot")
    robot.add_argument(
        "--port",
        default=None,
        metavar="DEVICE",
        help=f"serial device of the bus ({DEFAULT_PORT})",
    )
    robot.add_argument(
        "--baud",
        type=at_least_one,
        default=DEFAULT_BAUD,
        metavar="N",
        help="bits per second (%(default)s)",
    )
    robot.add_argument(
        "--joint-map",
        type=Path,
        default=None,
        metavar="FILE",
        help="ids, signs and zeros of this robot's servos (the vendor's, all zero)",
    )
    robot.add_argument(
        "--calibration",
        type=Path,
        default=None,
        metavar="FILE",
        help="of this robot, from op3-soccer calibrate: its joint zeros and how its "
        "sensor board is mounted are used; with --virtual: its servos",
    )
    virtual = parser.add_argument_group("virtual robot (needs the match extra)")
    virtual.add_argument(
        "--virtual",
        action="store_true",
        help="a simulated robot on a pseudo-terminal, in real time",
    )
    virtual.add_argument(
        "--lock-step",
        action="store_true",
        help="with --virtual: simulated time, in memory, as fast as it goes",
    )
    virtual.add_argument(
        "--fault",
        type=one_fault,
        action="append",
        metavar="FAULT",
        help="with --virtual, repeatable: " + ", ".join(FORMS),
    )
    virtual.add_argument(
        "--servos",
        type=Path,
        default=None,
        metavar="FILE",
        help="with --virtual: servo calibration the body is built with",
    )


def robot_options(
    args: argparse.Namespace, *, let_go_after_s: float | None = LET_GO_AFTER_S
) -> RobotOptions:
    """What the command line names.

    Raises:
        ContractError: options that exclude each other, or a file that cannot be used.
    """
    faults = []
    if args.virtual and args.port:
        faults.append("--port and --virtual: expected one of them, found both")
    for name in ("lock_step", "fault", "servos"):
        if getattr(args, name) and not args.virtual:
            faults.append(f"--{name.replace('_', '-')}: expected with --virtual only")
    if faults:
        raise ContractError("which robot", faults)
    named, virtual = args.joint_map, None
    known = read_calibration(args.calibration) if args.calibration else None
    if args.virtual:
        virtual = VirtualConfig(
            faults=all_faults(args.fault),
            servos=_servos(args, known),
            let_go_after_s=let_go_after_s,
        )
    joint_map = read_joint_map(named) if named else default_joint_map()
    if known is not None and virtual is None:
        joint_map = calibrated_joint_map(joint_map, known)
    return RobotOptions(
        port=args.port or DEFAULT_PORT,
        baud=args.baud,
        joint_map=joint_map,
        calibration=known,
        virtual=virtual,
        lock_step=args.lock_step,
    )


def _servos(
    args: argparse.Namespace, known: CalibrationBundle | None
) -> ServoCalibration | None:
    """Of a virtual body; its zeros and its sensor board are exact."""
    if args.servos:
        return read_servos(args.servos)
    return None if known is None or known.servos is None else known.servos.servos()


@contextmanager
def open_robot(options: RobotOptions, tap: Tap | None = None) -> Iterator[OpenRobot]:
    """The robot, until the block is left. Torque is the caller's business.

    Args:
        options: which robot.
        tap: told every byte on the bus.

    Raises:
        BusError: the port cannot be opened.
        MissingPackage: a virtual robot without the match extra.
    """
    if options.virtual is None:
        port = open_port(options.port, options.baud)
        try:
            yield _opened(options, port, Patience(), tap)
        finally:
            port.closePort()
    elif options.lock_step:
        yield _in_lock_step(options, options.virtual, tap)
    else:
        with _served(options.virtual) as path:
            port = open_port(path, options.baud, packet_margin_s=_PTY_MARGIN_S)
            try:
                yield _opened(options, port, DESKTOP, tap)
            finally:
                port.closePort()


def _opened(
    options: RobotOptions,
    port: Any,
    patience: Patience,
    tap: Tap | None,
    clock: Clock | None = None,
) -> OpenRobot:
    port = port if tap is None else TappedPort(port, tap)
    bus = BusConfig(patience=patience)
    return OpenRobot(
        name="virtual robot" if options.virtual else options.port,
        port=port,
        devices=Devices(
            bus=ServoBus(port, options.joint_map.servo_ids, bus),
            board=OpenCrBoard(port, patience=patience),
            joint_map=options.joint_map,
            imu=_imu(options),
        ),
        clock=clock or MonotonicClock(),
        virtual=options.virtual is not None,
    )


def _in_lock_step(
    options: RobotOptions, virtual: VirtualConfig, tap: Tap | None
) -> OpenRobot:
    _need_simulator()
    from cli.robot_virtual import lock_step

    robot, clock = lock_step(virtual)
    return _opened(options, MemoryPort(robot.chain), Patience(), tap, clock)


def _imu(options: RobotOptions) -> ImuCorrection | None:
    if options.calibration is None or options.virtual is not None:
        return None
    return calibrated_imu(options.calibration)


@contextmanager
def _served(virtual: VirtualConfig) -> Iterator[str]:
    """A virtual robot in a process of its own, as long as the block lasts; its path."""
    _need_simulator()
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(
        target=_serve, args=(virtual, theirs), name="virtual-op3", daemon=True
    )
    process.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(_START_TIMEOUT_S) else None
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            raise BusError(
                "virtual robot",
                [f"expected a path in {_START_TIMEOUT_S:g} s, found none; try again"],
            )
        yield answer
    finally:
        ours.close()
        process.join()


def _serve(virtual: VirtualConfig, owner: Connection) -> None:
    """Body of the virtual robot's process; only there the simulator is imported."""
    from cli.robot_virtual import serve

    serve(virtual, owner)


def _need_simulator() -> None:
    if importlib.util.find_spec("mujoco") is None:
        raise MissingPackage("mujoco", "match")
