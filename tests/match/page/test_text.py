"""The panel's words."""

import re

from match.decisions import Decision, DecisionKind
from match.effects import Ruling
from match.page.text import decision_list, health_tables, phase_text, score_board
from match.page.view import RobotHealth, ServoHealth
from match.teams import Team
from robot.contracts.game_control import (
    GamePhase,
    GameState,
    Penalty,
    PlayerInfo,
    SetPlay,
    TeamColour,
)
from tests.match.page.views import AWAY, HOME, control, team_info, view


def plain(html: str) -> str:
    """Without style and tags."""
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_board_shows_names_score_clock_and_who_is_out() -> None:
    out = PlayerInfo(
        penalty=Penalty.INCAPABLE_ROBOT, secs_till_unpenalised=32, cautions=2
    )
    board = score_board(
        view(control=control(team_info(HOME, 2), team_info(AWAY, 1, {2: out})))
    )
    # 513 s = 8 min 33 s.
    assert plain(board) == (
        "learned 2 : 1 scripted playing 8:33 "
        "scripted 2: incapable robot 32 s, 2 cautions"
    )


def test_clock_past_the_end_is_negative() -> None:
    assert plain(score_board(view(control=control(secs_remaining=-65)))).endswith(
        "-1:05"
    )


def test_phase_names_state_set_play_team_and_seconds() -> None:
    kick_off = control(state=GameState.READY, kicking_team=1, secondary_time=7)
    assert phase_text(view(control=kick_off)) == "ready · kick-off learned · 7 s"
    throw_in = control(set_play=SetPlay.THROW_IN, kicking_team=2)
    assert phase_text(view(control=throw_in)) == "playing · throw in scripted"
    assert phase_text(view(control=control(stopped=True))) == "playing, STOPPED"
    time_out = control(state=GameState.INITIAL, game_phase=GamePhase.TIMEOUT)
    assert phase_text(view(control=time_out)) == "time-out"
    over = control(state=GameState.FINISHED, kicking_team=2)
    assert phase_text(view(control=over)) == "finished"


def test_decisions_come_latest_first_with_rule_and_evidence() -> None:
    ready = Decision(number=1, kind=DecisionKind.READY, time_s=1.0, reason="it begins")
    goal = Decision(
        number=2,
        kind=DecisionKind.GOAL,
        time_s=34.25,
        team=1,
        player=2,
        rule="goal",
        reason="1:0, by player 2",
        evidence=(("beyond_m", 0.0831),),
    )
    assert plain(decision_list(view(decisions=(ready, goal)))) == (
        "goal learned 2 34.2 s · #2 1:0, by player 2 goal · beyond_m 0.0831 "
        "ready 1.0 s · #1 it begins"
    )


def test_overruled_decision_is_struck_out() -> None:
    goals = tuple(
        Decision(number=n, kind=DecisionKind.GOAL, time_s=n, reason="") for n in (1, 2)
    )
    rulings = (
        Ruling(number=1, kind=DecisionKind.GOAL, undone_by=3),
        Ruling(number=2, kind=DecisionKind.GOAL),
    )
    latest, first = decision_list(view(decisions=goals, rulings=rulings)).split(
        "</li>"
    )[:2]
    assert 'class="undone"' in first
    assert 'class="undone"' not in latest


def test_names_and_reasons_cannot_bring_markup_onto_the_page() -> None:
    evil = "<img src=x onerror=alert(1)>"
    home = Team(number=1, name=evil, colour=TeamColour.BLUE)
    decision = Decision(
        number=1,
        kind=DecisionKind.GOAL,
        time_s=0.0,
        team=1,
        rule=evil,
        reason=evil,
        evidence=((evil, 1.0),),
    )
    health = RobotHealth(
        team=1, player=1, servos=(ServoHealth(joint=evil, errors=(evil,)),)
    )
    out = PlayerInfo(penalty=Penalty.PUSHING)
    snapshot = view(
        teams=(home, AWAY),
        control=control(team_info(home, players={1: out}), team_info(AWAY)),
        decisions=(decision,),
        health=(health,),
    )
    shown = (
        score_board(snapshot)
        + decision_list(snapshot)
        + health_tables(snapshot.health, snapshot)
    )
    assert "<img" not in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") == 9


def test_health_marks_what_is_too_warm_or_too_low() -> None:
    health = RobotHealth(
        team=2,
        player=1,
        servos=(
            ServoHealth(
                joint="r_knee", temperature_c=41.0, voltage_v=11.8, current_a=-0.25
            ),
            ServoHealth(joint="l_knee", temperature_c=60.0, voltage_v=10.4),
            ServoHealth(joint="head_pan", temperature_c=72.0, errors=("overload",)),
        ),
    )
    table = health_tables([health], view())
    assert plain(table) == (
        "scripted 1 joint °C V A r_knee 41 11.8 -0.25 l_knee 60 10.4 - "
        "head_pan overload 72 - -"
    )
    assert '<td class="warm">60</td><td class="hot">10.4</td>' in table
    assert '<td class="hot">72</td>' in table
