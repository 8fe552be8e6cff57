"""A match from its record: the same looks and orders give the same decisions."""

import json
from dataclasses import replace

import pytest

from match.commands import (
    AwardGoal,
    AwardKick,
    GoTo,
    Overrule,
    Penalize,
    ShowCard,
    Start,
)
from match.decisions import Decision
from match.errors import MatchError
from match.plain import (
    command_from_plain,
    command_to_plain,
    setup_from_plain,
    setup_to_plain,
)
from match.record import MatchRecord
from match.replay import read_recording, replay
from match.restart import RestartKind
from match.rules import LAB_1V1, SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH
from robot.contracts.game_control import GameState, Penalty
from tests.match.staged import AWAY, HOME, Staged, team


class Recorded(Staged):
    """A staged match that writes its record."""

    def __init__(self, record, **changes):
        self._record = record
        self._written = 0
        super().__init__(**changes)

    def look(self, *commands, at_s=None):
        time_s = self.time_s + 0.1 if at_s is None else at_s
        if self._written == 0 and at_s == 0.0:
            self._record.write_setup(self.rules, self.state.field, self.teams)
        for command in commands:
            self._record.write_command(time_s, command)
        super().look(*commands, at_s=at_s)
        self._record.write_observation(self.seen)
        for decision in self.decisions[self._written :]:
            self._record.write_decision(decision)
        self._written = len(self.decisions)
        return self


def eventful(record):
    """Goals, fouls, orders, an overruling: 28 decisions and more."""
    match = Recorded(record).in_play().touch(HOME, 3).ball(4.6, 0.1).look()
    match.order(Overrule, decision=match.decision("goal").number)
    match.set().whistle().ball(0.7, 1 / 3).look().touch(AWAY, 3)
    match.order(Penalize, team=HOME, player=2, penalty=Penalty.PICK_UP)
    match.order(ShowCard, team=AWAY, player=3, card="yellow")
    match.ball(1.1, 3.2).look().wait(3.0).ball(1.1, 2.0).look()
    match.order(AwardKick, team=AWAY, kick=RestartKind.DIRECT_FREE_KICK, spot_m=(1, 1))
    match.order(AwardGoal, team=AWAY, player=4).wait(60.0)
    return match


def recorded(path) -> list[Decision]:
    with MatchRecord(path) as record:
        return eventful(record).decisions


def test_a_replayed_record_gives_every_decision_again(tmp_path):
    decisions = recorded(tmp_path / "match.mcap")
    recording = read_recording(tmp_path / "match.mcap")
    again = replay(recording)
    assert again.difference is None
    assert [d["kind"] for d in again.decisions] == [d.kind.value for d in decisions]
    assert len(decisions) > 25
    assert again.state.score == (0, 1)


def test_a_changed_decision_is_found(tmp_path):
    recorded(tmp_path / "match.mcap")
    recording = read_recording(tmp_path / "match.mcap")
    goal = next(d for d in recording.decisions if d["kind"] == "goal")
    forged = tuple(d | {"team": 2} if d is goal else d for d in recording.decisions)
    again = replay(replace(recording, decisions=forged))
    assert again.difference == (f"decision {goal['number']}: team: recorded 2, now 1")


def test_a_lost_decision_is_found(tmp_path):
    recorded(tmp_path / "match.mcap")
    recording = read_recording(tmp_path / "match.mcap")
    again = replay(replace(recording, decisions=recording.decisions[:-1]))
    count = len(recording.decisions)
    assert again.difference == f"recorded {count - 1} decisions, now {count}"


def test_other_rules_give_other_decisions(tmp_path):
    recorded(tmp_path / "match.mcap")
    recording = read_recording(tmp_path / "match.mcap")
    strict = replace(recording.rules, mercy_goals=1)
    assert replay(replace(recording, rules=strict)).difference is not None


def test_a_broken_off_record_is_replayed_as_far_as_it_goes(tmp_path):
    record = MatchRecord(tmp_path / "match.mcap")
    eventful(record)  # never closed
    data = (tmp_path / "match.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: len(data) * 4 // 5])
    record.close()
    recording = read_recording(tmp_path / "cut.mcap")
    assert not recording.whole
    assert recording.looks
    assert replay(recording).difference is None


def test_a_record_may_break_off_at_any_byte(tmp_path):
    record = MatchRecord(tmp_path / "match.mcap")
    eventful(record)
    data = (tmp_path / "match.mcap").read_bytes()
    record.close()
    first = read_recording(cut_at(tmp_path, data, len(data) // 5))
    # Its records are some hundred bytes long: ends in the kind, in the length, within.
    for size in range(len(data) // 4, len(data) // 4 + 300):
        recording = read_recording(cut_at(tmp_path, data, size))
        assert len(recording.looks) >= len(first.looks)


def cut_at(folder, data, size):
    path = folder / "cut.mcap"
    path.write_bytes(data[:size])
    return path


@pytest.mark.parametrize("data", [b"", b"no record at all, but long enough " * 9])
def test_what_is_no_record_is_refused(tmp_path, data):
    (tmp_path / "x.mcap").write_bytes(data)
    with pytest.raises(MatchError, match="expected a record that can be refereed"):
        read_recording(tmp_path / "x.mcap")


def test_a_record_without_setup_is_refused(tmp_path):
    with MatchRecord(tmp_path / "x.mcap"):
        pass
    with pytest.raises(MatchError, match="found no /match/setup"):
        read_recording(tmp_path / "x.mcap")


COMMANDS = [
    Start(id="1", by="me"),
    GoTo(id="2", phase=GameState.SET),
    Penalize(id="3", team=1, player=2, penalty=Penalty.PUSHING),
    AwardKick(id="4", team=1, kick=RestartKind.CORNER_KICK, spot_m=(1.0, -0.1)),
    ShowCard(id="5", team=2, player=1, card="red"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
def test_orders_survive_json(command):
    plain = json.loads(json.dumps(command_to_plain(command)))
    assert command_from_plain(plain) == command


def test_an_unknown_order_is_refused():
    with pytest.raises(MatchError, match="recorded order"):
        command_from_plain({"order": "Levitate", "id": "1"})


def test_rules_pitch_and_teams_survive_json():
    teams = (team(HOME, substitutes=(7,)), team(AWAY, goalkeeper=None))
    for rules in (LAB_1V1, SMALL_SIZE_LEAGUE):
        plain = setup_to_plain(rules, SMALL_SIZE_PITCH, teams)
        setup = setup_from_plain(json.loads(json.dumps(plain)))
        assert setup == (rules, SMALL_SIZE_PITCH, teams)
