"""The tracker's datagram: golden bytes at literal offsets, round trips, refusals."""

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.contracts.errors import ContractError
from robot.contracts.tracker import (
    TrackedRobot,
    TrackerFrame,
    decode_tracker,
    encode_tracker,
)

ROBOT = TrackedRobot(
    team=12,
    player=3,
    x_m=1.5,
    y_m=-0.75,
    yaw_rad=0.5,
    velocity_m_s=(0.25, -0.125),
    yaw_rate_rad_s=-1.0,
    fallen=True,
    deviation_m=0.0625,
    age_s=0.375,
)
FRAME = TrackerFrame(
    time_s=123.456,
    ball_xy_m=(-2.0, 0.5),
    ball_velocity_m_s=(1.25, -3.0),
    ball_deviation_m=0.03125,
    ball_age_s=0.0,
    robots=(replace(ROBOT, player=1, fallen=False), ROBOT),
)


def test_the_datagram_has_the_documented_bytes():
    data = encode_tracker(FRAME)
    assert len(data) == 112  # 40 + 2 * 36
    assert data[:8] == b"OP3T\x02\x01\x02\x00"
    assert data[8:16] == struct.pack("<d", 123.456)
    assert data[16:40] == struct.pack("<6f", -2.0, 0.5, 1.25, -3.0, 0.03125, 0.0)
    assert data[40:44] == b"\x0c\x01\x00\x00"
    assert data[76:80] == b"\x0c\x03\x01\x00"
    expected = (1.5, -0.75, 0.5, 0.25, -0.125, -1.0, 0.0625, 0.375)
    assert data[80:112] == struct.pack("<8f", *expected)
    assert decode_tracker(data) == FRAME


def test_an_unknown_ball_travels_as_zeros():
    data = encode_tracker(replace(FRAME, ball_xy_m=None))
    assert data[5] == 0
    assert data[16:40] == bytes(24)
    assert decode_tracker(data).ball_xy_m is None


def test_yaw_is_sent_between_minus_and_plus_pi():
    turned = replace(FRAME, robots=(replace(ROBOT, yaw_rad=3.5),))
    (robot,) = decode_tracker(encode_tracker(turned)).robots
    assert robot.yaw_rad == pytest.approx(3.5 - 2 * math.pi, abs=1e-6)


_SIGNED = st.floats(-1000, 1000, width=32)
_POSITIVE = st.floats(0, 1000, width=32)
_ROBOTS = st.builds(
    TrackedRobot,
    team=st.integers(0, 255),
    player=st.integers(0, 255),
    x_m=_SIGNED,
    y_m=_SIGNED,
    yaw_rad=st.floats(-3.125, 3.125, width=32),
    velocity_m_s=st.tuples(_SIGNED, _SIGNED),
    yaw_rate_rad_s=_SIGNED,
    fallen=st.booleans(),
    deviation_m=_POSITIVE,
    age_s=_POSITIVE,
)


@given(
    st.builds(
        TrackerFrame,
        time_s=st.floats(allow_nan=False, allow_infinity=False),
        ball_xy_m=st.tuples(_SIGNED, _SIGNED),
        ball_velocity_m_s=st.tuples(_SIGNED, _SIGNED),
        ball_deviation_m=_POSITIVE,
        ball_age_s=_POSITIVE,
        robots=st.lists(_ROBOTS, unique_by=lambda r: (r.team, r.player)).map(tuple),
    )
)
def test_every_frame_survives_the_round_trip(frame):
    assert decode_tracker(encode_tracker(frame)) == frame


@pytest.mark.parametrize(
    ("offset", "raw", "message"),
    [
        (0, b"OP3X", "expected b'OP3T' version 2"),
        (4, b"\x01", "found b'OP3T' version 1"),
        (5, b"\x02", "spare bits of zero"),
        (5, b"\x00", "no ball position without a ball"),
        (6, b"\x03", "expected 148 bytes for 3 robots, found 112"),
        (7, b"\x01", "spare bits of zero"),
        (8, struct.pack("<d", math.nan), "time: expected a finite number"),
        (16, struct.pack("<f", 1001.0), "ball: expected numbers up to 1000"),
        (24, struct.pack("<f", math.inf), "ball: expected numbers up to 1000"),
        (36, struct.pack("<f", -1.0), "deviation and age not negative"),
        (42, b"\x02", "spare bits of zero"),
        (77, b"\x01", "expected every robot once"),
        (88, struct.pack("<f", math.nan), "robot 12/3: expected numbers"),
    ],
)
def test_other_datagrams_are_refused_with_the_reason(offset, raw, message):
    data = bytearray(encode_tracker(FRAME))
    data[offset : offset + len(raw)] = raw
    with pytest.raises(ContractError, match=message):
        decode_tracker(bytes(data))


def test_cut_datagrams_are_refused():
    data = encode_tracker(FRAME)
    for length in range(len(data)):
        with pytest.raises(ContractError, match="expected"):
            decode_tracker(data[:length])


def test_a_frame_that_cannot_be_sent_lists_every_fault():
    crowd = tuple(replace(ROBOT, player=player) for player in range(41))
    frame = replace(FRAME, time_s=math.inf, ball_xy_m=(math.nan, 0), robots=crowd)
    with pytest.raises(ContractError) as caught:
        encode_tracker(frame)
    text = str(caught.value)
    assert "time: expected a finite number" in text
    assert "ball: expected numbers" in text
    assert "robots: expected at most 40, found 41" in text
