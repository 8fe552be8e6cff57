"""Positions on the pitch as an outside tracker reports them, and their datagram.

The papers' state policies get positions of robots and ball by motion capture over
wireless; this message is that link. Positions and velocities are all that they ask of
it (arXiv:2304.13653, table S2): own pose and velocity, ball, opponents, and the goals,
which do not move. Pitch frame: see `robot.contracts.field`.

Little-endian, no padding beyond what is named:

    0  magic `OP3T`          4  version u8 (2)       5  flags u8 (bit 0: ball known)
    6  robot count u8        7  zero                 8  time f64 [s]
    16 ball x, y f32 [m]     24 ball velocity x, y f32 [m/s]
    32 ball deviation f32 [m]                        36 ball age f32 [s]

and from 40 on, 36 bytes per robot:

    0  team u8               1  player u8            2  flags u8 (bit 0: fallen)
    3  zero                  4  x, y f32 [m]         12 yaw f32 [rad]
    16 velocity x, y f32 [m/s]                       24 yaw rate f32 [rad/s]
    28 deviation f32 [m]     32 age f32 [s]
"""

import math
import struct
from dataclasses import dataclass

from robot.contracts.errors import ContractError, raise_if_any

MAGIC = b"OP3T"
VERSION = 2
MOST_ROBOTS = 40
"""Two teams of 20 jersey numbers."""

_FARTHEST = 1000.0
"""Largest number [m, m/s, rad/s, s] that can be meant: no pitch is a kilometre long."""
_HEADER = struct.Struct("<4sBBBBdffffff")
_ROBOT = struct.Struct("<BBBBffffffff")

Vector = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class TrackedRobot:
    """One robot's planar pose in the pitch frame (its torso over the floor).

    Attributes:
        yaw_rad: counter-clockwise from +x.
        velocity_m_s: x, y in the pitch frame.
        fallen: lies or gets up.
        deviation_m: standard deviation of the position along one axis.
        age_s: time since it was last seen; 0 if now. In between it is extrapolated.
    """

    team: int
    player: int
    x_m: float
    y_m: float
    yaw_rad: float
    velocity_m_s: Vector = (0.0, 0.0)
    yaw_rate_rad_s: float = 0.0
    fallen: bool = False
    deviation_m: float = 0.0
    age_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrackerFrame:
    """All positions at one instant. What the tracker does not know is not in it.

    Attributes:
        time_s: on the tracker's clock.
        ball_xy_m: None while nobody knows where the ball is.
        ball_velocity_m_s, ball_deviation_m, ball_age_s: as a robot's.
    """

    time_s: float
    ball_xy_m: Vector | None
    robots: tuple[TrackedRobot, ...]
    ball_velocity_m_s: Vector = (0.0, 0.0)
    ball_deviation_m: float = 0.0
    ball_age_s: float = 0.0


def encode_tracker(frame: TrackerFrame) -> bytes:
    """The datagram of one frame; yaw angles are brought to [-pi, pi].

    Raises:
        ContractError: numbers that are not finite or out of range, a robot twice, or
            more robots than `MOST_ROBOTS`; lists every fault.
    """
    subject = "tracker frame to encode"
    raise_if_any(subject, _faults(frame))
    ball = (0.0,) * 6
    if frame.ball_xy_m is not None:
        ball = (
            *frame.ball_xy_m,
            *frame.ball_velocity_m_s,
            frame.ball_deviation_m,
            frame.ball_age_s,
        )
    known = int(frame.ball_xy_m is not None)
    count = len(frame.robots)
    header = _HEADER.pack(MAGIC, VERSION, known, count, 0, frame.time_s, *ball)
    return header + b"".join(
        _ROBOT.pack(
            robot.team,
            robot.player,
            robot.fallen,
            0,
            robot.x_m,
            robot.y_m,
            math.remainder(robot.yaw_rad, 2 * math.pi),
            *robot.velocity_m_s,
            robot.yaw_rate_rad_s,
            robot.deviation_m,
            robot.age_s,
        )
        for robot in frame.robots
    )


