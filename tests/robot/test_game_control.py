"""GameController datagrams: golden bytes, round trips, refusals."""

import contextlib
import dataclasses
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    PENALTY_CODES,
    CompetitionType,
    GameControl,
    GamePhase,
    GameState,
    Penalty,
    PlayerInfo,
    RobotStatus,
    SetPlay,
    TeamColour,
    TeamInfo,
    decode_control,
    decode_status,
    encode_control,
    encode_status,
)

LEFT = TeamInfo(
    team_number=12,
    field_player_colour=TeamColour.YELLOW,
    goalkeeper_colour=TeamColour.GRAY,
    goalkeeper=3,
    score=4,
    penalty_shot=5,
    single_shots=0x0102,
    message_budget=12000,
    players=(
        PlayerInfo(),
        PlayerInfo(penalty=Penalty.PICK_UP, secs_till_unpenalised=45, cautions=1),
        *(PlayerInfo(),) * 17,
        PlayerInfo(penalty=Penalty.SUBSTITUTE),
    ),
)
RIGHT = TeamInfo(
    team_number=77,
    field_player_colour=TeamColour.RED,
    goalkeeper_colour=TeamColour.BLUE,
)
CONTROL = GameControl(
    version=20,
    packet_number=200,
    players_per_team=4,
    competition_type=CompetitionType.LARGE,
    stopped=True,
    game_phase=GamePhase.EXTRA_TIME,
    state=GameState.PLAYING,
    set_play=SetPlay.CORNER_KICK,
    first_half=False,
    kicking_team=77,
    secs_remaining=-3,
    secondary_time=258,
    teams=(LEFT, RIGHT),
)
STATUS = RobotStatus(
    player=2,
    team=12,
    fallen=True,
    pose_mm_rad=(1500.0, -250.5, 0.5),
    ball_age_s=-1.0,
    ball_mm=(300.0, -40.0),
)


def test_the_v20_header_has_the_bytes_of_the_reference():
    data = encode_control(CONTROL)
    assert len(data) == 158  # 18 + 2 * (10 + 20 * 3)
    assert data[:4] == b"RGme"
    assert list(data[4:14]) == [20, 200, 4, 2, 1, 2, 3, 6, 0, 77]
    assert data[14:18] == b"\xfd\xff\x02\x01"  # -3, 258 = 0x0102


def test_the_v20_teams_have_the_bytes_of_the_reference():
    data = encode_control(CONTROL)
    assert list(data[18:28]) == [12, 2, 9, 3, 4, 5, 0x02, 0x01, 0xE0, 0x2E]
    assert list(data[28:34]) == [0, 0, 0, 6, 45, 1]  # pick-up is 6 in v20
    assert list(data[28 + 19 * 3 : 88]) == [13, 0, 0]  # substitute
    assert list(data[88:91]) == [77, 1, 0]  # 18 + 70


def test_the_v19_layout_has_a_warnings_byte_and_its_own_codes():
    player = PlayerInfo(
        penalty=Penalty.PICK_UP, secs_till_unpenalised=45, warnings=7, cautions=1
    )
    team = dataclasses.replace(LEFT, players=(player, *(PlayerInfo(),) * 19))
    control = dataclasses.replace(CONTROL, version=19, teams=(team, RIGHT))
    data = encode_control(control)
    assert len(data) == 198  # 18 + 2 * (10 + 20 * 4)
    assert list(data[28:32]) == [5, 45, 7, 1]  # pick-up is 5 in v19
    assert data[108] == 77  # 18 + 90
    assert decode_control(data) == control


