"""Every field of the GameController's datagrams, at its literal offset, both ways.

The offsets are those of the official Wireshark dissector (v20) and header (v19),
written out as numbers and not computed from the code under test.
"""

import struct
from dataclasses import replace

import pytest

from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    CompetitionType,
    GamePhase,
    GameState,
    Penalty,
    PlayerInfo,
    RobotStatus,
    SetPlay,
    TeamColour,
    decode_control,
    decode_status,
    decode_true_control,
    encode_control,
    encode_status,
    encode_true_control,
)
from robot.contracts.game_control_monitor import (
    MONITOR_REQUEST,
    ForwardedStatus,
    decode_forwarded,
    decode_monitor_request,
    encode_forwarded,
)
from tests.fakes.game_packets import zero_packet

HEADER = {
    5: ("packet_number", 200, b"\xc8"),
    6: ("players_per_team", 7, b"\x07"),
    7: ("competition_type", CompetitionType.LARGE, b"\x02"),
    8: ("stopped", True, b"\x01"),
    9: ("game_phase", GamePhase.TIMEOUT, b"\x03"),
    10: ("state", GameState.FINISHED, b"\x04"),
    11: ("set_play", SetPlay.CORNER_KICK, b"\x06"),
    12: ("first_half", True, b"\x01"),
    13: ("kicking_team", 77, b"\x4d"),
    14: ("secs_remaining", -3, b"\xfd\xff"),
    16: ("secondary_time", 258, b"\x02\x01"),
}
TEAM = {
    0: ("team_number", 45, b"\x2d"),
    1: ("field_player_colour", TeamColour.GRAY, b"\x09"),
    2: ("goalkeeper_colour", TeamColour.PURPLE, b"\x07"),
    3: ("goalkeeper", 20, b"\x14"),
    4: ("score", 9, b"\x09"),
    5: ("penalty_shot", 5, b"\x05"),
    6: ("single_shots", 0x0102, b"\x02\x01"),
    8: ("message_budget", 12000, b"\xe0\x2e"),
}
TEAM_OFFSETS = {20: (18, 88), 19: (18, 108)}
# Per version: offset of (team 0 or 1, jersey 1, 2 or 20).
PLAYER_OFFSETS = {
    20: {(0, 1): 28, (0, 2): 31, (0, 20): 85, (1, 1): 98, (1, 2): 101, (1, 20): 155},
    19: {(0, 1): 28, (0, 2): 32, (0, 20): 104, (1, 1): 118, (1, 2): 122, (1, 20): 194},
}
PLAYER = {
    20: {
        0: ("penalty", Penalty.PICK_UP, b"\x06"),
        1: ("secs_till_unpenalised", 45, b"\x2d"),
        2: ("cautions", 1, b"\x01"),
    },
    19: {
        0: ("penalty", Penalty.PICK_UP, b"\x05"),
        1: ("secs_till_unpenalised", 45, b"\x2d"),
        2: ("warnings", 3, b"\x03"),
        3: ("cautions", 1, b"\x01"),
    },
}
SIZE = {20: 158, 19: 198}


def expected_bytes(version, offset, raw):
    data = bytearray(SIZE[version])
    data[:5] = b"RGme" + bytes([version])
    data[offset : offset + len(raw)] = raw
    return bytes(data)


def assert_both_ways(control, version, offset, raw):
    expected = expected_bytes(version, offset, raw)
    assert encode_control(control).hex() == expected.hex()
    assert decode_control(expected) == control


@pytest.mark.parametrize("version", [20, 19])
@pytest.mark.parametrize("offset", HEADER)
def test_header_fields(version, offset):
    name, value, raw = HEADER[offset]
    control = replace(zero_packet(version), **{name: value})
    assert_both_ways(control, version, offset, raw)


@pytest.mark.parametrize("version", [20, 19])
@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("offset", TEAM)
def test_team_fields(version, index, offset):
    name, value, raw = TEAM[offset]
    blank = zero_packet(version)
    teams = list(blank.teams)
    teams[index] = replace(teams[index], **{name: value})
    control = replace(blank, teams=(teams[0], teams[1]))
    assert_both_ways(control, version, TEAM_OFFSETS[version][index] + offset, raw)


@pytest.mark.parametrize(
    ("version", "place", "field"),
    [
        (version, place, field)
        for version, places in PLAYER_OFFSETS.items()
        for place in places
        for field in PLAYER[version]
    ],
)
def test_player_fields(version, place, field):
    name, value, raw = PLAYER[version][field]
    index, jersey = place
    blank = zero_packet(version)
    teams = list(blank.teams)
    players = list(teams[index].players)
    players[jersey - 1] = replace(PlayerInfo(), **{name: value})
    teams[index] = replace(teams[index], players=tuple(players))
    control = replace(blank, teams=(teams[0], teams[1]))
    assert_both_ways(control, version, PLAYER_OFFSETS[version][place] + field, raw)


CODES = {
    20: "none, illegal positioning, motion in set, motion in stop, local game stuck, "
    "incapable robot, pick-up, ball holding, leaving the field, "
    "playing with arms or hands, pushing, cautioned, sent off, substitute",
    19: "none, illegal positioning, motion in set, local game stuck, incapable robot, "
    "pick-up, ball holding, leaving the field, playing with arms or hands, pushing, "
    "sent off, substitute",
}


