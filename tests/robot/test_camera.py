"""Cameras: settings read back, newest pictures, files, drawn pictures, undistortion."""

import math
import subprocess
import sys
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from firmware_bridge.clock import MonotonicClock, SimulatedClock
from robot.camera.newest import NewestFrame
from robot.camera.source import measure_rate, stale_fault
from robot.camera.undistort import Undistorter
from robot.camera.v4l2 import C920, C920_NOMINAL, V4l2Config, V4l2Reader, open_camera
from robot.camera.video import VideoFile
from robot.camera.virtual import FrameTiming, VirtualCamera
from robot.contracts.camera import pinhole, project, rays
from robot.contracts.errors import ContractError
from robot.faults import RuntimeFault


class FakeDevice:
    """What a V4L2 camera does with its controls: keeps, clamps, ignores, falls back."""

    def __init__(self, *, opens=True, missing=(), clamp=(), reverts=(), sticky=()):
        self.values = {cv2.CAP_PROP_AUTO_EXPOSURE: 3.0, cv2.CAP_PROP_AUTO_WB: 1.0}
        self.released = False
        self.grabs = 0
        self.clock = None
        self._opens = opens
        self._missing = missing
        self._clamp = dict(clamp)
        self._reverts = dict(reverts)
        self._sticky = dict(sticky)

    def isOpened(self):
        return self._opens

    def set(self, property_id, value):
        if property_id in self._missing:
            return False
        if self._sticky.get(property_id, 0) > 0:
            self._sticky[property_id] -= 1
            return True
        self.values[property_id] = min(value, self._clamp.get(property_id, math.inf))
        return True

    def get(self, property_id):
        if property_id in self._missing:
            return -1.0
        return self.values.get(property_id, 0.0)

    def grab(self):
        self.grabs += 1
        self.values.update(self._reverts)
        if self.clock is not None:
            self.clock.advance(1 / 30)
        return self.grabs < 50

    def retrieve(self):
        return True, np.full((480, 640, 3), (255, 0, 0), dtype=np.uint8)  # blue in BGR

    def release(self):
        self.released = True


def opened(device, config=C920):
    return open_camera(config, SimulatedClock(), device=lambda path: device)


def test_the_c920_gets_its_fixed_settings():
    device = FakeDevice()
    opened(device).close()
    expected = {
        cv2.CAP_PROP_FRAME_WIDTH: 640,
        cv2.CAP_PROP_FRAME_HEIGHT: 480,
        cv2.CAP_PROP_FPS: 30,
        cv2.CAP_PROP_FOURCC: 0x47504A4D,  # "MJPG", first letter lowest
        cv2.CAP_PROP_AUTOFOCUS: 0,
        cv2.CAP_PROP_FOCUS: 0,
        cv2.CAP_PROP_AUTO_EXPOSURE: 1,
        cv2.CAP_PROP_EXPOSURE: 100,  # 10 ms in units of 0.1 ms
        cv2.CAP_PROP_GAIN: 64,
        cv2.CAP_PROP_AUTO_WB: 0,
        cv2.CAP_PROP_WB_TEMPERATURE: 4000,
        cv2.CAP_PROP_BACKLIGHT: 0,
    }
    assert {key: device.values[key] for key in expected} == expected
    assert device.released


def test_every_setting_that_does_not_read_back_is_listed_with_a_remedy():
    device = FakeDevice(missing=[cv2.CAP_PROP_FOCUS], clamp=[(cv2.CAP_PROP_GAIN, 32.0)])
    with pytest.raises(RuntimeFault) as caught:
        opened(device, replace(C920, device="/dev/video2"))
    focus, gain = caught.value.faults
    assert str(focus).startswith(
        "camera focus: expected 0, found no such control; try v4l2-ctl -d /dev/video2"
    )
    assert str(gain) == (
        "camera gain: expected 64, found 32; try v4l2-ctl -d /dev/video2 -c gain=64; "
        "v4l2-ctl -d /dev/video2 --list-ctrls shows what it offers"
    )
    assert device.released


