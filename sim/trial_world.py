"""A `MatchWorld` drawn as training draws an episode: randomized, imperfect, pushed."""

import copy
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from sim.arena import Arena
from sim.env_models import (
    loaded_com,
    model_places,
    nominal_fields,
    randomized_fields,
    write_fields,
)
from sim.env_parameters import EpisodeParameters, sample_parameters
from sim.env_pushes import draw_pushes, push_wrenches
from sim.env_state import Pushes
from sim.imperfect_op3 import ImperfectOp3, imperfections
from sim.random_numbers import NumpyRandom
from sim.randomization import RandomizationConfig
from sim.tasks.poses import STAND_RAD as STAND_POSE
from sim.tasks.poses import (
    JointPose,
    fall_gravity,
    fall_quaternion,
    resting_height,
)
from sim.trial_trace import Trace, TraceRecorder
from sim.virtual_op3 import (
    POSITION_P_OF_MODEL,
    MatchWorld,
    VirtualOp3Config,
)

_AIR_M = 0.01


@dataclass(frozen=True, kw_only=True)
class Fall:
    """How a robot lies.

    Attributes:
        toward_rad: direction it fell in: 0 on its chest, pi/2 left side, pi back.
        pose: its joints, canonical order, rad.
    """

    toward_rad: float
    pose: JointPose


class TrialWorld(MatchWorld):
    """One trial's world. The robot `name` is watched and pushed; others only stand.

    Attributes:
        drawn: what was drawn, [1, ...] each.
    """

    def __init__(self, arena: Arena, name: str, ranges: RandomizationConfig, seed: int):
        """Draw it.

        Args:
            arena: its model is copied, so that one arena serves many trials.
            name: of the robot on trial.
            ranges: of the draw; of its pushes too.
            seed: of everything drawn; equal seeds give equal worlds.
        """
        self._ranges = ranges
        self._random = NumpyRandom(seed)
        robots = len(arena.robots)
        self.drawn: EpisodeParameters = sample_parameters(
            ranges, self._random, 1, robots
        )
        places = model_places(arena)
        nominal = nominal_fields(arena, places)
        model = copy.copy(arena.model)
        fields = randomized_fields(nominal, places, self.drawn)
        write_fields(model, places, fields, 0)
        mujoco.mj_setConst(model, mujoco.MjData(model))
        number = [place.name for place in arena.config.robots].index(name)
        self._com_m = loaded_com(nominal, self.drawn)[:, [number]]
        self._name = name
        self._recorder: TraceRecorder | None = None
        self._pushes: Pushes | None = None
        self._rng = np.random.default_rng([seed, 1])
        self._bodies: list[ImperfectOp3] = []
        super().__init__(replace(arena, model=model))

    def advance_to(self, time_s: float) -> int:
        """As `MatchWorld`, with faults, pushes and the trace at each physics step."""
        steps = self._steps_to(time_s)
        for _ in range(steps):
            for body in self._bodies:
                body.before_step()
            self._push()
            mujoco.mj_step(self.model, self.data)
            for body in self._bodies:
                body.after_step()
            if self._recorder is not None:
                self._recorder.add()
        return steps

    def begin(self) -> TraceRecorder:
        """The start signal: record from now on, and push where the draw has pushes."""
        self._recorder = TraceRecorder(self, self._name)
        if self._ranges.has_pushes:
            self._pushes = self._next_push()
        return self._recorder

    @property
    def trace(self) -> Trace:
        """Since `begin`."""
        if self._recorder is None:
            raise ValueError("trace: expected a trial that has begun, found none")
        return self._recorder.trace()

    def place(self, name: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        super().place(name, x_m, y_m, yaw_rad)
        self._settled()

    def lay(
        self, name: str, x_m: float, y_m: float, yaw_rad: float, fall: Fall
    ) -> None:
        """Put a robot on the floor where it fell, at rest, 1 cm above its support."""
        index = self.robots[name].index
        tilt, toward = np.array([np.pi / 2]), np.array([fall.toward_rad])
        height = resting_height(fall_gravity(tilt, toward), (fall.pose,))[0, 0]
        quat = fall_quaternion(np.array([yaw_rad]), tilt, toward)[0]
        self.data.qpos[index.root_qpos] = (x_m, y_m, height + _AIR_M, *quat)
        self.data.qpos[index.joint_qpos] = fall.pose
        self.data.qvel[index.root_qvel] = 0
        self.data.qvel[index.joint_qvel] = 0
        mujoco.mj_forward(self.model, self.data)
        self._settled()

    def hold(self, name: str, pose: JointPose = STAND_POSE) -> None:
        """Torque on and goals at `pose`, past the bus, until somebody drives it."""
        gains = np.full(20, POSITION_P_OF_MODEL)
        for torque_on in (False, True):
            self.robots[name].drive(np.array(pose), np.full(20, torque_on), gains)

    def _body(self, number: int, config: VirtualOp3Config | None) -> ImperfectOp3:
        faults = imperfections(self._ranges, self.drawn, number)
        index = self.arena.robots[number]
        body = ImperfectOp3(self.model, self.data, index, faults, self._rng)
        self._bodies.append(body)
        return body

    def _settled(self) -> None:
        """Sensors of a robot that was moved by hand show its new place."""
        for body in self._bodies:
            body.moved()

    def _push(self) -> None:
        """The push that is on, as a force on the torso of the robot on trial."""
        if self._pushes is None:
            return
        now_s = self.time_s
        if now_s >= self._pushes.end_s[0, 0]:
            self._pushes = self._next_push()
        index = self.robots[self._name].index
        wrench = np.zeros(6)
        if now_s >= self._pushes.start_s[0, 0]:
            quat = self.data.qpos[index.root_qpos[3:]][None, None]
            at = np.array([[now_s]])
            wrench = push_wrenches(self._pushes, quat, at, 1.0)[0, 0, 0]
        self.data.xfrc_applied[index.torso_body] = wrench

    def _next_push(self) -> Pushes:
        now_s = np.array([self.time_s])
        return draw_pushes(self._ranges, self._random, now_s, self._com_m)
