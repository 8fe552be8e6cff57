"""A USB camera on Linux (V4L2 through OpenCV), with nothing left to its automatics.

OpenCV hands V4L2 controls through as raw numbers (opencv, modules/videoio/src/
cap_v4l.cpp: no normalization unless CAP_PROP_MODE asks for it) and answers -1 for a
control that the camera does not have. Drivers clamp and ignore silently, so every
setting is read back, once before and once after the first pictures: some cameras fall
back to their automatics when the stream starts.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from firmware_bridge.clock import Clock
from robot.camera.newest import NewestFrame
from robot.camera.source import Image
from robot.contracts.camera import CameraModel, pinhole
from robot.faults import Fault, RuntimeFault

_MANUAL_EXPOSURE, _AUTO_EXPOSURE = 1, 3
"""V4L2_EXPOSURE_MANUAL and V4L2_EXPOSURE_APERTURE_PRIORITY (linux/v4l2-controls.h)."""
_EXPOSURE_UNIT_S = 1e-4
"""Of V4L2_CID_EXPOSURE_ABSOLUTE."""
_WARM_UP_FRAMES = 5
_OLDEST_STAMP_S = 1.0


@dataclass(frozen=True, kw_only=True)
class V4l2Config:
    """One camera's settings. Values are project's choices within the C920's ranges.

    The ranges are those `v4l2-ctl --list-ctrls` prints for a C920: exposure 3 to 2047,
    gain 0 to 255, white balance 2000 to 6500 K, focus 0 (far) to 250 in steps of 5.

    Attributes:
        device: path of the camera; /dev/v4l/by-id/... survives replugging.
        width_px: of the pictures.
        height_px: of the pictures.
        rate_hz: of the pictures.
        fourcc: MJPG; uncompressed pictures of this size fill a USB 2 bus.
        exposure_s: 10 ms: a joint at 4.5 rad/s smears a point by 27 px at most; longer
            than one picture's period it would lower the rate.
        gain: sensor gain.
        white_balance_k: colour temperature of the room's light.
        focus: distance setting; 0 is far.

    Raises:
        ValueError: numbers out of range; names them all.
    """

    device: str = "/dev/video0"
    width_px: int = 640
    height_px: int = 480
    rate_hz: float = 30.0
    fourcc: str = "MJPG"
    exposure_s: float = 0.01
    gain: int = 64
    white_balance_k: int = 4000
    focus: int = 0

    def __post_init__(self) -> None:
        faults = []
        for name in ("width_px", "height_px", "rate_hz", "exposure_s"):
            if not 0 < getattr(self, name) < math.inf:
                faults.append(f"{name}: expected > 0, found {getattr(self, name)}")
        if self.rate_hz > 0 and self.exposure_s > 1 / self.rate_hz:
            faults.append(
                f"exposure_s: expected at most a period, {1 / self.rate_hz:.4f}, "
                f"found {self.exposure_s}"
            )
        if len(self.fourcc) != 4:
            faults.append(f"fourcc: expected 4 letters, found {self.fourcc!r}")
        if faults:
            raise ValueError("; ".join(faults))


C920 = V4l2Config()
"""Logitech C920, the OP3's camera."""