def test_the_penalty_tables_are_the_references():
    assert [PENALTY_CODES[20].index(p) for p in Penalty] == list(range(14))
    named = {
        Penalty.LOCAL_GAME_STUCK: (4, 3),
        Penalty.INCAPABLE_ROBOT: (5, 4),
        Penalty.BALL_HOLDING: (7, 6),
        Penalty.LEAVING_THE_FIELD: (8, 7),
        Penalty.PLAYING_WITH_ARMS_HANDS: (9, 8),
        Penalty.PUSHING: (10, 9),
        Penalty.SENT_OFF: (12, 10),
        Penalty.SUBSTITUTE: (13, 11),
    }
    for penalty, (v20, v19) in named.items():
        assert PENALTY_CODES[20][v20] is penalty
        assert PENALTY_CODES[19][v19] is penalty


def test_the_status_packet_has_the_bytes_of_the_reference():
    data = encode_status(STATUS)
    assert len(data) == 32
    assert data[:8] == b"RGrt\x04\x02\x0c\x01"
    assert data[8:20] == struct.pack("<fff", 1500.0, -250.5, 0.5)
    assert data[20:24] == b"\x00\x00\x80\xbf"  # -1.0
    assert data[24:] == struct.pack("<ff", 300.0, -40.0)
    assert decode_status(data) == STATUS


def test_a_dropped_ball_travels_as_team_255():
    data = encode_control(dataclasses.replace(CONTROL, kicking_team=None))
    assert data[13] == 255
    assert decode_control(data).kicking_team is None


def test_a_team_is_found_by_number_not_by_order():
    assert CONTROL.team(77) is RIGHT
    with pytest.raises(ContractError, match="expected team 5, found teams 12, 77"):
        CONTROL.team(5)


_BYTE = st.integers(0, 255)


def _players(version: int) -> st.SearchStrategy[PlayerInfo]:
    return st.builds(
        PlayerInfo,
        penalty=st.sampled_from(PENALTY_CODES[version]),
        secs_till_unpenalised=_BYTE,
        cautions=_BYTE,
        warnings=_BYTE if version == 19 else st.just(0),
    )


def _teams(version: int) -> st.SearchStrategy[TeamInfo]:
    players = st.lists(_players(version), min_size=20, max_size=20).map(tuple)
    return st.builds(
        TeamInfo,
        team_number=_BYTE,
        field_player_colour=st.sampled_from(TeamColour),
        goalkeeper_colour=st.sampled_from(TeamColour),
        goalkeeper=_BYTE,
        score=_BYTE,
        penalty_shot=_BYTE,
        single_shots=st.integers(0, 65535),
        message_budget=st.integers(0, 65535),
        players=players,
    )


def _controls(version: int) -> st.SearchStrategy[GameControl]:
    seconds = st.integers(-32768, 32767)
    return st.builds(
        GameControl,
        version=st.just(version),
        packet_number=_BYTE,
        players_per_team=_BYTE,
        competition_type=st.sampled_from(CompetitionType),
        stopped=st.booleans(),
        game_phase=st.sampled_from(GamePhase),
        state=st.sampled_from(GameState),
        set_play=st.sampled_from(SetPlay),
        first_half=st.booleans(),
        kicking_team=st.none() | st.integers(0, 254),
        secs_remaining=seconds,
        secondary_time=seconds,
        teams=st.tuples(_teams(version), _teams(version)),
    )


@given(st.sampled_from([20, 19]).flatmap(_controls))
def test_every_control_packet_survives_the_round_trip(control):
    assert decode_control(encode_control(control)) == control


_FLOAT = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    st.builds(
        RobotStatus,
        player=st.integers(1, 20),
        team=_BYTE,
        fallen=st.booleans(),
        pose_mm_rad=st.tuples(_FLOAT, _FLOAT, _FLOAT),
        ball_age_s=_FLOAT,
        ball_mm=st.tuples(_FLOAT, _FLOAT),
    )
)
def test_every_status_packet_survives_the_round_trip(status):
    assert decode_status(encode_status(status)) == status


def _mutated(good: bytes) -> st.SearchStrategy[bytes]:
    edits = st.lists(st.tuples(st.integers(0, len(good) - 1), _BYTE), max_size=6)

    def apply(edit: list[tuple[int, int]]) -> bytes:
        data = bytearray(good)
        for index, value in edit:
            data[index] = value
        return bytes(data)

    return edits.map(apply)


