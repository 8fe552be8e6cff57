"""Cameras from views: real photographs, painted ones, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.camera.boards import STAND_BOARD, BoardSpec
from calibration.camera.coverage import LEANS, Wish
from calibration.camera.detection import Sighting
from calibration.camera.intrinsics import View, fit_intrinsics, outliers
from calibration.camera.views import picture_paths, read_pictures, view_of
from calibration.camera.virtual_hand import VirtualHand
from calibration.errors import CalibrationError
from robot.contracts.camera import CameraModel

PHOTOGRAPHS = Path(__file__).parents[3] / "shared" / "data" / "chessboard"
needs_photographs = pytest.mark.skipif(
    not PHOTOGRAPHS.is_dir(),
    reason=f"OpenCV's chessboard photographs are not in {PHOTOGRAPHS}",
)


def views_of(paths, board):
    return [view_of(image, board, path.name) for path, image in read_pictures(paths)]


@needs_photographs
def test_opencv_s_photographs_give_opencv_s_camera():
    board = BoardSpec("chessboard", 9, 6, 0.025)
    views = views_of(picture_paths(PHOTOGRAPHS), board)
    assert len(views) == 13
    assert None not in views
    fit = fit_intrinsics(views, board, "pinhole")
    # OpenCV's published result (its calibration tutorial's data): focal length 535.9,
    # centre (342.3, 235.6), k1 -0.266; 1 % of each.
    model = fit.model
    assert model.fx_px == pytest.approx(535.9, rel=0.01)
    assert model.fy_px == pytest.approx(535.9, rel=0.01)
    assert model.cx_px == pytest.approx(342.3, rel=0.01)
    assert model.cy_px == pytest.approx(235.6, rel=0.01)
    assert model.coefficients[0] == pytest.approx(-0.27, abs=0.02)
    assert fit.rms_px <= 0.45
    assert all(view.used for view in fit.views)
    worst = max(fit.views, key=lambda view: view.first_rms_px)
    assert worst.name == "left02.jpg"
    assert worst.flagged
    # The published centre is 5 of our sigmas of 0.46 px away at most.
    assert 0.1 < fit.sigma[2] < 1.0


def painted(lens, board, count=12):
    hand = VirtualHand(lens, board, seed=3)
    views = []
    for number in range(count):
        column, row = number % 3, number // 3 % 3
        wish = Wish(column=column, row=row, lean=LEANS[number % 5], far=number % 4 == 3)
        views.append(view_of(hand.show(wish), board, f"view {number}"))
    return [view for view in views if view is not None]


@pytest.mark.parametrize(
    ("lens", "board", "kind"),
    [
        (
            CameraModel(
                width_px=640,
                height_px=480,
                fx_px=610.0,
                fy_px=608.0,
                cx_px=315.0,
                cy_px=243.0,
                distortion="brown_conrady",
                coefficients=(0.05, -0.12, 0.0005, -0.0004),
            ),
            BoardSpec("chessboard", 8, 5, 0.028),
            "pinhole",
        ),
        (
            CameraModel(
                width_px=640,
                height_px=480,
                fx_px=320.0,
                fy_px=321.0,
                cx_px=322.0,
                cy_px=237.0,
                distortion="fisheye",
                coefficients=(0.02, -0.01, 0.003, -0.001),
            ),
            STAND_BOARD,
            "fisheye",
        ),
    ],
)
def test_painted_views_give_back_the_lens_they_were_painted_with(lens, board, kind):
    fit = fit_intrinsics(painted(lens, board), board, kind)
    assert fit.model.distortion == lens.distortion
    truth = np.array([lens.fx_px, lens.fy_px, lens.cx_px, lens.cy_px])
    found = np.array(
        [fit.model.fx_px, fit.model.fy_px, fit.model.cx_px, fit.model.cy_px]
    )
    assert np.abs(found - truth).max() < 2.0
    assert fit.rms_px < 0.3
    # The stated uncertainty is honest: four of them reach the truth.
    assert (np.abs(found - truth) < 4 * np.array(fit.sigma[:4]) + 0.3).all()


def fake_view(name, size=(640, 480)):
    pixels = np.zeros((40, 2))
    sighting = Sighting(name=name, ids=np.arange(40), pixels=pixels, size_px=size)
    return View(wide=sighting, narrow=sighting)


def test_too_few_views_and_mixed_sizes_are_told_at_once():
    views = [fake_view("a"), replace(fake_view("b"), wide=fake_view("b", (9, 9)).wide)]
    with pytest.raises(CalibrationError) as refused:
        fit_intrinsics(views, STAND_BOARD, "pinhole")
    few, sizes = refused.value.faults
    assert few.startswith(
        "expected at least 8 pictures with the board in them, found 2"
    )
    assert sizes == "expected pictures of one size, found 9 x 9, 640 x 480"


def test_outliers_stand_out_from_the_others_not_from_zero():
    # Median 0.2, median deviation 0.01: sigma 0.0148; 0.3 is 6.7 of them and 1.5 times.
    errors = [0.19, 0.20, 0.21, 0.20, 0.19, 0.21, 0.31]
    assert outliers(errors) == [False] * 6 + [True]
    assert outliers([0.2] * 5) == [False] * 5


def test_a_folder_without_pictures_is_told(tmp_path):
    with pytest.raises(CalibrationError, match=r"expected pictures .*found none"):
        picture_paths(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(CalibrationError, match=r"a\.png: expected a picture"):
        list(read_pictures(picture_paths(tmp_path)))
