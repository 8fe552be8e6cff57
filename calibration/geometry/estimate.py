"""From views and what was known before to parts of the calibration file."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from calibration.errors import CalibrationError
from calibration.geometry.bundle import Priors, Start
from calibration.geometry.chain import HEAD, op3_chain
from calibration.geometry.mounts import MOUNTS, STAND
from calibration.geometry.observations import JigReading, JointView
from calibration.geometry.rigid import (
    FloatArray,
    Pose,
    matrix_of_quaternion,
    quaternion_of_matrix,
)
from calibration.geometry.solve import BundleFit, solve
from robot.contracts.calibration import (
    CalibrationBundle,
    CameraPart,
    Estimate,
    HeadCameraPart,
    JointPart,
    JointZero,
    Provenance,
    VectorEstimate,
)
from robot.contracts.camera import CameraModel
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap

_FOUND_SHARE = 0.5
"""A zero was measured if its uncertainty fell below this share of the prior's."""
HEAD_JOINTS = ("head_pan", "head_tilt")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the fit starts from.

    Attributes:
        lens: of the camera step.
        camera: on the head; nominal if it was not measured.
        zeros_rad: [20] times the joint map's signs; zero if not measured.
        priors: with the lens's own uncertainty.
    """

    lens: CameraModel
    camera: Pose
    zeros_rad: FloatArray
    priors: Priors


def known_before(bundle: CalibrationBundle, signs: FloatArray, step: str) -> Known:
    """Start values of a robot's file.

    Raises:
        CalibrationError: the camera step has not been done.
    """
    if bundle.camera is None:
        raise CalibrationError(
            step,
            [
                "expected a calibrated camera, found none; run op3-soccer calibrate "
                "camera"
            ],
        )
    camera = op3_chain().camera
    if bundle.head is not None:
        camera = Pose(
            matrix_of_quaternion(np.array(bundle.head.quat_wxyz)),
            np.array(bundle.head.position_m.value),
        )
    zeros = np.array([bundle.zeros_rad.get(name, 0.0) for name in JOINT_NAMES])
    return Known(
        lens=bundle.camera.model,
        camera=camera,
        zeros_rad=zeros * signs,
        priors=_priors(bundle.camera),
    )


def _priors(camera: CameraPart) -> Priors:
    # A fit of few views is surer of itself than it should be.
    floor = 0.1
    sigmas = (*camera.focal_sigma_px, *camera.centre_sigma_px)
    fx, fy, cx, cy = (max(floor, sigma) for sigma in sigmas)
    return Priors(lens_px=(fx, fy, cx, cy))


def fit_robot(
    views: Sequence[JointView], jigs: Sequence[JigReading], known: Known
) -> BundleFit:
    """Solve for everything that the views show.

    Raises:
        CalibrationError: nothing to solve from, or no solution.
    """
    _refuse_other_size(views, known.lens)
    chain = op3_chain()
    boards = {}
    for name, mount in MOUNTS.items():
        seen = [view for view in views if name in view.sightings]
        if seen:
            boards[name] = mount.pose or _guess(seen[0], known)
    # The camera's prior is about its nominal place, also when it is measured again.
    start = Start(
        zeros_rad=known.zeros_rad,
        camera=known.camera,
        lens=known.lens,
        boards=boards,
    )
    return solve(views, jigs, chain, start, known.priors)


def _refuse_other_size(views: Sequence[JointView], lens: CameraModel) -> None:
    wanted = (lens.width_px, lens.height_px)
    sizes = {s.size_px for view in views for s in view.sightings.values()} - {wanted}
    if sizes:
        told = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        raise CalibrationError(
            "geometry",
            [
                f"expected pictures of {wanted[0]} x {wanted[1]} pixels, as the camera "
                f"was calibrated, found {told}; calibrate it at this size"
            ],
        )


def _guess(view: JointView, known: Known) -> Pose:
    """The stand board in the torso's frame, from one view."""
    sighting = view.sightings[STAND]
    lens = known.lens
    matrix = np.array(
        [
            [lens.fx_px, 0.0, lens.cx_px],
            [0.0, lens.fy_px, lens.cy_px],
            [0.0, 0.0, 1.0],
        ]
    )
    pixels = sighting.pixels.reshape(-1, 1, 2)
    coefficients = np.array(lens.coefficients or (0.0,) * 4)
    if lens.distortion == "fisheye":
        flat = cv2.fisheye.undistortPoints(pixels, matrix, coefficients, P=matrix)
    else:
        flat = cv2.undistortPoints(pixels, matrix, coefficients, P=matrix)
    points = MOUNTS[STAND].board.corners_m[sighting.ids]
    _, turn, move = cv2.solvePnP(points, np.asarray(flat), matrix, np.zeros(4))
    rotation = np.asarray(cv2.Rodrigues(turn)[0], np.float64)
    seen = Pose(rotation, np.asarray(move, np.float64).ravel())
    joints = view.servo_rad - known.zeros_rad
    return op3_chain().pose(HEAD, joints) @ known.camera @ seen


