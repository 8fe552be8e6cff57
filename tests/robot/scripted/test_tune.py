"""The search and the command that ships what it finds."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cli.main import main
from robot.policy import load_bundle
from robot.scripted.kick import KickPolicy
from sim.kick_trials import KickOutcome, kick_score
from sim.motion_tuning import SearchConfig, cross_entropy

REPOSITORY = Path(__file__).parents[3]


def test_the_search_finds_the_top_of_a_hill() -> None:
    top = np.array([0.7, -1.2, 0.1])

    def score(candidates: list[np.ndarray], generation: int) -> np.ndarray:
        return np.array([-((item - top) ** 2).sum() for item in candidates])

    found = cross_entropy(
        lambda items, generation: score(list(items), generation),
        np.zeros(3),
        np.ones(3),
        SearchConfig(generations=30, candidates=40),
    )
    np.testing.assert_allclose(found, top, atol=0.05)


def test_one_generation_writes_a_bundle_the_runtime_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    options = [
        "--generations",
        "1",
        "--candidates",
        "3",
        "--trials",
        "2",
        "--measure",
        "4",
    ]
    code = main(["tune", "kick", *options, "--out", str(tmp_path / "kick")])
    assert code == 0
    (tmp_path / "kick" / "CARD.md").write_text("# Kick\n", encoding="utf-8")
    made = load_bundle(tmp_path / "kick")
    assert made.spec.role == "kick"
    assert made.spec.made_by.startswith("op3-soccer tune kick --generations 1")


def test_searching_on_from_a_corrected_kick_leaves_its_network_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY)
    options = ["--generations", "1", "--candidates", "2", "--trials", "2"]
    out = tmp_path / "kick"
    shutil.copytree("policies/kick", out)
    options += ["--measure", "2", "--bundle", str(out)]
    # Over the corrected one itself: nothing of its network is left.
    assert main(["tune", "kick", *options, "--out", str(out)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "without the network" in said
    # Measured where its spec.json wants the ball.
    assert "ball 0.135 to 0.195 m ahead and 0.04 to 0.09 m aside" in said
    made = load_bundle(out)
    assert isinstance(made, KickPolicy)
    assert made.correction is None


def test_a_folder_of_another_skill_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY)
    code = main(["tune", "walk", "--bundle", "policies/scripted/kick"])
    assert code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert "expected a scripted walk, found scripted kick" in message


def test_a_walk_to_begin_from_is_for_kicks_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY)
    code = main(["tune", "getup", "--walk", "walk", "--generations", "0"])
    assert code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert "expected with kick alone, found it with getup" in message


def test_a_search_that_is_interrupted_keeps_what_it_has() -> None:
    def score(candidates: Sequence[np.ndarray], generation: int) -> np.ndarray:
        if generation == 1:
            raise KeyboardInterrupt
        return np.array([item[0] for item in candidates])

    config = SearchConfig(generations=5, candidates=20)
    found = cross_entropy(score, np.zeros(1), np.ones(1), config)
    # The mean of the best five of twenty draws, by then the only generation.
    assert found[0] > 0.5


def test_a_search_interrupted_before_it_has_anything_is_over() -> None:
    def score(candidates: Sequence[np.ndarray], generation: int) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cross_entropy(score, np.zeros(1), np.ones(1), SearchConfig())


def test_a_kick_is_worth_its_roll_ahead_and_a_robot_that_stands() -> None:
    outcome = KickOutcome(
        side=np.ones(3),
        speed_m_s=np.array([2.0, 2.0, 2.0]),
        angle_rad=np.array([0.0, 0.13, 0.0]),
        roll_m_s=np.array([1.2, 1.2, 1.5]),
        upright=np.array([True, True, False]),
        tilt=np.array([0.0, 0.0, 1.0]),
    )
    # 5/3 1.2 + 1; 2 cos 0.13 - 6 (0.13 - 0.03) + 1 = 1.983 - 0.6 + 1; 5/3 1.5 - 0.3.
    np.testing.assert_allclose(kick_score(outcome), [3.0, 2.383, 2.2], atol=1e-3)
