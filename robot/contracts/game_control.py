"""The RoboCup GameController's datagrams: control (v20, v19) and robot status.

Little-endian, no padding. Control packets are broadcast on UDP port 3838 and carry the
state of the game; robots answer by unicast on port 3939.

Sources: v19 from RoboCup-HumanoidSoccerLeague/GameController (2026, version 6.0.x). v20
(GameController 7.0.0) is second-hand: its official header was not seen; one team's
parser, another team's notes with measured sizes and a third's patch from v19 to v20
agree on it.
"""

import math
import struct
from enum import IntEnum
from typing import TypeVar

from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.game_values import (
    PENALTY_CODES,
    PLAYER_SLOTS,
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
)

__all__ = [
    "CONTROL_PORT",
    "PENALTY_CODES",
    "PLAYER_SLOTS",
    "STATUS_PORT",
    "SUPPORTED_VERSIONS",
    "CompetitionType",
    "GameControl",
    "GamePhase",
    "GameState",
    "Penalty",
    "PlayerInfo",
    "RobotStatus",
    "SetPlay",
    "TeamColour",
    "TeamInfo",
    "control_size",
    "decode_control",
    "decode_status",
    "encode_control",
    "encode_status",
]

CONTROL_PORT = 3838
STATUS_PORT = 3939
SUPPORTED_VERSIONS = (20, 19)

_CONTROL_MAGIC = b"RGme"
_STATUS_MAGIC = b"RGrt"
_STATUS_VERSION = 4
_NO_TEAM = 255
_HEADER = struct.Struct("<4sBBBBBBBBBBhh")
_TEAM = struct.Struct("<BBBBBBHH")
_PLAYER = {20: struct.Struct("<BBB"), 19: struct.Struct("<BBBB")}
_STATUS = struct.Struct("<4sBBBBfff f ff")
_UNSUPPORTED = {18: "the SPL's of 2025 and before", 12: "the Humanoid League's of 2025"}


def control_size(version: int) -> int:
    """Bytes of a control packet: 158 in v20, 198 in v19."""
    return _HEADER.size + 2 * _team_size(version)


def encode_control(control: GameControl) -> bytes:
    """The datagram of `control`, in the layout of `control.version`.

    Raises:
        ContractError: a value does not fit that version's layout; lists all of them.
    """
    subject = "control packet to encode"
    _require_version(subject, control.version)
    faults: list[str] = []
    for team in control.teams:
        faults += _team_faults(team, control.version)
    kicking = _NO_TEAM if control.kicking_team is None else control.kicking_team
    numbers = (control.packet_number, control.players_per_team, kicking)
    faults += _range_faults("packet number, players, kicking team", numbers, 0, 255)
    times = (control.secs_remaining, control.secondary_time)
    faults += _range_faults("times", times, -32768, 32767)
    raise_if_any(subject, faults)
    header = _HEADER.pack(
        _CONTROL_MAGIC,
        control.version,
        control.packet_number,
        control.players_per_team,
        control.competition_type,
        control.stopped,
        control.game_phase,
        control.state,
        control.set_play,
        control.first_half,
        kicking,
        *times,
    )
    return header + b"".join(
        _encode_team(team, control.version) for team in control.teams
    )


def decode_control(data: bytes) -> GameControl:
    """Parse a control datagram.

    Raises:
        ContractError: not a control packet, a version other than 20 and 19, a wrong
            length, or codes that the version does not define.
    """
    subject = "control packet"
    if len(data) < 5 or data[:4] != _CONTROL_MAGIC:
        raise _bad(subject, f"a datagram that starts {_CONTROL_MAGIC!r}", _start(data))
    version = data[4]
    _require_version(subject, version)
    if len(data) != control_size(version):
        expected = f"{control_size(version)} bytes for version {version}"
        raise _bad(subject, expected, f"{len(data)} bytes")
    (
        _,
        _,
        number,
        players,
        kind,
        stopped,
        phase,
        state,
        set_play,
        half,
        kicking,
        *times,
    ) = _HEADER.unpack_from(data)
    faults: list[str] = []
    teams = tuple(
        _decode_team(data, _HEADER.size + index * _team_size(version), version, faults)
        for index in range(2)
    )
    header = {
        "competition_type": _member(CompetitionType, kind, faults),
        "stopped": _flag("stopped", stopped, faults),
        "game_phase": _member(GamePhase, phase, faults),
        "state": _member(GameState, state, faults),
        "set_play": _member(SetPlay, set_play, faults),
        "first_half": _flag("first_half", half, faults),
    }
    raise_if_any(subject, faults)
    return GameControl(
        version=version,
        packet_number=number,
        players_per_team=players,
        kicking_team=None if kicking == _NO_TEAM else kicking,
        secs_remaining=times[0],
        secondary_time=times[1],
        teams=(teams[0], teams[1]),
        **header,
    )


def encode_status(status: RobotStatus) -> bytes:
    """The 32-byte datagram of a robot's status (struct version 4).

    Raises:
        ContractError: a number out of its range or not finite.
    """
    subject = "status packet to encode"
    numbers = (*status.pose_mm_rad, status.ball_age_s, *status.ball_mm)
    faults = _range_faults("player", (status.player,), 1, PLAYER_SLOTS)
    faults += _range_faults("team", (status.team,), 0, 255)
    faults += _finite_faults(numbers)
    raise_if_any(subject, faults)
    try:
        return _STATUS.pack(
            _STATUS_MAGIC,
            _STATUS_VERSION,
            status.player,
            status.team,
            status.fallen,
            *numbers,
        )
    except OverflowError as error:
        raise _bad(subject, "numbers that fit 32-bit floats", f"{numbers}") from error


