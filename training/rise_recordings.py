"""Moments at which a get-up gives way to the walk, for walks that begin there."""

from dataclasses import replace

import jax
import numpy as np

from sim.env import EnvConfig, Environment
from sim.tasks.rise import RiseTask
from sim.tasks.walking_starts import WalkingState
from training.bundle_network import read_network
from training.run_folder import RunError
from training.walk_recordings import moments_of

_UPRIGHT = float(np.cos(0.4))
"""Cosine of the tilt below which the robot on board counts as upright
(`robot.fall.FallConfig`)."""
_HELD_STEPS = 4
"""Of 25 ms for which it has to (`robot.skills.SkillConfig`)."""
_WITHIN_S = 3.0


def record_rises(bundle: str, *, worlds: int, seed: int) -> tuple[WalkingState, ...]:
    """Let lying robots get up, and note each as it first has stood for 0.1 s.

    Args:
        bundle: of the get-up, shipped (by its name) or in a folder.
        worlds: robots, each with its own randomization, without pushes.
        seed: of everything random.

    Returns:
        Up to one moment of each robot, with the gait clock at 0, as on board.

    Raises:
        RunError: no learned get-up there, or one of another task.
    """
    task = RiseTask()
    task = replace(task, starts=replace(task.starts, lying_share=1.0, tilted_share=0.0))
    network = read_network(bundle)
    if network.spec.observation != task.observation:
        raise RunError(
            f"{bundle}: expected a get-up that observes what the task rise does, found "
            f"{network.spec.observation}"
        )
    env = Environment(task, EnvConfig(num_envs=worlds, stagger=False), seed)
    act = jax.jit(network)
    state, moved = env.reset()
    held, noted = np.zeros(worlds, int), np.zeros(worlds, bool)
    quat_at = env.core.arena.robots[0].root_qpos[3:]
    found: list[WalkingState] = []
    for _ in range(round(_WITHIN_S / task.control_period_s)):
        actions = np.asarray(act(moved.observation))
        state, moved = env.step(state, actions, push_strength=0.0)
        _, x, y, _ = env.physics.qpos[:, quat_at].T
        # The third row and column of a rotation: how much of "up" the torso's z is.
        upright = 1 - 2 * (x * x + y * y) > _UPRIGHT
        held = np.where(upright, held + 1, 0)
        ready = (held == _HELD_STEPS) & ~noted
        if ready.any():
            all_now = moments_of(env, np.zeros((worlds, 1)), state.targets_rad, 1.0)
            found += [all_now[row] for row in np.flatnonzero(ready)]
            noted |= ready
    env.close()
    return tuple(found)
