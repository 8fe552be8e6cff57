"""`op3-soccer COMMAND`: finds the command's module, parses, runs, reports errors."""

import argparse
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape


@dataclass(frozen=True, kw_only=True)
class Command:
    """A module with `add_parser(subparsers)`, `run(args) -> int` and `ERRORS`.

    Only the chosen command's module is imported, so that the robot's computer never
    needs a desktop library to print this program's help.
    """

    module: str
    summary: str
    extra: str
    """The extra in pyproject.toml that brings what the module imports."""


COMMANDS: dict[str, Command] = {
    "play": Command(
        module="cli.play",
        extra="match",
        summary="a 1v1 match through the whole stack: video, report, record",
    ),
    "virtual": Command(
        module="cli.virtual",
        extra="match",
        summary="a virtual OP3 on a device path, for any Dynamixel client",
    ),
    "train": Command(
        module="cli.train", extra="train", summary="learn a skill and export its bundle"
    ),
    "evaluate": Command(
        module="cli.evaluate",
        extra="train",
        summary="measure a walk over randomized episodes, beside the scripted one",
    ),
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
    chosen = argv[0] if argv and argv[0] in COMMANDS else None
    parser = argparse.ArgumentParser(
        prog="op3-soccer",
        description="Robot soccer for the ROBOTIS OP3, from simulator to servo.",
        epilog="op3-soccer COMMAND --help explains one command.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    module = None
    for name, command in COMMANDS.items():
        if name == chosen:
            try:
                module = importlib.import_module(command.module)
            except ModuleNotFoundError as error:
                package = (error.name or "").partition(".")[0]
                if not package or _is_installed(package):
                    raise
                _complain(
                    f"expected the package {package}, found none; "
                    f"pip install '.[{command.extra}]'"
                )
                return BAD_INPUT
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=command.summary)
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


def _is_installed(package: str) -> bool:
    """Then a module inside it is missing, and no extra of ours would bring it."""
    return importlib.util.find_spec(package) is not None


def _complain(text: str) -> None:
    shown = f"[bold red]error:[/] {escape(text)}"
    Console(stderr=True).print(shown, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