@given(
    st.one_of(
        st.binary(max_size=250),
        _mutated(encode_control(CONTROL)),
        _mutated(encode_status(STATUS)),
    )
)
def test_any_datagram_is_parsed_or_refused_with_the_contracts_error(data):
    for decode, kind in ((decode_control, GameControl), (decode_status, RobotStatus)):
        with contextlib.suppress(ContractError):
            assert isinstance(decode(data), kind)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found 0 bytes"),
        (b"RGTD" + bytes(154), "expected a datagram that starts b'RGme'"),
        (b"RGme\x12" + bytes(113), r"found version 18 \(the SPL's"),
        (b"RGme\x0c\x00" + bytes(682), r"found version 12 \(the Humanoid League's"),
        (b"RGme\x15" + bytes(153), "found version 21"),
        (b"RGme\x14" + bytes(152), "expected 158 bytes for version 20, found 157"),
        (b"RGme\x13" + bytes(153), "expected 198 bytes for version 19, found 158"),
    ],
)
def test_foreign_control_packets_are_refused_by_name(data, message):
    with pytest.raises(ContractError, match=message):
        decode_control(data)


def test_all_unknown_codes_are_listed_at_once():
    data = bytearray(encode_control(CONTROL))
    data[10], data[11], data[28] = 5, 7, 14
    with pytest.raises(ContractError) as caught:
        decode_control(bytes(data))
    assert set(caught.value.faults) == {
        "GameState: expected 0 to 4, found 5",
        "SetPlay: expected 0 to 6, found 7",
        "penalty: expected a code below 14 in version 20, found 14",
    }


@pytest.mark.parametrize("penalty", [Penalty.MOTION_IN_STOP, Penalty.CAUTIONED])
def test_v19_refuses_penalties_it_does_not_know(penalty):
    players = (PlayerInfo(penalty=penalty), *(PlayerInfo(),) * 19)
    teams = (dataclasses.replace(RIGHT, players=players), LEFT)
    with pytest.raises(ContractError, match="team 77 player 1: expected a penalty"):
        encode_control(dataclasses.replace(CONTROL, version=19, teams=teams))


def test_v20_has_no_room_for_warnings_and_says_so():
    players = (PlayerInfo(warnings=1), *(PlayerInfo(),) * 19)
    teams = (dataclasses.replace(RIGHT, players=players), LEFT)
    with pytest.raises(ContractError, match="expected no warnings in version 20"):
        encode_control(dataclasses.replace(CONTROL, teams=teams))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 18}, "found version 18"),
        ({"packet_number": 256}, "expected 0 to 255, found 256"),
        ({"secs_remaining": 40000}, "expected -32768 to 32767, found 40000"),
        (
            {"teams": (dataclasses.replace(RIGHT, players=()), LEFT)},
            "team 77: expected 20 players, found 0",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused_before_sending(changes, message):
    with pytest.raises(ContractError, match=message):
        encode_control(dataclasses.replace(CONTROL, **changes))


@pytest.mark.parametrize(
    ("offset", "raw", "message"),
    [
        (4, b"\x03", "expected version 4, found version 3"),
        (5, b"\x00", "player: expected 1 to 20, found 0"),
        (5, b"\x15", "player: expected 1 to 20, found 21"),
        (7, b"\xff", "fallen: expected 0 or 1, found 255"),
        (8, b"\x00\x00\xc0\x7f", "expected finite numbers"),
    ],
)
def test_status_packets_the_game_controller_would_reject_are_refused(
    offset, raw, message
):
    data = bytearray(encode_status(STATUS))
    data[offset : offset + len(raw)] = raw
    with pytest.raises(ContractError, match=message):
        decode_status(bytes(data))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39])
def test_a_status_that_cannot_be_sent_is_refused(value):
    with pytest.raises(ContractError, match="expected"):
        encode_status(dataclasses.replace(STATUS, ball_age_s=value))
