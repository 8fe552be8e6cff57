"""`op3-soccer play`: equal seeds, pace, video, and who hears whom in a match."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import imageio.v2 as imageio
import pytest

from cli.main import main
from cli.match_config import MatchConfig
from cli.match_players import load_players
from cli.pacing import RealTimePace
from cli.simulated_match import SimulatedMatch
from match.rules import LAB_1V1
from match.state import DecisionKind
from robot.contracts.game_control import GameState
from sim.renderer import RenderConfig
from tests.cli.conftest import SHIPPED, FakeClock

BLINK = replace(
    LAB_1V1, initial_duration_s=0.0, ready_duration_s=0.1, set_duration_s=0.1
)
"""Over before a robot stands: for what does not depend on the play."""


# Equal seeds


@pytest.fixture(scope="module")
def folders(tmp_path_factory, ports):
    """Three matches of 6 s: seed 3, again seed 3, and seed 4."""
    found = []
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        out = tmp_path_factory.mktemp(name)
        sides = ["--home", str(SHIPPED), "--away", str(SHIPPED)]
        offset = ["--port-offset", str(ports.offset)]
        what = ["--seconds", "6", "--seed", str(seed), "--no-video", "--out", str(out)]
        assert main(["play", *sides, *offset, *what]) == 0
        found.append(out)
    return found


def test_equal_seeds_give_equal_bytes(folders):
    one, same, _ = folders
    assert (one / "match.json").read_bytes() == (same / "match.json").read_bytes()
    assert (one / "match.mcap").read_bytes() == (same / "match.mcap").read_bytes()


def test_another_seed_gives_another_match(folders):
    one, _, other = folders
    assert (one / "match.json").read_text() != (
        other / "match.json"
    ).read_text().replace('"seed": 4', '"seed": 3')


def test_a_whole_match_is_not_stopped_by_anything(folders):
    text = (folders[0] / "match.json").read_text()
    assert '"stopped by": ""' in text
    assert '"kind": "finished"' in text
    assert sorted(file.name for file in folders[0].iterdir()) == [
        "match.json",
        "match.mcap",
        "report.html",
    ]


# Pace


def test_real_time_never_runs_ahead_and_catches_up_after_a_delay():
    clock = FakeClock()
    pace = RealTimePace(clock)
    pace.wait_for(5.0)
    pace.wait_for(5.5)
    assert clock.time_s == 1000.5
    clock.time_s = 1002.0  # the computer was slow for 1.5 s
    pace.wait_for(6.0)
    assert clock.time_s == 1002.0
    pace.wait_for(7.5)
    assert clock.time_s == 1002.5


def test_a_real_time_match_waits_once_per_bus_cycle(stadium, wall_clock):
    stadium.changes["rules"] = BLINK
    assert stadium.play("--realtime", "--no-video", "--seconds", "0.2") == 0
    waits = wall_clock.slept_until_s
    assert waits[0] == 1000.0
    assert [b - a for a, b in pairwise(waits)] == pytest.approx(
        [0.008] * (len(waits) - 1)
    )
    # The first wait is at 8 ms of simulated time.
    assert waits[-1] - waits[0] == pytest.approx(stadium.match.time_s - 0.008)


def test_a_match_without_pace_never_waits(stadium, wall_clock):
    stadium.changes["rules"] = BLINK
    assert stadium.play("--no-video", "--seconds", "0.1") == 0
    assert wall_clock.slept_until_s == []


# Video


def test_the_video_has_one_picture_per_frame_in_broadcast_size(stadium, capsys):
    stadium.changes["rules"] = BLINK
    assert stadium.play("--seconds", "0.1") == 0
    with imageio.get_reader(stadium.out / "match.mp4") as video:
        pictures = list(video.iter_data())
        assert video.get_meta_data()["fps"] == 25
    # About 0.1 s ready + 0.1 s set + 0.1 s play, 25 pictures a second.
    assert len(pictures) == len(stadium.match.log.frames)
    assert 7 <= len(pictures) <= 10
    width, height = RenderConfig().broadcast_px
    assert {picture.shape for picture in pictures} == {(height, width, 3)}
    # Not one flat colour: a green pitch, a dark score board, bright insets.
    assert pictures[-1].std() > 20
    assert 'src="match.mp4"' in (stadium.out / "report.html").read_text()
    assert str(stadium.out / "match.mp4") in capsys.readouterr().out


# Who hears whom


@dataclass(frozen=True)
class Moment:
    """Both sides of the network at one instant, by team where it is a dict."""

    time_s: float
    phase: GameState
    removed: frozenset[int]
    ball_xyz_m: tuple[float, float, float]
    ball_speed: float
    game: dict
    request: dict
    places: dict


@pytest.fixture(scope="module")
def watched(tmp_path_factory, ports):
    """A match with two accidents: the ball is kicked away in READY, home is pushed over
    in PLAYING and lies too long for the rules. All moments and decisions of it."""
    rules = replace(
        LAB_1V1,
        ready_duration_s=5.0,
        fallen_incapable_after_s=1.0,
        removal_duration_s=1.0,
    )
    config = MatchConfig(seconds=3.0, rules=rules, ports=ports)
    sides = {"home": SHIPPED, "away": SHIPPED}
    players = load_players(sides, SHIPPED)
    record = tmp_path_factory.mktemp("watched") / "match.mcap"
    moments, accidents = [], [(5.0, _kick_the_ball_away), (8.2, _push_home_over)]

    def on_cycle(match):
        if accidents and match.time_s >= accidents[0][0]:
            accidents.pop(0)[1](match.stage.world)
        moments.append(_moment(match))

    names = {"home": "Home", "away": "Away"}
    with SimulatedMatch(config, players, names, record) as match:
        match.run(on_cycle)
    return moments, match.log.decisions


def _kick_the_ball_away(world):
    world.data.qpos[world.arena.ball.qpos[:2]] = (0.0, 1.5)
    world.data.qvel[world.arena.ball.qvel[:2]] = (0.5, 0.0)


def _push_home_over(world):
    """A push forward (home faces +x) at 2 m/s that turns it at 8 rad/s as well."""
    index = world.robots["home"].index
    world.data.qvel[index.root_qvel] = (2.0, 0.0, 0.5, 0.0, 8.0, 0.0)


def _moment(match):
    world, brains = match.stage.world, {}
    for team, side in ((1, "home"), (2, "away")):
        brains[team] = match.robots[side].runtime.brain
    ball, data = world.arena.ball, world.data
    return Moment(
        time_s=match.time_s,
        phase=match.state.phase,
        removed=frozenset(
            track.team
            for track in match.state.robots
            if track.removed_since_s is not None
        ),
        ball_xyz_m=tuple(data.qpos[ball.qpos[:3]]),
        ball_speed=float(abs(data.qvel[ball.qvel]).max()),
        game={team: brain and brain.game for team, brain in brains.items()},
        request={team: brain and brain.request for team, brain in brains.items()},
        places={
            team: tuple(data.qpos[world.robots[side].index.root_qpos[:2]])
            for team, side in ((1, "home"), (2, "away"))
        },
    )


def _of(decisions, kind):
    return next(decision for decision in decisions if decision.kind is kind)


def _settled(moments, key):
    """Moments whose `key` has been the same for 50 ms, two policy steps."""
    since_s, last, found = 0.0, None, []
    for moment in moments:
        if key(moment) != last:
            since_s, last = moment.time_s, key(moment)
        if moment.time_s - since_s >= 0.05:
            found.append(moment)
    return found


def test_the_robots_hear_the_referee(watched):
    moments, _ = watched
    heard = [
        (moment.phase.name.lower(), game.phase)
        for moment in _settled(moments, lambda moment: moment.phase)
        for game in moment.game.values()
        if game is not None
    ]
    assert {said for said, _ in heard} == {"ready", "set", "playing"}
    assert all(said == understood for said, understood in heard)


def test_the_teams_attack_opposite_goals(watched):
    game = watched[0][-1].game
    assert game[1].attacks_positive_x
    assert not game[2].attacks_positive_x


def test_after_set_the_ball_lies_on_its_spot(watched):
    moments, decisions = watched
    decided = _of(decisions, DecisionKind.SET)
    before = [m for m in moments if m.time_s < decided.time_s][-1]
    after = next(m for m in moments if m.time_s >= decided.time_s)
    assert math.hypot(*before.ball_xyz_m[:2]) > 1.0
    assert after.ball_xyz_m == pytest.approx((0.0, 0.0, 0.07))
    assert after.ball_speed == 0.0
    # It stays there until the kick-off.
    until = _of(decisions, DecisionKind.PLAYING).time_s
    last = [m for m in moments if m.time_s < until][-1]
    assert last.ball_xyz_m == pytest.approx((0.0, 0.0, 0.07), abs=0.01)


def test_robots_walk_in_ready_and_stand_still_in_set(watched):
    moments, _ = watched
    settled = _settled(moments, lambda moment: moment.phase)
    for team in (1, 2):
        wishes = {
            phase: {
                moment.request[team].kind
                for moment in settled
                if moment.phase is phase and moment.request[team] is not None
            }
            for phase in (GameState.READY, GameState.SET)
        }
        assert "walk" in wishes[GameState.READY]
        assert wishes[GameState.SET] == {"stand"}
        stands = [m for m in settled if m.phase is GameState.SET]
        # Half a second to end the last step, then less than 3 cm.
        places = [m.places[team] for m in stands if m.time_s > stands[0].time_s + 0.5]
        assert math.dist(places[0], places[-1]) < 0.03


def test_a_penalised_robot_knows_it_and_does_not_even_get_up(watched):
    moments, decisions = watched
    incapable = _of(decisions, DecisionKind.INCAPABLE)
    assert (incapable.team, incapable.player) == (1, 1)
    penalised = [m for m in _settled(moments, lambda m: m.removed) if m.removed]
    assert {m.removed for m in penalised} == {frozenset({1})}
    assert len(penalised) > 50
    assert all(m.game[1].penalised for m in penalised)
    assert not any(m.game[2].penalised for m in penalised)
    assert {m.request[1].kind for m in penalised} == {"stand"}
    # Before the penalty it wanted to rise.
    before = [m for m in moments if m.time_s < incapable.time_s]
    assert before[-1].request[1].kind == "getup"


def test_a_returned_robot_is_put_up_and_plays(watched):
    moments, decisions = watched
    back = _of(decisions, DecisionKind.RETURN)
    (placed,) = back.placements
    after = next(m for m in moments if m.time_s >= back.time_s)
    assert after.places[1] == pytest.approx((placed.x_m, placed.y_m), abs=0.02)
    later = [m for m in moments if m.time_s > back.time_s + 0.05]
    assert later
    assert not any(m.game[1].penalised for m in later)
