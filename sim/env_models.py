"""What an episode's draw makes of a model's numbers, and their way into one."""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from sim.arena import Arena
from sim.env_parameters import EpisodeParameters
from sim.model_index import BallIndex
from sim.pitch import FLOOR
from sim.robot_model import IMU_SITE

Array = Any


@dataclass(frozen=True, kw_only=True)
class BallFields:
    """The ball's numbers, [...] each; the inertia is the same about all axes."""

    mass_kg: Array
    inertia: Array
    radius_m: Array
    rolling_m: Array


@dataclass(frozen=True, kw_only=True)
class ModelFields:
    """The numbers of a model that episodes change; leading axis [B] where drawn.

    Attributes:
        friction: [...] sliding, between floor and robots.
        gain: [..., R, 20] `actuator_gainprm[:, 0]`, Nm/rad.
        force_limit_nm: [..., R, 20] upper end of `actuator_forcerange`.
        torso_mass_kg, torso_com_m: [..., R] and [..., R, 3].
        torso_inertia: [..., R, 3] about the principal axes.
        imu_m: [..., R, 3] the IMU's site in the torso frame.
        ball: None without one.
    """

    friction: Array
    gain: Array
    force_limit_nm: Array
    torso_mass_kg: Array
    torso_com_m: Array
    torso_inertia: Array
    imu_m: Array
    ball: BallFields | None


@dataclass(frozen=True, kw_only=True)
class ModelPlaces:
    """Where in a model `ModelFields` go.

    Attributes:
        surfaces: geoms of the floor and of all robots.
        actuators: [R, 20] canonical order.
        torsos, imus: [R] bodies and sites.
        torso_axes: [R, 3, 3] principal axes to torso frame.
        ball: None without one.
    """

    surfaces: np.ndarray
    actuators: np.ndarray
    torsos: np.ndarray
    torso_axes: np.ndarray
    imus: np.ndarray
    ball: BallIndex | None


def model_places(arena: Arena) -> ModelPlaces:
    """Resolve the ids by name."""
    model = arena.model
    torsos = np.array([robot.torso_body for robot in arena.robots])
    return ModelPlaces(
        surfaces=np.array([model.geom(FLOOR).id, *_robot_geoms(arena)]),
        actuators=np.stack([robot.actuators for robot in arena.robots]),
        torsos=torsos,
        torso_axes=np.stack([_matrix(model.body_iquat[torso]) for torso in torsos]),
        imus=np.array(
            [model.site(robot.prefix + IMU_SITE).id for robot in arena.robots]
        ),
        ball=arena.ball,
    )


def nominal_fields(arena: Arena, places: ModelPlaces) -> ModelFields:
    """As compiled, no batch axis."""
    model = arena.model
    return ModelFields(
        # Of two touching geoms MuJoCo takes the larger coefficient.
        friction=model.geom_friction[places.surfaces, 0].max(),
        gain=model.actuator_gainprm[places.actuators, 0],
        force_limit_nm=model.actuator_forcerange[places.actuators, 1],
        torso_mass_kg=model.body_mass[places.torsos],
        torso_com_m=model.body_ipos[places.torsos],
        torso_inertia=model.body_inertia[places.torsos],
        imu_m=model.site_pos[places.imus],
        ball=None if places.ball is None else _nominal_ball(model, places.ball),
    )


def _nominal_ball(model: mujoco.MjModel, ball: BallIndex) -> BallFields:
    return BallFields(
        mass_kg=model.body_mass[ball.body],
        inertia=model.body_inertia[ball.body, 0],
        radius_m=model.geom_size[ball.geom, 0],
        rolling_m=model.geom_friction[ball.geom, 2],
    )


def randomized_fields(
    base: ModelFields, places: ModelPlaces, drawn: EpisodeParameters
) -> ModelFields:
    """`base` (no batch axis) under the draws `drawn`, [B, ...] each."""
    total, com, inertia = _loaded_torso(base, places, drawn)
    return ModelFields(
        friction=drawn.floor_friction,
        gain=base.gain * drawn.strength[..., None],
        force_limit_nm=base.force_limit_nm * drawn.stall[..., None],
        torso_mass_kg=total,
        torso_com_m=com,
        torso_inertia=inertia,
        imu_m=base.imu_m + drawn.imu_shift_m,
        ball=None if base.ball is None else _randomized_ball(base.ball, drawn),
    )