def decode_tracker(data: bytes) -> TrackerFrame:
    """Parse a datagram.

    Raises:
        ContractError: not this message, another version, wrong length, or values that
            no tracker means.
    """
    if len(data) < _HEADER.size:
        raise _bad(f"at least {_HEADER.size} bytes", f"{len(data)}")
    magic, version, flags, count, zero, time_s, *ball = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise _bad(f"{MAGIC!r} version {VERSION}", f"{magic!r} version {version}")
    length = _HEADER.size + count * _ROBOT.size
    if len(data) != length:
        raise _bad(f"{length} bytes for {count} robots", f"{len(data)}")
    rows = list(_ROBOT.iter_unpack(data[_HEADER.size :]))
    if zero or flags > 1 or any(row[3] or row[2] > 1 for row in rows):
        raise _bad("spare bits of zero", f"flags {flags}, spare byte {zero}")
    if not flags and any(ball):
        raise _bad("no ball position without a ball", f"{tuple(ball)}")
    x, y, vx, vy, deviation, age = ball
    frame = TrackerFrame(
        time_s=time_s,
        ball_xy_m=(x, y) if flags else None,
        ball_velocity_m_s=(vx, vy),
        ball_deviation_m=deviation,
        ball_age_s=age,
        robots=tuple(_robot(row) for row in rows),
    )
    raise_if_any("tracker datagram", _faults(frame))
    return frame


def _robot(row: tuple) -> TrackedRobot:
    team, player, fallen, _, x, y, yaw, vx, vy, yaw_rate, deviation, age = row
    return TrackedRobot(
        team=team,
        player=player,
        x_m=x,
        y_m=y,
        yaw_rad=yaw,
        velocity_m_s=(vx, vy),
        yaw_rate_rad_s=yaw_rate,
        fallen=bool(fallen),
        deviation_m=deviation,
        age_s=age,
    )


def _faults(frame: TrackerFrame) -> list[str]:
    faults = []
    if not math.isfinite(frame.time_s):
        faults.append(f"time: expected a finite number, found {frame.time_s}")
    if frame.ball_xy_m is not None:
        signed = (*frame.ball_xy_m, *frame.ball_velocity_m_s)
        positive = (frame.ball_deviation_m, frame.ball_age_s)
        faults += _number_faults("ball", signed, positive)
    if len(frame.robots) > MOST_ROBOTS:
        faults.append(
            f"robots: expected at most {MOST_ROBOTS}, found {len(frame.robots)}"
        )
    names = [(robot.team, robot.player) for robot in frame.robots]
    if len(set(names)) < len(names):
        faults.append(f"robots: expected every robot once, found {names}")
    for robot in frame.robots:
        name = f"robot {robot.team}/{robot.player}"
        if not (0 <= robot.team <= 255 and 0 <= robot.player <= 255):
            faults.append(f"{name}: expected numbers from 0 to 255")
        signed = (
            robot.x_m,
            robot.y_m,
            robot.yaw_rad,
            *robot.velocity_m_s,
            robot.yaw_rate_rad_s,
        )
        faults += _number_faults(name, signed, (robot.deviation_m, robot.age_s))
    return faults


def _number_faults(
    name: str, signed: tuple[float, ...], positive: tuple[float, ...]
) -> list[str]:
    # Comparisons with NaN are false.
    good = all(-_FARTHEST <= value <= _FARTHEST for value in signed)
    if good and all(0 <= value <= _FARTHEST for value in positive):
        return []
    return [
        f"{name}: expected numbers up to {_FARTHEST:g} and deviation and age not "
        f"negative, found {(*signed, *positive)}"
    ]


def _bad(expected: str, found: str) -> ContractError:
    return ContractError("tracker datagram", [f"expected {expected}, found {found}"])
