"""What `robot run` tells while it runs, and about its timing afterwards."""

from collections.abc import Callable
from typing import Protocol

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from robot.modes import Mode
from robot.real_time import LoopTiming
from robot.runtime import Runtime

EVERY_S = 5.0
"""Between two lines where nothing changes. A line costs the loop about 20 us."""


COLOURS: dict[Mode, tuple[int, int, int]] = {
    "off": (0, 0, 0),
    "ready": (0, 0, 31),
    "armed": (31, 16, 0),
    "playing": (0, 31, 0),
    "damped": (31, 0, 31),
    "fault": (31, 0, 0),
}
"""RGB LED of the sensor board by mode: dark, blue, amber, green, violet, red."""


class RgbLight(Protocol):
    """The part of `firmware_bridge.opencr.OpenCrBoard` that shows a colour."""

    def set_rgb_led(self, red: int, green: int, blue: int) -> None:
        """0 to 31 each. Raises BusError."""
        ...


class Lights:
    """Shows the mode on the robot. One write on the bus per change, about 1.5 ms."""

    def __init__(self, board: RgbLight):
        self._board = board
        self._shown: Mode | None = None

    def show(self, mode: Mode) -> None:
        """Set the colour; a board that does not answer is the runtime's business."""
        if mode == self._shown:
            return
        self._shown = mode
        try:
            self._board.set_rgb_led(*COLOURS[mode])
        except BusError:
            return


class Reporter:
    """One line when mode or skill change, and now and then."""

    def __init__(self, runtime: Runtime, clock: Clock, tell: Callable[[str], None]):
        self._runtime = runtime
        self._clock = clock
        self._tell = tell
        self._began_s = clock.now()
        self._due_s = self._began_s
        self._told = ("", "")

    def look(self) -> None:
        """Called once per cycle."""
        state = (self._runtime.mode, self._skill())
        now_s = self._clock.now()
        if state == self._told and now_s < self._due_s:
            return
        self._told = state
        self._due_s = now_s + EVERY_S
        self._tell(f"{now_s - self._began_s:8.2f} s  {self._line(*state)}")

    def _skill(self) -> str:
        brain = self._runtime.brain
        return "" if brain is None else brain.loop.skill

    def _line(self, mode: str, skill: str) -> str:
        parts = [mode]
        if skill:
            parts.append(f"skill {skill}")
        if self._runtime.posture != "upright":
            parts.append(f"lying ({self._runtime.posture})")
        health = self._runtime.health.values()
        if health:
            volts = min(status.voltage_v for status in health)
            warmest = max(status.temperature_c for status in health)
            parts.append(f"{volts:.1f} V, servos up to {warmest:.0f} degC")
        return ", ".join(parts)


def timing_lines(timing: LoopTiming) -> list[str]:
    """How well time was kept."""
    share = timing.missed / max(timing.cycles + timing.missed, 1)
    return [
        f"{timing.cycles} cycles, {timing.missed} deadlines missed ({share:.2%}), "
        f"latest start {1000 * timing.latest_s:.2f} ms",
        f"start of a cycle after its time: {timing.lateness}",
        f"work of a cycle: {timing.work}",
    ]