def _randomized_ball(base: BallFields, drawn: EpisodeParameters) -> BallFields:
    mass, radius = drawn.ball_mass, drawn.ball_radius
    return BallFields(
        mass_kg=base.mass_kg * mass,
        # A shell's inertia goes with mass and squared radius.
        inertia=base.inertia * mass * radius**2,
        radius_m=base.radius_m * radius,
        # A length, so that the deceleration depends on the rolling factor alone.
        rolling_m=base.rolling_m * drawn.ball_rolling * radius,
    )


def loaded_com(base: ModelFields, drawn: EpisodeParameters) -> Array:
    """[B, R, 3] the torso's centre of mass with the added mass, torso frame."""
    share = drawn.added_mass_kg / (base.torso_mass_kg + drawn.added_mass_kg)
    return base.torso_com_m + share[..., None] * (drawn.mass_point_m - base.torso_com_m)


def _loaded_torso(
    base: ModelFields, places: ModelPlaces, drawn: EpisodeParameters
) -> tuple[Array, Array, Array]:
    """Mass, centre and principal inertia of the torso with the added point mass.

    The principal axes stay: what the mass adds off the diagonal is left out.
    """
    mass, added = base.torso_mass_kg, drawn.added_mass_kg
    total = mass + added
    arm = drawn.mass_point_m - base.torso_com_m
    # Two-body formula: reduced mass times squared distance from each axis.
    xp = arm.__array_namespace__()
    along = xp.sum(arm[..., :, None] * places.torso_axes, axis=-2) ** 2
    across = xp.sum(along, axis=-1, keepdims=True) - along
    reduced = (mass * added / total)[..., None]
    return total, loaded_com(base, drawn), base.torso_inertia + reduced * across


def write_fields(
    model: mujoco.MjModel, places: ModelPlaces, fields: ModelFields, row: int
) -> None:
    """Set `model` to row `row`; MuJoCo's derived constants still need `mj_setConst`."""
    # On both sides of the contact: of the two MuJoCo takes the larger.
    model.geom_friction[places.surfaces, 0] = fields.friction[row]
    model.actuator_gainprm[places.actuators, 0] = fields.gain[row]
    model.actuator_biasprm[places.actuators, 1] = -fields.gain[row]
    model.actuator_forcerange[places.actuators, 0] = -fields.force_limit_nm[row]
    model.actuator_forcerange[places.actuators, 1] = fields.force_limit_nm[row]
    model.body_mass[places.torsos] = fields.torso_mass_kg[row]
    model.body_ipos[places.torsos] = fields.torso_com_m[row]
    model.body_inertia[places.torsos] = fields.torso_inertia[row]
    model.site_pos[places.imus] = fields.imu_m[row]
    if fields.ball is not None and places.ball is not None:
        _write_ball(model, places.ball, fields.ball, row)


def _write_ball(
    model: mujoco.MjModel, ball: BallIndex, fields: BallFields, row: int
) -> None:
    radius_m = fields.radius_m[row]
    model.body_mass[ball.body] = fields.mass_kg[row]
    model.body_inertia[ball.body] = fields.inertia[row]
    model.geom_size[ball.geom, 0] = radius_m
    model.geom_rbound[ball.geom] = radius_m
    model.geom_aabb[ball.geom, 3:] = radius_m
    model.geom_friction[ball.geom, 2] = fields.rolling_m[row]
    # The bounding volume of the body that holds only this geom.
    model.bvh_aabb[model.body_bvhadr[ball.body], 3:] = radius_m


def _robot_geoms(arena: Arena) -> list[int]:
    bodies = {body for robot in arena.robots for body in robot.bodies}
    owner = arena.model.geom_bodyid
    return [geom for geom in range(arena.model.ngeom) if int(owner[geom]) in bodies]


def _matrix(quat_wxyz: np.ndarray) -> np.ndarray:
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quat_wxyz)
    return flat.reshape(3, 3)
