"""The virtual robot's surroundings: boards, its camera's pictures, a helping hand."""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec
from calibration.geometry.chain import HEAD, op3_chain
from calibration.geometry.clearance import rays_hit
from calibration.geometry.mounts import MOUNTS, STAND
from calibration.geometry.rigid import FloatArray, Pose
from firmware_bridge.clock import Clock
from robot.camera.source import CameraStatistics, CapturedFrame
from robot.contracts.joints import JOINT_NAMES
from sim.board_view import BoardPainter, PlacedBoard
from sim.hidden_body import HungWorld
from sim.hidden_op3 import HiddenTruth

_TEXTURE_PX = 48
"""Per square: finer than any picture shows it."""
_HULLS = np.array([0, 0, 0, 1, 0, 0], np.uint8)
_PICTURES_HZ = 30.0
_BY_HAND_RAD = 0.05


class Stage:
    """What stands around one hidden robot, as a camera and a person meet it."""

    def __init__(self, world: HungWorld, truth: HiddenTruth, boards: Sequence[str]):
        """Fix the boards.

        Args:
            world: of the robot.
            truth: camera, lens and mounting errors.
            boards: names of the mounts that carry their board.
        """
        self._world = world
        self._truth = truth
        self._body = world.body
        self._prefix = self._body.index.prefix
        self._painter = BoardPainter(truth.lens)
        self._rng = np.random.default_rng([truth.seed, 2])
        self._boards = tuple(boards)
        self._stand = _stand_pose(self._rng)

    def picture(self) -> NDArray[np.uint8]:
        """[480, 640] grey, of now."""
        eye = self.camera()
        seen_from = eye.inverse()
        placed = [
            _placed(MOUNTS[name].board, seen_from @ self.board(name))
            for name in self._boards
        ]
        head = self._world.model.body(self._prefix + HEAD).id

        def hidden(points: FloatArray) -> NDArray[np.bool_]:
            data = self._world.data
            world = eye.points(points)
            return rays_hit(self._world.model, data, eye.position, world, head, _HULLS)

        return self._painter.paint(placed, self._rng, hidden)

    def camera(self) -> Pose:
        """True pose in the world."""
        nominal = op3_chain().camera
        return self._link(HEAD) @ nominal.moved(self._truth.camera)

    def board(self, name: str) -> Pose:
        """True pose in the world."""
        mount = MOUNTS[name]
        if mount.pose is None:
            return self._link(mount.link) @ self._stand
        return self._link(mount.link) @ mount.pose.moved(self._truth.plates[name])

    def hold_in_jig(self, joint: str, angle_rad: float) -> None:
        """A person puts a limp joint at an angle, as exactly as the jig allows."""
        number = JOINT_NAMES.index(joint)
        index = self._body.index
        truly = angle_rad + self._truth.jig_rad[number]
        self._world.data.qpos[index.joint_qpos[number]] = truly
        self._world.data.qvel[index.joint_qvel[number]] = 0.0
        self._settled()

    def put(self, joint_rad: FloatArray) -> None:
        """A person puts all limp joints about at these angles, [20]."""
        index = self._body.index
        loose = self._rng.normal(0, _BY_HAND_RAD, len(joint_rad))
        self._world.data.qpos[index.joint_qpos] = joint_rad + loose
        self._world.data.qvel[index.joint_qvel] = 0.0
        self._settled()

    def _settled(self) -> None:
        mujoco.mj_forward(self._world.model, self._world.data)
        self._body.moved()

    def _link(self, name: str) -> Pose:
        body = self._world.data.body(self._prefix + name)
        return Pose(body.xmat.reshape(3, 3).copy(), body.xpos.copy())


class StageCamera:
    """A `CameraSource`: a picture whenever one is asked for."""

    def __init__(self, stage: Stage, clock: Clock):
        self.stage = stage
        self._clock = clock
        self._count = 0

    def newest(self) -> CapturedFrame:
        self._count += 1
        grey = self.stage.picture()
        return CapturedFrame(
            image=np.repeat(grey[..., None], 3, axis=-1),
            captured_s=self._clock.now(),
            sequence=self._count,
        )

    def newest_s(self) -> float:
        return self._clock.now()

    def statistics(self) -> CameraStatistics:
        return CameraStatistics(frames=self._count, failures=0, rate_hz=_PICTURES_HZ)

    def close(self) -> None:
        """Nothing to close."""


def _placed(board: BoardSpec, pose: Pose) -> PlacedBoard:
    return PlacedBoard(
        picture=board.picture(_TEXTURE_PX),
        size_m=board.size_m,
        origin_m=board.picture_origin_m,
        rotation=pose.rotation,
        position_m=pose.position,
    )


def _stand_pose(rng: np.random.Generator) -> Pose:
    """The stand board in the torso's frame: before the head, leaning back, by hand."""
    width, height = MOUNTS[STAND].board.size_m
    lean = np.radians(65.0)
    # Seen from the robot: right is -y, down the picture is down and to the robot.
    right = np.array([0.0, -1.0, 0.0])
    down = np.array([-np.cos(lean), 0.0, -np.sin(lean)])
    turn = np.stack([right, down, np.cross(right, down)], axis=-1)
    middle = np.array([0.42, 0.0, 0.06])
    corner = middle - 0.5 * width * right - 0.5 * height * down
    loose = np.concatenate([rng.normal(0, 0.01, 3), rng.normal(0, 0.06, 3)])
    return Pose(turn, corner).moved(loose)
