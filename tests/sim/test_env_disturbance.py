"""Delays, sensor faults and pushes, each against a second way to get the number."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ObservationSpec, ObservationTerm
from sim.env_senses import Frames
from sim.tasks.view import STAND_RAD
from tests.sim.env_worlds import NEVER_ENDS, STANDING, idle, world

# Joint angles alone, without history and scaling.
JOINTS = replace(
    STANDING,
    observation_spec=ObservationSpec(
        terms=(
            ObservationTerm(name="joint_position", size=20, unit="rad", frame="joint"),
        )
    ),
)
IMU = replace(
    STANDING,
    observation_spec=ObservationSpec(
        terms=tuple(
            ObservationTerm(name=name, size=3, unit="1", frame="torso")
            for name in ("gravity", "gyro", "linear_acceleration")
        ),
        clip=1e3,
    ),
)


def recorded(task, steps: int = 6, **axes):
    """Observations [T, B, N]; joints after each physics step [T x 5, B, 20]."""
    env = world(task, **axes)
    step, joints = env.physics.step, env.core.arena.robots[0].joint_qpos
    angles = []

    def recording(goals, wrench=None) -> Frames:
        frames = step(goals, wrench)
        angles.extend(frames.qpos[:, k][:, joints] for k in range(5))
        return frames

    env.physics.step = recording
    state, moved = env.reset()
    seen = []
    rng = np.random.default_rng(2)
    for _ in range(steps):
        state, moved = env.step(state, rng.normal(size=env.action_shape) * 0.3)
        seen.append(moved.observation[:, 0])
    env.close()
    return np.stack(seen), np.stack(angles)


@pytest.mark.parametrize("delay", [0, 3, 5, 12])
def test_sensors_are_late_by_whole_physics_steps(delay):
    seen, angles = recorded(JOINTS, observation_delay_steps=(delay, delay))
    for step in (3, 4, 5):
        # Control step k ends with physics step 5 k + 4.
        expected = angles[5 * step + 4 - delay]
        np.testing.assert_allclose(seen[step], expected, atol=1e-6)


def test_jitter_makes_some_measurements_later_than_others():
    seen, angles = recorded(JOINTS, steps=40, observation_jitter_steps=(0, 2))
    ages = []
    for step in range(2, 40):
        for row in range(3):
            candidates = angles[5 * step + 4 - np.arange(3), row]
            errors = np.abs(candidates - seen[step, row]).max(axis=-1)
            assert errors.min() < 1e-6
            ages.append(int(errors.argmin()))
    # 114 draws of 0, 1, 2: each 38 on average, standard deviation 5.
    assert all(18 < ages.count(age) < 58 for age in range(3))


def test_new_targets_reach_the_servos_after_the_delay():
    env = world(action_delay_steps=(2, 2))
    state, _ = env.reset()
    servos = env.core.arena.robots[0].actuators
    before = state.targets_rad[:, 0]
    after, _ = env.step(state, np.ones(env.action_shape))
    goals = env.physics.control[:, :, servos]
    for step in range(5):
        wanted = before if step < 2 else after.targets_rad[:, 0]
        np.testing.assert_array_equal(goals[:, step], wanted)
    assert not np.array_equal(before, after.targets_rad[:, 0])


def test_joint_offsets_shift_what_is_measured_and_what_is_reached():
    shoulder = JOINT_NAMES.index("l_sho_pitch")
    assert STAND_RAD[shoulder] == 0.0
    env = world(JOINTS, num_envs=1, joint_offset_rad=(0.05, 0.05))
    state, _ = env.reset()
    _, moved = idle(env, state, 60)
    robot = env.core.arena.robots[0]
    true = env.physics.qpos[0, robot.joint_qpos[shoulder]]
    # The encoder reads 0.05 rad too much, so the servo stops 0.05 rad short of 0.
    assert true == pytest.approx(-0.05, abs=0.01)
    assert moved.observation[0, 0, shoulder] == pytest.approx(true + 0.05, abs=1e-6)


def test_a_tilted_imu_sees_gravity_turned():
    env = world(IMU, num_envs=1, imu_tilt_rad=(0.03, 0.03))
    _, moved = env.reset()
    # (0, 0, -1) + (0, 0, -1) x (t, t, t) = (t, -t, -1) for t = 0.03.
    np.testing.assert_allclose(moved.observation[0, 0, :3], [0.03, -0.03, -1.0])


def test_a_shifted_imu_feels_the_turn():
    still = world(IMU, num_envs=1)
    shifted = world(IMU, num_envs=1, imu_shift_m=(0.005, 0.005))
    seen = []
    for env in (still, shifted):
        state, _ = env.reset()
        torso = env.core.arena.robots[0]
        env.physics.qvel[0, torso.root_qvel[3:]] = [0.0, 0.0, 4.0]
        env.physics.qpos[0, torso.root_qpos[2]] = 2.0
        _, moved = idle(env, state, 1)
        seen.append(moved.observation[0, 0])
    site = still.core.arena.model.site("op3_imu").id
    places = [env.physics.models[0].site_pos[site] for env in (still, shifted)]
    np.testing.assert_allclose(places[1] - places[0], 0.005)
    # Turning at 4 rad/s: -w^2 r = -0.08 m/s^2 in x and y, and what w changes by as the
    # arms pull; never outward.
    difference = seen[1][6:8] - seen[0][6:8]
    assert (difference < -0.04).all()
    assert (difference > -0.20).all()


def test_noise_has_the_asked_for_spread():
    env = world(JOINTS, num_envs=200, joint_noise_rad=(0.004, 0.004))
    _, moved = env.reset()
    joints = env.physics.qpos[:, env.core.arena.robots[0].joint_qpos]
    noise = moved.observation[:, 0] - joints
    # 4000 numbers: standard error of the spread 0.004 / sqrt(8000) = 4.5e-5.
    assert noise.std() == pytest.approx(0.004, abs=2e-4)
    assert abs(noise.mean()) < 3e-4


def pushed_control(steps: int = 120, **axes):
    env = world(NEVER_ENDS, num_envs=4, **axes)
    state, _ = env.reset()
    model, torso = env.core.arena.model, env.core.arena.robots[0].torso_body
    rows = []
    for _ in range(steps):
        state, _ = env.step(state, np.zeros(env.action_shape))
        rows.append(env.physics.control[:, :, model.nu :].copy())
    # [T x 5, B, nbody, 6]
    wrench = np.concatenate([row.transpose(1, 0, 2) for row in rows])
    wrench = wrench.reshape(*wrench.shape[:2], model.nbody, 6)
    others = np.delete(wrench, torso, axis=2)
    assert not others.any()
    return wrench[:, :, torso]


def test_pushes_have_the_asked_for_force_length_and_pause():
    wrench = pushed_control(
        push_n=(5.0, 15.0), push_s=(0.05, 0.15), push_every_s=(0.3, 0.6)
    )
    size = np.linalg.norm(wrench[..., :3], axis=-1)
    for row in range(4):
        on = size[:, row] > 0
        edges = np.flatnonzero(np.diff(on.astype(int)))
        lengths = np.diff(edges)[::2] * 0.005
        pauses = np.diff(edges)[1::2] * 0.005
        assert len(lengths) >= 3
        # To a physics step; a pause also runs to the end of the control step.
        assert (lengths >= 0.045).all()
        assert (lengths <= 0.155).all()
        assert (pauses >= 0.295).all()
        assert (pauses <= 0.635).all()
        assert (size[on, row] >= 5.0).all()
        assert (size[on, row] <= 15.0).all()
    assert (wrench[..., 2] == 0).all()
    # Torque = arm x force; the box's farthest corner is 0.14 m from any point in it.
    torque = np.linalg.norm(wrench[..., 3:], axis=-1)
    assert (torque <= 0.19 * size + 1e-9).all()
    assert torque.max() > 0.1


def test_a_push_changes_the_momentum_by_force_times_time():
    gains = []
    for force in (0.0, 10.0):
        env = world(
            NEVER_ENDS,
            num_envs=1,
            push_n=(force, force),
            push_s=(0.1, 0.1),
            push_every_s=(0.0, 0.0),
        )
        state, _ = env.reset()
        # High up, so that nothing else touches it.
        env.physics.qpos[0, env.core.arena.robots[0].root_qpos[2]] = 5.0
        before = momentum(env)
        direction = state.pushes.force_n[0, 0]
        # 4 x 25 ms: the whole push and nothing of the next.
        idle(env, state, 4)
        gains.append((momentum(env) - before)[:2])
    # 10 N x 0.1 s = 1 N s.
    np.testing.assert_allclose(gains[0], 0.0, atol=1e-3)
    np.testing.assert_allclose(gains[1], direction[:2] / 10.0, atol=0.02)


def momentum(env) -> np.ndarray:
    """[3] of all bodies, by MuJoCo's own sums."""
    model = env.physics.models[0]
    data = mujoco.MjData(model)
    data.qpos, data.qvel = env.physics.qpos[0], env.physics.qvel[0]
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    return data.subtree_linvel[0] * model.body_subtreemass[0]


def test_push_strength_scales_the_force():
    env = world(num_envs=2, push_n=(10.0, 10.0), push_every_s=(0.0, 0.0), push_s=(1, 1))
    state, _ = env.reset()
    force_at = env.core.arena.model.nu + 6 * env.core.arena.robots[0].torso_body
    for strength in (0.0, 0.5):
        env.step(state, np.zeros(env.action_shape), push_strength=strength)
        force = env.physics.control[:, 0, force_at : force_at + 3]
        np.testing.assert_allclose(np.linalg.norm(force, axis=-1), 10 * strength)
