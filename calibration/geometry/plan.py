"""Which poses to take views at: seen, clear of each other, and telling the most.

Poses are drawn at random, kept if the camera sees plates unhidden and the way from the
base pose is clear, and chosen one by one for what they take off the sum of the
zeros' variances (greedy A-optimal design).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera.detection import Sighting
from calibration.errors import CalibrationError
from calibration.geometry.bundle import JOINTS, Priors, Problem, Start
from calibration.geometry.chain import HEAD, op3_chain
from calibration.geometry.clearance import Clearance
from calibration.geometry.mounts import MOUNTS, outline_m
from calibration.geometry.observations import JointView
from calibration.geometry.rigid import FloatArray, Pose
from calibration.held_robot import HIGHEST_RAD, LOWEST_RAD
from robot.contracts.camera import CameraModel, project
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS

_HEAD_JOINTS = ("head_pan", "head_tilt")
_STAND: FloatArray = np.array([joint.stand_rad for joint in OP3_JOINTS])


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """How many poses, and what a usable view is; project's choices.

    Attributes:
        views: to choose per pair of limbs.
        drawn: poses drawn at random per limb.
        heads: head poses drawn at random.
        candidates: usable ones to choose from.
        seed: of the draw.
        margin_rad: distance to the limits.
        border_px: distance of a plate to the picture's edge, at 640 pixels across:
            the camera's mounting is not known well before.
        aslant_rad: largest angle between a plate's normal and the line of sight.
        farthest_m: of a plate's corner from the camera.
    """

    views: int = 20
    drawn: int = 8_000
    heads: int = 48
    candidates: int = 120
    seed: int = 7
    margin_rad: float = 0.06
    border_px: float = 24.0
    aslant_rad: float = np.radians(50.0)
    farthest_m: float = 0.52


def base_pose() -> FloatArray:
    """[20] where all ways begin and end: a stand with the arms out, clear of legs."""
    pose = dict(zip(JOINT_NAMES, _STAND, strict=True))
    pose |= {"l_sho_roll": 0.3, "r_sho_roll": -0.3, "l_el": -0.2, "r_el": 0.2}
    return np.array([pose[name] for name in JOINT_NAMES])


def plan_limb_views(
    group: Sequence[str],
    camera: Pose,
    lens: CameraModel,
    priors: Priors,
    clearance: Clearance,
    config: PlanConfig,
) -> list[FloatArray]:
    """Poses for the views of two plates, in an order of short ways.

    Args:
        group: `FEET` or `HANDS`.
        camera: on the head, as well as it is known.
        lens: the camera's intrinsics.
        priors: what is known before.
        clearance: what collides.
        config: see there.

    Raises:
        CalibrationError: too few usable poses: the camera points elsewhere.
    """
    base = base_pose()
    usable: list[tuple[FloatArray, list[str]]] = []
    for pose, seen in _drawn(group, base, camera, lens, config):
        if len(usable) == config.candidates:
            break
        names = _unhidden(seen, pose, camera, clearance)
        if names and clearance.way_clear(base, pose):
            usable.append((pose, names))
    if len(usable) < config.views:
        raise CalibrationError(
            "zeros",
            [
                f"expected {config.views} poses in which the camera sees "
                f"{' or '.join(group)}, found {len(usable)}; check the head camera's "
                "pose: calibrate head again"
            ],
        )
    chosen = _most_telling(usable, camera, lens, priors, config.views)
    return _in_order(base, [usable[number][0] for number in chosen])


def _drawn(
    group: Sequence[str],
    base: FloatArray,
    camera: Pose,
    lens: CameraModel,
    config: PlanConfig,
) -> Iterator[tuple[FloatArray, list[str]]]:
    """Poses with the plates that they show, those that show both first.

    For each of some head poses, limbs that it sees are paired at random.
    """
    chain = op3_chain()
    rng = np.random.default_rng([config.seed, *map(ord, group[0])])
    heads = _random(
        base, [JOINT_NAMES.index(n) for n in _HEAD_JOINTS], config.heads, rng, config
    )
    limbs = {
        name: _random(
            base, chain.joints_of(MOUNTS[name].link), config.drawn, rng, config
        )
        for name in group
    }
    boards = {
        name: chain.pose(MOUNTS[name].link, limbs[name]) @ _plate_pose(name)
        for name in group
    }
    single = []
    for head in heads:
        eye = (chain.pose(HEAD, head) @ camera).inverse()
        shown = {
            name: limbs[name][_seen(name, eye @ boards[name], lens, config)]
            for name in group
        }
        for row in range(max(len(poses) for poses in shown.values())):
            pose, names = head.copy(), []
            for name, poses in shown.items():
                if row < len(poses):
                    joints = list(chain.joints_of(MOUNTS[name].link))
                    pose[joints] = poses[row, joints]
                    names.append(name)
            if len(names) == len(group):
                yield pose, names
            else:
                single.append((pose, names))
    yield from single


def _random(
    base: FloatArray,
    joints: Sequence[int],
    count: int,
    rng: np.random.Generator,
    config: PlanConfig,
) -> FloatArray:
    """[count, 20] some joints anywhere in their range, the others as in `base`."""
    poses = np.repeat(base[None], count, axis=0)
    for joint in joints:
        spec = OP3_JOINTS[joint]
        low, high = LOWEST_RAD[joint], HIGHEST_RAD[joint]
        if spec.name in ("l_hip_roll", "r_hip_roll"):
            low, high = spec.min_rad, spec.max_rad
        margin = min(config.margin_rad, 0.2 * (high - low))
        poses[:, joint] = rng.uniform(low + margin, high - margin, count)
    return poses


def _seen(
    name: str, board: Pose, lens: CameraModel, config: PlanConfig
) -> NDArray[np.bool_]:
    """[K] whether a plate is in the picture, near, and not too much aslant.

    Args:
        name: of the plate.
        board: [K] its poses, as the camera sees it.
        lens: of the camera.
        config: what is near, and too much.
    """
    border = config.border_px * lens.width_px / 640
    wide = Pose(board.rotation[:, None], board.position[:, None])
    corners = wide.points(outline_m(MOUNTS[name].board))
    depth = corners[..., 2]
    distance = np.linalg.norm(corners, axis=-1)
    near = ((depth > 0.05) & (distance < config.farthest_m)).all(axis=1)
    safe = np.maximum(depth, 0.05)
    x, y = project(lens, corners[..., 0] / safe, corners[..., 1] / safe)
    inside = (x > border) & (x < lens.width_px - border)
    inside &= (y > border) & (y < lens.height_px - border)
    middle = corners.mean(axis=1)
    facing = (board.rotation[..., :, 2] * middle).sum(axis=-1)
    facing = facing / np.linalg.norm(middle, axis=-1)
    return near & inside.all(axis=1) & (facing > np.cos(config.aslant_rad))


def _unhidden(
    names: Sequence[str], pose: FloatArray, camera: Pose, clearance: Clearance
) -> list[str]:
    chain = op3_chain()
    eye = chain.pose(HEAD, pose) @ camera
    kept = []
    for name in names:
        mount = MOUNTS[name]
        assert mount.pose is not None
        board = chain.pose(mount.link, pose) @ mount.pose
        outline = outline_m(mount.board)
        points = board.points(np.concatenate([outline, mount.board.corners_m]))
        if not clearance.hidden(pose, eye.position, points).any():
            kept.append(name)
    return kept


def _most_telling(
    usable: Sequence[tuple[FloatArray, list[str]]],
    camera: Pose,
    lens: CameraModel,
    priors: Priors,
    count: int,
) -> list[int]:
    """Numbers of the chosen poses."""
    names = sorted({name for _, seen in usable for name in seen})
    start = Start(
        zeros_rad=np.zeros(len(JOINT_NAMES)),
        camera=camera,
        lens=lens,
        boards={name: _plate_pose(name) for name in names},
    )
    views = [_expected(pose, seen) for pose, seen in usable]
    problem = Problem(views, op3_chain(), start, priors)
    jacobian = problem.jacobian(np.zeros(problem.size))
    white, _ = problem.whitened(jacobian, np.zeros(len(jacobian)))
    # In units of the priors' errors the prior is the identity.
    white = white * problem.sigma
    gains = [white[problem.view == view] for view in range(len(views))]
    spread = np.eye(problem.size)
    chosen: list[int] = []
    for _ in range(count):
        # The plate that was seen least is in the next view.
        shown = [name for number in chosen for name in usable[number][1]]
        wanted = min(names, key=shown.count)
        gained = [
            _gain(rows, spread)
            if number not in chosen and wanted in usable[number][1]
            else -1.0
            for number, rows in enumerate(gains)
        ]
        chosen.append(int(np.argmax(gained)))
        rows = gains[chosen[-1]]
        inner = np.eye(len(rows)) + rows @ spread @ rows.T
        spread = spread - spread @ rows.T @ np.linalg.solve(inner, rows @ spread)
    return chosen


def _gain(rows: FloatArray, spread: FloatArray) -> float:
    """What a view takes off the sum of the zeros' variances."""
    reach = rows @ spread
    inner = np.eye(len(rows)) + reach @ rows.T
    by_zero = reach[:, JOINTS]
    return float((by_zero * np.linalg.solve(inner, by_zero)).sum())


