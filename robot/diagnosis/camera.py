"""Findings about the camera: how many frames a second really arrive."""

from collections.abc import Callable

from robot.diagnosis.finding import Finding, judged
from robot.faults import RuntimeFault

FRAMES_HZ = 30.0
"""Of a Logitech C920 at 640 x 480; what the policies' frame timing assumes."""
SLOWEST_SHARE = 0.9
"""Project's choice: exposure longer than a frame halves the rate."""


def finding(rate_hz: Callable[[], float] | None) -> Finding:
    """The frame rate.

    Args:
        rate_hz: opens the camera and counts; None where none is configured.
    """
    expected = f"at least {SLOWEST_SHARE * FRAMES_HZ:g} frames/s"
    if rate_hz is None:
        return Finding(
            topic="camera",
            item="frame rate",
            verdict="skipped",
            expected=expected,
            found="none configured (--camera DEVICE)",
        )
    try:
        found_hz = rate_hz()
    except RuntimeFault as error:
        fault = error.faults[0]
        return Finding(
            topic="camera",
            item=fault.reason,
            verdict="fault",
            expected=fault.expected,
            found=fault.found,
            remedy=fault.remedy,
        )
    return judged(
        "camera",
        "frame rate",
        wrong=found_hz < SLOWEST_SHARE * FRAMES_HZ,
        expected=expected,
        found=f"{found_hz:.1f} frames/s",
        remedy="fix exposure and gain, use MJPG, plug the camera into its own USB port",
    )
