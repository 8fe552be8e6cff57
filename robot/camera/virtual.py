"""A camera without a lens: pictures from a function, with a real one's timing."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firmware_bridge.clock import Clock
from robot.camera.source import CameraStatistics, CapturedFrame, Image, RateMeter

_ROUNDING = 1e-6
"""Keeps what is due exactly now from rounding away: in s, and in periods."""


@dataclass(frozen=True, kw_only=True)
class FrameTiming:
    """When pictures are taken and when they arrive; project's choices.

    Attributes:
        rate_hz: of the shutter; 30 is the C920's.
        delay_s: from the shutter to the program.
        jitter_s: the delay varies evenly by up to this much, up and down.
        seed: of that variation.

    Raises:
        ValueError: numbers out of range; names them all.
    """

    rate_hz: float = 30.0
    delay_s: float = 0.04
    jitter_s: float = 0.005
    seed: int = 0

    def __post_init__(self) -> None:
        faults = []
        if not self.rate_hz > 0:
            faults.append(f"rate_hz: expected > 0, found {self.rate_hz}")
        if not 0 <= self.jitter_s <= self.delay_s:
            faults.append(
                f"jitter_s: expected 0 to delay_s {self.delay_s}, found {self.jitter_s}"
            )
        if faults:
            raise ValueError("; ".join(faults))


class VirtualCamera:
    """A `CameraSource` that draws when its shutter is due and somebody asks.

    Ask at least once per shutter period: it draws the world as it is at that moment,
    later than the shutter by up to the time between two questions. Shutters that
    passed unasked but for the last are skipped, and leave a gap in the sequence.
    """

    def __init__(
        self,
        draw: Callable[[], Image],
        clock: Clock,
        timing: FrameTiming | None = None,
    ):
        """
        Args:
            draw: the present picture, [H, W, 3] uint8 RGB.
            clock: the robot's; the first shutter is now.
            timing: of shutter and delay.
        """
        self._draw = draw
        self._clock = clock
        self._timing = timing or FrameTiming()
        self._random = np.random.default_rng(self._timing.seed)
        self._start_s = clock.now()
        self._next = 0
        self._frames = self._skipped = 0
        self._coming: deque[tuple[float, CapturedFrame]] = deque()
        self._newest: CapturedFrame | None = None
        self._rate = RateMeter()

    def newest(self) -> CapturedFrame | None:
        now_s = self._clock.now()
        self._expose(now_s)
        while self._coming and self._coming[0][0] <= now_s + _ROUNDING:
            _, self._newest = self._coming.popleft()
            self._rate.add(self._newest.captured_s)
        return self._newest

    def newest_s(self) -> float | None:
        frame = self.newest()
        return None if frame is None else frame.captured_s

    def statistics(self) -> CameraStatistics:
        return CameraStatistics(
            frames=self._frames, failures=self._skipped, rate_hz=self._rate.rate_hz
        )

    def close(self) -> None:
        """Nothing to close."""

    def _expose(self, now_s: float) -> None:
        timing = self._timing
        due = int((now_s - self._start_s) * timing.rate_hz + _ROUNDING)
        if due < self._next:
            return
        self._skipped += due - self._next
        self._next = due + 1
        captured_s = self._start_s + due / timing.rate_hz
        delay_s = timing.delay_s + timing.jitter_s * self._random.uniform(-1, 1)
        frame = CapturedFrame(image=self._draw(), captured_s=captured_s, sequence=due)
        # Pictures do not overtake each other on a cable.
        earliest_s = self._coming[-1][0] if self._coming else captured_s
        self._coming.append((max(captured_s + delay_s, earliest_s), frame))
        self._frames += 1
