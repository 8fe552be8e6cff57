"""The board's buttons: one starts, every one stops."""

from dataclasses import dataclass

START = 0b0010
NAMES = ("MODE", "START", "USER", "S4")
"""By bit (OpenCR control table, address 30)."""


@dataclass(frozen=True, kw_only=True)
class ButtonState:
    """What was held at the last look; None before the first."""

    held: int | None = None


@dataclass(frozen=True, kw_only=True)
class Presses:
    """What a look found.

    Attributes:
        start: START alone was newly pressed.
        names: of all newly pressed buttons.
    """

    start: bool
    names: tuple[str, ...]


def update(state: ButtonState, held: int) -> tuple[ButtonState, Presses]:
    """The state after a look, and what was newly pressed since the one before.

    A button held from the beginning counts as pressed once it was let go.

    Args:
        held: bits of the buttons held now.
    """
    new = 0 if state.held is None else held & ~state.held
    names = tuple(
        NAMES[bit] if bit < len(NAMES) else f"bit {bit}"
        for bit in range(8)
        if new >> bit & 1
    )
    return ButtonState(held=held), Presses(start=new == START, names=names)