C920_NOMINAL: CameraModel = pinhole(640, 480, math.radians(43.31))
"""A C920 before calibration: no distortion, field of view from the data sheet's 78
degrees across the diagonal of 16:9: 2 atan(9 / sqrt(337) tan 39 deg) = 43.31 degrees
vertically. The 4:3 picture keeps the full height."""


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool: ...
    def set(self, property_id: int, value: float, /) -> bool: ...
    def get(self, property_id: int, /) -> float: ...
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One property: what to write, what to read back, how a person sets it.

    Attributes:
        name: in words.
        property_id: of cv2.
        value: raw.
        remedy: what to do if it cannot be set.
    """

    name: str
    property_id: int
    value: float
    remedy: str


def settings_of(config: V4l2Config) -> tuple[Setting, ...]:
    """All settings in the order they must be written: format, automatics, values."""
    import cv2

    device = config.device

    def format_of(name: str, property_id: int, value: float) -> Setting:
        remedy = f"v4l2-ctl -d {device} --list-formats-ext shows what it offers"
        return Setting(name=name, property_id=property_id, value=value, remedy=remedy)

    def control(name: str, property_id: int, value: float, control: str) -> Setting:
        remedy = (
            f"try v4l2-ctl -d {device} -c {control}={value:g}; "
            f"v4l2-ctl -d {device} --list-ctrls shows what it offers"
        )
        return Setting(name=name, property_id=property_id, value=value, remedy=remedy)

    fourcc = cv2.VideoWriter.fourcc(*config.fourcc)
    exposure = round(config.exposure_s / _EXPOSURE_UNIT_S)
    return (
        format_of("pixel format", cv2.CAP_PROP_FOURCC, fourcc),
        format_of("width", cv2.CAP_PROP_FRAME_WIDTH, config.width_px),
        format_of("height", cv2.CAP_PROP_FRAME_HEIGHT, config.height_px),
        format_of("rate", cv2.CAP_PROP_FPS, config.rate_hz),
        control("autofocus", cv2.CAP_PROP_AUTOFOCUS, 0, "focus_automatic_continuous"),
        control("focus", cv2.CAP_PROP_FOCUS, config.focus, "focus_absolute"),
        control(
            "auto exposure",
            cv2.CAP_PROP_AUTO_EXPOSURE,
            _MANUAL_EXPOSURE,
            "auto_exposure",
        ),
        control("exposure", cv2.CAP_PROP_EXPOSURE, exposure, "exposure_time_absolute"),
        control("gain", cv2.CAP_PROP_GAIN, config.gain, "gain"),
        control(
            "auto white balance", cv2.CAP_PROP_AUTO_WB, 0, "white_balance_automatic"
        ),
        control(
            "white balance",
            cv2.CAP_PROP_WB_TEMPERATURE,
            config.white_balance_k,
            "white_balance_temperature",
        ),
        control("backlight", cv2.CAP_PROP_BACKLIGHT, 0, "backlight_compensation"),
    )


def apply_settings(capture: Capture, settings: Iterable[Setting]) -> None:
    """Write all settings; what the camera made of them is for `setting_faults`."""
    import cv2

    for setting in settings:
        capture.set(setting.property_id, setting.value)
        refused = capture.get(setting.property_id) != setting.value
        if refused and setting.property_id == cv2.CAP_PROP_AUTO_EXPOSURE:
            # Some cameras take manual mode only on a change from automatic.
            capture.set(setting.property_id, _AUTO_EXPOSURE)
            capture.set(setting.property_id, setting.value)


def setting_faults(capture: Capture, settings: Iterable[Setting]) -> list[Fault]:
    """One fault per setting that reads back as something else."""
    import cv2

    faults = []
    for setting in settings:
        found = capture.get(setting.property_id)
        if found == setting.value:
            continue
        expected, shown = f"{setting.value:g}", f"{found:g}"
        if setting.property_id == cv2.CAP_PROP_FOURCC:
            expected, shown = _letters(setting.value), _letters(found)
        elif found == -1:
            shown = "no such control"
        faults.append(
            Fault(
                reason=f"camera {setting.name}",
                expected=expected,
                found=shown,
                remedy=setting.remedy,
            )
        )
    return faults


class V4l2Reader:
    """One picture after the other, with the driver's own capture times."""

    def __init__(self, capture: Capture, clock: Clock):
        import cv2

        self._cv2 = cv2
        self._capture = capture
        self._clock = clock

    def read(self) -> tuple[float, Image] | None:
        if not self._capture.grab():
            return None
        arrived_s = self._clock.now()
        # uvcvideo stamps on CLOCK_MONOTONIC, as time.monotonic; OpenCV passes that on.
        stamp_s = self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1000
        trusted = 0 <= arrived_s - stamp_s <= _OLDEST_STAMP_S
        arrived, picture = self._capture.retrieve()
        if not arrived or picture is None:
            return None
        rgb = np.asarray(self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB))
        image = rgb.astype(np.uint8, copy=False)
        return (stamp_s if trusted else arrived_s), image

    def close(self) -> None:
        self._capture.release()


def open_device(path: str) -> Capture:
    """The camera at `path` through V4L2 and nothing else."""
    import cv2

    return cv2.VideoCapture(path, cv2.CAP_V4L2)


def open_camera(
    config: V4l2Config,
    clock: Clock,
    device: Callable[[str], Capture] = open_device,
) -> NewestFrame:
    """Open, set, verify, and follow a camera.

    Args:
        config: device and settings.
        clock: of the captures; the monotonic one for a real camera.
        device: opens the capture.

    Raises:
        RuntimeFault: no camera, or settings that do not read back as written; one
            fault per setting with expected, found and what to do.
    """
    capture = device(config.device)
    try:
        if not capture.isOpened():
            raise RuntimeFault(_missing(config.device))
        settings = settings_of(config)
        apply_settings(capture, settings)
        _verify(capture, settings)
        taken = sum(capture.grab() for _ in range(_WARM_UP_FRAMES))
        if not taken:
            raise RuntimeFault(_dark(config.device))
        _verify(capture, settings)
    except BaseException:
        capture.release()
        raise
    return NewestFrame(V4l2Reader(capture, clock))


def _verify(capture: Capture, settings: tuple[Setting, ...]) -> None:
    faults = setting_faults(capture, settings)
    if faults:
        raise RuntimeFault(*faults)


def _letters(fourcc: float) -> str:
    if not 0 <= fourcc < 2**32:
        return f"{fourcc:g}"
    return int(fourcc).to_bytes(4, "little").decode("latin-1")


def _missing(device: str) -> Fault:
    return Fault(
        reason="camera",
        expected=f"a camera at {device}",
        found="none that opens",
        remedy="v4l2-ctl --list-devices names the cameras; the user must be in the "
        "group video, and no other program may hold the camera",
    )


def _dark(device: str) -> Fault:
    return Fault(
        reason="camera",
        expected=f"pictures from {device}",
        found="none",
        remedy="unplug the camera and plug it in again; use a USB port of its own",
    )
