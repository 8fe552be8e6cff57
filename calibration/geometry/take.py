"""Taking the views: move, rest, read, look, write down, the next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calibration.camera.detection import Sighting, detect
from calibration.errors import CalibrationError
from calibration.geometry.clearance import Clearance
from calibration.geometry.mounts import MOUNTS
from calibration.geometry.observations import JointView, view_of_row, view_row
from calibration.geometry.rigid import FloatArray
from calibration.held_robot import HeldRobot
from calibration.store import Store
from firmware_bridge.clock import Clock
from robot.camera.source import CameraSource, CapturedFrame
from robot.joint_map import JointMap

VIEWS = "view "
"""Prefix of the measurements' keys."""
_CAMERA_PATIENCE_S = 3.0
_PICTURES_KEPT = 6


@dataclass(frozen=True, kw_only=True)
class Round:
    """Views to take in one go.

    Attributes:
        name: prefix of its measurements.
        poses: [20] each, joint angles by the present map.
        base: [20] clear of everything on the way to and from any of the poses.
        mounts: boards to look for.
        first_must_show: no board in the first view stops at once.
        most_missed: so many views in a row without a board stop.
        asked: what to say then.
    """

    name: str
    poses: Sequence[FloatArray]
    base: FloatArray
    mounts: Sequence[str]
    first_must_show: bool
    most_missed: int
    asked: str


@dataclass(frozen=True, kw_only=True)
class Taker:
    """What views are taken with.

    Attributes:
        robot: torque on.
        camera: on the robot's head.
        clock: of both.
        joint_map: that the robot's angles are counted by.
        clearance: which ways are clear.
        store: for what is measured.
        step: of the calibration, for errors.
        report: told each view's number, how many there are, and what was seen.
    """

    robot: HeldRobot
    camera: CameraSource
    clock: Clock
    joint_map: JointMap
    clearance: Clearance
    store: Store
    step: str
    report: Callable[[int, int, str], None]


def take(taker: Taker, wanted: Round) -> None:
    """Take all views of a round that are not in the store.

    Raises:
        CalibrationError: board not visible, way not clear, stopped, stalled.
        RuntimeFault: a servo or the board failed.
    """
    keys = [f"{VIEWS}{wanted.name} {n:02d}" for n in range(len(wanted.poses))]
    if all(taker.store.has(key) for key in keys):
        return
    _begin(taker, wanted.base)
    missed = 0
    for number, (key, pose) in enumerate(zip(keys, wanted.poses, strict=True)):
        if taker.store.has(key):
            continue
        _go(taker, pose, wanted.base)
        view, picture = _look(taker, key, wanted.mounts)
        seen = ", ".join(view.sightings) or "no board"
        taker.report(number + 1, len(keys), seen)
        if view.sightings:
            missed = 0
            if number < _PICTURES_KEPT:
                taker.store.keep_picture(key, picture.image)
            taker.store.add(key, view_row(view))
            continue
        missed += 1
        if missed > wanted.most_missed or (number == 0 and wanted.first_must_show):
            raise CalibrationError(
                taker.step,
                [
                    f"expected {' or '.join(wanted.mounts)} in the picture, found no "
                    f"board in {missed} view{'s' if missed > 1 else ''} in a row; "
                    f"{wanted.asked}, then start again: "
                    f"{len(taker.store.rows(VIEWS))} views are kept"
                ],
            )
    taker.robot.move(wanted.base)


def stored_views(store: Store) -> list[JointView]:
    """All views measured so far."""
    return [view_of_row(row) for row in store.rows(VIEWS)]


def raw_rad(joint_rad: FloatArray, joint_map: JointMap) -> FloatArray:
    """[20] servo angles times their signs: joint angle plus zero."""
    return joint_map.joint_rates(joint_map.servo_positions(joint_rad))


def _begin(taker: Taker, base: FloatArray) -> None:
    """From wherever the robot is to the base pose; limbs may be close, not touching."""
    here = taker.robot.target_rad
    if not taker.clearance.way_clear(here, base, apart_m=0.0):
        found = taker.clearance.near(here, apart_m=0.0)
        told = ", ".join(f"{a} at {b}" for a, b in found) or "limbs on the way"
        raise CalibrationError(
            taker.step,
            [
                f"expected a clear way to the base pose, found {told}; put the limbs "
                "by hand about as in a stand, arms aside, then start again"
            ],
        )
    taker.robot.move(base)


def _go(taker: Taker, pose: FloatArray, base: FloatArray) -> None:
    """Straight if that is clear, else by way of the base pose."""
    if not taker.clearance.way_clear(taker.robot.target_rad, pose):
        taker.robot.move(base)
    taker.robot.move(pose)


def _look(
    taker: Taker, key: str, mounts: Sequence[str]
) -> tuple[JointView, CapturedFrame]:
    before = taker.robot.read()
    picture = _fresh_picture(taker)
    sightings = taker.robot.meanwhile(lambda: _sightings(picture, key, mounts))
    after = taker.robot.read()
    servo_rad = raw_rad((before + after) / 2, taker.joint_map)
    view = JointView(name=key, servo_rad=servo_rad, sightings=sightings)
    return view, picture


def _fresh_picture(taker: Taker) -> CapturedFrame:
    """One taken since the robot rests."""
    since_s = taker.clock.now()
    while True:
        frame = taker.camera.newest()
        if frame is not None and frame.captured_s >= since_s:
            return frame
        if taker.clock.now() - since_s > _CAMERA_PATIENCE_S:
            raise CalibrationError(
                taker.step,
                [
                    f"expected a picture within {_CAMERA_PATIENCE_S:g} s, found none; "
                    "check the camera's cable and that no other program uses it"
                ],
            )
        taker.robot.hold(0.02)


def _sightings(
    picture: CapturedFrame, key: str, mounts: Sequence[str]
) -> Mapping[str, Sighting]:
    found = {}
    for mount in mounts:
        sighting = detect(picture.image, MOUNTS[mount].board, name=key)
        if sighting is not None:
            found[mount] = sighting
    return found
