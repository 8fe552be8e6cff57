"""What a score policy is told of the game, and when it plays."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robot import brain
from robot.attitude import AttitudeState
from robot.brain import BrainConfig, Identity
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from robot.contracts.policy import KickSpec, ObservationSpec
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.game_senses import Look, looked, plays, terms
from robot.player import Player, load_player
from robot.policy import load_bundle
from robot.tactics import TacticsState
from robot.world import Game, Pose, WorldView
from tests.fakes.bundles import small_spec, term, write_bundle, write_player
from tests.robot.test_control_loop import Spy, make_player, sensors

PITCH = FieldSpec()
PLAYING = Game(phase="playing")
FACING_LEFT = Pose(x_m=1.0, y_m=0.5, yaw_rad=math.pi / 2)


def look(time_s, ball, pose=FACING_LEFT, opponents=()):
    view = WorldView(pose=pose, ball=ball, others=opponents, opponents=opponents)
    return Look(time_s=time_s, view=view)


def test_places_and_velocities_are_in_the_heading_frame():
    before = look(7.0, (1.2, 1.0), replace(FACING_LEFT, x_m=0.9), ((2.0, 0.5),))
    now = look(7.1, (1.3, 1.5), opponents=((2.0, 0.3), (-2.0, 0.0)))
    found = terms(PITCH, (before, now))
    # At (1, 0.5), facing +y: ahead is dy, left is -dx.
    assert found["ball_position"] == pytest.approx([1.0, -0.3])
    assert found["opponent_position"] == pytest.approx([-0.2, -1.0])
    assert found["own_goal_position"] == pytest.approx([-0.5, 3.5])
    assert found["opponent_goal_position"] == pytest.approx([-0.5, -1.5])
    # In 0.1 s: the robot 0.1 m along x, the ball (0.1, 0.5), the opponent (0, -0.2).
    assert found["own_velocity"] == pytest.approx([0.0, -1.0])
    assert found["ball_velocity"] == pytest.approx([5.0, -1.0])
    assert found["opponent_velocity"] == pytest.approx([-2.0, 0.0], abs=1e-9)


def test_what_was_not_seen_before_does_not_move_and_nobody_stands_in_his_goal():
    found = terms(PITCH, (look(0.0, None, pose=None), look(0.1, (1.0, 1.0))))
    for name in ("own_velocity", "ball_velocity", "opponent_velocity"):
        assert found[name].tolist() == [0.0, 0.0]
    assert found["opponent_position"] == pytest.approx(found["opponent_goal_position"])


def test_frames_are_kept_for_as_long_as_velocities_need_them():
    looks = ()
    for time_s in (0.0, 0.05, 0.1, 0.15):
        looks = looked(looks, look(time_s, (0.0, 0.0)), 0.1)
    assert [kept.time_s for kept in looks] == [0.05, 0.1, 0.15]
    # A frame that overtook another begins anew.
    assert len(looked(looks, look(0.02, (0.0, 0.0)), 0.1)) == 1


@pytest.fixture(scope="module")
def score():
    """A score policy that observes the ball's and the opponent's place."""
    spec = small_spec("score")
    names = ("ball_position", "opponent_position")
    seen = ObservationSpec(terms=tuple(term(name, 2) for name in names))
    return Spy(replace(spec, observation=seen))


def test_it_plays_while_the_ball_is_free_and_all_is_seen(score):
    seen = (look(0.0, (0.0, 0.0)),)
    assert plays(score, PLAYING, seen, "upright")
    assert not plays(None, PLAYING, seen, "upright")
    assert not plays(score, replace(PLAYING, ball_free=False), seen, "upright")
    assert not plays(score, replace(PLAYING, phase="set"), seen, "upright")
    assert not plays(score, replace(PLAYING, penalised=True), seen, "upright")
    assert not plays(score, PLAYING, (look(0.0, None),), "upright")
    assert not plays(score, PLAYING, (), "upright")
    assert not plays(score, PLAYING, seen, "front")
    getting_up = Spy(replace(score.spec, gets_up=True))
    assert plays(getting_up, PLAYING, seen, "front")


def test_the_brain_hands_the_robot_to_the_score_policy_and_takes_it_back(score):
    player: Player = replace(make_player(), score=score)
    me, config = Identity(team=1), BrainConfig()
    state = replace(brain.start(player, np.zeros(20)), game=PLAYING, game_s=0.0)
    robots = tuple(
        TrackedRobot(team=team, player=1, x_m=x, y_m=0.0, yaw_rad=0.0)
        for team, x in ((1, 0.0), (2, 1.5))
    )
    frame = TrackerFrame(time_s=3.0, ball_xy_m=(1.0, 0.25), robots=robots)
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))

    def think(state, frame, posture):
        heard = brain.hear(config, me, state, None, frame, 0.0)
        return brain.think(config, me, player, heard, sensors(), body, posture)[0]

    state = think(state, frame, "upright")
    assert (state.loop.skill, state.request.kind) == ("score", "score")
    assert score.seen[-1] == pytest.approx([1.0, 0.25, 1.5, 0.0])
    state = think(state, None, "front")
    assert state.loop.skill == "getup"
    # The get-up has its time, then the robot plays on.
    for _ in range(25):
        state = think(state, None, "upright")
    assert state.loop.skill == "score"
    unseen = replace(frame, time_s=4.0, ball_xy_m=None)
    assert think(state, unseen, "upright").loop.skill == "walk"


def test_the_tactics_lead_round_an_opponent_in_the_way(score):
    player: Player = replace(make_player(), score=score)
    me, config = Identity(team=1), BrainConfig()
    state = replace(brain.start(player, np.zeros(20)), game=PLAYING, game_s=0.0)
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))

    def think(state, other, time_s, posture="upright"):
        robots = tuple(
            TrackedRobot(team=team, player=1, x_m=x, y_m=y, yaw_rad=0.0)
            for team, (x, y) in ((1, (0.0, 0.0)), (2, other))
        )
        frame = TrackerFrame(time_s=time_s, ball_xy_m=(2.0, 0.0), robots=robots)
        heard = brain.hear(config, me, state, None, frame, 0.0)
        return brain.think(config, me, player, heard, sensors(), body, posture)[0]

    state = think(state, (0.6, 0.0), 3.0)
    assert (state.loop.skill, state.request.kind) == ("walk", "walk")
    assert state.request.turn_rad_s != 0.0
    # Lying, it gets up, whoever stands there.
    assert think(state, (0.6, 0.0), 3.1, "front").loop.skill == "getup"
    # Past the other, the score policy plays on.
    assert think(state, (-0.4, 0.0), 3.2).loop.skill == "score"


def test_the_tactics_lead_to_the_place_a_kick_scores_from(score):
    plain = make_player()
    me, config = Identity(team=1), BrainConfig()
    state = replace(brain.start(plain, np.zeros(20)), game=PLAYING, game_s=0.0)
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))

    def skill(score, robot_x_m, ball_x_m, other=(2.0, 0.0)):
        robots = tuple(
            TrackedRobot(team=team, player=1, x_m=x, y_m=y, yaw_rad=0.0)
            for team, (x, y) in ((1, (robot_x_m, 0.0)), (2, other))
        )
        frame = TrackerFrame(time_s=3.0, ball_xy_m=(ball_x_m, 0.0), robots=robots)
        heard = brain.hear(config, me, state, None, frame, 0.0)
        player = replace(plain, score=score)
        found = brain.think(config, me, player, heard, sensors(), body, "upright")[0]
        return found.loop.skill

    # Right behind the ball, 1.5 m from the goal, it is led to the kick.
    assert skill(score, 0.6, 1.0) == "walk"
    # From afar, or too far from the goal, the policy plays.
    assert skill(score, 0.0, 1.0) == "score"
    assert skill(score, -1.4, -1.0) == "score"
    # But with nobody near the ball there is time to walk up to it.
    assert skill(score, 0.0, 1.0, other=(-1.0, 1.0)) == "walk"
    assert skill(score, -1.4, -1.0, other=(1.0, 1.0)) == "score"
    # One that plays whole games kicks by itself.
    whole = Spy(replace(score.spec, gets_up=True))
    assert skill(whole, 0.6, 1.0) == "score"


def test_the_last_steps_are_as_fast_as_the_walk_needs_them():
    straight = KickSpec(
        ahead_m=(0.135, 0.21), aside_m=(0.02, 0.085), turn_rad_m=0.0, settle_s=0.4
    )
    plain = make_player()
    plain = replace(plain, kick=Spy(replace(plain.kick.spec, kick=straight)))
    command = replace(plain.walk.spec.command, least=(0.16, 0.11, 0.4))
    slow = replace(plain, walk=Spy(replace(plain.walk.spec, command=command)))
    me, config = Identity(team=1), BrainConfig()
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))
    # 5 cm short of the place from which the left foot kicks: 0.1725 m behind the ball,
    # 0.0525 m to its right. 1.5 / s x 0.05 = 0.075 m/s.
    x, y = 1.0 - 0.1725 - 0.05, -0.0525
    robot = TrackedRobot(team=1, player=1, x_m=x, y_m=y, yaw_rad=0.0)
    frame = TrackerFrame(time_s=3.0, ball_xy_m=(1.0, 0.0), robots=(robot,))
    for player, forward_m_s in ((plain, 0.075), (slow, 0.16)):
        state = replace(brain.start(player, np.zeros(20)), game=PLAYING, game_s=0.0)
        state = replace(state, tactics=TacticsState(plan="align", side="left"))
        heard = brain.hear(config, me, state, None, frame, 0.0)
        found = brain.think(config, me, player, heard, sensors(), body, "upright")[0]
        assert found.request.forward_m_s == pytest.approx(forward_m_s, abs=1e-3)


def test_the_robot_stands_where_its_own_kick_wants_the_ball():
    plain = make_player()
    far = KickSpec(
        ahead_m=(0.25, 0.35), aside_m=(0.05, 0.11), turn_rad_m=0.0, settle_s=0.0
    )
    longer = replace(plain, kick=Spy(replace(plain.kick.spec, kick=far)))
    me, config = Identity(team=1), BrainConfig()
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))

    def kind(player, ahead_m, left_m):
        robot = TrackedRobot(team=1, player=1, x_m=1.0, y_m=0.0, yaw_rad=0.0)
        ball = (1.0 + ahead_m, left_m)
        frame = TrackerFrame(time_s=3.0, ball_xy_m=ball, robots=(robot,))
        state = replace(brain.start(player, np.zeros(20)), game=PLAYING, game_s=0.0)
        state = replace(state, tactics=TacticsState(plan="align", side="left"))
        heard = brain.hear(config, me, state, None, frame, 0.0)
        found = brain.think(config, me, player, heard, sensors(), body, "upright")[0]
        return found.request.kind

    # Without settling, the kick begins with the first decision in place.
    assert kind(longer, 0.3, 0.08) == "kick"
    assert kind(longer, 0.17, 0.05) == "walk"
    # Of a kick that does not say, policies/kick's stance: 0.4 s of standing first.
    assert kind(plain, 0.17, 0.05) == "stand"
    assert kind(plain, 0.3, 0.08) == "walk"


def test_a_kick_that_aims_is_begun_wherever_the_ball_lies_for_it(score):
    plain = make_player()
    spec = plain.kick.spec
    terms = (term("ball_position", 2), term("kick_direction", 2))
    aiming = Spy(replace(spec, observation=ObservationSpec(terms=terms)))
    me, config = Identity(team=1), BrainConfig()
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))
    robot = TrackedRobot(team=1, player=1, x_m=1.3, y_m=0.0, yaw_rad=0.1)

    def think(player, state, ball, game=PLAYING):
        frame = TrackerFrame(time_s=3.0, ball_xy_m=ball, robots=(robot,))
        heard = brain.hear(config, me, replace(state, game=game), None, frame, 0.0)
        return brain.think(config, me, player, heard, sensors(), body, "upright")[0]

    def skill(player, ball, game=PLAYING):
        state = replace(brain.start(player, np.zeros(20)), game_s=0.0)
        return think(player, state, ball, game).loop.skill

    player: Player = replace(plain, score=score, kick=aiming)
    assert skill(player, (1.55, 0.0)) == "kick"
    # 0.25 m ahead of a robot turned by 0.1 rad; the goal's inner part, +-0.15 m, spans
    # +-atan(0.15 / 0.95) = +-0.157 rad from there: straight ahead will do.
    ahead, left, cosine, sine = aiming.seen[-1]
    assert ahead == pytest.approx(0.25 * math.cos(0.1))
    assert left == pytest.approx(-0.25 * math.sin(0.1))
    assert math.atan2(sine, cosine) == 0.0
    # Too far ahead; before the game; a kick that does not aim.
    assert skill(player, (1.8, 0.0)) == "score"
    assert skill(player, (1.55, 0.0), Game(phase="set")) == "walk"
    assert skill(replace(plain, score=score), (1.55, 0.0)) == "walk"
    # It goes on while the ball is already on its way, and aims on.
    state = replace(brain.start(player, np.zeros(20)), game_s=0.0)
    state = think(player, think(player, state, (1.55, 0.0)), (2.0, 0.0))
    assert state.loop.skill == "kick"
    assert len(aiming.seen) == 3


def test_a_kick_that_is_stood_for_is_told_where_the_middle_of_the_goal_lies():
    plain = make_player()
    near = KickSpec(
        ahead_m=(0.1, 0.3), aside_m=(0.01, 0.2), turn_rad_m=0.0, settle_s=0.0
    )
    terms = ObservationSpec(terms=(term("kick_direction", 2),))
    player = replace(
        plain, kick=Spy(replace(plain.kick.spec, observation=terms, kick=near))
    )
    assert not player.kick_aims
    me, config = Identity(team=1), BrainConfig()
    body = AttitudeState(gravity=(0.0, 0.0, -1.0), gyro_rad_s=(0.0, 0.0, 0.0))
    robot = TrackedRobot(team=1, player=1, x_m=1.0, y_m=0.0, yaw_rad=0.04)
    # To the goal's middle, 1.3 m on and 0.1 m aside: atan(0.1 / 1.3) = 0.0768 rad.
    frame = TrackerFrame(time_s=3.0, ball_xy_m=(1.2, -0.1), robots=(robot,))
    state = replace(brain.start(player, np.zeros(20)), game=PLAYING, game_s=0.0)
    state = replace(state, tactics=TacticsState(plan="align", side="right"))
    heard = brain.hear(config, me, state, None, frame, 0.0)
    found = brain.think(config, me, player, heard, sensors(), body, "upright")[0]
    assert found.loop.skill == "kick"
    cosine, sine = player.kick.seen[-1]
    assert math.atan2(sine, cosine) == pytest.approx(0.0768 - 0.04, abs=1e-3)


def test_a_score_bundle_joins_the_player(tmp_path):
    write_player(tmp_path)
    write_bundle(tmp_path / "score", "score")
    loaded = load_player(tmp_path, tmp_path)
    assert loaded.score is not None
    assert loaded.skill("score").spec.name == "small score"
    assert set(loaded.policies) == {"walk", "getup", "kick", "score"}


@pytest.mark.parametrize(
    ("role", "fault"),
    [("walk", "expected one of gyro"), ("score", "expected size 2, found 3")],
)
def test_only_a_score_bundle_may_ask_for_the_game(tmp_path, role, fault):
    write_bundle(tmp_path, role)
    text = (tmp_path / "spec.json").read_text()
    renamed = text.replace('"name": "velocity_command"', '"name": "own_velocity"')
    (tmp_path / "spec.json").write_text(renamed)
    with pytest.raises(ContractError, match=f"term own_velocity: {fault}"):
        load_bundle(tmp_path)
