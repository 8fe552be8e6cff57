"""What `op3-soccer play` plays with when nothing is named."""

import json

from cli.main import main
from cli.match_players import DEFAULT_SKILLS, POLICIES
from robot.player import load_player
from sim.robot_model import model_hash


def test_the_shipped_bundles_load_and_repeat_their_goldens():
    for folder in (POLICIES, POLICIES / "walk", DEFAULT_SKILLS):
        player = load_player(folder, DEFAULT_SKILLS)
        for spec in player.specs:
            assert spec.robot_model_sha256 == model_hash()


def test_the_default_match_is_the_learned_player_against_the_scripted_one(
    tmp_path, ports, capsys
):
    arguments = ["--seconds", "4", "--no-video", "--out", str(tmp_path)]
    offset = ["--port-offset", str(ports.offset)]
    assert main(["play", *arguments, *offset]) == 0
    figures = json.loads((tmp_path / "match.json").read_text())
    for skill in ("walk: walk (onnx", "score: score (onnx", "getup: getup (onnx"):
        assert skill in figures["facts"]["home"]
    assert "scripted" in figures["facts"]["away"]
    # 8 s of READY, 2 s of SET, 4 s of play and the start: some 1,900 bus cycles.
    reads = int(figures["facts"]["home bus"].split()[0])
    assert 1_700 < reads < 2_100
    assert figures["facts"]["home bus"].endswith("0 fast reads incomplete")
