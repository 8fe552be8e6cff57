"""What skills that run on board observe and move: terms the robot has today.

All skills of one player share this interface, so that the runtime builds one
proprioception for all of them. Scales are fixed: a typical value comes out near 1, and
no running statistics have to be shipped or can drift.
"""

from typing import Any

from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec, ObservationTerm
from robot.observation import GAME_TERM_SIZES, TERM_SIZES
from sim.tasks.task import Random
from sim.tasks.view import STAND_RAD

Array = Any

LIMBS = 18
"""Joints before the head's two, in canonical order: arms and legs."""
_HEAD = OP3_JOINTS[LIMBS:]
_STAND = tuple(STAND_RAD)
_SPREAD = (0.3,) * len(JOINT_NAMES)


def proprioception(history: int) -> tuple[ObservationTerm, ...]:
    """46 numbers per step: gyro, gravity, joint angles and the targets sent."""
    return (
        term("gyro", "rad/s", "torso", std=(1.5,) * 3, history=history),
        term(
            "gravity",
            "1",
            "torso",
            mean=(0.0, 0.0, -1.0),
            std=(0.2,) * 3,
            history=history,
        ),
        term(
            "joint_position", "rad", "joint", mean=_STAND, std=_SPREAD, history=history
        ),
        term(
            "previous_target", "rad", "joint", mean=_STAND, std=_SPREAD, history=history
        ),
    )


def term(
    name: str,
    unit: str,
    frame: str,
    mean: tuple[float, ...] = (),
    std: tuple[float, ...] = (),
    history: int = 1,
) -> ObservationTerm:
    """One term, its size from `robot.observation`."""
    return ObservationTerm(
        name=name,
        size=(TERM_SIZES | GAME_TERM_SIZES)[name],
        unit=unit,
        frame=frame,
        history=history,
        mean=mean,
        std=std,
    )


def limb_action(scale_rad: float, filter_keep: float) -> ActionSpec:
    """Offsets from the stand pose for arms and legs; the head is the tactics'."""
    joints = OP3_JOINTS[:LIMBS]
    return ActionSpec(
        joints=JOINT_NAMES[:LIMBS],
        default_rad=tuple(joint.stand_rad for joint in joints),
        scale_rad=(scale_rad,) * LIMBS,
        min_rad=tuple(joint.min_rad for joint in joints),
        max_rad=tuple(joint.max_rad for joint in joints),
        filter_keep=filter_keep,
    )


def head_targets(random: Random, count: int) -> Array:
    """[count, 1, 2] rad, anywhere in the head's limits."""
    draw = random.uniform((count, 1, len(_HEAD)))
    xp = draw.__array_namespace__()
    low = xp.asarray([joint.min_rad for joint in _HEAD], dtype=draw.dtype)
    high = xp.asarray([joint.max_rad for joint in _HEAD], dtype=draw.dtype)
    return low + (high - low) * draw