def decode_status(data: bytes) -> RobotStatus:
    """Parse a robot's status datagram.

    Raises:
        ContractError: not a status packet, another version or length, fallen not 0 or
            1, a player number out of range, or numbers that are not finite.
    """
    subject = "status packet"
    if len(data) != _STATUS.size or data[:4] != _STATUS_MAGIC:
        expected = f"{_STATUS.size} bytes that start {_STATUS_MAGIC!r}"
        raise _bad(subject, expected, _start(data))
    _, version, player, team, fallen, *numbers = _STATUS.unpack(data)
    if version != _STATUS_VERSION:
        raise _bad(subject, f"version {_STATUS_VERSION}", f"version {version}")
    faults = _range_faults("player", (player,), 1, PLAYER_SLOTS)
    fallen = _flag("fallen", fallen, faults)
    faults += _finite_faults(numbers)
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


def _team_size(version: int) -> int:
    return _TEAM.size + PLAYER_SLOTS * _PLAYER[version].size


def _encode_team(team: TeamInfo, version: int) -> bytes:
    head = _TEAM.pack(
        team.team_number,
        team.field_player_colour,
        team.goalkeeper_colour,
        team.goalkeeper,
        team.score,
        team.penalty_shot,
        team.single_shots,
        team.message_budget,
    )
    return head + b"".join(
        _PLAYER[version].pack(
            PENALTY_CODES[version].index(player.penalty),
            player.secs_till_unpenalised,
            *((player.warnings,) if version == 19 else ()),
            player.cautions,
        )
        for player in team.players
    )


def _decode_team(data: bytes, offset: int, version: int, faults: list[str]) -> TeamInfo:
    number, colour, keeper_colour, *counts = _TEAM.unpack_from(data, offset)
    first = offset + _TEAM.size
    rows = _PLAYER[version].iter_unpack(data[first : offset + _team_size(version)])
    return TeamInfo(
        team_number=number,
        field_player_colour=_member(TeamColour, colour, faults),
        goalkeeper_colour=_member(TeamColour, keeper_colour, faults),
        goalkeeper=counts[0],
        score=counts[1],
        penalty_shot=counts[2],
        single_shots=counts[3],
        message_budget=counts[4],
        players=tuple(_decode_player(row, version, faults) for row in rows),
    )


def _decode_player(row: tuple[int, ...], version: int, faults: list[str]) -> PlayerInfo:
    codes = PENALTY_CODES[version]
    if row[0] >= len(codes):
        faults.append(
            f"penalty: expected a code below {len(codes)} in version {version}, "
            f"found {row[0]}"
        )
        return PlayerInfo()
    return PlayerInfo(
        penalty=codes[row[0]],
        secs_till_unpenalised=row[1],
        warnings=row[2] if version == 19 else 0,
        cautions=row[-1],
    )


def _team_faults(team: TeamInfo, version: int) -> list[str]:
    name = f"team {team.team_number}"
    small = (team.team_number, team.goalkeeper, team.score, team.penalty_shot)
    large = (team.single_shots, team.message_budget)
    faults = _range_faults(f"{name} number, goalkeeper, score, shot", small, 0, 255)
    faults += _range_faults(f"{name} single shots, budget", large, 0, 65535)
    if len(team.players) != PLAYER_SLOTS:
        faults.append(
            f"{name}: expected {PLAYER_SLOTS} players, found {len(team.players)}"
        )
    for number, player in enumerate(team.players, 1):
        who = f"{name} player {number}"
        counts = (player.secs_till_unpenalised, player.cautions, player.warnings)
        faults += _range_faults(f"{who} seconds, cautions, warnings", counts, 0, 255)
        if player.penalty not in PENALTY_CODES[version]:
            faults.append(
                f"{who}: expected a penalty that version {version} knows, "
                f"found {player.penalty.value!r}"
            )
        if version != 19 and player.warnings:
            faults.append(
                f"{who}: expected no warnings in version {version}, "
                f"found {player.warnings}"
            )
    return faults


def _require_version(subject: str, version: int) -> None:
    if version in SUPPORTED_VERSIONS:
        return
    origin = _UNSUPPORTED.get(version)
    found = f"version {version}" + (f" ({origin})" if origin else "")
    raise _bad(subject, "version 20 or 19: update the GameController", found)


def _range_faults(name: str, values: tuple[int, ...], low: int, high: int) -> list[str]:
    if all(low <= value <= high for value in values):
        return []
    found = ", ".join(map(str, values))
    return [f"{name}: expected {low} to {high}, found {found}"]


def _finite_faults(numbers: tuple[float, ...] | list[float]) -> list[str]:
    if all(map(math.isfinite, numbers)):
        return []
    return [f"pose and ball: expected finite numbers, found {tuple(numbers)}"]


_E = TypeVar("_E", bound=IntEnum)


def _member(kind: type[_E], value: int, faults: list[str]) -> _E:
    try:
        return kind(value)
    except ValueError:
        choices = f"0 to {len(kind) - 1}"
        faults.append(f"{kind.__name__}: expected {choices}, found {value}")
        return kind(0)


def _flag(name: str, value: int, faults: list[str]) -> bool:
    if value > 1:
        faults.append(f"{name}: expected 0 or 1, found {value}")
    return bool(value)


def _start(data: bytes) -> str:
    return f"{len(data)} bytes that start {data[:5]!r}"


def _bad(subject: str, expected: str, found: str) -> ContractError:
    return ContractError(subject, [f"expected {expected}, found {found}"])
