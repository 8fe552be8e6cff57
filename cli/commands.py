"""What a command is: a module, its summary, and the extra that brings its imports.

A module is imported when its command is chosen and not before, so that the robot's
computer never needs a desktop library to print this program's help.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Command:
    """A module with `add_parser(subparsers)`, `run(args) -> int` and `ERRORS`."""

    module: str
    summary: str
    extra: str
    """The extra in pyproject.toml that brings what the module imports."""


@dataclass(frozen=True, kw_only=True)
class CommandGroup:
    """Commands under one word, as in `op3-soccer robot check`."""

    summary: str
    description: str
    commands: dict[str, Command]


Entry: TypeAlias = Command | CommandGroup


class MissingPackage(Exception):
    """A package is not installed that one of this project's extras brings."""

    def __init__(self, package: str, extra: str):
        super().__init__(
            f"expected the package {package}, found none; pip install '.[{extra}]'"
        )
