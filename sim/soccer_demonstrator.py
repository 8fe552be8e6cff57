"""The tactics and a walk policy play in a soccer task's environment.

They see only what the task's policy would observe, and their joint targets are said
again as the task's actions: a script for a network to begin from. They dribble and do
not kick, so that one walk policy is in charge all the time.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robot import observation, tactics
from robot.action import filtered_targets
from robot.contracts.field import FieldSpec
from robot.contracts.joints import JOINT_NAMES
from robot.skills import SkillRequest
from robot.steering import SteeringConfig
from robot.tactics import TacticsConfig, TacticsState
from robot.world import Game, Pose, WorldView
from sim.demonstrator import DemonstratorError, action_for, newest
from sim.motion_world import BatchPolicy
from sim.tasks.task import Task

Array = NDArray[np.float64]

_HEAD = [JOINT_NAMES.index(name) for name in ("head_pan", "head_tilt")]
_PLAYING = Game(phase="playing")

DRIBBLING = TacticsConfig(
    steering=SteeringConfig(forward_m_s=0.6, left_m_s=0.25, turn_rad_s=1.6),
    dribble_m_s=0.45,
    kick_range_m=0.0,
    pressed_m=0.0,
)
"""Faster than a match's tactics, and never a kick."""


@dataclass
class _Robot:
    """What one robot's script remembers; `steps` counts since its walk began."""

    tactics: TacticsState = field(default_factory=TacticsState)
    steps: int = 0
    half_cycle: bool = False


class SoccerDemonstrator:
    """The tactics with `walk` in `count` environments of a soccer task, one robot each.

    The gait clock starts with the foot on the ball's side, so that a mirrored start
    gives a mirrored walk: a network that is left-right symmetric can learn it.
    """

    def __init__(
        self,
        task: Task,
        walk: BatchPolicy,
        count: int,
        config: TacticsConfig = DRIBBLING,
        pitch: FieldSpec | None = None,
    ):
        """At the beginning of `count` episodes.

        Raises:
            DemonstratorError: another control period, or no game in the observation.
        """
        known = {term.name for term in task.observation.terms}
        needed = {"ball_position", "opponent_goal_position", "own_goal_position"}
        if not needed <= known:
            raise DemonstratorError(
                f"{task.name}: expected {', '.join(sorted(needed))} in its "
                f"observation, found {', '.join(sorted(known))}"
            )
        if not math.isclose(walk.spec.control_period_s, task.control_period_s):
            raise DemonstratorError(
                f"{walk.spec.name}: expected a control period of "
                f"{task.control_period_s} s, found {walk.spec.control_period_s} s"
            )
        self._task, self._walk, self._config = task, walk, config
        self._pitch = pitch or FieldSpec()
        self._robots = [_Robot() for _ in range(count)]
        self._history: observation.History = ()

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """New episodes begin in these environments."""
        for row in np.flatnonzero(rows):
            self._robots[row] = _Robot()

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """The task's actions [B, A] for its observation [B, N], one control step on."""
        sources = newest(self._task.observation, seen)
        places = {
            name: sources[f"{name}_position"]
            for name in ("ball", "own_goal", "opponent_goal")
        }
        requests = [
            self._decide(robot, *(places[name][row] for name in places))
            for row, robot in enumerate(self._robots)
        ]
        spec = self._walk.spec
        wishes = np.array(
            [
                [request.forward_m_s, request.left_m_s, request.turn_rad_s]
                for request in requests
            ]
        )
        phase = np.array([robot.half_cycle * 0.5 for robot in self._robots])
        steps = np.array([robot.steps for robot in self._robots])
        clock_s = steps * spec.control_period_s + phase / spec.clock_hz
        sources |= {
            "velocity_command": np.clip(wishes, spec.command.low, spec.command.high),
            "gait_clock": observation.gait_clock(clock_s, spec.clock_hz),
        }
        self._history = self._seen(sources, steps == 0)
        vector = observation.vector(spec.observation, self._history)
        action = np.stack(
            [self._walk.act(row, ())[0] for row in vector.astype(np.float32)]
        )
        for robot in self._robots:
            robot.steps += 1
        before = sources["previous_target"]
        target = before.copy()
        columns = [JOINT_NAMES.index(name) for name in spec.action.joints]
        target[:, columns] = filtered_targets(
            spec.action, action.astype(np.float64), before[:, columns]
        )
        looks = np.array([[r.head_pan_rad, r.head_tilt_rad] for r in requests])
        target[:, _HEAD] += 0.2 * (looks - before[:, _HEAD])
        return action_for(self._task.action, target, before).astype(np.float32)

    def _decide(
        self, robot: _Robot, ball: Array, own_goal: Array, goal: Array
    ) -> SkillRequest:
        view = seen_pitch(ball, own_goal, goal)
        if robot.steps == 0:
            robot.half_cycle = bool(ball[1] < 0)
        robot.tactics, request = tactics.decide(
            self._config,
            self._pitch,
            robot.tactics,
            view,
            _PLAYING,
            "upright",
            player=1,
            dt_s=self._task.control_period_s,
        )
        return request

    def _seen(
        self, sources: dict[str, Array], fresh: NDArray[np.bool_]
    ) -> observation.History:
        """The walk's history one step on; all of it is the present where it begins."""
        terms = self._walk.spec.observation
        begun = observation.start(terms, sources)
        if not self._history:
            return begun
        pushed = observation.push(terms, self._history, sources)
        return _rows(fresh, begun, pushed)


def _rows(
    where: NDArray[np.bool_], one: observation.History, other: observation.History
) -> observation.History:
    return tuple(
        np.where(where.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
        for a, b in zip(one, other, strict=True)
    )


def seen_pitch(ball: Array, own_goal: Array, goal: Array) -> WorldView:
    """The pitch in the own team's frame, from places in the heading frame.

    Args:
        ball, own_goal, goal: [2] m ahead and left of the robot; the middles of goals.
    """
    ahead, left = goal - own_goal
    yaw = -math.atan2(left, ahead)
    middle = (goal + own_goal) / 2
    seen = Pose(x_m=0.0, y_m=0.0, yaw_rad=-yaw)
    x, y = seen.to_torso((-middle[0], -middle[1]))
    here = Pose(x_m=x, y_m=y, yaw_rad=yaw)
    cosine, sine = math.cos(yaw), math.sin(yaw)
    place = (
        x + cosine * ball[0] - sine * ball[1],
        y + sine * ball[0] + cosine * ball[1],
    )
    return WorldView(pose=here, ball=(float(place[0]), float(place[1])))
