"""What is known of a walker: the true view for rewards, the noisy one to act on."""

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from robot.contracts.joints import JOINT_NAMES
from robot.observation import gait_clock
from sim.arena import Arena
from sim.physics import PhysicsStep
from sim.randomization import RandomizationConfig
from sim.robot_model import FEET
from sim.tasks import walk
from sim.walk_state import STAND_HEIGHT_M, STAND_RAD, FloatArray, WalkState

PRIVILEGED_SIZE = 16
# The sole's site is the centre of its boxes, which are 8 mm thick.
_SOLE_SITE_HEIGHT_M = 0.004
_CONTACT_N = 1.0
_LIMBS = np.array([JOINT_NAMES.index(name) for name in walk.LEG_AND_ARM_JOINTS])


class WalkSenses:
    """Reads physics steps of one arena's first robot; holds no state of its own."""

    def __init__(
        self, arena: Arena, task: walk.WalkConfig, ranges: RandomizationConfig
    ):
        self._model, self._index = arena.model, arena.robots[0]
        self._task, self._ranges = task, ranges

    def view(self, state: WalkState, physics: PhysicsStep) -> walk.WalkView:
        """The truth after a control step that led from `state` to `physics`."""
        index = self._index
        qpos, qvel = physics.qpos[:, -1], physics.qvel[:, -1]
        sensors = physics.sensors[:, -1]
        sole = [sensors[:, index.sensors[f"{foot}_position"]] for foot in FEET]
        speed = [sensors[:, index.sensors[f"{foot}_velocity"]] for foot in FEET]
        touch = [sensors[:, index.sensors[f"{foot}_touch"]][:, 0] for foot in FEET]
        height = np.stack([foot[:, 2] for foot in sole], -1)
        joints = qpos[:, index.joint_qpos]
        return walk.WalkView(
            velocity=self._filtered_velocity(state, qpos, qvel),
            height_m=qpos[:, index.root_qpos[2]],
            gravity=rotations.gravity_direction(qpos[:, index.root_qpos[3:]]),
            gyro=qvel[:, index.root_qvel[3:]],
            vertical_m_s=qvel[:, index.root_qvel[2]],
            contact=np.stack(touch, -1) > _CONTACT_N,
            sole_height_m=height - _SOLE_SITE_HEIGHT_M,
            sole_speed_m_s=np.stack(
                [np.linalg.norm(foot[:, :2], axis=-1) for foot in speed], -1
            ),
            position_rad=joints[:, _LIMBS],
            torque_nm=self._torque(state, joints)[:, _LIMBS],
        )

    def sources(
        self, state: WalkState, physics: PhysicsStep, rng: np.random.Generator
    ) -> dict[str, FloatArray]:
        """Noisy, delayed measurements by observation term."""
        index = self._index
        rows, substeps = np.arange(len(physics.qpos)), physics.qpos.shape[1]
        late = substeps - 1 - state.parameters.observation_delay
        qpos, qvel = physics.qpos[rows, late], physics.qvel[rows, late]
        tilt = state.parameters.imu_tilt_rad
        gyro = qvel[:, index.root_qvel[3:]]
        gravity = rotations.gravity_direction(qpos[:, index.root_qpos[3:]])
        return self._noisy(
            state,
            gyro + np.cross(gyro, tilt),
            gravity + np.cross(gravity, tilt),
            qpos[:, index.joint_qpos],
            rng,
        )

    def standing_sources(
        self, state: WalkState, qpos: FloatArray, rng: np.random.Generator
    ) -> dict[str, FloatArray]:
        """As `sources`, of robots at rest in `qpos` [B, nq]: nothing was late yet."""
        gravity = rotations.gravity_direction(qpos[:, self._index.root_qpos[3:]])
        still = np.zeros_like(gravity)
        joints = qpos[:, self._index.joint_qpos]
        return self._noisy(state, still, gravity, joints, rng)

    def _filtered_velocity(
        self, state: WalkState, qpos: FloatArray, qvel: FloatArray
    ) -> FloatArray:
        """[B, 3] the state's velocity, one low-pass step further."""
        index, task = self._index, self._task
        heading = rotations.yaw(qpos[:, index.root_qpos[3:]])
        velocity_xy = rotations.into_heading(qvel[:, index.root_qvel[:2]], heading)
        turn = qvel[:, index.root_qvel[5:]]
        reached = np.concatenate([velocity_xy, turn], axis=-1)
        keep = np.exp(-task.control_period_s / task.velocity_filter_s)
        return keep * state.velocity + (1 - keep) * reached

    def _torque(self, state: WalkState, joints: FloatArray) -> FloatArray:
        """[B, 20] servo torque at the end of the step, from the position law."""
        model, servos = self._model, self._index.actuators
        gain = model.actuator_gainprm[servos, 0]
        limit = model.actuator_forcerange[servos, 1]
        error = state.targets_rad - state.parameters.joint_offset_rad - joints
        return np.clip(gain * error, -limit, limit)

    def _noisy(
        self,
        state: WalkState,
        gyro: FloatArray,
        gravity: FloatArray,
        joints: FloatArray,
        rng: np.random.Generator,
    ) -> dict[str, FloatArray]:
        ranges, normal = self._ranges, rng.standard_normal
        measured = joints + state.parameters.joint_offset_rad
        return {
            "gyro": gyro + ranges.gyro_noise_rad_s * normal(gyro.shape),
            "gravity": gravity + ranges.gravity_noise * normal(gravity.shape),
            "joint_position": measured + ranges.joint_noise_rad * normal(joints.shape),
            "previous_target": state.targets_rad,
            "velocity_command": state.command,
            "gait_clock": gait_clock(state.clock_time_s, self._task.clock_hz),
        }


def still_view(count: int) -> walk.WalkView:
    """The view right after a reset: `count` robots standing, not moving."""
    flat = np.zeros((count, 3))
    return walk.WalkView(
        velocity=flat,
        height_m=np.full(count, STAND_HEIGHT_M),
        gravity=np.tile([0.0, 0.0, -1.0], (count, 1)),
        gyro=flat,
        vertical_m_s=np.zeros(count),
        contact=np.ones((count, 2), bool),
        sole_height_m=np.zeros((count, 2)),
        sole_speed_m_s=np.zeros((count, 2)),
        position_rad=np.tile(STAND_RAD[_LIMBS], (count, 1)),
        torque_nm=np.zeros((count, len(_LIMBS))),
    )


def privileged(state: WalkState, view: walk.WalkView) -> NDArray[np.float32]:
    """[B, 16] true state for a critic: velocity, height, contacts, parameters."""
    parameters = state.parameters
    columns = [
        view.velocity * 2,
        (view.height_m[:, None] - STAND_HEIGHT_M) * 20,
        view.gravity[:, :2] * 5,
        view.vertical_m_s[:, None],
        view.contact,
        view.sole_height_m * 20,
        parameters.floor_friction[:, None],
        parameters.added_mass_kg[:, None],
        parameters.servo_gain[:, None] - 1,
        parameters.torque_limit[:, None] - 1,
        parameters.observation_delay[:, None] / 4,
    ]
    return np.concatenate(columns, axis=-1).astype(np.float32)
