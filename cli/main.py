"""`op3-soccer COMMAND`: finds the command's module, parses, runs, reports errors."""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from types import ModuleType

from rich.console import Console
from rich.markup import escape

from cli.calibrate import CALIBRATE
from cli.commands import Command, CommandGroup, Entry, MissingPackage
from cli.referee import REFEREE
from cli.robot import ROBOT
from cli.scene import SCENE
from cli.tracker import TRACKER

COMMANDS: dict[str, Entry] = {
    "play": Command(
        module="cli.play",
        extra="match",
        summary="a 1v1 match through the whole stack: video, report, record",
    ),
    "session": Command(
        module="cli.session",
        extra="match",
        summary="a tournament from a plan: fixtures, results, standings, report",
    ),
    "tracker": TRACKER,
    "virtual": Command(
        module="cli.virtual",
        extra="match",
        summary="a virtual OP3 on a device path, for any Dynamixel client",
    ),
    "referee": REFEREE,
    "robot": ROBOT,
    "calibrate": CALIBRATE,
    "train": Command(
        module="cli.train", extra="train", summary="learn a skill and export its bundle"
    ),
    "archive": Command(
        module="cli.archive",
        extra="train",
        summary="list, show and check archives of earlier runs' data",
    ),
    "evaluate": Command(
        module="cli.evaluate",
        extra="train",
        summary="measure a walk over randomized episodes, beside the scripted one",
    ),
    "scene": SCENE,
    "tune": Command(
        module="cli.tune",
        extra="match",
        summary="search the scripted controller's parameters",
    ),
    "randomization": Command(
        module="cli.randomization",
        extra="match",
        summary="what differs between episodes: ranges, sources, histograms",
    ),
    "bench": Command(
        module="cli.bench",
        extra="train",
        summary="how fast this machine steps the simulated world",
    ),
}

BAD_INPUT = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, 2 for bad input, 130 for Ctrl-C."""
    argv = sys.argv[1:] if argv is None else argv
    # Software rendering where there is no screen; a set MUJOCO_GL wins.
    if "DISPLAY" not in os.environ:
        os.environ.setdefault("MUJOCO_GL", "egl")
    parser = argparse.ArgumentParser(
        prog="op3-soccer",
        description="Robot soccer for the ROBOTIS OP3, from simulator to servo.",
        epilog="op3-soccer COMMAND --help explains one command.",
    )
    try:
        module = _declare(parser, COMMANDS, argv)
    except MissingPackage as error:
        _complain(str(error))
        return BAD_INPUT
    args = parser.parse_args(argv)
    if module is None:
        return 0
    try:
        return module.run(args)
    except module.ERRORS as error:
        _complain(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped")
        return INTERRUPTED


def _declare(
    parser: argparse.ArgumentParser, entries: Mapping[str, Entry], argv: list[str]
) -> ModuleType | None:
    """Declare all commands; import and return the module of the chosen one.

    Raises:
        MissingPackage: the chosen command's extra is not installed.
    """
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    chosen = argv[0] if argv else None
    module = None
    for name, entry in entries.items():
        if isinstance(entry, CommandGroup):
            group = subparsers.add_parser(
                name, help=entry.summary, description=entry.description
            )
            inside = argv[1:] if name == chosen else []
            found = _declare(group, entry.commands, inside)
            module = found or module
        elif name == chosen:
            module = _imported(entry)
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=entry.summary)
    return module


def _imported(command: Command) -> ModuleType:
    try:
        return importlib.import_module(command.module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or _is_installed(package):
            raise
        raise MissingPackage(package, command.extra) from None


def _is_installed(package: str) -> bool:
    """Then a module inside it is missing, and no extra of ours would bring it."""
    return importlib.util.find_spec(package) is not None


def _complain(text: str) -> None:
    shown = f"[bold red]error:[/] {escape(text)}"
    Console(stderr=True).print(shown, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
