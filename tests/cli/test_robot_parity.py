"""Training environment and runtime, from equal starts; small sizes."""

import json
from pathlib import Path

import numpy as np
import pytest

from cli.main import main
from cli.robot_parity_compare import (
    apart_at,
    equal_observations,
    outcome,
    sensing_errors,
    summary,
)
from cli.robot_parity_onboard import roll_onboard
from robot.player import load_player
from robot.skills import SkillRequest
from sim.parity import Track, TrainingPath, WalkFigures, walk_figures

POLICIES = Path(__file__).parents[2] / "policies"
COMMAND = (0.3, 0.0, 0.0)
REQUEST = SkillRequest(kind="walk", forward_m_s=0.3)
STEPS = 24
TICK_RAD = np.pi / 2048


@pytest.fixture(scope="module")
def player():
    return load_player(POLICIES / "walk", POLICIES / "scripted")


@pytest.fixture(scope="module")
def paths(player):
    path = TrainingPath(player.walk.spec, COMMAND, episodes=2, seconds=1.0, seed=3)
    training = path.roll(player.walk, STEPS)
    onboard = roll_onboard(
        path.arena, player, REQUEST, path.starts, STEPS, bus_period_s=0.008
    )
    path.close()
    return training, onboard


def test_equal_observations_give_equal_targets(player, paths):
    training, _ = paths
    found = equal_observations(player, REQUEST, training)
    assert found.steps == STEPS
    assert found.observation < 1e-6
    assert found.target_rad <= 1e-4
    assert found.holds


def test_the_scripted_walk_gives_equal_targets_too():
    folder = POLICIES / "scripted"
    player = load_player(folder, folder)
    path = TrainingPath(player.walk.spec, COMMAND, episodes=1, seconds=1.0, seed=3)
    training = path.roll(player.walk, STEPS)
    path.close()
    assert equal_observations(player, REQUEST, training).holds


def test_unequal_observations_are_noticed(player, paths):
    training, _ = paths
    other = SkillRequest(kind="walk", forward_m_s=0.1)
    assert not equal_observations(player, other, training).holds


def test_both_paths_begin_in_the_same_state(paths):
    training, onboard = paths
    np.testing.assert_array_equal(training.joint_rad[0], onboard.track.joint_rad[0])
    np.testing.assert_array_equal(training.root[0], onboard.track.root[0])


def test_at_the_start_only_the_encoders_rounding_differs(paths):
    training, onboard = paths
    (start,) = apart_at(training, onboard.track, (0,))
    # Angles are normalized by 0.3 rad; half a tick is the largest rounding.
    assert start.observation <= TICK_RAD / 2 / 0.3 + 1e-6
    assert start.target_rad < 0.002


def test_joint_angles_on_the_bus_are_the_truth_within_half_a_tick(player, paths):
    _, onboard = paths
    spec = player.walk.spec.observation
    errors = sensing_errors(spec, onboard.track, onboard.truth)
    joints = next(each for each in errors if each.term == "joint_position")
    # Cycles fall between physics steps, but encoder and truth are of one instant.
    assert joints.largest <= TICK_RAD / 2 + 1e-6
    gravity = next(each for each in errors if each.term == "gravity")
    assert gravity.largest < 0.06


def test_policy_steps_are_less_than_a_bus_cycle_late(paths):
    _, onboard = paths
    assert onboard.late_s.min() >= -1e-9
    assert onboard.late_s.max() < 0.008
    assert onboard.stopped == ()


def track_along_x(speed_m_s, steps=41, period_s=0.025):
    root = np.zeros((steps, 1, 7))
    root[:, 0, 0] = speed_m_s * period_s * np.arange(steps)
    root[:, 0, 3] = 1.0
    standing = np.ones((steps, 1), bool)
    nothing = np.zeros((steps, 1, 20))
    return Track(
        observation=nothing.astype(np.float32),
        action=nothing,
        target_rad=nothing,
        joint_rad=nothing,
        root=root,
        standing=standing,
    )


def test_a_walk_is_measured_in_its_own_heading():
    figures = walk_figures(track_along_x(0.4), 0.025, 0.5)
    assert figures.forward_m_s == pytest.approx([0.4])
    assert figures.left_m_s == pytest.approx([0.0])
    assert not figures.fell.any()


def figures_of(speed_m_s, fell):
    value = np.full(len(fell), speed_m_s)
    zero = np.zeros(len(fell))
    return WalkFigures(
        forward_m_s=value, left_m_s=zero, turn_rad_s=zero, fell=np.array(fell)
    )


def test_speeds_and_falls_are_compared_by_command():
    first = outcome(
        "forward",
        (0.4, 0.0, 0.0),
        figures_of(0.40, [False, False]),
        figures_of(0.38, [True, False]),
    )
    second = outcome(
        "slow",
        (0.2, 0.0, 0.0),
        figures_of(0.20, [False, False]),
        figures_of(0.202, [False, False]),
    )
    # 0.38 / 0.40 = -5 %; one fall more in four episodes.
    speed, fell = summary([first, second])
    assert speed == pytest.approx(0.05)
    assert fell == pytest.approx(0.25)


def test_the_command_writes_numbers_and_a_picture(tmp_path, capsys):
    arguments = ["--steps", "8", "--episodes", "0", "--out", str(tmp_path)]
    code = main(["robot", "parity", str(POLICIES / "walk"), *arguments, "--json"])
    assert code == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / "parity.json").read_text())
    assert report["equal"]["target_rad"] <= report["bounds"]["target_rad"] == 1e-4
    assert [each["bus_period_s"] for each in report["tracks"]] == [0.005, 0.008]
    assert report["largest_speed_change"] is None
    assert (tmp_path / "parity.png").read_bytes().startswith(b"\x89PNG")


def test_a_bundle_that_does_not_walk_is_refused(capsys):
    getup = POLICIES / "scripted" / "getup"
    assert main(["robot", "parity", str(getup)]) == 2
    assert "expected a bundle of role 'walk', found 'getup'" in capsys.readouterr().err
