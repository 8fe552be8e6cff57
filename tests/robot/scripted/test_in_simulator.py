"""The shipped skills on the simulated robot: full contacts, random friction, falls."""

from pathlib import Path

import numpy as np

from robot.contracts.policy import read_spec
from robot.scripted import load
from robot.scripted.bundle import ScriptedPolicy
from sim.motion_tuning import (
    FallConfig,
    KickTrialConfig,
    WalkTrialConfig,
    getup_trials,
    kick_trials,
    walk_trials,
)
from sim.motion_world import MotionWorldConfig
from sim.robot_model import model_hash

SHIPPED = Path(__file__).parents[3] / "policies" / "scripted"


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
    assert np.median(outcome.speed_m_s) >= 1.5
    assert (np.abs(np.degrees(outcome.angle_rad)) <= 15).sum() >= 28
    assert set(outcome.side) == {-1.0, 1.0}


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
