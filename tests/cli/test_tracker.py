"""`op3-soccer tracker`: from printed tags over the camera's place to datagrams."""

import json
import math
import threading
import time

import cv2
import numpy as np
import pytest
from PIL import Image

from cli.main import main
from match.eyes.tags import TagReader, tag_picture
from match.eyes.view import looking_down, points_at_height, read_view, write_view
from robot.contracts.camera import pinhole, write_camera
from robot.network import tracker_receiver

LENS = pinhole(1280, 720, 2 * math.atan(0.6125))  # fy = 360 / 0.6125 = 587.8 px
VIEW = looking_down(LENS, height_m=4.0)
TAG_PX = 60
"""Of 10 cells, 8 of them black square: 48 px."""


def place(image, tag_id, column, row):
    """Put a tag into the picture, its middle at a whole pixel's corner."""
    half = TAG_PX // 2
    tag = tag_picture("36h11", tag_id, TAG_PX // 10)
    image[row - half : row + half, column - half : column + half] = tag[..., None]


def grass():
    return np.full((720, 1280, 3), (45, 110, 50), dtype=np.uint8)


def test_printed_tags_are_read_again_at_their_size(tmp_path, capsys):
    arguments = ["tracker", "tags", "0", "5", "--plate-mm", "100", "--out"]
    assert main([*arguments, str(tmp_path)]) == 0
    with Image.open(tmp_path / "tag_36h11_5.png") as file:
        assert file.info["dpi"] == pytest.approx((304.8, 304.8), abs=0.1)
        page = np.asarray(file.convert("RGB"))
    (tag,) = TagReader("36h11").search(page)
    assert tag.tag_id == 5
    # 100 mm at 12 dots per mm are 10 cells of 120 dots; the square has 8: 80 mm.
    assert np.ptp(tag.corners[:, 0]) == pytest.approx(960, abs=3)
    assert "black square 80.0 mm" in capsys.readouterr().out
    assert main(["tracker", "tags", "600", "--out", str(tmp_path)]) == 2
    assert "expected 0 to 586" in capsys.readouterr().err


def test_the_cameras_place_from_tags_on_the_corners(tmp_path, capsys):
    """At 147 px per metre the corners lie 367 px and 294 px from the middle."""
    image = grass()
    corners = {0: (273, 66), 1: (1007, 66), 2: (1007, 654), 3: (273, 654)}
    for tag_id, (column, row) in corners.items():
        place(image, tag_id, column, row)
    Image.fromarray(image).save(tmp_path / "pitch.png")
    write_camera(tmp_path / "lens.json", LENS)
    command = ["tracker", "calibrate", "--camera", str(tmp_path / "pitch.png")]
    command += ["--camera-model", str(tmp_path / "lens.json")]
    command += ["--out", str(tmp_path / "view.json")]
    assert main([*command, "--picture", str(tmp_path / "shown.jpg")]) == 0
    assert "4 points" in capsys.readouterr().out
    view = read_view(tmp_path / "view.json")
    assert view.position_m == pytest.approx([0.0, 0.0, 4.0], abs=0.03)
    with Image.open(tmp_path / "shown.jpg") as file:
        shown = np.asarray(file.convert("RGB")).astype(int)
    # A line is drawn in yellow from corner to corner, through (640, 66).
    yellow = shown[64:69, 640]
    assert (yellow[:, :2].min(axis=1) > 150).any()

    Image.fromarray(image[:500]).save(tmp_path / "pitch.png")
    assert main(command) == 2
    assert "expected a picture of (720, 1280, 3)" in capsys.readouterr().err


def write_film(path, frames=12):
    """A robot's tag goes right by 4 px a picture, an orange ball stands still."""
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (1280, 720)
    )
    for frame in range(frames):
        image = grass()
        place(image, 3, 400 + 4 * frame, 300)
        cv2.circle(image, (800, 500), 10, (240, 110, 20), -1, cv2.LINE_AA)
        writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    writer.release()


def test_a_film_becomes_datagrams(tmp_path, capsys):
    write_film(tmp_path / "film.avi")
    write_view(tmp_path / "view.json", VIEW)
    scale = 587.8 / (4.0 - 0.381)  # px per metre at the tag's height
    tag = {"tag_id": 3, "team": 2, "player": 1, "side_m": 48 / scale}
    squad = {"tags": [{**tag, "height_m": 0.381, "forward_m": 0.0}]}
    (tmp_path / "squad.json").write_text(json.dumps(squad))
    receiver = tracker_receiver(0)
    heard, over = [], threading.Event()

    def listen():
        while not over.is_set():
            heard.extend(receiver.pending())
            time.sleep(0.005)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        files = {"camera": "film.avi", "view": "view.json", "squad": "squad.json"}
        command = ["tracker", "run", "--port", str(receiver.port), "--seconds", "1.5"]
        for name, file in {**files, "picture": "shown.jpg"}.items():
            command += [f"--{name}", str(tmp_path / file)]
        code = main(command)
    finally:
        over.set()
        listener.join()
        receiver.close()
    assert code == 0
    assert heard
    last = heard[-1]
    (robot,) = last.robots
    assert (robot.team, robot.player) == (2, 1)
    # The tag's middle lies between pixels. Which picture was the last to be decoded in
    # time depends on the computer.
    columns = [399.5 + 4 * picture for picture in range(12)]
    places = points_at_height(VIEW, np.array([(c, 299.5) for c in columns]), 0.381)
    off = np.hypot(places[:, 0] - robot.x_m, places[:, 1] - robot.y_m)
    assert off.min() < 0.01
    assert off.argmin() >= 3
    assert robot.yaw_rad == pytest.approx(math.pi / 2, abs=0.02)
    ((ball_x, ball_y),) = points_at_height(VIEW, np.array([[800.0, 500.0]]), 0.07)
    assert last.ball_xy_m == pytest.approx((ball_x, ball_y), abs=0.01)
    assert "ball (1.07, -0.94)" in capsys.readouterr().out
    assert (tmp_path / "shown.jpg").exists()


def test_files_that_are_missing_are_named(tmp_path, capsys):
    files = ["--camera", "film.avi", "--squad", str(tmp_path / "squad.json")]
    assert main(["tracker", "run", *files, "--view", str(tmp_path / "view.json")]) == 2
    error = capsys.readouterr().err
    assert "make one with op3-soccer tracker calibrate" in error
