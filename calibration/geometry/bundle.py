"""All unknowns of camera, joints and plates from all views at once.

Generalized least squares: a corner's pixel depends on the joint readings, whose error
is common to all corners of a view, so each view is whitened with
S = s_px^2 I + s_q^2 J_q J_q^T, J_q its derivative by the joint angles.

Unknowns, in this order: 20 zeros (rad), 6 of the camera on the head, 4 of the lens (fx,
fy, cx, cy), 6 of each board on its link; of poses the displacement from the start,
m then rad, in the inner frame (`Pose.moved`). What pictures cannot tell stays where the
priors hold it, and its uncertainty says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.geometry.chain import HEAD, Chain
from calibration.geometry.mounts import MOUNTS
from calibration.geometry.observations import JigReading, JointView
from calibration.geometry.rigid import FloatArray, Pose
from robot.contracts.camera import CameraModel, project
from robot.contracts.joints import JOINT_NAMES

JOINTS = slice(0, len(JOINT_NAMES))
CAMERA = slice(20, 26)
LENS = slice(26, 30)
_STEP = 1e-6
_NEAREST_M = 0.01


@dataclass(frozen=True, kw_only=True)
class Priors:
    """What is known before a picture is taken, one standard deviation each.

    Attributes:
        pixel: error of a corner.
        reading_rad: of a joint reading at rest: a tick is 0.09 degrees (0.025 rms),
            and links flex.
        zero_rad: of a joint's zero.
        camera_m, camera_rad: of the camera on the head.
        lens_px: of fx, fy, cx, cy.
        plate_m, plate_rad: of a plate on its link, held by hand against its edges.
        stand_m, stand_rad: of the stand board, whose start is a guess.
    """

    pixel: float = 0.15
    reading_rad: float = np.radians(0.05)
    zero_rad: float = np.radians(5.0)
    camera_m: float = 0.02
    camera_rad: float = np.radians(10.0)
    lens_px: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5)
    plate_m: float = 0.0004
    plate_rad: float = np.radians(0.15)
    stand_m: float = 1.0
    stand_rad: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where the search begins.

    Attributes:
        zeros_rad: [20].
        camera: on the head's link.
        lens: of the camera step.
        boards: mount name to the board's pose on its link.
    """

    zeros_rad: FloatArray
    camera: Pose
    lens: CameraModel
    boards: Mapping[str, Pose]


@dataclass(frozen=True)
class _Group:
    """All corners of one board."""

    mount: str
    view: NDArray[np.int64]
    points: FloatArray
    pixels: FloatArray


