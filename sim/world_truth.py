"""What is true in a simulated match: poses, falls, touches; and placing by hand."""

import math
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from robot import rotations
from sim.model_index import BallIndex
from sim.virtual_op3 import MatchWorld

ARMS = (
    "l_sho_roll_link",
    "l_el_link",
    "r_sho_roll_link",
    "r_el_link",
)
"""Bodies that count as arms and hands: upper arms and forearms."""
FALLEN_BELOW_M = 0.16
FALLEN_TILT_COS = 0.6
RISEN_AFTER_S = 1.0
"""A robot that gets up passes the thresholds several times; it is up when it has stayed
above them this long (project's choice)."""


@dataclass(frozen=True, kw_only=True)
class RobotTruth:
    """One robot, pitch frame.

    Attributes:
        name: in the arena.
        x_m, y_m, yaw_rad: of the torso over the floor.
        fallen: since the torso was lower than 0.16 m or tilted by more than 53 deg (cos
            0.6; it stands at 0.236 m), until it has been neither for `RISEN_AFTER_S`.
        touching_ball: some part of it has been in contact with the ball since the last
            look.
        hand_on_ball: one of its upper arms or forearms has.
    """

    name: str
    x_m: float
    y_m: float
    yaw_rad: float
    fallen: bool
    touching_ball: bool
    hand_on_ball: bool = False


class WorldTruth:
    """Reads a `MatchWorld` with a ball. Call `watch` after every advance."""

    def __init__(self, world: MatchWorld):
        """Raises ValueError for a world without a ball."""
        if world.arena.ball is None:
            raise ValueError("world truth: expected an arena with a ball, found none")
        self._world = world
        self._ball: BallIndex = world.arena.ball
        self._names = tuple(world.robots)
        self._owner = np.full(world.model.nbody, -1)
        self._arm = np.zeros(world.model.nbody, bool)
        for number, robot in enumerate(world.robots.values()):
            self._owner[list(robot.index.bodies)] = number
            for body in robot.index.bodies:
                name = world.model.body(body).name.removeprefix(robot.index.prefix)
                self._arm[body] = name in ARMS
        self._touched: set[str] = set()
        self._handled: set[str] = set()
        self._met: set[tuple[str, str]] = set()
        self._down_until_s = dict.fromkeys(world.robots, -math.inf)

    def watch(self) -> None:
        """Remember who touches the ball or another robot now."""
        data, model = self._world.data, self._world.model
        pairs = data.contact.geom[: data.ncon]
        bodies = model.geom_bodyid[pairs]
        owners = self._owner[bodies]
        for row in np.flatnonzero((pairs == self._ball.geom).any(axis=1)):
            for body, owner in zip(bodies[row], owners[row], strict=True):
                if owner >= 0:
                    self._touched.add(self._names[owner])
                    if self._arm[body]:
                        self._handled.add(self._names[owner])
        between = (owners >= 0).all(axis=1) & (owners[:, 0] != owners[:, 1])
        for first, second in owners[between]:
            low, high = sorted((int(first), int(second)))
            self._met.add((self._names[low], self._names[high]))

    def contacts(self) -> tuple[tuple[str, str], ...]:
        """Pairs of robots that have touched each other since the last call."""
        met, self._met = self._met, set()
        return tuple(sorted(met))

    def ball_xyz_m(self) -> tuple[float, float, float]:
        """Centre of the ball."""
        x, y, z = self._world.data.qpos[self._ball.qpos[:3]]
        return float(x), float(y), float(z)

    def robots(self) -> tuple[RobotTruth, ...]:
        """All robots; touches since the last call."""
        touched, self._touched = self._touched, set()
        handled, self._handled = self._handled, set()
        return tuple(
            replace(self._robot(name, name in touched), hand_on_ball=name in handled)
            for name in self._world.robots
        )

    def place_ball(self, x_m: float, y_m: float) -> None:
        """Put the ball at rest on the floor."""
        data = self._world.data
        radius = self._world.model.geom_size[self._ball.geom, 0]
        data.qpos[self._ball.qpos] = (x_m, y_m, radius, 1.0, 0.0, 0.0, 0.0)
        data.qvel[self._ball.qvel] = 0.0
        mujoco.mj_forward(self._world.model, data)

    def place_robot(self, name: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Put a robot on its feet; it counts as up at once."""
        self._world.place(name, x_m, y_m, yaw_rad)
        self._down_until_s[name] = -math.inf

    def _robot(self, name: str, touching: bool) -> RobotTruth:
        index = self._world.robots[name].index
        root = self._world.data.qpos[index.root_qpos]
        quat = np.asarray(root[3:])
        up = -float(rotations.gravity_direction(quat)[2])
        now_s = self._world.time_s
        if float(root[2]) < FALLEN_BELOW_M or up < FALLEN_TILT_COS:
            self._down_until_s[name] = now_s + RISEN_AFTER_S
        return RobotTruth(
            name=name,
            x_m=float(root[0]),
            y_m=float(root[1]),
            yaw_rad=float(rotations.yaw(quat)),
            fallen=now_s < self._down_until_s[name],
            touching_ball=touching,
        )
