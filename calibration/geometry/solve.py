"""The fit: Gauss-Newton on a `Problem`, without views that stand out."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from calibration.camera.intrinsics import outliers
from calibration.errors import CalibrationError
from calibration.geometry.bundle import (
    CAMERA,
    JOINTS,
    LENS,
    Priors,
    Problem,
    Start,
    jig_rows,
    lens_of,
)
from calibration.geometry.chain import Chain
from calibration.geometry.observations import JigReading, JointView
from calibration.geometry.rigid import FloatArray, Pose
from robot.contracts.camera import CameraModel

_ITERATIONS = 25
_ENOUGH = 1e-4
"""Of a standard deviation: smaller steps change nothing that matters."""
_STRAY_PX = 1.0
_STRAY_SHARE = 4.0
_PLAUSIBLE_PX = 3.0
"""A sighting better than this is never left out."""
_MOST_LEFT_OUT = 8


@dataclass(frozen=True, kw_only=True)
class SightingFit:
    """One board in one view.

    Attributes:
        used: False if it stood out.
        residual_px: [N, 2] seen minus predicted.
    """

    view: str
    mount: str
    used: bool
    pixels: FloatArray
    residual_px: FloatArray

    @property
    def rms_px(self) -> float:
        return float(np.sqrt((self.residual_px**2).sum(axis=-1).mean()))


@dataclass(frozen=True, kw_only=True)
class BundleFit:
    """What the views say.

    Attributes:
        zeros_rad, zeros_sigma_rad: [20].
        camera: on the head's link.
        camera_sigma: [6] m and rad, about the head link's axes.
        lens: camera with the lens as adjusted here.
        boards: mount name to pose on its link.
        rms_px: over the sightings used.
        scale: what the priors' errors had to be multiplied with, 1 or more.
        sightings: all of them.
    """

    zeros_rad: FloatArray
    zeros_sigma_rad: FloatArray
    camera: Pose
    camera_sigma: FloatArray
    lens: CameraModel
    boards: Mapping[str, Pose]
    rms_px: float
    scale: float
    sightings: tuple[SightingFit, ...]


def solve(
    views: Sequence[JointView],
    jigs: Sequence[JigReading],
    chain: Chain,
    start: Start,
    priors: Priors,
) -> BundleFit:
    """Fit all unknowns.

    Raises:
        CalibrationError: nothing was measured, or the search does not settle.
    """
    if not any(view.sightings for view in views):
        raise CalibrationError(
            "geometry",
            ["expected views with boards in them, found none; take the views first"],
        )
    problem = Problem(views, chain, start, priors)
    unknowns, _ = _search(problem, jigs)
    views = _without_stray_corners(problem, unknowns, views)
    left_out: set[tuple[str, str]] = set()
    while True:
        kept = [_without(view, left_out) for view in views]
        kept = [view for view in kept if view.sightings]
        problem = Problem(kept, chain, start, priors)
        unknowns, (white_j, white_r) = _search(problem, jigs)
        worst = _worst(problem, unknowns, kept)
        if worst is None or len(left_out) == _MOST_LEFT_OUT:
            break
        left_out.add(worst)
    freedom = max(1, len(white_r) - problem.size)
    scale = max(1.0, float(np.sqrt(white_r @ white_r / freedom)))
    information = white_j.T @ white_j / scale**2 + np.diag(problem.sigma**-2.0)
    covariance: FloatArray = np.asarray(np.linalg.inv(information), np.float64)
    sigma = np.sqrt(np.diag(covariance))
    camera = start.camera.moved(unknowns[CAMERA])
    all_of_it = Problem(views, chain, start, priors)
    sightings = _sightings(all_of_it, unknowns, views, left_out)
    used = np.concatenate([s.residual_px for s in sightings if s.used])
    return BundleFit(
        zeros_rad=start.zeros_rad + unknowns[JOINTS],
        zeros_sigma_rad=sigma[JOINTS],
        camera=camera,
        camera_sigma=_in_link(camera, covariance[CAMERA, CAMERA]),
        lens=lens_of(start.lens, unknowns[LENS]),
        boards={
            mount: pose.moved(unknowns[problem.board(mount)])
            for mount, pose in start.boards.items()
        },
        rms_px=float(np.sqrt((used**2).sum(axis=-1).mean())),
        scale=scale,
        sightings=sightings,
    )


def _search(
    problem: Problem, jigs: Sequence[JigReading]
) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Unknowns, and the whitened Jacobian and residual there."""
    unknowns = np.zeros(problem.size)
    prior = problem.sigma**-2.0
    jig_j, jig_r = jig_rows(jigs, problem.start, problem.priors, problem.size)
    for _ in range(_ITERATIONS):
        jacobian = problem.jacobian(unknowns)
        residual = problem.seen - problem.predicted(unknowns)
        white_j, white_r = problem.whitened(jacobian, residual)
        white_j = np.concatenate([white_j, jig_j])
        white_r = np.concatenate([white_r, jig_r - jig_j @ unknowns])
        information = white_j.T @ white_j + np.diag(prior)
        step = np.linalg.solve(information, white_j.T @ white_r - prior * unknowns)
        unknowns = unknowns + step
        spread = np.sqrt(np.diag(np.linalg.inv(information)))
        if np.all(np.abs(step) < _ENOUGH * spread):
            return unknowns, (white_j, white_r)
    raise CalibrationError(
        "geometry",
        [
            f"expected a fit that settles within {_ITERATIONS} rounds, found one that "
            "does not; check that each board is the one asked for and where it belongs"
        ],
    )


