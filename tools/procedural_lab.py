"""A lab that never was, filmed as a phone would: pictures, tag layout and the truth.

MuJoCo draws a room of `tools.procedural_room`. Everything after that is the real path:
`op3-soccer scene capture` and `scene fit` see only the pictures and the layout.
"""

import argparse
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.field import FieldSpec
from tools.procedural_room import LABS, TAG_SIZE_M, Lab, build, tag_poses

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Phone:
    """The camera and its walk.

    Attributes:
        size_px: width, height of the pictures.
        focal_px: of both axes.
        distortion: k1, k2, p1, p2.
        views: pictures altogether.
        exposure: standard deviation of a picture's brightness, as a share.
    """

    size_px: tuple[int, int] = (640, 480)
    focal_px: float = 470.0
    distortion: tuple[float, float, float, float] = (0.05, -0.04, 0.0005, -0.0003)
    views: int = 150
    exposure: float = 0.02


def reference(field: FieldSpec) -> dict[str, object]:
    """The layout as `op3-soccer scene capture --reference` reads it."""
    return {
        "family": "36h11",
        "tags": [
            {
                "id": number,
                "size_m": TAG_SIZE_M,
                "centre_m": pose[:3, 3].tolist(),
                "right": pose[:3, 0].tolist(),
                "up": pose[:3, 1].tolist(),
            }
            for number, pose in enumerate(tag_poses(field))
        ],
    }


def walk(views: int, seed: int) -> Floats:
    """[V, 4, 4] OpenCV cameras in the pitch frame: once around, then inside.

    Five rounds: outside looking in, and on the pitch at a robot's height and above it,
    looking outward, ahead, across and back.
    """
    noise = np.random.default_rng(seed)
    # radii (m), height (m), look: angle from outward (rad), downward tilt (rad), start
    rounds = (
        ((3.3, 2.75), 1.35, math.pi, 0.36, 0.0),
        ((1.7, 1.25), 0.55, 0.45, 0.12, 0.0),
        ((1.1, 0.8), 0.75, math.pi - 0.5, 0.22, 0.4),
        ((1.9, 1.4), 0.45, math.pi / 2, 0.10, 0.2),
        ((1.5, 1.1), 1.15, -0.35, 0.42, 0.0),
    )
    share = np.array([0.22, 0.2, 0.19, 0.2, 0.19])
    counts = np.diff(np.round(np.concatenate([[0], np.cumsum(share)]) * views)).astype(
        int
    )
    poses = []
    for (radii, height, look, tilt, start), count in zip(rounds, counts, strict=True):
        for step in range(count):
            angle = start + 2 * math.pi * step / count
            sway = noise.normal(0, 0.02, 3)
            at = np.array(
                [radii[0] * math.cos(angle), radii[1] * math.sin(angle), height]
            )
            at += sway + np.array([0, 0, 0.08 * math.sin(3 * angle)])
            yaw = angle + look + 0.25 * math.sin(2 * angle) + noise.normal(0, 0.02)
            poses.append(_looking(at, yaw, -tilt + noise.normal(0, 0.03)))
    return np.stack(poses)


def film(lab: Lab, folder: Path, phone: Phone, field: FieldSpec | None = None) -> None:
    """Write `folder/video/*.jpg`, `reference.json` and `truth.npz`.

    `truth.npz` holds the poses [V, 4, 4], camera matrix and distortion; only tests read
    it.
    """
    field = field or FieldSpec()
    model = build(lab, field)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    video = folder / "video"
    video.mkdir(parents=True, exist_ok=True)
    poses = walk(phone.views, lab.seed)
    noise = np.random.default_rng(lab.seed + 100)
    lens = _Lens(phone)
    with mujoco.Renderer(model, lens.height, lens.width) as renderer:
        camera = mujoco.MjvCamera()
        option = mujoco.MjvOption()
        for index, pose in enumerate(poses):
            renderer.update_scene(data, camera, option)
            _aim(renderer.scene, pose, lens)
            picture = lens.bend(renderer.render()).astype(np.float32)
            picture *= 1 + phone.exposure * noise.standard_normal()
            picture += noise.normal(0, 1.5, picture.shape)
            cv2.imwrite(
                str(video / f"{index:05d}.jpg"),
                np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1],
                [cv2.IMWRITE_JPEG_QUALITY, 94],
            )
    (folder / "reference.json").write_text(
        json.dumps(reference(field), indent=1) + "\n", encoding="utf-8"
    )
    np.savez(
        folder / "truth.npz",
        poses=poses,
        matrix=lens.matrix,
        distortion=np.array(phone.distortion),
    )


class _Lens:
    """A pinhole picture with margin, bent to the phone's distortion."""

    def __init__(self, phone: Phone):
        width, height = phone.size_px
        self.width, self.height = (
            int(width * 1.25) // 2 * 2,
            int(height * 1.25) // 2 * 2,
        )
        self.focal_px = phone.focal_px
        self.matrix = np.array(
            [
                [phone.focal_px, 0, (width - 1) / 2],
                [0, phone.focal_px, (height - 1) / 2],
                [0, 0, 1],
            ]
        )
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        px = np.stack([columns, rows], -1).reshape(-1, 1, 2).astype(np.float64)
        flat = cv2.undistortPoints(px, self.matrix, np.array(phone.distortion))
        flat = flat.reshape(height, width, 2) * phone.focal_px
        self._u = (flat[..., 0] + (self.width - 1) / 2).astype(np.float32)
        self._v = (flat[..., 1] + (self.height - 1) / 2).astype(np.float32)

    def bend(self, picture: Image) -> Image:
        return cv2.remap(picture, self._u, self._v, cv2.INTER_LINEAR)  # type: ignore[return-value]


def _aim(scene: mujoco.MjvScene, pose: Floats, lens: _Lens) -> None:
    near = 0.01
    for eye in scene.camera:
        eye.pos[:] = pose[:3, 3]
        eye.forward[:] = pose[:3, 2]
        eye.up[:] = -pose[:3, 1]
        eye.frustum_near, eye.frustum_far = near, 50.0
        eye.frustum_center = 0.0
        eye.frustum_top = near * lens.height / 2 / lens.focal_px
        eye.frustum_bottom = -eye.frustum_top
        eye.frustum_width = near * lens.width / 2 / lens.focal_px


def _looking(at: Floats, yaw: float, pitch: float) -> Floats:
    forward = np.array(
        [
            math.cos(yaw) * math.cos(pitch),
            math.sin(yaw) * math.cos(pitch),
            math.sin(pitch),
        ]
    )
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=-1)
    pose[:3, 3] = at
    return pose


def main() -> None:
    """Film one lab."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[lab.name for lab in LABS])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--views", type=int, default=Phone().views)
    args = parser.parse_args()
    (lab,) = [one for one in LABS if one.name == args.name]
    film(lab, args.folder, replace(Phone(), views=args.views))


if __name__ == "__main__":
    main()