@pytest.mark.parametrize(
    ("version", "code", "meaning"),
    [
        (version, code, meaning)
        for version, meanings in CODES.items()
        for code, meaning in enumerate(meanings.split(", "))
    ],
)
def test_every_penalty_code_means_what_its_version_says(version, code, meaning):
    data = bytearray(encode_control(zero_packet(version)))
    data[28] = code
    player = decode_control(bytes(data)).teams[0].players[0]
    assert player.penalty.value == meaning
    assert encode_control(decode_control(bytes(data))) == bytes(data)


ENUMS = {
    7: (CompetitionType, "SMALL MIDDLE LARGE"),
    9: (GamePhase, "NORMAL PENALTY_SHOOT_OUT EXTRA_TIME TIMEOUT"),
    10: (GameState, "INITIAL READY SET PLAYING FINISHED"),
    11: (
        SetPlay,
        "NONE DIRECT_FREE_KICK INDIRECT_FREE_KICK PENALTY_KICK THROW_IN GOAL_KICK "
        "CORNER_KICK",
    ),
    19: (TeamColour, "BLUE RED YELLOW BLACK WHITE GREEN ORANGE PURPLE BROWN GRAY"),
}


@pytest.mark.parametrize("version", [20, 19])
@pytest.mark.parametrize("offset", ENUMS)
def test_every_other_code_has_its_name_and_the_next_one_is_refused(version, offset):
    kind, names = ENUMS[offset]
    assert [member.name for member in kind] == names.split()
    for code in range(len(kind)):
        data = expected_bytes(version, offset, bytes([code]))
        assert encode_control(decode_control(data)) == data
    with pytest.raises(ContractError, match=f"found {len(kind)}"):
        decode_control(expected_bytes(version, offset, bytes([len(kind)])))


@pytest.mark.parametrize("version", [20, 19])
def test_the_true_state_differs_from_the_robots_in_the_magic_alone(version):
    control = replace(zero_packet(version), secs_remaining=599)
    data = encode_true_control(control)
    assert data[:4] == b"RGTD"
    assert data[4:] == encode_control(control)[4:]
    assert decode_true_control(data) == control
    with pytest.raises(ContractError, match="starts b'RGTD'"):
        decode_true_control(encode_control(control))
    with pytest.raises(ContractError, match="starts b'RGme'"):
        decode_control(data)


STATUS = RobotStatus(
    player=1,
    team=0,
    fallen=False,
    pose_mm_rad=(0.0, 0.0, 0.0),
    ball_age_s=0.0,
    ball_mm=(0.0, 0.0),
)
STATUS_FIELDS = {
    5: ({"player": 20}, b"\x14"),
    6: ({"team": 12}, b"\x0c"),
    7: ({"fallen": True}, b"\x01"),
    8: ({"pose_mm_rad": (1500.0, 0.0, 0.0)}, struct.pack("<f", 1500.0)),
    12: ({"pose_mm_rad": (0.0, -250.5, 0.0)}, struct.pack("<f", -250.5)),
    16: ({"pose_mm_rad": (0.0, 0.0, 0.5)}, struct.pack("<f", 0.5)),
    20: ({"ball_age_s": -1.0}, b"\x00\x00\x80\xbf"),
    24: ({"ball_mm": (300.0, 0.0)}, struct.pack("<f", 300.0)),
    28: ({"ball_mm": (0.0, -40.0)}, struct.pack("<f", -40.0)),
}


@pytest.mark.parametrize("offset", STATUS_FIELDS)
def test_status_fields(offset):
    change, raw = STATUS_FIELDS[offset]
    status = replace(STATUS, **change)
    expected = bytearray(32)
    expected[:6] = b"RGrt\x04\x01"
    expected[offset : offset + len(raw)] = raw
    assert encode_status(status).hex() == expected.hex()
    assert decode_status(bytes(expected)) == status


def test_a_monitors_request_is_five_bytes():
    assert MONITOR_REQUEST == b"RGTr\x00"
    decode_monitor_request(b"RGTr\x00")


@pytest.mark.parametrize(
    "data", [b"", b"RGTr", b"RGTr\x01", b"RGTr\x00\x00", b"RGme\0"]
)
def test_other_requests_are_refused(data):
    with pytest.raises(ContractError, match="expected b'RGTr"):
        decode_monitor_request(data)


def test_a_forwarded_status_has_its_senders_address_in_front():
    forwarded = ForwardedStatus(host="10.0.7.42", data=encode_status(STATUS))
    data = encode_forwarded(forwarded)
    assert len(data) == 36
    assert data[:4] == bytes([10, 0, 7, 42])
    assert data[4:] == encode_status(STATUS)
    assert decode_forwarded(data) == forwarded
    assert decode_forwarded(data).status == STATUS


def test_a_forwarded_status_need_not_be_one():
    forwarded = decode_forwarded(b"\x7f\x00\x00\x01rubbish")
    assert forwarded == ForwardedStatus(host="127.0.0.1", data=b"rubbish")
    with pytest.raises(ContractError, match="expected 32 bytes"):
        _ = forwarded.status
    with pytest.raises(ContractError, match="expected at least 4 bytes"):
        decode_forwarded(b"\x7f\x00\x00")
    with pytest.raises(ContractError, match="expected an IPv4 address, found 'robot'"):
        encode_forwarded(ForwardedStatus(host="robot", data=b""))


def test_a_team_number_of_255_cannot_kick():
    with pytest.raises(ContractError, match="kicking team: expected 0 to 254"):
        encode_control(replace(zero_packet(20), kicking_team=255))
