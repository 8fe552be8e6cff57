"""`op3-soccer session --real`: a plan's match on a pitch that a tracker watches."""

import json
import threading
import time
from pathlib import Path

from cli.main import main
from match.game_controller import TrackerSender
from match.session_files import match_folder
from robot.contracts.game_control import GameState
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.network import game_receiver

ROOT = Path(__file__).parents[2]
PLAN = f"""
name = "real"
match_s = 3
limit = 1
seed = 3

[rules]
initial_duration_s = 0.2
ready_duration_s = 0.2
set_duration_s = 0.2
kick_off_free_after_s = 0.2

[[teams]]
name = "learned"
bundle = "{ROOT}/policies"
number = 9

[[teams]]
name = "scripted"
bundle = "{ROOT}/policies/scripted"
number = 5
"""


class Pitch(threading.Thread):
    """A tracker that sees two robots and the ball, which goes into +x's goal once."""

    def __init__(self, ports):
        super().__init__()
        self.told = []
        self._ears = game_receiver(ports.control)
        self._voice = TrackerSender(port=ports.tracker)
        self._over = threading.Event()

    def run(self):
        kicked_s = None
        while not self._over.wait(0.02):
            now_s = time.monotonic()
            self.told += self._ears.pending()
            if kicked_s is None and self.told:
                kicked = self.told[-1].state is GameState.PLAYING
                kicked_s = now_s + 0.4 if kicked else None
            # From the centre at 2 m/s; the goal line is 2.5 m away. Then back by hand.
            way_m = 2 * max(0.0, now_s - kicked_s) if kicked_s else 0.0
            if self.told and sum(team.score for team in self.told[-1].teams):
                way_m = 0.0
            robots = tuple(
                TrackedRobot(team=team, player=1, x_m=x_m, y_m=0.8, yaw_rad=0.0)
                for team, x_m in ((9, 1.0), (5, -1.0))
            )
            ball = (min(way_m, 2.7), 0.0)
            self._voice.send(TrackerFrame(time_s=now_s, ball_xy_m=ball, robots=robots))

    def end(self):
        self._over.set()
        self.join()
        self._voice.close()
        self._ears.close()


def test_a_match_that_people_and_a_tracker_run(ports, tmp_path, capsys):
    plan, out = tmp_path / "plan.toml", tmp_path / "out"
    plan.write_text(PLAN, encoding="utf-8")
    pitch = Pitch(ports)
    pitch.start()
    command = ["session", str(plan), "--out", str(out), "--real", "127.255.255.255"]
    try:
        assert main([*command, "--port-offset", str(ports.offset)]) == 0
    finally:
        pitch.end()
    result = json.loads((match_folder(out, 1) / "result.json").read_text())
    # The first team is at home first and attacks +x, where the ball went.
    assert result["numbers"] == [9, 5]
    assert result["goals"] == [1, 0]
    assert [team.team_number for team in pitch.told[-1].teams] == [9, 5]
    said = capsys.readouterr().out
    assert "robot run" in said
    assert "the ball to x +0.00, y +0.00 m" in said
    # The same folder does not go on with virtual robots.
    assert main(["session", str(plan), "--out", str(out)]) == 2
    assert "pitch: expected 'real' as this session began" in capsys.readouterr().err
