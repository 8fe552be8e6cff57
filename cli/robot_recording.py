"""The log of `op3-soccer robot run`."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cli.commands import MissingPackage
from cli.robot_link import OpenRobot
from robot.record.cycle import CycleRecord
from robot.runtime import record_nothing


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """`--log` and `--log-packets`."""
    parser.add_argument(
        "--log", type=Path, metavar="DIR", help="record every cycle (MCAP) in DIR"
    )
    parser.add_argument(
        "--log-packets",
        action="store_true",
        help="record the raw bytes of the bus too (twice the size)",
    )


class PacketTap:
    """Listens to the bus, and passes on what it hears once somebody takes it."""

    def __init__(self) -> None:
        self.take: Callable[[str, bytes], None] = lambda direction, data: None

    def __call__(self, direction: str, data: bytes) -> None:
        self.take(direction, data)


def packet_tap(args: argparse.Namespace) -> PacketTap | None:
    """For `open_robot`, if raw packets are wanted."""
    return PacketTap() if args.log and args.log_packets else None


def open_recorder(
    args: argparse.Namespace,
    stack: ExitStack,
    robot: OpenRobot,
    tap: PacketTap | None,
) -> Callable[[CycleRecord], None]:
    """What the runtime hands its cycles to; closed with `stack`.

    Raises:
        MissingPackage: the robot extra is not installed.
    """
    if args.log is None:
        return record_nothing
    try:
        from robot.record.recorder import Recorder, RecorderConfig
        from robot.record.segments import SegmentConfig
    except ModuleNotFoundError as error:
        raise MissingPackage(error.name or "mcap", "robot") from None
    files = SegmentConfig(folder=args.log)
    recorder = Recorder(
        RecorderConfig(files=files, inline=args.lock_step),
        facts={"bundle": str(args.bundle), "defaults": str(args.defaults)},
    )
    stack.enter_context(recorder)
    if tap is not None:
        tap.take = lambda direction, data: recorder.packet(
            robot.clock.now(), direction, data
        )
    return recorder.cycle
