"""Camera poses by the real COLMAP: what connects, what does not, what is kept."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.fox import compare, rotation_errors_deg
from nerf_render.capture.document import CaptureError, read_capture
from nerf_render.capture.frames import FrameChoice
from nerf_render.capture.poses import PoseConfig, pairs
from nerf_render.capture.reference import Reference, Tag
from nerf_render.capture.run import CaptureConfig, make_capture

FOX = Path(__file__).parents[3] / "shared" / "data" / "fox"
SMALL = CaptureConfig(
    frames=FrameChoice(least=4), poses=PoseConfig(features=512, least_share=0.5)
)
MISSING_TAG = Reference(
    tags=(Tag(id=3, size_m=0.2, centre_m=(0, 0, 0), right=(1.0, 0, 0), up=(0, 1.0, 0)),)
)


def _ignore(*_):
    pass


def test_pairs_are_near_ones_powers_of_two_and_landmarks():
    names = [str(index) for index in range(100)]
    config = PoseConfig(all_pairs_up_to=10, overlap=2, landmarks=3)
    found = {(int(a), int(b)) for a, b in pairs(names, config)}
    # 99 + 98 next ones; 8, 16, 32, 64 apart: 92 + 84 + 68 + 36; landmarks 0, 49, 99.
    assert len(found) == 99 + 98 + 92 + 84 + 68 + 36 + 3
    assert {(0, 1), (0, 2), (0, 8), (0, 64), (0, 49), (49, 99)} <= found
    assert (0, 3) not in found


def test_few_pictures_are_all_compared():
    # 5 x 4 / 2
    assert len(pairs("abcde", PoseConfig())) == 10


def test_rotation_errors_ignore_the_common_frame():
    turns = np.stack(
        [cv2.Rodrigues(np.array(v))[0] for v in ([0.0, 0, 0], [0, 1.0, 0], [0.5, 0, 1])]
    )
    common, _ = cv2.Rodrigues(np.array([0.3, -0.7, 2.0]))
    np.testing.assert_allclose(rotation_errors_deg(common @ turns, turns), 0, atol=1e-5)


@pytest.fixture
def unconnected(tmp_path):
    """Pictures that show nothing in common."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(6):
        noise = np.random.default_rng(index).integers(0, 255, (24, 32, 3))
        picture = cv2.resize(noise.astype(np.uint8), (320, 240))
        cv2.imwrite(str(folder / f"{index}.jpg"), picture)
    return folder


def test_pictures_that_do_not_connect_say_so_and_keep_the_work(unconnected, tmp_path):
    out = tmp_path / "capture"
    with pytest.raises(CaptureError, match="found none that connect; film with more"):
        make_capture(unconnected, out, SMALL, None, _ignore)
    # The pictures, their features and their matches stay for the next try.
    assert len(list((out / "images").iterdir())) == 6
    with sqlite3.connect(out / "colmap.db") as database:
        (features,) = database.execute("SELECT count(*) FROM keypoints").fetchone()
    assert features == 6


@pytest.mark.slow
@pytest.mark.skipif(not FOX.exists(), reason=f"needs {FOX}")
def test_real_photographs_get_their_poses_back(tmp_path):
    # 24 of them, so that all pairs take a minute.
    given, _ = read_capture(FOX)
    source = tmp_path / "pictures"
    source.mkdir()
    for one in given.frames[:24]:
        (source / Path(one.image).name).symlink_to(FOX / one.image)
    config = replace(SMALL, poses=PoseConfig())
    out = tmp_path / "capture"
    with pytest.raises(CaptureError, match="film the tags from nearer"):
        make_capture(source, out, config, MISSING_TAG, _ignore)
    # Poses are kept although the reference was not found.
    found, points = read_capture(out)
    assert found.pitch is None
    assert len(points.xyz) > 1000
    assert "no metric reference" in (out / "report.md").read_text()
    result = compare(found, replace(given, frames=given.frames[:24]))
    assert result["registered"] >= 0.95
    assert result["rotation_median_deg"] <= 0.4
