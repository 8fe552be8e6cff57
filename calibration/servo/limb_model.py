"""One limb on a torso that is held, under many servo laws of the simulator at once."""

import copy
import os
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from calibration.limbs import LIMBS
from calibration.motion_player import Recording
from calibration.servo.supply import Seen, sag_torque, winding_a
from robot.contracts.joints import JOINT_NAMES
from sim.actuator_fields import ServoTable, servo_fields, write_servo_fields
from sim.actuators import Xm430Servo
from sim.robot_model import TORSO, RobotModelConfig, load_op3

FloatArray = NDArray[np.float64]
_STATE = int(mujoco.mjtState.mjSTATE_FULLPHYSICS)
_INPUTS = int(mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_QFRC_APPLIED)


@dataclass(frozen=True, kw_only=True)
class LimbLaw:
    """n servos of a limb and what the bus adds, [n] each.

    Attributes:
        servos: the laws; their `command_delay_s` is not used.
        delay_s: from writing a goal to reading that it acts.
        zero_rad: reading at joint angle zero.
        current_gain: reading over winding current.
    """

    servos: ServoTable
    delay_s: FloatArray
    zero_rad: FloatArray
    current_gain: FloatArray


@dataclass(frozen=True, kw_only=True)
class LimbTrack:
    """What a limb does by the law, at the times of a recording's readings.

    Attributes:
        angle_rad: [B, T, n] as it would be read.
        current_a: [B, T, n] likewise.
    """

    angle_rad: FloatArray
    current_a: FloatArray


class LimbModel:
    """Answers what a limb's servos would do with the goals of a recording."""

    def __init__(self, limb: str, step_s: float = 0.001):
        """Compile the limb.

        Args:
            limb: one of `LIMBS`.
            step_s: of the physics.
        """
        self.joints = LIMBS[limb]
        self.columns = np.array([JOINT_NAMES.index(name) for name in self.joints])
        self._step_s = step_s
        self._model = _compiled(self.joints, step_s)
        model = self._model
        self._actuators = np.array(
            [model.actuator(f"{name}_act").id for name in self.joints]
        )
        self._dofs = np.array(
            [int(model.joint(name).dofadr[0]) for name in self.joints]
        )
        self._threads = os.cpu_count() or 1
        self._data = [mujoco.MjData(model) for _ in range(self._threads)]
        self._models: list[mujoco.MjModel] = []
        self._pool = rollout.Rollout(nthread=self._threads)

    def __enter__(self) -> "LimbModel":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def follow(self, laws: list[LimbLaw], recording: Recording) -> LimbTrack:
        """The limb's motion under B laws, from the rest the recording begins with."""
        supply_v = float(recording.supply_v.mean())
        models = self._with(laws, supply_v)
        start_s, end_s = recording.goal_s[0], recording.read_s[-1]
        count = int(np.ceil((end_s - start_s) / self._step_s)) + 1
        edges = start_s + self._step_s * np.arange(count + 1)
        seen = self._seen(recording, (edges[1:] + edges[:-1]) / 2)
        goals = recording.goal_rad[:, self.columns]
        inputs = np.empty((len(laws), count, 2 * len(self.joints)))
        control, sag = np.split(inputs, 2, axis=-1)
        for row, law in enumerate(laws):
            acting = _goals(law, recording, goals, edges)
            control[row][:, self._actuators] = acting - law.zero_rad
            sag[row][:, self._dofs] = sag_torque(law.servos, supply_v, acting, seen)
        rest = recording.angle_rad[:10, self.columns].mean(axis=0)
        first = np.zeros((len(laws), mujoco.mj_stateSize(self._model, _STATE)))
        for row, law in enumerate(laws):
            first[row, 1 + self._dofs] = rest - law.zero_rad
        states, _ = self._pool.rollout(
            models, self._data, first, inputs, control_spec=_INPUTS
        )
        return self._read(
            laws, recording, states, control[..., self._actuators], start_s
        )

    def _seen(self, recording: Recording, time_s: FloatArray) -> Seen:
        """Readings between the readings."""
        columns = np.concatenate(
            [
                recording.supply_v[:, None],
                recording.angle_rad[:, self.columns],
                recording.speed_rad_s[:, self.columns],
            ],
            axis=-1,
        )
        found = np.stack(
            [np.interp(time_s, recording.read_s, column) for column in columns.T],
            axis=-1,
        )
        angle, speed = np.split(found[:, 1:], 2, axis=-1)
        return Seen(supply_v=found[:, :1], angle_rad=angle, speed_rad_s=speed)

    def _read(
        self,
        laws: list[LimbLaw],
        recording: Recording,
        states: FloatArray,
        control: FloatArray,
        start_s: float,
    ) -> LimbTrack:
        # Row k of `states` is what holds at start + (k + 1) steps.
        at = (recording.read_s - start_s) / self._step_s - 1
        low = np.clip(np.floor(at + 1e-6).astype(int), 0, states.shape[1] - 2)
        share = np.clip(at - low, 0.0, 1.0)[None, :, None]
        rows = states[:, low] * (1 - share) + states[:, low + 1] * share
        width = 1 + self._model.nq
        angle, speed = rows[..., 1 + self._dofs], rows[..., width + self._dofs]
        goal = control[:, low]
        supply_v = recording.supply_v[:, None]
        current = np.stack(
            [
                law.current_gain
                * winding_a(law.servos, supply_v, goal[row] - angle[row], speed[row])
                for row, law in enumerate(laws)
            ]
        )
        zeros = np.stack([law.zero_rad for law in laws])[:, None]
        return LimbTrack(angle_rad=angle + zeros, current_a=current)

    def _with(self, laws: list[LimbLaw], supply_v: float) -> list[mujoco.MjModel]:
        while len(self._models) < len(laws):
            self._models.append(copy.copy(self._model))
        models = self._models[: len(laws)]
        for model, law in zip(models, laws, strict=True):
            values = servo_fields(law.servos, np.full(len(self.joints), supply_v))
            write_servo_fields(
                model, values, actuators=self._actuators, dofs=self._dofs
            )
            mujoco.mj_setConst(model, self._data[0])
        return models


