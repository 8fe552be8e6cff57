"""Postures that falls and get-ups pass through, recorded as starts of an episode.

Reference states are the cheapest curriculum there is: an episode that begins a moment
before the end of a get-up finds the reward by itself (arXiv:1804.02717 calls it
reference state initialization).
"""

import numpy as np

from sim.motion_tuning import FallConfig, throw
from sim.motion_world import BatchPolicy, MotionWorld, MotionWorldConfig, PolicyBatch
from sim.tasks.getup_starts import StartState

_RISES_S = 5.0
"""The slowest scripted get-up."""
_AIR_M = 0.005
"""Added to each height: bodies sink a little into a soft floor."""


def record_getups(
    policy: BatchPolicy, *, worlds: int, every_s: float, seed: int
) -> tuple[StartState, ...]:
    """Throw robots, let `policy` raise them, note their posture now and then.

    Args:
        policy: a get-up.
        worlds: robots thrown, each with its own friction, mass and stiffness.
        every_s: time between two notes; the first is taken where the fall ended.
        seed: of everything random.

    Returns:
        worlds x (1 + 5 s / every_s) postures.
    """
    world = MotionWorld(MotionWorldConfig(count=worlds, seed=seed))
    throw(world, FallConfig())
    batch = PolicyBatch((policy,), worlds)
    found = [_postures(world)]
    stride = max(1, round(every_s / world.period_s))
    for step in range(1, round(_RISES_S / world.period_s) + 1):
        world.step(batch.targets(world))
        if step % stride == 0:
            found.append(_postures(world))
    return tuple(state for states in found for state in states)


def _postures(world: MotionWorld) -> list[StartState]:
    gravity = -world.torso[:, 2, :]
    tilt = np.arccos(np.clip(-gravity[:, 2], -1.0, 1.0))
    toward = np.arctan2(gravity[:, 1], gravity[:, 0])
    joints = world.qpos[:, world.index.joint_qpos]
    rows = zip(world.height_m, tilt, toward, joints, strict=True)
    return [
        StartState(
            height_m=round(float(height) + _AIR_M, 4),
            tilt_rad=round(float(lean), 4),
            toward_rad=round(float(way), 4),
            joint_rad=tuple(round(float(angle), 3) for angle in angles),
        )
        for height, lean, way, angles in rows
    ]