def test_a_camera_that_falls_back_to_its_automatics_at_the_first_picture_is_refused():
    device = FakeDevice(reverts=[(cv2.CAP_PROP_AUTO_WB, 1.0)])
    with pytest.raises(RuntimeFault, match="auto white balance: expected 0, found 1"):
        opened(device)


def test_manual_exposure_is_asked_for_again_by_way_of_automatic():
    device = FakeDevice(sticky=[(cv2.CAP_PROP_AUTO_EXPOSURE, 1)])
    opened(device).close()
    assert device.values[cv2.CAP_PROP_AUTO_EXPOSURE] == 1


def test_another_pixel_format_is_named_by_its_letters():
    yuyv = float(cv2.VideoWriter.fourcc(*"YUYV"))

    class OnlyYuyv(FakeDevice):
        def set(self, property_id, value):
            if property_id == cv2.CAP_PROP_FOURCC:
                value = yuyv
            return super().set(property_id, value)

    with pytest.raises(RuntimeFault, match="pixel format: expected MJPG, found YUYV"):
        opened(OnlyYuyv())


def test_no_camera_says_where_one_was_expected(tmp_path):
    with pytest.raises(RuntimeFault, match="group video"):
        opened(FakeDevice(opens=False))
    # The real thing: OpenCV's V4L2 on a path without a camera.
    config = V4l2Config(device=str(tmp_path / "video9"))
    with pytest.raises(RuntimeFault, match="video9, found none that opens"):
        open_camera(config, MonotonicClock())


def test_an_exposure_longer_than_a_picture_is_refused():
    with pytest.raises(ValueError, match=r"at most a period, 0\.0333, found 0\.05"):
        V4l2Config(exposure_s=0.05)


def test_pictures_are_rgb_with_the_drivers_time_where_it_can_be_trusted():
    clock = SimulatedClock(1000.0)
    device = FakeDevice()
    reader = V4l2Reader(device, clock)
    device.values[cv2.CAP_PROP_POS_MSEC] = 999_970.0
    captured_s, image = reader.read() or pytest.fail("no picture")
    assert captured_s == pytest.approx(999.97)
    assert image[0, 0].tolist() == [0, 0, 255]
    # Another clock's time, hours away: then the arrival counts.
    device.values[cv2.CAP_PROP_POS_MSEC] = 5_000.0
    assert (reader.read() or pytest.fail("no picture"))[0] == 1000.0


class SteppedReader:
    """Gives a picture each time the test says so."""

    def __init__(self):
        self.go = threading.Semaphore(0)
        self.taken = threading.Semaphore(0)
        self.closed = self.finished = False
        self.count = 0

    def read(self):
        self.taken.release()
        if not self.finished:
            self.go.acquire()
        self.count += 1
        if self.count == 3 or self.finished:
            return None
        return self.count * 0.1, np.full((2, 2, 3), self.count, dtype=np.uint8)

    def close(self):
        self.closed = True

    def step(self):
        self.taken.acquire(timeout=5)
        self.go.release()


