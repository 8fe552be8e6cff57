"""What two robots' heads see in a scene, as a policy gets it, and in MuJoCo.

python -m tools.scene_heads SCENE OUT.jpg
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cli.scene_pictures import ScenePainter
from nerf_render.scene_file import Scene, read_scene
from robot.contracts.camera import pinhole
from robot.contracts.joints import JOINT_NAMES
from sim.arena import Arena, match_arena
from sim.renderer import ArenaRenderer, RenderConfig
from sim.tasks.view import STAND_RAD

_LARGE_PX, _POLICY_PX = (320, 240), (40, 30)
_TORSO_M = 0.265
# Of each robot: x, y (m), yaw (rad), head tilt (rad). The ball lies in the middle.
_PLACES = ((-1.1, 0.35, -0.25, -0.45), (1.6, -0.5, 2.75, -0.2))
_BALL_M = (-0.35, 0.1, 0.07)
_HEAD_TILT = JOINT_NAMES.index("head_tilt")


def heads(scene: Scene) -> NDArray[np.uint8]:
    """[2 h, 3 w, 3] RGB: a row per robot; composite, 40 x 30, MuJoCo."""
    arena = match_arena()
    qpos = _state(arena)
    fovy = math.radians(float(arena.model.cam_fovy[arena.robots[0].camera]))
    large, policy = (
        ScenePainter(arena, [scene], pinhole(*size, fovy), fine=2)
        for size in (_LARGE_PX, _POLICY_PX)
    )
    rows = []
    with ArenaRenderer(arena, RenderConfig(head_px=_LARGE_PX)) as renderer:
        renderer.pose(qpos)
        for robot in range(2):
            small = policy.picture(qpos, robot)
            seen = (
                large.picture(qpos, robot),
                cv2.resize(small, _LARGE_PX, interpolation=cv2.INTER_NEAREST),
                renderer.head_camera(robot),
            )
            rows.append(np.hstack(seen))
    return np.vstack(rows)


def write_heads(scene: Scene, path: Path) -> None:
    """As JPEG."""
    picture = np.ascontiguousarray(heads(scene)[..., ::-1])
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def _state(arena: Arena) -> NDArray[np.float64]:
    qpos = arena.model.qpos0.copy()
    assert arena.ball is not None
    qpos[arena.ball.qpos[:3]] = _BALL_M
    for robot, (x, y, yaw, tilt) in zip(arena.robots, _PLACES, strict=True):
        turn = [math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)]
        qpos[robot.root_qpos] = [x, y, _TORSO_M, *turn]
        qpos[robot.joint_qpos] = STAND_RAD
        qpos[robot.joint_qpos[_HEAD_TILT]] = tilt
    return qpos


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    write_heads(read_scene(args.scene), args.out)


if __name__ == "__main__":
    main()
