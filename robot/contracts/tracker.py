"""Positions on the pitch as an outside tracker reports them, and their datagram.

The papers' state policies get positions of robots and ball by motion capture over
wireless; this message is that link. Little-endian: magic `OP3T`, version u8, flags u8
(bit 0: ball seen), robot count u8, pad u8, time f64 [s], ball x, y f32 [m], then per
robot team u8, player u8, pad u16, x, y f32 [m], yaw f32 [rad]. Pitch frame: see
`robot.contracts.field`.
"""

import math
import struct
from dataclasses import dataclass

from robot.contracts.errors import ContractError

MAGIC = b"OP3T"
VERSION = 1
_HEADER = struct.Struct("<4sBBBxdff")
_ROBOT = struct.Struct("<BBxxfff")


@dataclass(frozen=True, kw_only=True)
class TrackedRobot:
    """One robot's planar pose in the pitch frame (its torso over the floor)."""

    team: int
    player: int
    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True, kw_only=True)
class TrackerFrame:
    """All positions at one instant; `ball_xy_m` is None while the ball is not seen."""

    time_s: float
    ball_xy_m: tuple[float, float] | None
    robots: tuple[TrackedRobot, ...]


def encode_tracker(frame: TrackerFrame) -> bytes:
    """The datagram of one frame."""
    ball = frame.ball_xy_m or (0.0, 0.0)
    seen = int(frame.ball_xy_m is not None)
    header = _HEADER.pack(MAGIC, VERSION, seen, len(frame.robots), frame.time_s, *ball)
    return header + b"".join(
        _ROBOT.pack(robot.team, robot.player, robot.x_m, robot.y_m, robot.yaw_rad)
        for robot in frame.robots
    )


def decode_tracker(data: bytes) -> TrackerFrame:
    """Parse a datagram.

    Raises:
        ContractError: not this message, another version, wrong length or not finite.
    """
    if len(data) < _HEADER.size:
        raise _bad(f"at least {_HEADER.size} bytes", f"{len(data)}")
    magic, version, seen, count, time_s, ball_x, ball_y = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise _bad(f"{MAGIC!r} version {VERSION}", f"{magic!r} version {version}")
    length = _HEADER.size + count * _ROBOT.size
    if len(data) != length:
        raise _bad(f"{length} bytes for {count} robots", f"{len(data)}")
    rows = list(_ROBOT.iter_unpack(data[_HEADER.size :]))
    numbers = [time_s, ball_x, ball_y, *(v for row in rows for v in row[2:])]
    if not all(map(math.isfinite, numbers)):
        raise _bad("finite numbers", "nan or infinity")
    return TrackerFrame(
        time_s=time_s,
        ball_xy_m=(ball_x, ball_y) if seen else None,
        robots=tuple(
            TrackedRobot(team=team, player=player, x_m=x, y_m=y, yaw_rad=yaw)
            for team, player, x, y, yaw in rows
        ),
    )


def _bad(expected: str, found: str) -> ContractError:
    return ContractError("tracker datagram", [f"expected {expected}, found {found}"])
