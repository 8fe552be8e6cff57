"""Choosing pictures: sharpest per interval, blurred ones out, named errors."""

import cv2
import numpy as np
import pytest

from nerf_render.capture.document import CaptureError
from nerf_render.capture.frames import FrameChoice, choose_frames, sharpness


def _ignore(*_):
    pass


def _picture(seed: int, blur: float = 0.0):
    noise = np.random.default_rng(seed).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    picture = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(picture, (0, 0), blur) if blur else picture


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(24):
        # Every third is sharp, the ones between are a little blurred, one is useless.
        blur = 0.0 if index % 3 == 0 else 0.8
        blur = 12.0 if index == 10 else blur
        cv2.imwrite(str(folder / f"{index:03d}.png"), _picture(index, blur))
    return folder


def test_blur_lowers_the_sharpness():
    assert sharpness(_picture(0)) > 2 * sharpness(_picture(0, 2.0))


def test_the_sharpest_of_every_interval_is_taken(pictures, tmp_path):
    choice = FrameChoice(count=8, least=4)
    chosen = choose_frames(pictures, tmp_path / "out", choice, _ignore)
    # 24 pictures in 8 intervals of 3: the first of each is the sharp one.
    assert chosen.images == tuple(f"{i:03d}.jpg" for i in range(0, 24, 3))
    assert {p.name for p in (tmp_path / "out" / "images").iterdir()} == set(
        chosen.images
    )


def test_a_blurred_picture_is_left_out_and_named(pictures, tmp_path):
    chosen = choose_frames(pictures, tmp_path / "out", FrameChoice(least=4), _ignore)
    assert chosen.blurred == ("010.jpg",)
    assert len(chosen.images) == 23


def test_a_video_gives_the_wanted_number(tmp_path):
    path = tmp_path / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (320, 240))
    for index in range(40):
        writer.write(_picture(index))
    writer.release()
    chosen = choose_frames(path, tmp_path / "out", FrameChoice(count=20), _ignore)
    assert len(chosen.images) == 20
    first = cv2.imread(str(tmp_path / "out" / "images" / chosen.images[0]))
    assert first.shape == (240, 320, 3)


def test_large_pictures_are_reduced(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(4):
        cv2.imwrite(str(folder / f"{index}.jpg"), _picture(index))
    choice = FrameChoice(least=4, longest_px=160)
    chosen = choose_frames(folder, tmp_path / "out", choice, _ignore)
    shape = cv2.imread(str(tmp_path / "out" / "images" / chosen.images[0])).shape
    assert shape == (120, 160, 3)


def test_too_few_pictures_say_what_to_do(pictures, tmp_path):
    with pytest.raises(CaptureError) as caught:
        choose_frames(pictures, tmp_path / "out", FrameChoice(least=30), _ignore)
    assert str(caught.value) == (
        f"{pictures}: expected at least 30 sharp pictures, found 23 (and 1 blurred); "
        "walk more slowly, add light, film for at least a minute, lock the focus"
    )


def test_pictures_of_two_sizes_are_refused(pictures, tmp_path):
    cv2.imwrite(str(pictures / "zzz.png"), np.zeros((320, 240, 3), np.uint8))
    with pytest.raises(CaptureError, match="expected 320 x 240 pixels as the others"):
        choose_frames(pictures, tmp_path / "out", FrameChoice(), _ignore)


@pytest.mark.parametrize("content", [b"", b"not a video"])
def test_a_file_that_is_no_video_is_named(tmp_path, content):
    path = tmp_path / "walk.mp4"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match="expected a video, found none that can be"):
        choose_frames(path, tmp_path / "out", FrameChoice(), _ignore)


def test_nothing_there_is_named(tmp_path):
    with pytest.raises(CaptureError, match="expected a video or a folder of pictures"):
        choose_frames(tmp_path / "no", tmp_path / "out", FrameChoice(), _ignore)
