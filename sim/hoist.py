"""A hand that holds a robot by its torso until it stands on its own feet."""

from dataclasses import replace

import mujoco
import numpy as np

from sim.arena import TORSO, Arena
from sim.virtual_op3 import MatchWorld

_NAME = "hoist"


def with_hoist(arena: Arena, robot: str) -> Arena:
    """`arena` with a weld between torso and world for `robot`, not gripping yet.

    Bodies, joints and sensors keep their places; only an equality constraint is new.

    Raises:
        KeyError: no robot of this name.
    """
    prefixes = {place.name: place.prefix for place in arena.config.robots}
    if robot not in prefixes:
        raise KeyError(f"expected one of {', '.join(prefixes)}, found {robot!r}")
    spec = arena.spec.copy()
    weld = spec.add_equality()
    weld.type = mujoco.mjtEq.mjEQ_WELD
    weld.objtype = mujoco.mjtObj.mjOBJ_BODY
    weld.name = f"{prefixes[robot]}{_NAME}"
    weld.name1 = f"{prefixes[robot]}{TORSO}"
    weld.name2 = "world"
    weld.active = False
    return replace(arena, spec=spec, model=spec.compile())


class Hoist:
    """Grips and releases one robot of a world built with `with_hoist`."""

    def __init__(self, world: MatchWorld, robot: str):
        """Nothing is gripped yet.

        Raises:
            KeyError: the world has no hoist for this robot.
        """
        self._model, self._data = world.model, world.data
        self._equality = world.model.equality(f"{robot}_{_NAME}").id
        self._torso = world.robots[robot].index.torso_body

    @property
    def holds(self) -> bool:
        """Whether the torso is held."""
        return bool(self._data.eq_active[self._equality])

    def grip(self) -> None:
        """Hold the torso where it is and as it is turned now."""
        turn = np.zeros(4)
        mujoco.mju_negQuat(turn, self._data.xquat[self._torso])
        # A weld's numbers: its point in the second body's frame (the world's), the same
        # point in the first body's (the torso's origin), the second body's rotation as
        # the first one sees it.
        weld = self._model.eq_data[self._equality]
        weld[0:3] = self._data.xpos[self._torso]
        weld[3:6] = 0.0
        weld[6:10] = turn
        self._data.eq_active[self._equality] = 1
        mujoco.mj_forward(self._model, self._data)

    def release(self) -> None:
        """Let go."""
        self._data.eq_active[self._equality] = 0