def test_only_the_newest_picture_is_kept_and_failures_are_counted():
    reader = SteppedReader()
    camera = NewestFrame(reader)
    assert camera.newest() is None
    for _ in range(4):
        reader.step()
    reader.taken.acquire(timeout=5)  # it asks for the fifth: the fourth is in
    frame = camera.newest()
    assert frame is not None
    assert (frame.captured_s, frame.sequence) == (pytest.approx(0.4), 2)
    assert (frame.image == 4).all()
    statistics = camera.statistics()
    assert (statistics.frames, statistics.failures) == (3, 1)
    # Captures at 0.1, 0.2 and 0.4 s: two periods in 0.3 s.
    assert statistics.rate_hz == pytest.approx(2 / 0.3)
    reader.finished = True
    reader.go.release()
    camera.close()
    assert reader.closed


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Two seconds at 20 Hz; frame i is grey of brightness 4 i, left half bright red."""
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (64, 48))
    assert writer.isOpened()
    for index in range(40):
        picture = np.full((48, 64, 3), 4 * index, dtype=np.uint8)
        picture[:, :32] = (0, 0, 200)
        writer.write(picture)
    writer.release()
    return path


def brightness(frame):
    return frame.image[:, 40:].mean() / 4


def test_a_video_plays_at_its_own_pace(video):
    clock = SimulatedClock(50.0)
    camera = VideoFile(video, clock)
    first = camera.newest()
    assert first is not None
    assert (first.captured_s, first.sequence) == (50.0, 0)
    assert first.image[10, 5] == pytest.approx([200, 0, 0], abs=8)  # red in RGB
    clock.advance(0.5)
    later = camera.newest()
    assert later is not None
    # 0.5 s at 20 Hz: the eleventh picture.
    assert (later.sequence, later.captured_s) == (10, pytest.approx(50.5))
    assert brightness(later) == pytest.approx(10, abs=1)
    assert camera.newest() is later
    clock.advance(0.049)
    assert camera.newest() is later


def test_a_video_that_ended_goes_stale(video):
    clock = SimulatedClock()
    camera = VideoFile(video, clock)
    for _ in range(45):
        camera.newest()
        clock.advance(0.05)
    assert camera.newest_s() == pytest.approx(1.95)
    assert stale_fault(camera, clock.now(), 0.5) is None
    clock.advance(0.3)
    fault = stale_fault(camera, clock.now(), 0.5)
    # 45 times 0.05 and 0.3 are 2.55; less 1.95 is 0.6.
    assert fault is not None
    assert (fault.expected, fault.found) == (
        "a picture younger than 0.5 s",
        "one of 0.600 s",
    )


def test_a_video_can_repeat(video):
    clock = SimulatedClock()
    camera = VideoFile(video, clock, repeat=True)
    clock.advance(2.25)
    frame = camera.newest()
    assert frame is not None
    # 45 periods; 40 pictures: the sixth again.
    assert frame.sequence == 45
    assert brightness(frame) == pytest.approx(5, abs=1)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(RuntimeFault, match="none that can be read"):
        VideoFile(tmp_path / "x.mp4", SimulatedClock())


def drawn(clock, **timing):
    def draw():
        return np.full((3, 4, 3), round(1000 * clock.now()) % 256, dtype=np.uint8)

    return VirtualCamera(draw, clock, FrameTiming(**timing))


def test_a_drawn_picture_arrives_after_its_delay():
    clock = SimulatedClock(7.0)
    camera = drawn(clock, rate_hz=50, delay_s=0.03, jitter_s=0)
    arrivals = {}
    for _ in range(40):
        frame = camera.newest()
        if frame is not None:
            arrivals.setdefault(frame.sequence, (clock.now(), frame.captured_s))
        clock.advance(0.005)
    # Shutter every 20 ms from 7.0 on; the first picture is there 30 ms later.
    assert arrivals[0] == (pytest.approx(7.03), 7.0)
    assert arrivals[5] == (pytest.approx(7.13), pytest.approx(7.1))
    assert camera.statistics().rate_hz == pytest.approx(50)


def test_jitter_varies_the_delay_within_bounds_and_repeats_with_its_seed():
    def delays(seed):
        clock = SimulatedClock()
        camera = drawn(clock, delay_s=0.04, jitter_s=0.015, seed=seed)
        seen = {}
        for _ in range(2000):
            frame = camera.newest()
            if frame is not None:
                seen.setdefault(frame.sequence, clock.now() - frame.captured_s)
            clock.advance(0.001)
        return list(seen.values())

    found = delays(1)
    assert len(found) == 59  # of 60 shutters in 2 s the last is still under way
    # 0.04 - 0.015 to 0.04 + 0.015 s, and up to a millisecond until somebody looks.
    assert 0.025 <= min(found) < 0.028
    assert 0.053 < max(found) <= 0.0561
    assert delays(1) == found
    assert delays(2) != found


def test_shutters_nobody_asked_for_are_counted():
    clock = SimulatedClock()
    camera = drawn(clock, rate_hz=30, delay_s=0, jitter_s=0)
    camera.newest()
    clock.advance(0.5)
    frame = camera.newest()
    assert frame is not None
    assert frame.sequence == 15
    assert camera.statistics().failures == 14


def test_the_measured_rate_is_the_shutters():
    clock = SimulatedClock()
    assert measure_rate(drawn(clock), clock, 2.0) == pytest.approx(30.0)


def test_a_dead_camera_has_no_rate():
    clock = SimulatedClock()
    camera = drawn(clock, delay_s=10.0)
    with pytest.raises(RuntimeFault, match="expected pictures within 2 s, found 0"):
        measure_rate(camera, clock, 2.0)
    assert "no picture" in str(stale_fault(camera, clock.now(), 0.2))


POLICY = pinhole(40, 30, math.radians(40))
BENT = replace(
    C920_NOMINAL,
    cx_px=330.0,
    distortion="brown_conrady",
    coefficients=(-0.2, 0.05, 0.002, -0.001),
)
FISHY = replace(
    C920_NOMINAL, distortion="fisheye", coefficients=(-0.03, 0.004, 0.0, 0.0)
)


def scene(x, y):
    """Brightness seen in a direction: waves a policy's pixel can just show."""
    return 128 + 60 * np.sin(14 * x + 1) * np.cos(11 * y) + 50 * x