def head_part(fit: BundleFit, provenance: Provenance) -> HeadCameraPart:
    """Of a fit."""
    x, y, z = map(float, fit.camera.position)
    sx, sy, sz, rx, ry, rz = map(float, fit.camera_sigma)
    return HeadCameraPart(
        provenance=provenance,
        position_m=VectorEstimate(value=(x, y, z), sigma=(sx, sy, sz)),
        quat_wxyz=quaternion_of_matrix(fit.camera.rotation),
        rotation_sigma_rad=(rx, ry, rz),
    )


def joint_part(
    fit: BundleFit,
    joints: Sequence[str],
    jigs: Sequence[JigReading],
    joint_map: JointMap,
    priors: Priors,
    provenance: Provenance,
) -> JointPart:
    """Zeros of the joints that were really measured.

    Args:
        fit: of all views.
        joints: that may be reported.
        jigs: that went into it.
        joint_map: for the signs.
        priors: that went into it.
        provenance: of the part.
    """
    signs = joint_map.joint_rates(np.ones(len(JOINT_NAMES)))
    in_jig = {jig.joint for jig in jigs}
    zeros = []
    for number, name in enumerate(JOINT_NAMES):
        sigma = float(fit.zeros_sigma_rad[number])
        if name not in joints or sigma > _FOUND_SHARE * priors.zero_rad:
            continue
        value = float(signs[number] * fit.zeros_rad[number])
        zeros.append(
            JointZero(
                joint=name,
                zero_rad=Estimate(value=value, sigma=sigma),
                source="board views and jig" if number in in_jig else "board views",
            )
        )
    return JointPart(provenance=provenance, zeros=tuple(zeros))


def jig_part(
    jigs: Sequence[JigReading],
    joint_map: JointMap,
    provenance: Provenance,
) -> JointPart:
    """Zeros from jigs alone, without a camera."""
    signs = joint_map.joint_rates(np.ones(len(JOINT_NAMES)))
    zeros = [
        JointZero(
            joint=JOINT_NAMES[jig.joint],
            zero_rad=Estimate(
                value=float(signs[jig.joint] * (jig.servo_rad - jig.joint_rad)),
                sigma=float(np.hypot(jig.sigma_rad, Priors().reading_rad)),
            ),
            source="jig",
        )
        for jig in jigs
    ]
    return JointPart(provenance=provenance, zeros=tuple(zeros))


def weak_directions(fit: BundleFit) -> list[str]:
    """What the pictures leave open, in words."""
    found = []
    tilt = fit.zeros_sigma_rad[JOINT_NAMES.index("head_tilt")]
    if tilt > np.radians(1.0):
        found.append(
            "head_tilt's zero and the camera's pitch on the head look the same in "
            f"every picture: they share {np.degrees(tilt):.1f} degrees of doubt; hold "
            "the head at a known angle: --jig head_tilt=0"
        )
    return found
