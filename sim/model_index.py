"""Where named things lie in MuJoCo's arrays, resolved once per compiled model."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES
from sim.robot_model import CAMERA, FEET, TORSO

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RobotIndex:
    """One robot. Joint arrays are in canonical (servo id) order.

    Attributes:
        prefix: of all its names.
        root_qpos: [7] position and quaternion (wxyz) of the torso.
        root_qvel: [6] linear (world) and angular (torso) velocity.
        joint_qpos: [20] indices into qpos.
        joint_qvel: [20] indices into qvel.
        actuators: [20] indices into ctrl.
        torso_body: body id.
        bodies: ids of all its bodies, torso first.
        camera: id of the head camera.
        sensors: sensor name without prefix -> indices into sensordata.
    """

    prefix: str
    root_qpos: IntArray
    root_qvel: IntArray
    joint_qpos: IntArray
    joint_qvel: IntArray
    actuators: IntArray
    torso_body: int
    bodies: tuple[int, ...]
    camera: int
    sensors: dict[str, IntArray]


@dataclass(frozen=True, kw_only=True)
class RobotColumns:
    """Where R robots' numbers lie, side by side: one indexing reads them all.

    Attributes:
        root_qpos, root_qvel: [R, 7] and [R, 6].
        joint_qpos, joint_qvel: [R, 20] each.
        touch: [R, 2] indices into sensordata, left and right sole.
        sole_position, sole_velocity: [R, 2, 3], likewise.
    """

    root_qpos: IntArray
    root_qvel: IntArray
    joint_qpos: IntArray
    joint_qvel: IntArray
    touch: IntArray
    sole_position: IntArray
    sole_velocity: IntArray


@dataclass(frozen=True, kw_only=True)
class BallIndex:
    """The ball's free joint, body and geom."""

    qpos: IntArray
    qvel: IntArray
    body: int
    geom: int


def index_robot(model: mujoco.MjModel, prefix: str) -> RobotIndex:
    """Resolve all names of the robot with `prefix`; KeyError if one is missing."""
    torso = model.body(prefix + TORSO)
    root = int(torso.jntadr[0])
    joints = [model.joint(prefix + name) for name in JOINT_NAMES]
    actuators = [model.actuator(f"{prefix}{name}_act").id for name in JOINT_NAMES]
    bodies = [
        body
        for body in range(model.nbody)
        if model.body_rootid[body] == model.body_rootid[torso.id]
    ]
    return RobotIndex(
        prefix=prefix,
        root_qpos=model.jnt_qposadr[root] + np.arange(7),
        root_qvel=model.jnt_dofadr[root] + np.arange(6),
        joint_qpos=np.array([joint.qposadr[0] for joint in joints]),
        joint_qvel=np.array([joint.dofadr[0] for joint in joints]),
        actuators=np.array(actuators),
        torso_body=int(torso.id),
        bodies=tuple(bodies),
        camera=int(model.camera(prefix + CAMERA).id),
        sensors=_index_sensors(model, prefix),
    )


def stack_robots(robots: tuple[RobotIndex, ...]) -> RobotColumns:
    """The columns of `robots`, in their order."""

    def soles(kind: str) -> IntArray:
        return np.stack(
            [[robot.sensors[f"{foot}_{kind}"] for foot in FEET] for robot in robots]
        )

    return RobotColumns(
        root_qpos=np.stack([robot.root_qpos for robot in robots]),
        root_qvel=np.stack([robot.root_qvel for robot in robots]),
        joint_qpos=np.stack([robot.joint_qpos for robot in robots]),
        joint_qvel=np.stack([robot.joint_qvel for robot in robots]),
        touch=soles("touch")[..., 0],
        sole_position=soles("position"),
        sole_velocity=soles("velocity"),
    )


def index_ball(model: mujoco.MjModel) -> BallIndex:
    """Resolve the ball."""
    joint = model.joint("ball")
    return BallIndex(
        qpos=int(joint.qposadr[0]) + np.arange(7),
        qvel=int(joint.dofadr[0]) + np.arange(6),
        body=int(model.body("ball").id),
        geom=int(model.geom("ball").id),
    )


def _index_sensors(model: mujoco.MjModel, prefix: str) -> dict[str, IntArray]:
    names = ["gyro", "accelerometer", "velocimeter", "up", "forward", "torso_position"]
    names += [f"{foot}_{kind}" for foot in FEET for kind in _FOOT_SENSORS]
    found = {}
    for name in names:
        sensor = model.sensor(prefix + name)
        found[name] = int(sensor.adr[0]) + np.arange(int(sensor.dim[0]))
    return found


_FOOT_SENSORS = ("touch", "position", "velocity")
