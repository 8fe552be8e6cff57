"""What was true during a trial, one row per physics step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from sim.model_index import BallIndex, RobotIndex
from sim.virtual_op3 import MatchWorld
from sim.world_truth import FALLEN_BELOW_M, FALLEN_TILT_COS

FloatArray = NDArray[np.float64]
SHOULDERS = ("l_sho_pitch_link", "r_sho_pitch_link")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One robot and the ball, pitch frame.

    Attributes:
        time_s: [T] since the start signal; ascending.
        position_m: [T, 2] torso.
        heading_rad: [T] of the torso, unwrapped.
        shoulder_m: [T] height of the lower shoulder joint.
        fallen: [T] bool, torso lower than 0.16 m or tilted by more than 53 deg, at that
            instant (`sim.world_truth`, without its hysteresis).
        ball_m: [T, 3] centre of the ball.
        touch: [T] bool, some part of the robot on the ball.
        bump: [T] bool, some part of the robot on another robot.
    """

    time_s: FloatArray
    position_m: FloatArray
    heading_rad: FloatArray
    shoulder_m: FloatArray
    fallen: NDArray[np.bool_]
    ball_m: FloatArray
    touch: NDArray[np.bool_]
    bump: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.time_s)
        wrong = [
            f"{name} {len(value)}"
            for name, value in vars(self).items()
            if len(value) != count
        ]
        if wrong or count == 0:
            raise ValueError(
                f"Trace: expected {max(count, 1)} rows in all arrays, found "
                f"{', '.join(wrong) or 'none'}"
            )


class TraceRecorder:
    """Reads a world with a ball once per physics step, from the start signal on.

    Attributes:
        rows: so far.
    """

    def __init__(self, world: MatchWorld, name: str):
        """Watch the robot `name`. Raises ValueError for a world without a ball."""
        if world.arena.ball is None:
            raise ValueError("trace: expected an arena with a ball, found none")
        self._world = world
        self._ball: BallIndex = world.arena.ball
        self._robot: RobotIndex = world.robots[name].index
        prefix = self._robot.prefix
        self._shoulders = [world.model.body(prefix + part).id for part in SHOULDERS]
        self._mine = np.zeros(world.model.nbody, bool)
        self._mine[list(self._robot.bodies)] = True
        self._others = np.zeros(world.model.nbody, bool)
        for other, robot in world.robots.items():
            if other != name:
                self._others[list(robot.index.bodies)] = True
        self._start_s = world.time_s
        self._rows: list[tuple[float, FloatArray, float, FloatArray, bool, bool]] = []
        self.add()

    def add(self) -> None:
        """One row: now."""
        data = self._world.data
        touch, bump = self._contacts()
        self._rows.append(
            (
                self._world.time_s - self._start_s,
                data.qpos[self._robot.root_qpos],
                float(data.xpos[self._shoulders, 2].min()),
                data.qpos[self._ball.qpos[:3]],
                touch,
                bump,
            )
        )

    def latest(self, seconds: float) -> Trace:
        """The last part of the trace so far."""
        count = round(seconds / self._world.model.opt.timestep) + 1
        return _trace(self._rows[-count:])

    def trace(self) -> Trace:
        """All of it so far."""
        return _trace(self._rows)

    def _contacts(self) -> tuple[bool, bool]:
        """On the ball, and on another robot."""
        data, model = self._world.data, self._world.model
        if not data.ncon:
            return False, False
        pairs = data.contact.geom[: data.ncon]
        bodies = model.geom_bodyid[pairs]
        mine = self._mine[bodies]
        ball = pairs == self._ball.geom
        others = self._others[bodies]
        touch = (mine & ball[:, ::-1]).any()
        bump = (mine & others[:, ::-1]).any()
        return bool(touch), bool(bump)


def _trace(
    rows: list[tuple[float, FloatArray, float, FloatArray, bool, bool]],
) -> Trace:
    times, roots, shoulders, balls, touches, bumps = zip(*rows, strict=True)
    root = np.stack(roots)
    up = -rotations.gravity_direction(root[:, 3:])[:, 2]
    return Trace(
        time_s=np.array(times),
        position_m=root[:, :2],
        heading_rad=np.unwrap(rotations.yaw(root[:, 3:])),
        shoulder_m=np.array(shoulders),
        fallen=(root[:, 2] < FALLEN_BELOW_M) | (up < FALLEN_TILT_COS),
        ball_m=np.stack(balls),
        touch=np.array(touches),
        bump=np.array(bumps),
    )