def _goals(
    law: LimbLaw, recording: Recording, goals: FloatArray, edges: FloatArray
) -> FloatArray:
    """[S, n] goals as sent that act in each physics step, averaged over it.

    The mean keeps the delay continuous: a goal that arrives within a step counts by its
    share of it.
    """
    sent_s = np.append(recording.goal_s, edges[-1] + 1.0)
    area = np.zeros((len(sent_s), goals.shape[1]))
    area[1:] = np.cumsum(goals * np.diff(sent_s)[:, None], axis=0)
    acting = np.empty((len(edges) - 1, goals.shape[1]))
    for column, delay_s in enumerate(law.delay_s):
        when = edges - delay_s
        summed = np.interp(when, sent_s, area[:, column])
        # Before the first goal the one it rests at.
        summed += np.minimum(when - sent_s[0], 0.0) * goals[0, column]
        acting[:, column] = np.diff(summed) / np.diff(edges)
    return acting


def _compiled(joints: tuple[str, ...], step_s: float) -> mujoco.MjModel:
    """The OP3 without its other limbs, its torso fixed upright, touching nothing."""
    spec = load_op3(RobotModelConfig(actuator=Xm430Servo()))
    spec.option.timestep = step_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.iterations, spec.option.ls_iterations = 10, 20
    for sensor in list(spec.sensors):
        spec.delete(sensor)
    for name in JOINT_NAMES:
        if name not in joints:
            spec.delete(spec.actuator(f"{name}_act"))
    torso = spec.body(TORSO)
    for joint in list(torso.joints):
        spec.delete(joint)
    for body in list(torso.bodies):
        if not any(name in joints for name in _joint_names(body)):
            spec.delete(body)
    for geom in list(spec.geoms):
        geom.contype = geom.conaffinity = 0
    return spec.compile()


def _joint_names(body: "mujoco.MjsBody") -> list[str]:
    names = [joint.name for joint in body.joints]
    for child in body.bodies:
        names += _joint_names(child)
    return names
