"""The public command on free ports, and what it leaves behind."""

import json
import os
import shutil
import socket
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from mcap.reader import make_reader

from cli import play
from cli.main import main
from cli.match_config import Ports
from cli.simulated_match import SimulatedMatch

SHIPPED = Path(__file__).parents[2] / "policies" / "scripted"


def _free_offset() -> int:
    """Ports that nobody on this computer holds."""
    for offset in range(2000 + os.getpid() % 20000, 55000, 7):
        ports = Ports(offset=offset)
        try:
            for port in ports.all:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("", port))
        except OSError:
            continue
        return offset
    raise OSError("expected four free UDP ports, found none")


@pytest.fixture(scope="session")
def ports():
    return Ports(offset=_free_offset())


class Stadium:
    """Runs `op3-soccer play` and remembers the match that it built."""

    def __init__(self, folder, ports):
        self.out = folder / "out"
        self.ports = ports
        self.changes = {}
        self.match = None

    def build(self, config, players, names, path):
        self.match = SimulatedMatch(
            replace(config, **self.changes), players, names, path
        )
        return self.match

    def play(self, *arguments, home=SHIPPED, away=SHIPPED):
        """Exit code of the command with these arguments."""
        folders = ["--home", str(home), "--away", str(away), "--out", str(self.out)]
        offset = ["--port-offset", str(self.ports.offset)]
        return main(["play", *folders, *offset, *arguments])

    def torque(self):
        """What all torque registers of both robots hold; empty without a robot."""
        robots = self.match.robots if self.match else {}
        return {
            int(value)
            for robot in robots.values()
            for value in robot.chain.register("torque_enable")
        }

    def driven(self):
        """Stiffness of all servos in the physics: 0 where torque is off."""
        world = self.match.stage.world
        return {
            float(gain)
            for robot in world.robots.values()
            for gain in world.model.actuator_gainprm[robot.index.actuators, 0]
        }

    def figures(self):
        return json.loads((self.out / "match.json").read_text())

    def messages(self):
        """Time and content of all messages by topic, as the mcap library reads them."""
        return read_record(self.out / "match.mcap")


def read_record(path):
    found = defaultdict(list)
    with path.open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages():
            row = (message.log_time / 1e9, json.loads(message.data))
            found[channel.topic].append(row)
    return found


@pytest.fixture
def stadium(tmp_path, ports, monkeypatch):
    stadium = Stadium(tmp_path, ports)
    monkeypatch.setattr(play, "SimulatedMatch", stadium.build)
    return stadium


@pytest.fixture
def bundle(tmp_path):
    """A copy of the shipped scripted walk, to be spoilt."""
    return Path(shutil.copytree(SHIPPED / "walk", tmp_path / "spoilt"))


class FakeClock:
    """A wall clock that stands still except while somebody sleeps."""

    def __init__(self):
        self.time_s = 1000.0
        self.slept_until_s = []
        self.on_sleep = lambda: None

    def now(self):
        return self.time_s

    def sleep_until(self, time_s):
        self.slept_until_s.append(time_s)
        self.time_s = max(self.time_s, time_s)
        self.on_sleep()


@pytest.fixture
def wall_clock(monkeypatch):
    clock = FakeClock()
    monkeypatch.setattr(play, "MonotonicClock", lambda: clock)
    return clock
