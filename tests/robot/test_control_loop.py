"""One policy step, and when skills change, with policies that tell what they saw."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robot import control_loop
from robot.attitude import AttitudeState
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec, KickSpec, ObservationSpec
from robot.contracts.sensors import SensorFrame
from robot.observation import TERM_SIZES
from robot.player import Player
from robot.skills import SkillConfig, SkillRequest
from tests.fakes.bundles import small_spec, term

STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
CONFIG = SkillConfig(upright_hold_s=0.3, getup_retry_s=1.0)
ATTITUDE = AttitudeState(gravity=(0.6, 0.0, -0.8), gyro_rad_s=(0.0, 0.0, 0.0))


class Spy:
    """A policy that keeps its observations and answers a constant."""

    def __init__(self, spec, answer=0.0):
        self.spec = replace(spec, state_shapes=((1,),))
        self.answer = answer
        self.seen = []
        self.counts = []

    def initial_state(self):
        return (np.zeros(1, dtype=np.float32),)

    def act(self, observation, state):
        self.seen.append(observation)
        self.counts.append(float(state[0][0]))
        action = np.full(len(self.spec.action.joints), self.answer, np.float32)
        return action, (state[0] + 1,)


def make_player(walk_terms=None, answer=0.0):
    walk = small_spec("walk")
    if walk_terms:
        walk = replace(walk, observation=ObservationSpec(terms=walk_terms))
    return Player(
        walk=Spy(walk, answer),
        getup=Spy(small_spec("getup", commit_s=0.5)),
        kick=Spy(
            replace(
                small_spec("kick", commit_s=0.4),
                observation=ObservationSpec(terms=(term("kick_side", 1),)),
            )
        ),
    )


def sensors(position=STAND):
    return SensorFrame(
        time_s=0.0,
        position_rad=position,
        velocity_rad_s=np.zeros(20),
        current_a=np.zeros(20),
        fresh=np.ones(20, dtype=np.bool_),
        gyro_rad_s=np.array([0.1, 0.2, 0.3]),
        acceleration_m_s2=np.array([0.0, 0.0, 9.81]),
        voltage_v=11.8,
    )


def tick(player, state, request, posture="upright", position=STAND):
    return control_loop.tick(
        player, CONFIG, state, sensors(position), ATTITUDE, posture, request
    )


def skills_over(player, steps):
    """The skill in charge at each of `steps` (request, posture)."""
    state = control_loop.start(player, STAND)
    found = []
    for request, posture in steps:
        state, _ = tick(player, state, request, posture)
        found.append(state.skill)
    return found


WALK = SkillRequest(kind="walk", forward_m_s=0.3, kick_direction_rad=math.pi / 6)
KICK = SkillRequest(kind="kick", kick_side="left")
GETUP = SkillRequest(kind="getup")


def test_every_known_term_reaches_the_policy_under_its_name():
    terms = tuple(term(name, size) for name, size in TERM_SIZES.items())
    player = make_player(terms)
    player.walk.spec = replace(player.walk.spec, clock_hz=10.0)
    state = control_loop.start(player, STAND)
    state, _ = tick(player, state, WALK)
    tick(player, state, WALK)
    seen = dict(zip(TERM_SIZES, split(player.walk.seen[1]), strict=True))
    assert seen["gyro"] == pytest.approx([0.1, 0.2, 0.3])
    assert seen["gravity"] == pytest.approx([0.6, 0.0, -0.8])
    assert seen["joint_position"] == pytest.approx(STAND)
    assert seen["previous_target"] == pytest.approx(state.targets_rad)
    assert seen["velocity_command"] == pytest.approx([0.3, 0.0, 0.0])
    # One step of 25 ms at 10 Hz is a quarter turn: sin 1, cos 0.
    assert seen["gait_clock"] == pytest.approx([1.0, 0.0], abs=1e-6)
    assert seen["kick_side"] == [-1.0]
    # 30 degrees to the left.
    assert seen["kick_direction"] == pytest.approx([math.sqrt(0.75), 0.5])


def test_a_head_that_looks_about_is_hidden_from_a_policy_that_does_not_move_it():
    terms = (term("joint_position", 20), term("previous_target", 20))
    player = make_player(terms)
    spec = player.walk.spec
    joints = tuple(name for name in JOINT_NAMES if not name.startswith("head"))
    action = ActionSpec(
        joints=joints,
        default_rad=(0.0,) * 18,
        scale_rad=(0.5,) * 18,
        min_rad=(-1.0,) * 18,
        max_rad=(1.0,) * 18,
        filter_keep=0.8,
    )
    player.walk.spec = replace(spec, action=action)
    look = replace(WALK, head_pan_rad=0.7, head_tilt_rad=-0.6)
    turned = STAND.copy()
    turned[:2] = 0.3
    turned[-2:] = 0.7, -0.6  # head_pan and head_tilt come last
    state = control_loop.start(player, turned)
    felt = turned.copy()
    felt[-2:] = 0.5, -0.61  # on its way, and sagging
    state, targets = tick(player, state, look, position=felt)
    position, target = np.split(player.walk.seen[0], 2)
    assert position[:2] == pytest.approx([0.3, 0.3])
    # The stand's, 0 and -0.4 rad, and how far off its targets it is: 0.06 at most.
    assert position[-2:] == pytest.approx([-0.06, -0.41])
    assert target[-2:] == pytest.approx([0.0, -0.4])
    assert targets[-2:] == pytest.approx([0.7, -0.6])


def split(vector):
    return np.split(vector, np.cumsum(list(TERM_SIZES.values()))[:-1])


def test_the_command_is_held_within_the_policys_bounds():
    player = make_player()
    wish = SkillRequest(kind="walk", forward_m_s=9.0, left_m_s=-9.0, turn_rad_s=0.5)
    tick(player, control_loop.start(player, STAND), wish)
    assert player.walk.seen[0][-3:] == pytest.approx([0.4, -0.1, 0.5])


def test_standing_is_walking_at_zero_velocity():
    player = make_player()
    wish = SkillRequest(kind="stand", forward_m_s=0.3)
    tick(player, control_loop.start(player, STAND), wish)
    assert player.walk.seen[0][-3:].tolist() == [0.0, 0.0, 0.0]


def test_the_history_starts_full_and_then_shifts():
    player = make_player()
    state = control_loop.start(player, STAND)
    state, _ = tick(player, state, WALK)
    control_loop.tick(
        player,
        CONFIG,
        state,
        sensors(),
        AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0)),
        "upright",
        WALK,
    )
    assert player.walk.seen[0][:6] == pytest.approx([0.6, 0, -0.8, 0.6, 0, -0.8])
    assert player.walk.seen[1][:6] == pytest.approx([0.6, 0, -0.8, 0, 0, -1])


def test_targets_are_offset_scaled_and_filtered():
    player = make_player(answer=1.0)
    _, targets = tick(player, control_loop.start(player, STAND), WALK)
    knee = JOINT_NAMES.index("l_knee")
    # 0.8 x 1.2 + 0.2 x (1.2 + 0.1 x 1) = 1.22
    assert targets[knee] == pytest.approx(1.22)


def test_the_head_follows_the_request_while_walking():
    player = make_player()
    wish = replace(WALK, head_pan_rad=0.5, head_tilt_rad=-0.6)
    _, targets = tick(player, control_loop.start(player, STAND), wish)
    # 0.8 x 0 + 0.2 x 0.5 and 0.8 x (-0.4) + 0.2 x (-0.6)
    assert targets[18:] == pytest.approx([0.1, -0.44])


def test_a_started_kick_is_kept_for_its_time():
    # 0.4 s are 16 steps of 25 ms.
    steps = [(KICK, "upright")] + [(WALK, "upright")] * 20
    found = skills_over(make_player(), steps)
    assert found == ["kick"] * 16 + ["walk"] * 5


def test_the_kicking_side_stays_while_the_kick_runs():
    player = make_player()
    steps = [(KICK, "upright"), (replace(WALK, kick_side="right"), "upright")]
    skills_over(player, steps)
    assert [float(seen[0]) for seen in player.kick.seen] == [1.0, 1.0]


def test_a_fall_ends_a_kick_at_once():
    steps = [(KICK, "upright"), (GETUP, "front")]
    assert skills_over(make_player(), steps) == ["kick", "getup"]


def test_a_get_up_ends_after_its_time_and_a_moment_of_standing():
    # 0.5 s are 20 steps; upright from step 19 on, 0.3 s (12 steps) later: step 31.
    steps = [(GETUP, "front")] * 18 + [(WALK, "upright")] * 20
    found = skills_over(make_player(), steps)
    assert found == ["getup"] * 29 + ["walk"] * 9


def test_a_get_up_that_fails_starts_over():
    player = make_player()
    # After 0.5 s + 1.0 s (60 steps) still lying: the policy's memory starts anew.
    skills_over(player, [(GETUP, "front")] * 62)
    assert player.getup.counts[59:62] == [59.0, 0.0, 1.0]


def test_a_lying_robot_that_may_not_get_up_holds_its_pose():
    player = make_player(answer=1.0)
    state = control_loop.start(player, STAND)
    state, targets = tick(player, state, SkillRequest(), "back")
    assert state.skill == "hold"
    assert targets is STAND
    assert player.walk.seen == []


def test_a_skill_starts_with_fresh_memory_and_history():
    player = make_player()
    skills_over(
        player, [(WALK, "upright")] * 3 + [(GETUP, "front")] + [(WALK, "upright")] * 40
    )
    counts = player.walk.counts
    assert counts[:3] == [0.0, 1.0, 2.0]
    assert counts[3] == 0.0


@pytest.mark.parametrize(("score_hz", "goes_on"), [(2.0, True), (2.5, False)])
def test_the_gait_clock_goes_on_between_skills_of_one_clock(score_hz, goes_on):
    clock = ObservationSpec(terms=(term("gait_clock", 2),))
    walk, score = (
        Spy(replace(small_spec(role), observation=clock, clock_hz=hz))
        for role, hz in (("walk", 2.0), ("score", score_hz))
    )
    player = replace(make_player(), walk=walk, score=score)
    skills_over(
        player, [(WALK, "upright")] * 3 + [(SkillRequest(kind="score"), "upright")]
    )
    # Three steps of 25 ms at 2 Hz: 0.15 of a turn.
    turn = 2 * np.pi * 0.15 if goes_on else 0.0
    wanted = [np.sin(turn), np.cos(turn)]
    np.testing.assert_allclose(score.seen[0], wanted, atol=1e-6)


def test_a_kick_takes_a_ball_it_never_saw_to_lie_where_it_wants_it():
    plain = make_player()
    wanted = KickSpec(
        ahead_m=(0.1, 0.2), aside_m=(0.02, 0.08), turn_rad_m=0.0, settle_s=0.0
    )
    seen = ObservationSpec(terms=(term("ball_position", 2),))
    spec = replace(plain.kick.spec, kick=wanted, observation=seen)
    for side, left_m in (("left", 0.05), ("right", -0.05)):
        player = replace(plain, kick=Spy(spec))
        state = control_loop.start(player, STAND)
        request = SkillRequest(kind="kick", kick_side=side)
        control_loop.tick(
            player, CONFIG, state, sensors(), ATTITUDE, "upright", request
        )
        np.testing.assert_allclose(player.kick.seen, [[0.15, left_m]], atol=1e-6)


def test_a_policy_sees_where_the_ball_was_last_known():
    player = make_player(walk_terms=(term("ball_position", 2),))
    state = control_loop.start(player, STAND)
    for ball_m in (None, (0.3, -0.1), None):
        state, _ = control_loop.tick(
            player,
            CONFIG,
            state,
            sensors(),
            ATTITUDE,
            "upright",
            SkillRequest(),
            ball_m,
        )
    np.testing.assert_allclose(
        player.walk.seen, [[0.0, 0.0], [0.3, -0.1], [0.3, -0.1]], atol=1e-6
    )
