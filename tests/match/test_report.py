"""The report: numbers and words on the page, lines in the pictures."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from match.errors import MatchError
from match.paths import PathLog, speeds, without_jumps
from match.plots import pitch_figure, png_bytes, speed_figure
from match.referee import step
from match.report import write_report
from match.statistics import begin, summary, update
from tests.match.scenes import AWAY, AWAY_SPOT, FIELD, HOME, HOME_SPOT, RULES, playing
from tests.match.scenes import seen as observed


@pytest.fixture(scope="module")
def match():
    """From the kick-off at 11 s: home walks 0.3 m/s, away lies 2 to 5 s, a goal at 9 s.

    Returns summary, paths and decisions.
    """
    state, statistics, log, decisions = playing(), begin((HOME, AWAY)), PathLog(), []
    for i in range(10 * 40 + 1):
        t = i * 0.025
        home = replace(HOME_SPOT, x_m=-2 + 0.3 * t, touching_ball=6 <= t < 8)
        away = replace(AWAY_SPOT, fallen=2 <= t < 5)
        ball_x_m = 0.0 if t < 6 else 2.6 if t >= 9 else 0.3 * (t - 6)
        observation = observed(11 + t, ball=(ball_x_m, 0, 0.07), home=home, away=away)
        state, new = step(RULES, state, observation)
        statistics = update(statistics, observation, state, new)
        log.add(observation)
        decisions += new
    return summary(statistics), log.paths(), decisions


def _write(folder, match, **changes):
    figures, paths, decisions = match
    arguments = {
        "summary": figures,
        "paths": paths,
        "decisions": decisions,
        "field": FIELD,
        "teams": (HOME, AWAY),
        "facts": {"seed": 17, "home policy": "policies/walk"},
    }
    return write_report(folder, **{**arguments, **changes})


def test_the_page_shows_score_events_falls_and_facts(tmp_path, match):
    page = _write(tmp_path, match).html.read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.split("</style>")[1]))
    assert "Home 1&thinsp;:&thinsp;0 Away" in text
    assert "0:20.0 Goal Home 1 1:0, by player 1; ball 0.100 m over the line" in text
    assert "0:13.0 Away 1 3.0 s" in text  # the fall, 2 s after the kick-off at 11 s
    assert "seed 17" in text
    # 0.3 m/s over 9 s until the goal and 1 s in READY after it
    assert "Distance 3.0 m 0.0 m" in text
    assert "Top speed 0.30 m/s 0.00 m/s" in text


def test_restarts_say_whose_kick_off_it_is_and_times_say_which_clock(tmp_path, match):
    page = _write(tmp_path, match).html.read_text()
    # Home scored, so Away has the next kick-off.
    assert "<b>Ready</b> kick-off Away" in page
    assert "Time since the robots were switched on" in page


def test_a_fact_without_a_value_is_left_out(tmp_path, match):
    facts = {"stopped by": "", "seed": 17}
    page = _write(tmp_path, match, facts=facts).html.read_text()
    assert "stopped by" not in page
    assert "<th>seed</th>" in page


def test_the_possession_bar_shows_both_shares(tmp_path, match):
    page = _write(tmp_path, match).html.read_text()
    shares = [round(100 * team["possession"]) for team in match[0]["teams"]]
    assert sum(shares) == 100
    for share in shares:
        assert f"{share}&nbsp;%" in page


def test_the_page_holds_everything_inside_and_links_nowhere(tmp_path, match):
    page = _write(tmp_path, match).html.read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert len(sources) == 2
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)
    assert "<script" not in page


def test_a_video_beside_the_page_is_shown(tmp_path, match):
    page = _write(tmp_path, match, video="match.mp4").html.read_text()
    assert '<video controls preload="metadata" src="match.mp4">' in page


def test_names_cannot_break_the_page(tmp_path, match):
    figures = json.loads(json.dumps(match[0]))
    figures["teams"][0]["name"] = "<b>&$x"
    teams = (replace(HOME, name="<b>&$x"), AWAY)
    page = _write(tmp_path, match, summary=figures, teams=teams).html.read_text()
    assert "<b>&$x" not in page
    assert "&lt;b&gt;&amp;$x" in page


def test_a_match_without_falls_or_events_still_has_a_report(tmp_path):
    figures = summary(begin((HOME, AWAY)))
    empty = (figures, PathLog().paths(), [])
    assert "Nobody fell." in _write(tmp_path, empty).html.read_text()


def test_match_json_has_sorted_keys_and_is_the_same_every_time(tmp_path, match):
    first = _write(tmp_path / "a", match)
    second = _write(tmp_path / "b", match)
    assert first.figures.read_bytes() == second.figures.read_bytes()
    assert first.html.read_bytes() == second.html.read_bytes()
    data = json.loads(first.figures.read_text())
    assert list(data) == ["events", "facts", "summary"]
    assert data["summary"]["score"] == [1, 0]
    assert [event["kind"] for event in data["events"]][-2:] == ["goal", "ready"]


def test_a_folder_that_cannot_be_written_is_a_match_error(tmp_path, match):
    (tmp_path / "file").write_text("")
    with pytest.raises(MatchError, match="choose a folder that can be written"):
        _write(tmp_path / "file", match)


def test_the_pitch_picture_has_the_paths_and_the_goals_number(match):
    _, paths, decisions = match
    (axes,) = pitch_figure(FIELD, (HOME, AWAY), paths, decisions).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["Home"].get_xdata()[[0, -1]] == pytest.approx([-2.0, 1.0])
    assert set(lines["Away"].get_xdata()) == {1.0}
    assert np.isnan(lines["ball"].get_xdata()).sum() == 1  # the leap into the goal
    assert [text.get_text() for text in axes.texts] == ["goal\n1"]
    boxes = [patch.get_bbox().bounds for patch in axes.patches[:1]]
    assert boxes == [(-2.5, -2.0, 5.0, 4.0)]


def test_the_speed_picture_shows_the_speeds_and_the_goals_time(match):
    _, paths, decisions = match
    (axes,) = speed_figure((HOME, AWAY), paths, decisions).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["Home"].get_ydata() == pytest.approx(np.full(91, 0.3))  # 1 to 10 s
    (goal_line,) = [line for line in axes.lines if str(line.get_label())[0] == "_"]
    assert list(goal_line.get_xdata()) == pytest.approx([20.0, 20.0])


def test_pictures_are_small_enough_for_a_phone(match):
    _, paths, decisions = match
    for figure in (
        pitch_figure(FIELD, (HOME, AWAY), paths, decisions),
        speed_figure((HOME, AWAY), paths, decisions),
    ):
        data = png_bytes(figure)
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert len(data) < 150_000


def test_a_path_log_keeps_one_sample_per_period():
    log = PathLog(period_s=0.1)
    for i in range(41):
        log.add(observed(i * 0.025))
    paths = log.paths()
    assert paths.ball[:, 0] == pytest.approx(np.arange(11) * 0.1)
    assert set(paths.robots) == {(1, 1), (2, 1)}


def test_lines_break_where_something_was_put_by_hand():
    path = np.array([[0.0, 0.0, 0.0], [0.1, 0.1, 0.0], [0.2, 2.0, 0.0]])
    broken = without_jumps(path, 0.4)
    assert np.isnan(broken[2]).all()
    assert broken[[0, 1, 3]] == pytest.approx(path)


def test_speed_is_way_over_time_and_unknown_across_a_jump():
    times = np.arange(0, 3.01, 0.1)
    x_m = 0.2 * times + np.where(times > 1.95, 1.0, 0.0)  # carried 1 m at 2 s
    path = np.column_stack([times, x_m, np.zeros_like(times)])
    late, values = speeds(path, jump_m=0.25)
    assert late[0] == pytest.approx(1.0)
    known = ~np.isnan(values)
    assert values[known] == pytest.approx(np.full(known.sum(), 0.2))
    assert late[~known][[0, -1]] == pytest.approx([2.0, 2.9])
