"""Types of command line arguments: what was expected, and what was found."""

import argparse
import math


def positive_seconds(text: str) -> float:
    """A finite time longer than nothing. Raises ArgumentTypeError otherwise."""
    return _above_zero(text, "seconds")


def positive_number(text: str) -> float:
    """A finite number above zero. Raises ArgumentTypeError otherwise."""
    return _above_zero(text, "a number")


def share(text: str) -> float:
    """From 0 to under 1. Raises ArgumentTypeError otherwise."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(
            f"expected a share from 0 to under 1, found {text}"
        )
    return value


def at_least_one(text: str) -> int:
    """How many: 1, 2, 3. Raises ArgumentTypeError otherwise."""
    return _whole(text, lowest=1)


def from_zero(text: str) -> int:
    """A seed or a number of things that may be none. Raises ArgumentTypeError."""
    return _whole(text, lowest=0)


def _above_zero(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected {what} > 0, found {text}")
    return value


def _whole(text: str, *, lowest: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = lowest - 1
    if value < lowest:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {lowest} up, found {text}"
        )
    return value
