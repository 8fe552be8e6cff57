"""What every camera gives: its newest picture, when it was taken, and their rate."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.clock import Clock
from robot.contracts.camera import Image
from robot.faults import Fault, RuntimeFault

_POLL_S = 0.002


@dataclass(frozen=True, kw_only=True)
class CapturedFrame:
    """One picture.

    Attributes:
        image: [H, W, 3] uint8, RGB; not changed afterwards.
        captured_s: clock time it was taken, as far as the source can tell.
        sequence: counts the pictures taken, also those nobody fetched.
    """

    image: Image
    captured_s: float
    sequence: int

    def age_s(self, now_s: float) -> float:
        return now_s - self.captured_s


@dataclass(frozen=True, kw_only=True)
class CameraStatistics:
    """A source so far.

    Attributes:
        frames: taken.
        failures: pictures that did not come, or that nobody asked for in time.
        rate_hz: of the last second or so, by capture times; NaN before two frames.
    """

    frames: int
    failures: int
    rate_hz: float


class CameraSource(Protocol):
    """Anything that sees. None of its methods waits for a picture."""

    def newest(self) -> CapturedFrame | None:
        """The newest picture; None before the first."""
        ...

    def newest_s(self) -> float | None:
        """Its capture time."""
        ...

    def statistics(self) -> CameraStatistics: ...

    def close(self) -> None: ...


class RateMeter:
    """Frames per second over the last captures."""

    def __init__(self, frames: int = 31):
        self._times: deque[float] = deque(maxlen=frames)

    def add(self, captured_s: float) -> None:
        self._times.append(captured_s)

    @property
    def rate_hz(self) -> float:
        times = tuple(self._times)
        if len(times) < 2 or not times[-1] > times[0]:
            return float("nan")
        return (len(times) - 1) / (times[-1] - times[0])


def stale_fault(camera: CameraSource, now_s: float, limit_s: float) -> Fault | None:
    """The fault of a camera whose newest picture is older than `limit_s`, or None."""
    newest_s = camera.newest_s()
    if newest_s is not None and now_s - newest_s <= limit_s:
        return None
    found = "no picture" if newest_s is None else f"one of {now_s - newest_s:.3f} s"
    return Fault(
        reason="camera stale",
        expected=f"a picture younger than {limit_s:g} s",
        found=found,
        remedy="check the camera's cable, then op3-soccer robot check",
    )


def measure_rate(source: CameraSource, clock: Clock, seconds: float = 2.0) -> float:
    """Frames per second that really arrive, watched for `seconds`.

    Raises:
        RuntimeFault: fewer than two pictures came.
    """
    end_s = clock.now() + seconds
    seen: dict[int, float] = {}
    while clock.now() < end_s:
        frame = source.newest()
        if frame is not None:
            seen[frame.sequence] = frame.captured_s
        clock.sleep_until(clock.now() + _POLL_S)
    if len(seen) < 2:
        raise RuntimeFault(
            Fault(
                reason="camera",
                expected=f"pictures within {seconds:g} s",
                found=f"{len(seen)}",
                remedy="check the camera's cable and that no other program uses it",
            )
        )
    first, last = min(seen), max(seen)
    # By sequence: a picture that this loop missed was still taken.
    return (last - first) / (seen[last] - seen[first])
