"""The record, read back with the mcap package's own readers."""

import json

import pytest
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader, make_reader

from match.errors import MatchError
from match.record import MatchRecord
from tests.match.scenes import RULES, in_play, playing, run, seen


def _play(record, seconds=3):
    state = playing()
    for i in range(seconds * 40):
        observation = seen(11 + i * 0.025, ball=(0.001 * i, 0, 0.07))
        state, decisions = run([observation], state=state)
        record.write_observation(observation)
        record.write_state(RULES, state)
        for decision in decisions:
            record.write_decision(decision)


def _break_off(path):
    with MatchRecord(path) as record:
        record.write_observation(seen(0.1))
        raise RuntimeError("the match broke off")


def _messages(path):
    with path.open("rb") as file:
        return [
            (schema, channel, message, json.loads(message.data))
            for schema, channel, message in make_reader(file).iter_messages()
        ]


def test_a_finished_record_reads_back_with_index_and_schemas(tmp_path):
    path = tmp_path / "match.mcap"
    with MatchRecord(path) as record:
        _play(record)
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 120 + 120 + 1  # one "ball in play"
    schemas = {c.topic: summary.schemas[c.schema_id] for c in summary.channels.values()}
    assert set(schemas) == {"/referee/decision", "/referee/state", "/match/observation"}
    assert all(schema.encoding == "jsonschema" for schema in schemas.values())
    assert {c.message_encoding for c in summary.channels.values()} == {"json"}


def test_messages_carry_the_matchs_time_and_values(tmp_path):
    with MatchRecord(tmp_path / "m.mcap") as record:
        record.write_observation(seen(11.025, ball=(0.5, -0.25, 0.07)))
        record.write_state(RULES, in_play())
    _, _, message, observation = _messages(tmp_path / "m.mcap")[0]
    assert message.log_time == 11_025_000_000
    assert observation["ball_xyz_m"] == [0.5, -0.25, 0.07]
    assert observation["robots"][1]["team"] == 2
    state = _messages(tmp_path / "m.mcap")[1][3]
    assert (state["phase"], state["score"]) == ("PLAYING", [0, 0])
    assert state["remaining_s"] == 99.0


def test_a_decision_keeps_its_placements(tmp_path):
    _, decisions = run([seen(0), seen(1), seen(9, home=seen(0).robots[0])])
    with MatchRecord(tmp_path / "m.mcap") as record:
        record.write_decision(decisions[-1])
    plain = _messages(tmp_path / "m.mcap")[0][3]
    assert plain["kind"] == "set"
    assert plain["placements"] == [{"what": "ball", "x_m": 0.0, "y_m": 0.0}]


def test_equal_matches_give_equal_bytes(tmp_path):
    for name in ("a.mcap", "b.mcap"):
        with MatchRecord(tmp_path / name) as record:
            _play(record)
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


def test_an_exception_leaves_a_complete_record(tmp_path):
    path = tmp_path / "m.mcap"
    with pytest.raises(RuntimeError, match="the match broke off"):
        _break_off(path)
    assert [m[1].topic for m in _messages(path)] == ["/match/observation"]


def test_a_crash_loses_at_most_the_last_second(tmp_path):
    path = tmp_path / "m.mcap"
    record = MatchRecord(path)
    for i in range(400):  # 10 s, never closed
        record.write_observation(seen(i * 0.025))
    data = path.read_bytes()
    (tmp_path / "crashed.mcap").write_bytes(data)
    times = []
    with (tmp_path / "crashed.mcap").open("rb") as file:
        try:
            for _, _, message in NonSeekingReader(file).iter_messages(
                log_time_order=False
            ):
                times.append(message.log_time / 1e9)
        except EndOfFile:
            pass
    record.close()
    assert times[0] == 0.0
    assert times[-1] >= 9.975 - 1.0


def test_any_topic_takes_plain_messages_and_describes_them(tmp_path):
    message = {"voltage_v": 12.0, "fresh": [True, False], "name": "x", "none": None}
    with MatchRecord(tmp_path / "m.mcap") as record:
        record.write("/robot/1/sensors", 0.5, message)
    schema, channel, _, plain = _messages(tmp_path / "m.mcap")[0]
    assert channel.topic == "/robot/1/sensors"
    assert plain == message
    described = json.loads(schema.data)
    assert described["type"] == "object"
    assert described["properties"]["voltage_v"] == {"type": "number"}
    assert described["properties"]["fresh"]["items"] == {"type": "boolean"}


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_what_is_not_json_is_refused_and_the_record_lives_on(tmp_path, value):
    with MatchRecord(tmp_path / "m.mcap") as record:
        with pytest.raises(MatchError, match="message on /a"):
            record.write("/a", 0.0, {"value": value})
        record.write("/a", 0.0, {"value": 1.0})
    assert len(_messages(tmp_path / "m.mcap")) == 1


def test_a_closed_record_takes_no_messages(tmp_path):
    record = MatchRecord(tmp_path / "m.mcap")
    record.close()
    record.close()
    with pytest.raises(MatchError, match="expected an open record"):
        record.write("/a", 0.0, {})


def test_a_path_that_cannot_be_written_is_a_match_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MatchError, match="choose a folder that can be written"):
        MatchRecord(tmp_path / "file" / "m.mcap")
