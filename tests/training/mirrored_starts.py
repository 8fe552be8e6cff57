"""Any task, but its second environment starts as the first one's mirror image."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from robot.contracts.joints import JOINT_NAMES, mirror_of
from sim.tasks.task import Placement, Task

_ORDER = [JOINT_NAMES.index(mirror_of(name)) for name in JOINT_NAMES]
_SIGN = np.array([1.0 if name == "head_tilt" else -1.0 for name in JOINT_NAMES])
# Reflection in the pitch's xz plane: of a position and quaternion (wxyz), and of a
# velocity and an angular velocity.
_ROOT = np.array([1, -1, 1, 1, -1, 1, -1])
_ROOT_VELOCITY = np.array([1, -1, 1, -1, 1, -1])
_POINT = np.array([1, -1, 1])


@dataclass(frozen=True, kw_only=True)
class MirroredStarts:
    """Delegates to `task`; `begin` draws one episode and its mirror image."""

    task: Task

    def __getattr__(self, name: str) -> Any:
        return getattr(self.task, name)

    def begin(self, random: Any, count: int) -> tuple[Placement, Any]:
        assert count == 2
        placed, memory = self.task.begin(random, 1)
        return _joined(placed, mirrored_placement(placed)), _joined(
            memory, _mirrored_memory(memory)
        )


def mirrored_placement(placed: Placement) -> Placement:
    ball, velocity = placed.ball, placed.ball_velocity
    return replace(
        placed,
        root=placed.root * _ROOT,
        root_velocity=placed.root_velocity * _ROOT_VELOCITY,
        joint_rad=placed.joint_rad[..., _ORDER] * _SIGN,
        target_rad=placed.target_rad[..., _ORDER] * _SIGN,
        ball=None if ball is None else ball * _POINT,
        ball_velocity=None if velocity is None else velocity * _POINT,
    )


def _mirrored_memory(memory: Any) -> Any:
    rules = {
        "target_rad": lambda value: value[..., _ORDER] * _SIGN,
        "target_gravity": lambda value: value * _POINT,
        "robots_m": lambda value: value * _POINT[:2],
        "ball_m": lambda value: value * _POINT[:2],
        "switch_in_s": lambda value: value,
    }
    return replace(
        memory,
        **{f.name: rules[f.name](getattr(memory, f.name)) for f in fields(memory)},
    )


def _joined(first: Any, second: Any) -> Any:
    if is_dataclass(first) and not isinstance(first, type):
        pairs = {
            f.name: _joined(getattr(first, f.name), getattr(second, f.name))
            for f in fields(first)
        }
        return replace(first, **pairs)
    return None if first is None else np.concatenate([first, second])
