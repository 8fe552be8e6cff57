"""`op3-soccer evaluate --suite paper` as typed, on few and calm trials."""

import json
import re
import shutil

import numpy as np
import pytest

from cli import evaluate_suite
from cli.main import main
from cli.match_players import DEFAULT_PLAYER, DEFAULT_SKILLS, POLICIES
from cli.suite_duel import DuelJob, DuelMatch, duel_results, play_duel
from cli.suite_jobs import (
    SuiteConfig,
    SuiteError,
    TrialFile,
    jobs_of,
    run_job,
    skill_folders,
)
from cli.suite_plots import results_figure
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig

WALK = str(POLICIES / "walk")
CALM = ["--nominal", "--no-pushes", "--trials", "1", "--jobs", "1"]


def evaluate(*arguments):
    return main(["evaluate", WALK, "--suite", "paper", *CALM, *arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Turns and kicks of the shipped walk, one trial each."""
    out = tmp_path_factory.mktemp("suite")
    assert evaluate("--only", "turn", "kick", "--out", str(out)) == 0
    return out


@pytest.fixture(scope="module")
def found(folder):
    def refuse(constant):
        raise AssertionError(f"not JSON: {constant}")

    return json.loads((folder / "paper.json").read_text(), parse_constant=refuse)


def test_the_learned_walk_turns_faster_than_the_scripted_one(found):
    turn = found["turn_rad_s"]
    # Asked for 3.5 and 1.2 rad/s, the most that their specs allow; see their cards:
    # without pushes a quarter of the learned walk's turns take 2.2 rad/s or less.
    assert 1.8 < turn["value"] < 3.6
    assert turn["scripted"]["value"] == pytest.approx(1.2, rel=0.2)
    assert (turn["trials"], turn["failures"], turn["falls"]) == (1, 0, 0)
    assert turn["paper_simulation"] == {"value": 3.19, "standard_error": 0.12}


def test_a_row_without_the_bundles_role_shows_the_default_player(found):
    kick = found["kick_m_s"]
    assert (kick["player"], found["turn_rad_s"]["player"]) == ("default", "bundle")
    # The kick's card: 2.93 m/s without randomization and pushes.
    assert 2.3 < kick["value"] < 3.4
    assert kick["more"]["touch_s"]["value"] < 2.0


def test_the_object_says_what_was_tried(found):
    told = {name: found[name] for name in ("suite", "name", "roles", "seed", "trials")}
    assert told == {
        "suite": "paper",
        "name": "walk",
        "roles": ["walk"],
        "seed": 100,
        "trials": 1,
    }
    assert (found["randomization"], found["pushes"]) == (False, False)
    assert found["falls"] == {"ours": 0, "scripted": 0}
    assert "walk_m_s" not in found


def test_the_page_needs_nothing_beside_it(folder):
    page = (folder / "paper.html").read_text()
    assert "<td>turn, rad/s</td>" in page
    assert "kick, m/s *" in page
    sources = re.findall(r'(?:src|href)="(.{22})', page)
    assert sources
    assert set(sources) == {"data:image/png;base64,"}


def test_film_strips_of_earlier_runs_stay_on_the_page(folder):
    # Ten states a second; a turn by 135 degrees at 3.2 rad/s takes 0.74 s.
    assert len(np.load(folder / "turn.npy")) > 7
    before = (folder / "paper.html").read_text()
    assert evaluate("--only", "turn", "kick", "--out", str(folder)) == 0
    again = (folder / "paper.html").read_text()
    assert before.count("<img") == again.count("<img")


def test_a_second_run_goes_on_where_the_first_one_was(folder, capsys, monkeypatch):
    lines = (folder / "trials.jsonl").read_text().splitlines()
    # What they belong to, then two protocols of two players; the last line is cut.
    assert len(lines) == 5
    cut = "\n".join([*lines[:4], lines[4][:20]])
    (folder / "trials.jsonl").write_text(cut)
    ran = []

    def run(job):
        ran.append(job.key)
        return run_job(job)

    monkeypatch.setattr(evaluate_suite, "run_job", run)
    only = ["--only", "turn", "kick"]
    assert evaluate(*only, "--out", str(folder), "--json") == 0
    last = json.loads(lines[4])
    assert ran == [(last["who"], last["protocol"], last["number"])]
    again = json.loads(capsys.readouterr().out)
    before = json.loads((folder / "paper.json").read_text())
    assert again["kick_m_s"]["scripted"]["value"] == last["value"]
    assert again["turn_rad_s"] == before["turn_rad_s"]
    # What was repeated is kept on a line of its own.
    assert evaluate(*only, "--out", str(folder)) == 0
    assert len(ran) == 1


def test_only_what_was_asked_for_is_shown(folder, tmp_path, capsys):
    out = shutil.copytree(folder, tmp_path / "out")
    assert evaluate("--only", "turn", "--out", str(out), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert "turn_rad_s" in told
    assert "kick_m_s" not in told
    assert "kick, m/s" not in (out / "paper.html").read_text()
    # The others' trials are kept.
    assert evaluate("--only", "turn", "kick", "--out", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out)["kick_m_s"]["trials"] == 1


def test_a_place_without_a_row_is_blank(found):
    figure = results_figure({"turn_rad_s": found["turn_rad_s"]}, [])
    assert [place.axison for place in figure.axes] == [True, False]


def test_trials_of_a_spec_that_was_changed_are_not_mixed_in(tmp_path):
    bundle = shutil.copytree(POLICIES / "walk", tmp_path / "walk")
    config, out = SuiteConfig(bundle=bundle), tmp_path / "out"
    out.mkdir()
    (out / "trials.jsonl").touch()  # killed before its first line
    for _ in range(2):
        assert TrialFile(out, config).outcomes == []
    spec = json.loads((bundle / "spec.json").read_text())
    spec["command"]["high"][0] /= 2
    (bundle / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(SuiteError, match="found those of another"):
        TrialFile(out, config)


def test_trials_of_another_seed_are_not_mixed_in(folder, capsys):
    code = evaluate("--only", "turn", "--seed", "7", "--out", str(folder))
    assert code == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert "expected trials of this suite, found those of another" in shown


def test_ctrl_c_keeps_what_is_finished(tmp_path, capsys, monkeypatch):
    calls = []

    def run(job):
        calls.append(job)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run_job(job)

    monkeypatch.setattr(evaluate_suite, "run_job", run)
    out = str(tmp_path)
    assert evaluate("--only", "turn", "--out", out, "--json") == 130
    told = json.loads(capsys.readouterr().out)
    assert told["complete"] is False
    assert told["turn_rad_s"]["trials"] == 1
    assert told["turn_rad_s"]["scripted"] is None
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 2
    page = (tmp_path / "paper.html").read_text()
    assert "1 trials each at most (stopped before the end)" in page


@pytest.mark.parametrize(
    ("typed", "strange"),
    [
        (["--only", "walk", "--duel", "0"], "--only, --duel of the other"),
        (["--suite", "paper", "--pushes"], "--pushes of the other"),
    ],
)
def test_options_of_the_other_suite_are_refused(typed, strange, capsys):
    assert main(["evaluate", WALK, *typed]) == 2
    assert strange in " ".join(capsys.readouterr().err.split())


def test_a_folder_without_a_bundle_is_bad_input(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path), "--suite", "paper", "--jobs", "1"]) == 2
    assert "found neither" in " ".join(capsys.readouterr().err.split())


def test_a_bundle_takes_its_own_role_in_the_default_player():
    folders = skill_folders(DEFAULT_SKILLS / "getup")
    assert folders["getup"] == DEFAULT_SKILLS / "getup"
    assert folders["walk"] == DEFAULT_PLAYER / "walk"
    # The scripted player is all scripted.
    assert skill_folders(DEFAULT_SKILLS)["walk"] == DEFAULT_SKILLS / "walk"


def test_both_players_get_the_same_draws_and_getups_four_postures():
    config = SuiteConfig(bundle=POLICIES / "walk", trials=2)
    jobs = jobs_of(config)
    # Seven protocols, get-ups in four postures: (6 + 4) x 2 trials x 2 players.
    assert len(jobs) == 40
    ours, scripted = jobs[0], jobs[1]
    assert (ours.who, scripted.who) == ("ours", "scripted")
    assert ours.seed == scripted.seed
    assert len({job.seed for job in jobs}) == 20


def test_randomization_and_pushes_have_a_switch_each():
    full = SuiteConfig(bundle=POLICIES / "walk")
    assert full.ranges == RandomizationConfig()
    bundle = POLICIES / "walk"
    nominal = SuiteConfig(bundle=bundle, nominal=True).ranges
    assert nominal.push_n == (5.0, 15.0)
    assert nominal.floor_friction == (1.0, 1.0)
    calm = SuiteConfig(bundle=bundle, pushes=False).ranges
    assert not calm.has_pushes
    assert calm.floor_friction == (0.5, 1.0)
    neither = SuiteConfig(bundle=bundle, nominal=True, pushes=False).ranges
    assert neither.added_mass_kg == NO_RANDOMIZATION.added_mass_kg
    assert not neither.has_pushes


def duel(number):
    return DuelJob(bundle=POLICIES / "walk", seconds=2.0, seed=10, number=number)


def test_sides_are_swapped_on_the_same_seed():
    jobs = [duel(number) for number in range(4)]
    assert [job.our_side for job in jobs] == ["home", "away", "home", "away"]
    assert [job.match_seed for job in jobs] == [10, 10, 11, 11]


def test_wins_are_counted_among_decided_matches_and_by_side():
    goals = [(1, 0), (0, 0), (2, 1), (0, 1), (1, 0)]
    matches = [
        DuelMatch(number=number, our_side=duel(number).our_side, goals=goal)
        for number, goal in enumerate(goals)
    ]
    told = duel_results(matches, duel(0))
    assert (told["wins"], told["draws"], told["losses"]) == (3, 1, 1)
    # 3 of 4 decided; sqrt(0.75 x 0.25 / 4) = 0.2165.
    assert told["won_of_decided"] == 0.75
    assert told["standard_error"] == pytest.approx(0.2165, abs=1e-4)
    assert told["goals"] == [4, 2]
    # Home: 1:0, 2:1, 1:0; away: 0:0, 0:1.
    assert told["sides"]["home"]["won_of_decided"] == 1.0
    assert told["sides"]["away"]["won_of_decided"] == 0.0


@pytest.mark.slow
def test_every_protocol_and_a_duel_run_in_two_processes(tmp_path):
    arguments = [*CALM[:4], "--jobs", "2", "--out", str(tmp_path)]
    duels = ["--duel", "2", "--duel-seconds", "5"]
    code = main(["evaluate", WALK, "--suite", "paper", *arguments, *duels])
    assert code == 0
    found = json.loads((tmp_path / "paper.json").read_text())
    assert found["walk_m_s"]["value"] > 0.5
    assert set(found["getup_s"]["postures"]) == {"front", "back", "left", "right"}
    assert {"runup_kick_m_s", "getup_and_shoot", "obstacle"} < set(found)
    assert found["duel"]["matches"] == 2


@pytest.mark.slow
def test_a_duel_match_ends_with_a_score():
    match = play_duel(duel(1))
    assert match.our_side == "away"
    assert match.stopped_by == ""
    assert min(match.goals) >= 0
