"""The datagram in which a robot reports to the GameController: 32 bytes, version 4.

Robots send it by unicast to UDP port 3939, 0.5 to 2 times a second.
"""

import struct

from robot.contracts.errors import raise_if_any
from robot.contracts.game_control_checks import (
    beginning,
    finite_faults,
    flag,
    range_faults,
    refusal,
)
from robot.contracts.game_values import PLAYER_SLOTS, RobotStatus

STATUS_PORT = 3939
_MAGIC = b"RGrt"
_VERSION = 4
_STATUS = struct.Struct("<4sBBBBfff f ff")
STATUS_SIZE = _STATUS.size


def encode_status(status: RobotStatus) -> bytes:
    """The datagram of a robot's status.

    Raises:
        ContractError: a number out of its range or not finite.
    """
    subject = "status packet to encode"
    numbers = (*status.pose_mm_rad, status.ball_age_s, *status.ball_mm)
    faults = range_faults("player", (status.player,), 1, PLAYER_SLOTS)
    faults += range_faults("team", (status.team,), 0, 255)
    faults += finite_faults(numbers)
    raise_if_any(subject, faults)
    try:
        return _STATUS.pack(
            _MAGIC, _VERSION, status.player, status.team, status.fallen, *numbers
        )
    except OverflowError as error:
        expected = "numbers that fit 32-bit floats"
        raise refusal(subject, expected, f"{numbers}") from error


def decode_status(data: bytes) -> RobotStatus:
    """Parse a robot's status datagram.

    Raises:
        ContractError: not a status packet, another version or length, fallen not 0 or
            1, a player number out of range, or numbers that are not finite.
    """
    subject = "status packet"
    if len(data) != STATUS_SIZE or data[:4] != _MAGIC:
        expected = f"{STATUS_SIZE} bytes that start {_MAGIC!r}"
        raise refusal(subject, expected, beginning(data))
    _, version, player, team, fallen, *numbers = _STATUS.unpack(data)
    if version != _VERSION:
        raise refusal(subject, f"version {_VERSION}", f"version {version}")
    faults = range_faults("player", (player,), 1, PLAYER_SLOTS)
    fallen = flag("fallen", fallen, faults)
    faults += finite_faults(numbers)
    raise_if_any(subject, faults)
    x_mm, y_mm, yaw_rad, ball_age_s, ball_x_mm, ball_y_mm = numbers
    return RobotStatus(
        player=player,
        team=team,
        fallen=fallen,
        pose_mm_rad=(x_mm, y_mm, yaw_rad),
        ball_age_s=ball_age_s,
        ball_mm=(ball_x_mm, ball_y_mm),
    )
