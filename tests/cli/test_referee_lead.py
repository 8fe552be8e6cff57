"""`op3-soccer referee lead`: a tracker sends a goal, robots hear of it."""

import json
import socket
import threading
import time
from dataclasses import replace
from itertools import groupby

from cli import lab_config
from cli.main import main
from match.game_controller import TrackerSender
from match.rules import LAB_1V1
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.network import game_receiver

QUICK = replace(
    LAB_1V1,
    initial_duration_s=0.2,
    ready_duration_s=0.2,
    set_duration_s=0.2,
    kick_off_free_after_s=0.2,
)


class Pitch:
    """A tracker and one robot's ears, beside the command."""

    def __init__(self, ports):
        self.ears = game_receiver(ports.control)
        self.told = []
        self._sender = TrackerSender(port=ports.tracker)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._sender.close()
        self.ears.close()

    def _run(self):
        kicked_s = set_s = None
        while not self._over.wait(0.02):
            self.told += self.ears.pending()
            now_s = time.monotonic()
            last = self.told[-1] if self.told else None
            goals = last.team(5).score if last else 0
            if last and last.state is GameState.PLAYING and kicked_s is None:
                kicked_s = now_s + 0.4
            # From the centre into the goal at 2.5 m, at 4 m/s.
            way_m = 4 * max(0.0, now_s - kicked_s) if kicked_s else 0.0
            if goals and last.state is GameState.SET and set_s is None:
                set_s = now_s
            if set_s is not None and now_s > set_s + 0.5:  # hands take their time
                way_m = 0.0
            self._sender.send(
                TrackerFrame(
                    time_s=now_s,
                    ball_xy_m=(min(way_m, 2.7), 0.0),
                    robots=(
                        TrackedRobot(team=5, player=1, x_m=-0.4, y_m=0.5, yaw_rad=0.0),
                        TrackedRobot(team=9, player=1, x_m=1.0, y_m=0.9, yaw_rad=3.1),
                    ),
                )
            )


def lead(ports, folder, *arguments):
    """Exit code of the command."""
    offset = ["--port-offset", str(ports.offset)]
    return main(["referee", "lead", "--out", str(folder), *offset, *arguments])


def test_a_goal_that_the_tracker_sees_is_told_to_the_robots(
    ports, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(lab_config.RULES, "lab-1v1", (QUICK, FieldSpec(), 1))
    with Pitch(ports) as pitch:
        teams = ["--home", "5:rhinos:green", "--away", "9:owls:white"]
        code = lead(ports, tmp_path, *teams, "--seconds", "3", "--protocol", "19")
    assert code == 0
    states = [name for name, _ in groupby(told.state.name for told in pitch.told)]
    until_goal = ["INITIAL", "READY", "SET", "PLAYING"]
    assert states == [*until_goal, "READY", "SET", "PLAYING", "FINISHED"]
    assert {control.version for control in pitch.told} == {19}
    last = pitch.told[-1]
    assert (last.team(5).score, last.team(9).score) == (1, 0)
    figures = json.loads((tmp_path / "match.json").read_text())
    assert figures["summary"]["score"] == [1, 0]
    said = capsys.readouterr().out
    assert "goal rhinos" in said
    assert "the ball to x +0.00, y +0.00 m" in said
    assert "from where it belongs" in said
    assert "all is well again" in said
    assert any(told.stopped for told in pitch.told)


def test_a_port_that_is_taken_is_named(ports, tmp_path, capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", ports.status))
        code = lead(ports, tmp_path)
    assert code == 2
    assert f"expected UDP port {ports.status} to be free" in capsys.readouterr().err
