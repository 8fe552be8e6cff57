"""The shipped scripts' logic, without a simulator."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot.contracts.errors import ContractError
from robot.contracts.joints import OP3_JOINTS
from robot.policy import load_bundle
from robot.scripted import load
from robot.scripted.bundle import ScriptedPolicy, make_policy, script_text
from robot.scripted.gait import WalkPolicy
from robot.scripted.getup import GetupPolicy
from robot.scripted.kick import KickPolicy
from robot.scripted.motion import BODY_JOINTS, STAND_RAD
from robot.scripted.parameters import numbers, spreads, with_numbers

SHIPPED = Path(__file__).parents[3] / "policies" / "scripted"
STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
ROLES = ("walk", "getup", "kick")
MIRROR = [
    BODY_JOINTS.index({"l_": "r_", "r_": "l_"}[name[:2]] + name[2:])
    for name in BODY_JOINTS
]


def shipped(role: str) -> ScriptedPolicy:
    policy = load_bundle(SHIPPED / role)
    assert isinstance(policy, WalkPolicy | GetupPolicy | KickPolicy)
    return policy


def played(
    policy: ScriptedPolicy,
    seconds: float,
    *,
    gravity: tuple[float, float, float] = (0.0, 0.0, -1.0),
    sent: np.ndarray = STAND,
    **command: list[float],
) -> np.ndarray:
    """Actions [T, 18] under constant sensing; each action becomes the next `sent`."""
    state, actions, sent = policy.initial_state(), [], sent.copy()
    sources = {"gravity": gravity, "gyro": (0.0, 0.0, 0.0), **command}
    for _ in range(round(seconds / policy.spec.control_period_s)):
        sources["previous_target"] = sent
        terms = policy.spec.observation.terms
        row = np.concatenate([np.asarray(sources[term.name]) for term in terms])
        action, state = policy.act(row.astype(np.float32), state)
        sent[:18] = action
        actions.append(action)
    return np.array(actions)


@pytest.mark.parametrize("role", ROLES)
def test_a_shipped_bundle_replays_its_golden_actions(role: str) -> None:
    assert shipped(role).spec.role == role


@pytest.mark.parametrize("role", ROLES)
def test_a_batch_acts_as_its_members_do(role: str) -> None:
    policy = shipped(role)
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 0.5, (5, policy.spec.observation.size)).astype(np.float32)
    alone = [policy.act(row, policy.initial_state())[0] for row in rows]
    state = tuple(np.tile(part, (5, 1)) for part in policy.initial_state())
    together, _ = policy.act(rows, state)
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("role", ROLES)
def test_the_first_targets_stay_near_the_last_ones_sent(role: str) -> None:
    low, high = (
        [getattr(j, f"{end}_rad") for j in OP3_JOINTS] for end in ("min", "max")
    )
    sent = np.clip(np.zeros(20), low, high)
    command = {"velocity_command": [0.2, 0.0, 0.0], "kick_side": [1.0]}
    first = played(shipped(role), 0.05, sent=sent, **command)[0]
    # The widest way to go is 1.2 rad of knee; smooth easing covers 2 % of it at most.
    assert np.abs(first - sent[:18]).max() < 0.05


def test_a_walk_asked_for_nothing_stands_exactly() -> None:
    command = {"velocity_command": [0.0, 0.0, 0.0]}
    actions = played(shipped("walk"), 2.0, **command)
    np.testing.assert_allclose(actions[-1], STAND_RAD, atol=1e-6)


def test_a_walk_lifts_left_and_right_feet_in_turn() -> None:
    command = {"velocity_command": [0.2, 0.0, 0.0]}
    actions = played(shipped("walk"), 5.0, **command)[80:]
    left = actions[:, BODY_JOINTS.index("l_knee")]
    right = -actions[:, BODY_JOINTS.index("r_knee")]
    assert np.corrcoef(left, right)[0, 1] < 0
    assert np.ptp(left) > 0.2


def test_turning_right_is_the_mirror_image_of_turning_left_half_a_period_on() -> None:
    policy = shipped("walk")
    assert isinstance(policy, WalkPolicy)
    one, phase = np.array(1.0), np.array(0.3)
    left = policy.pose(phase, one, np.array([0.1, 0.05, 0.6]))
    right = policy.pose(phase + 0.5, one, np.array([0.1, -0.05, -0.6]))
    np.testing.assert_allclose(right, -left[MIRROR], atol=1e-9)


def test_a_command_beyond_the_bounds_walks_as_the_bound_does() -> None:
    policy = shipped("walk")
    top = policy.spec.command.high[0]
    within = played(policy, 3.0, velocity_command=[top, 0.0, 0.0])
    beyond = played(policy, 3.0, velocity_command=[9.0, 0.0, 0.0])
    np.testing.assert_array_equal(beyond, within)


def test_a_kick_with_the_right_foot_mirrors_one_with_the_left() -> None:
    policy = shipped("kick")
    left = played(policy, 2.5, kick_side=[1.0])
    right = played(policy, 2.5, kick_side=[-1.0])
    np.testing.assert_allclose(right, -left[:, MIRROR], atol=1e-6)
    assert np.ptp(left[:, BODY_JOINTS.index("l_hip_pitch")]) > 0.8


def test_a_kick_ends_in_the_stand_when_its_time_is_over() -> None:
    policy = shipped("kick")
    steps = round(policy.spec.commit_s / policy.spec.control_period_s) + 1
    last = played(policy, steps * policy.spec.control_period_s, kick_side=[1.0])[-1]
    np.testing.assert_allclose(last, STAND_RAD, atol=0.01)


def test_the_kicking_foot_is_chosen_at_the_start_and_not_changed() -> None:
    policy = shipped("kick")
    state, rows = policy.initial_state(), []
    for step in range(40):
        side = 1.0 if step == 0 else -1.0
        row = np.array([side, 0, 0, -1, 0, 0, 0, *STAND], dtype=np.float32)
        action, state = policy.act(row, state)
        rows.append(action)
    expected = played(policy, 1.0, kick_side=[1.0])
    np.testing.assert_allclose(rows, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("gain", "gravity", "joint", "change"),
    [
        # Rolled by asin 0.2: half of its sine at the standing ankle's roll.
        ("roll_gain", (0.0, -0.2, -0.98), "ank_roll", 0.1),
        # Pitched forward, 0.5 x 0.2 at its pitch.
        ("pitch_gain", (0.2, 0.0, -0.98), "ank_pitch", 0.1),
    ],
)
def test_a_kick_leans_on_the_standing_ankle_against_a_tilt(
    gain: str, gravity: tuple[float, float, float], joint: str, change: float
) -> None:
    policy = shipped("kick")
    assert isinstance(policy, KickPolicy)
    leaning = KickPolicy(policy.spec, replace(policy.script, **{gain: 0.5}))
    for side, foot, mirror in ((1.0, "r_", 1.0), (-1.0, "l_", -1.0)):
        # The mirror image of a tilt to the left is one to the right.
        x, y, z = gravity
        row = np.array([side, x, mirror * y, z, 0, 0, 0, *STAND], dtype=np.float32)
        plain, _ = policy.act(row, policy.initial_state())
        found, _ = leaning.act(row, leaning.initial_state())
        expected = np.zeros(18)
        expected[BODY_JOINTS.index(foot + joint)] = mirror * change
        np.testing.assert_allclose(found - plain, expected, atol=1e-6)


def track_after(gravity: tuple[float, float, float]) -> int:
    policy = shipped("getup")
    state = policy.initial_state()
    row = np.array([*gravity, 0, 0, 0, *STAND], dtype=np.float32)
    for _ in range(40):
        _, state = policy.act(row, state)
    return int(state[0][1])


def test_the_getup_picks_its_motion_by_the_side_that_is_down() -> None:
    # Order of tracks: settle, front, back, left, right, stand.
    assert track_after((1.0, 0.0, 0.0)) == 1
    assert track_after((-1.0, 0.0, 0.0)) == 2
    assert track_after((0.1, 0.99, 0.0)) == 3
    assert track_after((0.1, -0.99, 0.0)) == 4
    assert track_after((0.0, 0.0, -1.0)) == 5


def test_a_robot_that_is_upright_is_led_to_the_stand() -> None:
    actions = played(shipped("getup"), 3.0)
    np.testing.assert_allclose(actions[-1], STAND_RAD, atol=1e-6)


def test_a_rise_that_failed_is_begun_again() -> None:
    policy = shipped("getup")
    actions = played(policy, 2 * policy.spec.commit_s + 1.0, gravity=(1.0, 0.0, 0.0))
    shoulder = actions[:, BODY_JOINTS.index("l_sho_pitch")]
    rises = np.flatnonzero((shoulder[1:] < -1.0) & (shoulder[:-1] >= -1.0))
    assert len(rises) >= 2


@pytest.mark.parametrize("role", ROLES)
def test_a_scripts_numbers_survive_the_way_to_a_vector_and_back(role: str) -> None:
    script = shipped(role).script
    vector = numbers(script)
    assert with_numbers(script, vector) == script
    assert spreads(script).shape == vector.shape
    moved = numbers(with_numbers(script, vector + 1e-3))
    assert np.count_nonzero(moved != vector) > len(vector) // 2


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"script\.json, found no such file"):
        load(tmp_path, shipped("kick").spec)


def test_a_script_of_another_skill_is_refused_with_all_faults(tmp_path: Path) -> None:
    text = script_text(shipped("kick").script)
    (tmp_path / "script.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match="settle: expected a value, found none"):
        load(tmp_path, shipped("getup").spec)


def test_a_script_read_back_acts_as_the_one_written(tmp_path: Path) -> None:
    policy = shipped("walk")
    (tmp_path / "script.json").write_text(script_text(policy.script), encoding="utf-8")
    again = load(tmp_path, policy.spec)
    assert again.script == policy.script
    command = {"velocity_command": [0.1, 0.0, 0.3]}
    expected = played(make_policy(policy.spec, policy.script), 1.0, **command)
    np.testing.assert_array_equal(played(again, 1.0, **command), expected)
