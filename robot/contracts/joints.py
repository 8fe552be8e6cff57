"""The OP3's twenty joints: names, servo ids, limits and the pose it stands in.

Order everywhere outside the simulator: servo id, ascending. The MuJoCo model lists its
actuators in another order, so every package maps by name.

Sign convention: servo angle, URDF angle and MuJoCo `qpos` agree for all joints; zero is
the T-pose (arms out, legs straight).
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class JointSpec:
    """One joint of the robot.

    Attributes:
        name: joint name, the same in URDF, MuJoCo and here.
        servo_id: Dynamixel id on the bus.
        min_rad: lowest position target (arXiv:2304.13653, Table S1).
        max_rad: highest position target (same table).
        stand_rad: angle in the bent-knee stand all skills start from and end in.
    """

    name: str
    servo_id: int
    min_rad: float
    max_rad: float
    stand_rad: float

    def __post_init__(self) -> None:
        if not self.min_rad <= self.stand_rad <= self.max_rad:
            raise ValueError(
                f"joint {self.name}: stand pose {self.stand_rad} rad lies outside "
                f"[{self.min_rad}, {self.max_rad}]"
            )


def _pair(
    name: str, right_id: int, left_range: tuple[float, float], left_stand: float
) -> tuple[JointSpec, JointSpec]:
    """Right and left joint; the right one mirrors the left one's range and pose."""
    low, high = left_range
    right = JointSpec(
        name=f"r_{name}",
        servo_id=right_id,
        min_rad=-high,
        max_rad=-low,
        stand_rad=-left_stand,
    )
    left = JointSpec(
        name=f"l_{name}",
        servo_id=right_id + 1,
        min_rad=low,
        max_rad=high,
        stand_rad=left_stand,
    )
    return right, left


OP3_JOINTS: tuple[JointSpec, ...] = (
    *_pair("sho_pitch", 1, (-2.2, 2.2), 0.0),
    *_pair("sho_roll", 3, (-0.8, 1.6), 1.1),
    *_pair("el", 5, (-1.4, 0.2), -0.5),
    *_pair("hip_yaw", 7, (-0.3, 0.3), 0.0),
    *_pair("hip_roll", 9, (-0.4, -0.1), -0.12),
    *_pair("hip_pitch", 11, (-1.6, 0.5), -0.65),
    *_pair("knee", 13, (-0.2, 2.2), 1.2),
    *_pair("ank_pitch", 15, (-0.4, 1.8), 0.6),
    *_pair("ank_roll", 17, (-0.4, 0.4), -0.12),
    JointSpec(name="head_pan", servo_id=19, min_rad=-0.79, max_rad=0.79, stand_rad=0.0),
    JointSpec(
        name="head_tilt", servo_id=20, min_rad=-0.63, max_rad=-0.16, stand_rad=-0.4
    ),
)

JOINT_NAMES: tuple[str, ...] = tuple(joint.name for joint in OP3_JOINTS)
"""All joint names in canonical (servo id) order."""


def mirror_of(name: str) -> str:
    """Name of the joint on the other side; head joints are their own mirror."""
    swap = {"l_": "r_", "r_": "l_"}
    return swap.get(name[:2], name[:2]) + name[2:]
