"""All that may stop the robot, looked at once per cycle."""

from collections.abc import Sequence

from robot import buttons
from robot.stop import StopSource


class StopWatch:
    """The board's buttons and every other source.

    Attributes:
        may_start: torque may go on; with `wait_for_start` only after START.
    """

    def __init__(self, sources: Sequence[StopSource], *, wait_for_start: bool):
        self.may_start = not wait_for_start
        self._sources = tuple(sources)
        self._buttons = buttons.ButtonState()

    def look(self, held: int, *, ready: bool) -> str | None:
        """Who asks for a stop, or None.

        Args:
            held: bits of the buttons held now.
            ready: the robot waits for torque, so START starts it.
        """
        self._buttons, pressed = buttons.update(self._buttons, held)
        reasons = [reason for s in self._sources if (reason := s.requested())]
        if pressed.start and ready and not self.may_start:
            self.may_start = True
        elif pressed.names:
            reasons.append(f"button {' and '.join(pressed.names)}")
        return reasons[0] if reasons else None