def _in_link(camera: Pose, covariance: FloatArray) -> FloatArray:
    """[6] standard deviations about the link's axes, from the camera's."""
    turn = np.kron(np.eye(2), camera.rotation)
    return np.sqrt(np.diag(turn @ covariance @ turn.T))


def _sightings(
    problem: Problem,
    unknowns: FloatArray,
    views: Sequence[JointView],
    left_out: Set[tuple[str, str]] = frozenset(),
) -> tuple[SightingFit, ...]:
    residual = problem.seen - problem.predicted(unknowns)
    found = []
    for number, view in enumerate(views):
        for mount, sighting in view.sightings.items():
            rows = (problem.view == number) & (
                problem.mount == problem.mounts.index(mount)
            )
            found.append(
                SightingFit(
                    view=view.name,
                    mount=mount,
                    used=(view.name, mount) not in left_out,
                    pixels=sighting.pixels,
                    residual_px=residual[rows].reshape(-1, 2),
                )
            )
    return tuple(found)


def _without_stray_corners(
    problem: Problem, unknowns: FloatArray, views: Sequence[JointView]
) -> list[JointView]:
    """Without corners that lie elsewhere than the rest of their board.

    Something hides half of a square; a joint's error would move all corners alike.
    """
    found = _sightings(problem, unknowns, views)
    near = {}
    for sighting in found:
        apart = sighting.residual_px - np.median(sighting.residual_px, axis=0)
        distance = np.linalg.norm(apart, axis=-1)
        limit = max(_STRAY_PX, _STRAY_SHARE * float(np.median(distance)))
        near[sighting.view, sighting.mount] = distance < limit
    return [
        replace(
            view,
            sightings={
                mount: replace(
                    sighting,
                    ids=sighting.ids[near[view.name, mount]],
                    pixels=sighting.pixels[near[view.name, mount]],
                )
                for mount, sighting in view.sightings.items()
            },
        )
        for view in views
    ]


def _worst(
    problem: Problem, unknowns: FloatArray, views: Sequence[JointView]
) -> tuple[str, str] | None:
    """View and mount of the sighting that stands out most; None if none does."""
    found = _sightings(problem, unknowns, views)
    errors = [sighting.rms_px for sighting in found]
    worst = int(np.argmax(errors))
    if not outliers(errors)[worst] or errors[worst] < _PLAUSIBLE_PX:
        return None
    return found[worst].view, found[worst].mount


def _without(view: JointView, left_out: Set[tuple[str, str]]) -> JointView:
    kept = {m: s for m, s in view.sightings.items() if (view.name, m) not in left_out}
    return JointView(name=view.name, servo_rad=view.servo_rad, sightings=kept)
