"""The shipped skills on the simulated robot: full contacts, random friction, falls."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import read_spec
from robot.scripted import load
from robot.scripted.bundle import ScriptedPolicy
from sim.kick_trials import KickTrialConfig, kick_trials
from sim.motion_tuning import (
    FallConfig,
    WalkTrialConfig,
    getup_trials,
    walk_trials,
)
from sim.motion_world import MotionWorldConfig
from sim.robot_model import model_hash
from sim.tasks.walking_starts import WalkingState

PLAYER = Path(__file__).parents[3] / "policies"
SHIPPED = PLAYER / "scripted"


def shipped(role: str) -> ScriptedPolicy:
    folder = SHIPPED / role
    return load(folder, read_spec(folder / "spec.json"))


def test_the_bundles_were_made_with_the_installed_robot_model() -> None:
    for role in ("walk", "getup", "kick"):
        assert shipped(role).spec.robot_model_sha256 == model_hash()


def test_the_walk_does_what_is_asked_and_stops_without_a_fall() -> None:
    commands = ((0.20, 0, 0), (-0.12, 0, 0), (0, 0.08, 0), (0, 0, -0.8), (0, 0, 0))
    outcome = walk_trials(
        (shipped("walk"),),
        MotionWorldConfig(count=10, seed=11),
        WalkTrialConfig(commands=commands, walk_s=6.0, stop_s=1.5),
    )
    assert outcome.upright.all()
    error = np.abs(outcome.velocity - outcome.command)
    np.testing.assert_array_less(error, np.array([[0.03, 0.03, 0.15]]) + 0 * error)


def test_the_robot_rises_from_random_falls_within_six_seconds() -> None:
    outcome = getup_trials(
        (shipped("getup"),), MotionWorldConfig(count=32, seed=12), FallConfig()
    )
    fallen = -outcome.start[:, 2] < np.cos(1.0)
    assert fallen.all()
    assert (outcome.upright_after_s <= 6.0).sum() >= 30


def test_both_feet_kick_the_ball_forward_and_the_robot_stays_up() -> None:
    outcome = kick_trials(
        (shipped("kick"),), MotionWorldConfig(count=32, seed=13), KickTrialConfig()
    )
    assert outcome.upright.sum() >= 30
    assert np.median(outcome.speed_m_s) >= 1.8
    assert (np.abs(np.degrees(outcome.angle_rad)) <= 15).sum() >= 28
    assert set(outcome.side) == {-1.0, 1.0}


def test_the_player_s_kick_is_the_faster_one_and_sooner() -> None:
    quick = load(PLAYER / "kick", read_spec(PLAYER / "kick" / "spec.json"))
    # With its way back to the stand; the script takes 2.25 s.
    assert quick.spec.commit_s < 1.4
    assert quick.spec.robot_model_sha256 == model_hash()
    outcome = kick_trials(
        (quick,), MotionWorldConfig(count=32, seed=13), KickTrialConfig()
    )
    assert outcome.upright.sum() >= 30
    assert np.median(outcome.speed_m_s) >= 2.4
    assert (np.abs(np.degrees(outcome.angle_rad)) <= 15).sum() >= 29


def test_a_ball_farther_aside_goes_farther_outward_as_the_tactics_believe() -> None:
    quick = load(PLAYER / "kick", read_spec(PLAYER / "kick" / "spec.json"))
    outward = []
    for beside in (0.02, 0.05, 0.085):
        exact = KickTrialConfig(
            ahead_m=(0.165, 0.165), beside_m=(beside, beside), error_m=0.0, watch_s=0.0
        )
        outcome = kick_trials((quick,), MotionWorldConfig(count=16, seed=3), exact)
        outward.append(float(np.median(outcome.angle_rad * outcome.side)))
    inner, middle, outer = outward
    assert inner < middle < outer
    np.testing.assert_allclose(middle, 0.0, atol=0.05)


def test_pushes_fell_some_that_kick() -> None:
    world = MotionWorldConfig(count=64, seed=13)
    calm = kick_trials((shipped("kick"),), world, KickTrialConfig(watch_s=0.5))
    pushed = kick_trials(
        (shipped("kick"),), world, KickTrialConfig(watch_s=0.5, push_within_s=1.0)
    )
    assert calm.upright.sum() - pushed.upright.sum() >= 5


def test_a_kicked_ball_rolls_on_with_three_fifths_of_its_speed() -> None:
    # A shell that slides at first keeps 1 / (1 + 2/3); then it slows by at most 1.5 x
    # 0.59 m/s^2 for under 0.6 s. Spin from the foot adds or takes some.
    outcome = kick_trials(
        (shipped("kick"),), MotionWorldConfig(count=16, seed=5), KickTrialConfig()
    )
    share = outcome.roll_m_s / outcome.speed_m_s
    assert 0.5 < np.median(share) < 0.8


def test_a_ball_out_of_reach_is_a_miss() -> None:
    far = KickTrialConfig(ahead_m=(0.6, 0.6), watch_s=0.0)
    outcome = kick_trials((shipped("kick"),), MotionWorldConfig(count=4, seed=1), far)
    assert outcome.speed_m_s.tolist() == [0.0] * 4
    assert outcome.angle_rad.tolist() == [0.0] * 4
    assert outcome.roll_m_s.tolist() == [0.0] * 4


def test_a_kick_begins_in_the_moment_given() -> None:
    # Tilted by a quarter of a circle it lies, and does not stand after a kick.
    stand = tuple(joint.stand_rad for joint in OP3_JOINTS)
    lying = WalkingState(
        height_m=0.1,
        tilt_rad=1.5,
        toward_rad=0.0,
        velocity=(0.0,) * 6,
        joint_rad=stand,
        joint_velocity_rad_s=(0.0,) * 20,
        target_rad=stand,
        clock_s=0.0,
    )
    upright = replace(lying, height_m=0.237, tilt_rad=0.0)
    world, kick = MotionWorldConfig(count=4, seed=1), KickTrialConfig(watch_s=0.2)
    fell = kick_trials((shipped("kick"),), world, kick, starts=(lying,))
    stood = kick_trials((shipped("kick"),), world, kick, starts=(upright,))
    assert not fell.upright.any()
    assert stood.upright.all()


def test_a_robot_without_a_getup_stays_down() -> None:
    # The trial itself must be able to fail.
    class Asleep:
        spec = shipped("getup").spec

        def initial_state(self) -> tuple[np.ndarray, ...]:
            return (np.zeros(1, np.float32),)

        def act(
            self, observation: np.ndarray, state: tuple[np.ndarray, ...]
        ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
            return observation[..., 6:24], state

    outcome = getup_trials(
        (Asleep(),), MotionWorldConfig(count=8, seed=14), FallConfig(limit_s=2.0)
    )
    assert np.isinf(outcome.upright_after_s).all()