def _plate_pose(name: str) -> Pose:
    pose = MOUNTS[name].pose
    assert pose is not None
    return pose


def _expected(pose: FloatArray, names: Sequence[str]) -> JointView:
    """A view with all corners of the plates; where they are does not matter here."""
    sightings = {}
    for name in names:
        count = MOUNTS[name].board.corner_count
        sightings[name] = Sighting(
            name="", ids=np.arange(count), pixels=np.zeros((count, 2)), size_px=(1, 1)
        )
    return JointView(name="", servo_rad=pose, sightings=sightings)


def _in_order(base: FloatArray, poses: Sequence[FloatArray]) -> list[FloatArray]:
    """The nearest pose next, each time."""
    left, here, found = list(poses), base, []
    while left:
        far = [float(np.abs(pose - here).max()) for pose in left]
        here = left.pop(int(np.argmin(far)))
        found.append(here)
    return found


def head_poses(side: int = 5) -> list[FloatArray]:
    """Pan and tilt over most of their range, back and forth, from the base pose.

    The first one looks straight ahead; `side` squared follow.
    """
    pan, tilt = (JOINT_NAMES.index(name) for name in _HEAD_JOINTS)
    base = base_pose()
    middle = base.copy()
    middle[pan], middle[tilt] = 0.0, -0.35
    found = [middle]
    for number, tilt_rad in enumerate(np.linspace(-0.57, -0.06, side)):
        pans = np.linspace(-0.45, 0.45, side)
        for pan_rad in pans if number % 2 == 0 else pans[::-1]:
            pose = base.copy()
            pose[pan], pose[tilt] = pan_rad, tilt_rad
            found.append(pose)
    return found