def seen_by(model):
    """The scene through a lens: every pixel's direction, found by iteration."""
    straight = replace(model, distortion="none", coefficients=())
    wanted_x, wanted_y = rays(straight)
    x, y = wanted_x.copy(), wanted_y.copy()
    for _ in range(60):
        column, row = project(model, x, y)
        x += wanted_x - (column - model.cx_px) / model.fx_px
        y += wanted_y - (row - model.cy_px) / model.fy_px
    return np.repeat(scene(x, y)[..., None], 3, axis=2).round().astype(np.uint8)


@pytest.mark.parametrize("model", [C920_NOMINAL, BENT, FISHY])
def test_an_undistorted_picture_is_what_the_policys_lens_would_have_seen(model):
    found = Undistorter(model, POLICY)(seen_by(model)).astype(float)
    fine = POLICY.at_size(400, 300)
    # The mean over each of the 40 x 30 pixels.
    expected = scene(*rays(fine)).reshape(30, 10, 40, 10).mean(axis=(1, 3))
    assert found.shape == (30, 40, 3)
    assert np.abs(found[..., 0] - expected).max() < 1.5  # two roundings and 1/32 px
    # Without the correction it is visibly another picture.
    if model is not C920_NOMINAL:
        plain = Undistorter(C920_NOMINAL, POLICY)(seen_by(model)).astype(float)
        assert np.abs(plain[..., 0] - expected).max() > 10


def test_opencv_makes_the_same_undistortion_map():
    undistorter = Undistorter(BENT, POLICY)
    fine = POLICY.at_size(40 * undistorter.samples, 30 * undistorter.samples)

    def matrix(m):
        return np.array([[m.fx_px, 0, m.cx_px], [0, m.fy_px, m.cy_px], [0, 0, 1]])

    size = (fine.width_px, fine.height_px)
    columns, rows = cv2.initUndistortRectifyMap(
        matrix(BENT), np.array(BENT.coefficients), np.eye(3), matrix(fine), size,
        cv2.CV_32FC1,
    )  # fmt: skip
    ours = project(BENT, *rays(fine))
    assert ours[0] == pytest.approx(columns, abs=1e-3)
    assert ours[1] == pytest.approx(rows, abs=1e-3)


def test_a_camera_that_sees_too_little_is_refused():
    wide = pinhole(40, 30, math.radians(60))
    with pytest.raises(ContractError, match=r"found one that sees \d+ % of it"):
        Undistorter(C920_NOMINAL, wide)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ContractError, match=r"expected uint8 \(480, 640, 3\), found"):
        Undistorter(C920_NOMINAL, POLICY)(np.zeros((240, 320, 3), dtype=np.uint8))


def test_robot_imports_without_opencv():
    program = (
        "import sys; sys.modules['cv2'] = None\n"
        "import robot.camera.v4l2, robot.camera.video, robot.camera.virtual\n"
        "import robot.camera.undistort, robot.record.recorder, robot.runtime\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