class Problem:
    """Views as a function of the unknowns."""

    def __init__(
        self, views: Sequence[JointView], chain: Chain, start: Start, priors: Priors
    ):
        """Sort the corners by board.

        Args:
            views: at least one sighting each.
            chain: the robot's links.
            start: poses of all boards that are seen, and the rest.
            priors: see there.
        """
        self.start = start
        self.priors = priors
        self._chain = chain
        self._servo_rad = np.stack([view.servo_rad for view in views])
        self.mounts = tuple(start.boards)
        self._groups = [
            _group(mount, views)
            for mount in self.mounts
            if any(mount in view.sightings for view in views)
        ]
        self.view = np.concatenate([np.repeat(g.view, 2) for g in self._groups])
        self.mount = np.concatenate(
            [np.full(2 * len(g.view), self.mounts.index(g.mount)) for g in self._groups]
        )

    @property
    def size(self) -> int:
        """How many unknowns."""
        return LENS.stop + 6 * len(self.mounts)

    def board(self, mount: str) -> slice:
        """Where a board's six unknowns lie."""
        first = LENS.stop + 6 * self.mounts.index(mount)
        return slice(first, first + 6)

    @property
    def sigma(self) -> FloatArray:
        """[P] of the priors."""
        p = self.priors
        parts = [
            np.full(20, p.zero_rad),
            np.repeat([p.camera_m, p.camera_rad], 3),
            np.array(p.lens_px),
        ]
        for mount in self.mounts:
            fixed = MOUNTS[mount].pose is not None
            pair = (p.plate_m, p.plate_rad) if fixed else (p.stand_m, p.stand_rad)
            parts.append(np.repeat(pair, 3))
        return np.concatenate(parts)

    def predicted(
        self, unknowns: FloatArray, links: Mapping[str, Pose] | None = None
    ) -> FloatArray:
        """[R] pixels x, y, x, y ... of all corners, board by board.

        Args:
            unknowns: [P].
            links: poses of the links by name, if they are known already.
        """
        links = self._links(unknowns) if links is None else links
        camera = self.start.camera.moved(unknowns[CAMERA])
        seen_from = (links[HEAD] @ camera).inverse()
        lens = lens_of(self.start.lens, unknowns[LENS])
        found = []
        for group in self._groups:
            on_link = self.start.boards[group.mount].moved(
                unknowns[self.board(group.mount)]
            )
            board = seen_from @ links[MOUNTS[group.mount].link] @ on_link
            here = Pose(board.rotation[group.view], board.position[group.view])
            points = here.points(group.points)
            depth = np.maximum(points[:, 2], _NEAREST_M)
            x, y = project(lens, points[:, 0] / depth, points[:, 1] / depth)
            found.append(np.stack([x, y], axis=-1).ravel())
        return np.concatenate(found)

    def _links(
        self, unknowns: FloatArray, names: Sequence[str] = ()
    ) -> dict[str, Pose]:
        """[V] poses of the links by name; all that matter if none are named."""
        joints = self._servo_rad - self.start.zeros_rad - unknowns[JOINTS]
        wanted = names or [HEAD, *(MOUNTS[mount].link for mount in self.mounts)]
        return {name: self._chain.pose(name, joints) for name in wanted}

    @property
    def seen(self) -> FloatArray:
        """[R] pixels as detected, in the same order."""
        return np.concatenate([group.pixels.ravel() for group in self._groups])

    def jacobian(self, unknowns: FloatArray) -> FloatArray:
        """[R, P] by differences."""
        links = self._links(unknowns)
        here = self.predicted(unknowns, links)
        columns = []
        for number in range(self.size):
            # A pixel is to a focal length what a thousandth is to a radian.
            step = _STEP * (1000.0 if LENS.start <= number < LENS.stop else 1.0)
            there = unknowns.copy()
            there[number] += step
            # A joint moves the links behind it, the other unknowns none.
            moving = [n for n in links if number in self._chain.joints_of(n)]
            moved = {**links, **(self._links(there, moving) if moving else {})}
            columns.append((self.predicted(there, moved) - here) / step)
        return np.stack(columns, axis=-1)

    def whitened(
        self, jacobian: FloatArray, residual: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Jacobian and residual with unit, independent errors."""
        white_j, white_r = np.empty_like(jacobian), np.empty_like(residual)
        p = self.priors
        for view in range(len(self._servo_rad)):
            rows = np.flatnonzero(self.view == view)
            by_joint = jacobian[rows, JOINTS]
            covariance = p.reading_rad**2 * by_joint @ by_joint.T
            covariance[np.diag_indices(len(rows))] += p.pixel**2
            lower = np.linalg.cholesky(covariance)
            both = np.column_stack([jacobian[rows], residual[rows]])
            solved = np.linalg.solve(lower, both)
            white_j[rows], white_r[rows] = solved[:, :-1], solved[:, -1]
        return white_j, white_r


def lens_of(lens: CameraModel, change_px: FloatArray) -> CameraModel:
    """The lens with fx, fy, cx, cy changed by [4] pixels."""
    fx, fy, cx, cy = map(float, change_px)
    return replace(
        lens,
        fx_px=lens.fx_px + fx,
        fy_px=lens.fy_px + fy,
        cx_px=lens.cx_px + cx,
        cy_px=lens.cy_px + cy,
    )


def _group(mount: str, views: Sequence[JointView]) -> _Group:
    corners = MOUNTS[mount].board.corners_m
    numbers, points, pixels = [], [], []
    for number, view in enumerate(views):
        sighting = view.sightings.get(mount)
        if sighting is None:
            continue
        numbers.append(np.full(len(sighting.ids), number))
        points.append(corners[sighting.ids])
        pixels.append(sighting.pixels)
    return _Group(
        mount,
        np.concatenate(numbers),
        np.concatenate(points),
        np.concatenate(pixels),
    )


def jig_rows(
    jigs: Sequence[JigReading], start: Start, priors: Priors, size: int
) -> tuple[FloatArray, FloatArray]:
    """[J, P] and [J]: what the jigs say of the zeros, with unit errors."""
    jacobian, residual = np.zeros((len(jigs), size)), np.zeros(len(jigs))
    for row, jig in enumerate(jigs):
        sigma = float(np.hypot(jig.sigma_rad, priors.reading_rad))
        jacobian[row, jig.joint] = 1 / sigma
        wanted = jig.servo_rad - jig.joint_rad - start.zeros_rad[jig.joint]
        residual[row] = wanted / sigma
    return jacobian, residual
