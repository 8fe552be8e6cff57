"""A robot's own true state for critics: what its sensors do not tell."""

from typing import Any

from robot import rotations
from robot.contracts.policy import ObservationTerm
from sim.tasks.view import RobotView

Array = Any

STAND_HEIGHT_M = 0.236
"""Torso above the floor in the stand pose, as `sim.virtual_op3` measures it."""


def critic_term(
    name: str,
    size: int,
    unit: str,
    frame: str,
    typical: float = 1.0,
    mean: tuple[float, ...] = (),
) -> ObservationTerm:
    """A term of a critic's group; `typical` becomes 1."""
    return ObservationTerm(
        name=name, size=size, unit=unit, frame=frame, mean=mean, std=(typical,) * size
    )


BODY_TERMS = (
    critic_term("velocity", 3, "m/s", "heading", 0.5),
    critic_term("height", 1, "m", "field", 0.1, (STAND_HEIGHT_M,)),
    critic_term("upright", 3, "1", "torso"),
    critic_term("turn_rate", 3, "rad/s", "torso", 2.0),
    critic_term("joint_angle", 20, "rad", "joint", 0.5),
    critic_term("joint_velocity", 20, "rad/s", "joint", 3.0),
    critic_term("torque", 20, "N m", "joint", 2.0),
    critic_term("contact", 2, "1", "none"),
    critic_term("sole_height", 2, "m", "field", 0.05),
)
"""Without noise and delay: torso velocity, height, gravity and turn rate, joints,
servo torques, soles on the floor (1 or 0) and above it."""

EPISODE_TERMS = (
    critic_term("floor_friction", 1, "1", "none", 0.25, (0.75,)),
    critic_term("added_mass_kg", 1, "kg", "none", 0.25, (0.25,)),
    critic_term("servo_gain", 1, "1", "none", 0.1, (1.0,)),
    critic_term("torque_limit", 1, "1", "none", 0.1, (1.0,)),
    critic_term("battery", 1, "1", "none", 0.1, (1.0,)),
    critic_term("observation_delay_steps", 1, "1", "none", 4.0),
    critic_term("action_delay_steps", 1, "1", "none", 2.0),
)
"""What randomization drew for this episode; the core fills them in by name."""


def body_terms(robots: RobotView) -> dict[str, Array]:
    """`BODY_TERMS` by name, [B, R, k] each."""
    dtype = robots.position_m.dtype
    return {
        "velocity": level(robots.velocity_m_s, robots.heading_rad),
        "height": robots.position_m[..., 2:],
        "upright": robots.gravity,
        "turn_rate": robots.gyro_rad_s,
        "joint_angle": robots.joint_rad,
        "joint_velocity": robots.joint_velocity_rad_s,
        "torque": robots.torque_nm,
        "contact": robots.contact.astype(dtype),
        "sole_height": robots.sole_height_m,
    }


def level(vector: Array, heading_rad: Array) -> Array:
    """[..., 3] pitch-frame vector seen from a heading; z stays."""
    xp = vector.__array_namespace__()
    turned = rotations.into_heading(vector[..., :2], heading_rad)
    return xp.concat([turned, vector[..., 2:]], axis=-1)
