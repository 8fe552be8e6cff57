"""Made-up worlds and replayed random numbers for task tests, in NumPy and JAX."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from sim.arena import Arena
from sim.tasks.poses import fall_gravity
from sim.tasks.task import Actions, Placement
from sim.tasks.view import BallView, RobotView, WorldView

WAYS = ((np, False), (jnp, False), (jnp, True))
"""NumPy, JAX as it comes, and JAX compiled: array namespace and whether to jit."""

NUMPY_AND_COMPILED = (WAYS[0], WAYS[2])


class Replay:
    """The same float32 numbers in every backend."""

    def __init__(self, xp: Any, seed: int = 0):
        self._xp, self._source = xp, np.random.default_rng(seed)

    def uniform(self, shape):
        return self._xp.asarray(self._source.random(shape, dtype=np.float32))

    def normal(self, shape):
        return self._xp.asarray(self._source.standard_normal(shape, dtype=np.float32))


class Given:
    """Uniform numbers chosen by a test, in the order they are asked for."""

    def __init__(self, *draws):
        self._draws = [np.asarray(draw, float) for draw in draws]

    def uniform(self, shape):
        draw = self._draws.pop(0)
        assert draw.shape == shape
        return draw

    def normal(self, shape):
        raise AssertionError("no normal number expected")


def world(*robots: dict[str, Any], ball=None, ball_velocity=(0, 0, 0)) -> WorldView:
    """One environment. Robots stand at rest at the origin unless they say otherwise.

    Keys of a robot: x, y, z, heading, tilt, toward, velocity (2 or 3 numbers), joints,
    and torque {column: N m}.
    """
    rows = [_robot(**robot) for robot in robots]
    view = RobotView(**{key: np.stack([r[key] for r in rows])[None] for key in rows[0]})
    if ball is None:
        return WorldView(robots=view, ball=None)
    return WorldView(
        robots=view,
        ball=BallView(
            position_m=np.array([ball], float),
            velocity_m_s=np.array([ball_velocity], float),
        ),
    )


def _robot(
    x=0.0,
    y=0.0,
    z=0.236,
    heading=0.0,
    tilt=0.0,
    toward=0.0,
    velocity=(0.0, 0.0, 0.0),
    joints=(0.0,) * 20,
    torque=None,
):
    torques = np.zeros(20)
    for column, value in (torque or {}).items():
        torques[column] = value
    return {
        "position_m": np.array([x, y, z], float),
        "yaw_rad": np.array(heading, float),
        "heading_rad": np.array(heading, float),
        "gravity": fall_gravity(np.array(tilt, float), np.array(toward, float)),
        "velocity_m_s": np.array([*velocity, 0.0][:3], float),
        "gyro_rad_s": np.zeros(3),
        "joint_rad": np.array(joints, float),
        "joint_velocity_rad_s": np.zeros(20),
        "torque_nm": torques,
        "contact": np.ones(2, bool),
        "sole_height_m": np.zeros(2),
        "sole_speed_m_s": np.zeros(2),
    }


def random_world(seed: int, count: int, robots: int, *, ball: bool) -> WorldView:
    """Anything that could be: on and off the pitch, upright and lying."""
    rng = np.random.default_rng(seed)

    def normal(*shape, size=1.0):
        return (size * rng.standard_normal((count, *shape))).astype(np.float32)

    place = normal(robots, 3, size=1.5)
    place[..., 2] = rng.uniform(0.08, 0.3, (count, robots))
    heading = rng.uniform(-math.pi, math.pi, (count, robots)).astype(np.float32)
    tilt = rng.uniform(0, 1.5, (count, robots)).astype(np.float32)
    toward = rng.uniform(0, 6.28, (count, robots)).astype(np.float32)
    ball_place = normal(3, size=1.5)
    # A quarter of the balls in each goal.
    quarter = count // 4
    ball_place[:quarter] = (2.7, 0.1, 0.07)
    ball_place[quarter : 2 * quarter] = (-2.7, 0.1, 0.07)
    view = RobotView(
        position_m=place,
        yaw_rad=heading,
        heading_rad=heading,
        gravity=fall_gravity(tilt, toward),
        velocity_m_s=normal(robots, 3, size=0.5),
        gyro_rad_s=normal(robots, 3),
        joint_rad=normal(robots, 20, size=0.4),
        joint_velocity_rad_s=normal(robots, 20),
        torque_nm=normal(robots, 20),
        contact=rng.random((count, robots, 2)) < 0.5,
        sole_height_m=normal(robots, 2, size=0.05),
        sole_speed_m_s=normal(robots, 2),
    )
    if not ball:
        return WorldView(robots=view, ball=None)
    return WorldView(
        robots=view,
        ball=BallView(position_m=ball_place, velocity_m_s=normal(3)),
    )


def moved_to(xp: Any, view: WorldView) -> WorldView:
    """The same world with arrays of `xp`."""
    return _world_of(jax.tree.map(xp.asarray, _plain(view)))


def _plain(view: WorldView) -> dict[str, Any]:
    ball = None if view.ball is None else vars(view.ball)
    return {"robots": vars(view.robots), "ball": ball}


def _world_of(plain: dict[str, Any]) -> WorldView:
    ball = plain["ball"]
    return WorldView(
        robots=RobotView(**plain["robots"]),
        ball=None if ball is None else BallView(**ball),
    )


def no_actions() -> Actions:
    """Soccer and get-up rewards do not look at actions."""
    none = np.zeros((1, 1, 20))
    return Actions(now=none, before=none, earlier=none, targets_rad=none)


def begin_as_dict(
    task: Any, way: tuple[Any, bool], count: int, seed: int = 0
) -> dict[str, Any]:
    """What `begin` returns, in plain containers."""
    xp, compiled = way

    def run():
        placement, memory = task.begin(Replay(xp, seed), count)
        return {"placement": vars(placement), "memory": vars(memory)}

    return jax.jit(run)() if compiled else run()


def advance_as_dict(
    task: Any, way: tuple[Any, bool], memory: Any, time_s: Any, view: WorldView
) -> dict[str, Any]:
    """`first` and `advance` with plain containers around, so that JAX can trace it."""
    xp, compiled = way

    def step(plain_memory, time, plain_view):
        before, now = type(memory)(**plain_memory), _world_of(plain_view)
        outcome = task.advance(Replay(xp, 5), before, time, now, no_actions())
        values = vars(outcome) | {"memory": vars(outcome.memory)}
        return values | {"first": task.first(before, now)}

    run = jax.jit(step) if compiled else step
    return run(vars(memory), time_s, _plain(view))


def assert_all_ways_agree(
    task: Any, robots: int, *, ball: bool, ways: tuple[tuple[Any, bool], ...] = WAYS
) -> None:
    """Starts and judgements are the same in all `ways`."""
    found = []
    for way in ways:
        xp = way[0]
        view = moved_to(xp, random_world(1, 8, robots, ball=ball))
        _, memory = task.begin(Replay(xp, 9), 8)
        time = xp.asarray(np.linspace(0.0, 9.0, 8, dtype=np.float32))
        found.append(
            {
                "begin": begin_as_dict(task, way, 8),
                "advance": advance_as_dict(task, way, memory, time, view),
            }
        )
    for other in found[1:]:
        assert_same(other, found[0])


def assert_same(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    """Equal containers, arrays close."""
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(
            np.asarray(a, float), np.asarray(b, float), rtol=tolerance, atol=tolerance
        ),
        found,
        expected,
    )


def put(arena: Arena, data: mujoco.MjData, placement: Placement, row: int) -> None:
    """Write one episode's start into `data`."""
    mujoco.mj_resetData(arena.model, data)
    for number, robot in enumerate(arena.robots):
        data.qpos[robot.root_qpos] = placement.root[row, number]
        data.qpos[robot.joint_qpos] = placement.joint_rad[row, number]
        data.qvel[robot.root_qvel] = placement.root_velocity[row, number]
        data.ctrl[robot.actuators] = placement.target_rad[row, number]
    if arena.ball is not None:
        data.qpos[arena.ball.qpos[:3]] = placement.ball[row]
        data.qvel[arena.ball.qvel[:3]] = placement.ball_velocity[row]
    mujoco.mj_forward(arena.model, data)
