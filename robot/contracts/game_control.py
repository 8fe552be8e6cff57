"""The RoboCup GameController's control datagrams, struct versions 20 and 19.

Little-endian, no padding. Control packets are broadcast on UDP port 3838 and carry the
state of the game as the robots may know it; monitors get the true state in the same
layout with another magic. Robots answer with `robot.contracts.game_control_status`.

Sources: RoboCup-HumanoidSoccerLeague/GameController: v19 from its header and serializer
(version 6.0.x), v20 from its Wireshark dissector (commit 216ed0d: offsets, sizes, all
code tables) and a copy of the header of version 7.0.0; both agree.
"""

import struct
from functools import lru_cache

from robot.contracts.errors import raise_if_any
from robot.contracts.game_control_checks import (
    beginning,
    flag,
    member,
    range_faults,
    refusal,
)
from robot.contracts.game_control_status import (
    STATUS_PORT,
    decode_status,
    encode_status,
)
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
    "decode_true_control",
    "encode_control",
    "encode_status",
    "encode_true_control",
]

CONTROL_PORT = 3838
SUPPORTED_VERSIONS = (20, 19)

_MAGIC = b"RGme"
_TRUE_MAGIC = b"RGTD"
_NO_TEAM = 255
_HEADER = struct.Struct("<4sBBBBBBBBBBhh")
_TEAM = struct.Struct("<BBBBBBHH")
_PLAYER = {20: struct.Struct("<BBB"), 19: struct.Struct("<BBBB")}
_UNSUPPORTED = {18: "the SPL's of 2025 and before", 12: "the Humanoid League's of 2025"}


def control_size(version: int) -> int:
    """Bytes of a control packet: 158 in v20, 198 in v19."""
    return _HEADER.size + 2 * _team_size(version)


def encode_control(control: GameControl) -> bytes:
    """The datagram that tells robots `control`, in the layout of `control.version`.

    Raises:
        ContractError: a value does not fit that version's layout; lists all of them.
    """
    return _encode(_MAGIC, control, "control packet to encode")


def encode_true_control(control: GameControl) -> bytes:
    """The datagram that tells monitors `control`; raises as `encode_control`."""
    return _encode(_TRUE_MAGIC, control, "true control packet to encode")


def decode_control(data: bytes) -> GameControl:
    """Parse a control datagram for robots.

    Raises:
        ContractError: not a control packet, a version other than 20 and 19, a wrong
            length, or codes that the version does not define.
    """
    return _decode(_MAGIC, data, "control packet")


def decode_true_control(data: bytes) -> GameControl:
    """Parse a control datagram for monitors; raises as `decode_control`."""
    return _decode(_TRUE_MAGIC, data, "true control packet")


def _encode(magic: bytes, control: GameControl, subject: str) -> bytes:
    _require_version(subject, control.version)
    faults: list[str] = []
    for team in control.teams:
        faults += _team_faults(team, control.version)
    numbers = (control.packet_number, control.players_per_team)
    faults += range_faults("packet number, players", numbers, 0, 255)
    if control.kicking_team is not None:
        faults += range_faults("kicking team", (control.kicking_team,), 0, 254)
    times = (control.secs_remaining, control.secondary_time)
    faults += range_faults("times", times, -32768, 32767)
    raise_if_any(subject, faults)
    header = _HEADER.pack(
        magic,
        control.version,
        *numbers,
        control.competition_type,
        control.stopped,
        control.game_phase,
        control.state,
        control.set_play,
        control.first_half,
        _NO_TEAM if control.kicking_team is None else control.kicking_team,
        *times,
    )
    return header + b"".join(
        _encode_team(team, control.version) for team in control.teams
    )


def _decode(magic: bytes, data: bytes, subject: str) -> GameControl:
    if len(data) < 5 or data[:4] != magic:
        raise refusal(subject, f"a datagram that starts {magic!r}", beginning(data))
    version = data[4]
    _require_version(subject, version)
    if len(data) != control_size(version):
        expected = f"{control_size(version)} bytes for version {version}"
        raise refusal(subject, expected, f"{len(data)} bytes")
    _, _, number, players, *codes, kicking, remaining, secondary = _HEADER.unpack_from(
        data
    )
    kind, stopped, phase, state, set_play, half = codes
    faults: list[str] = []
    left, right = (
        _decode_team(data, _HEADER.size + index * _team_size(version), version, faults)
        for index in range(2)
    )
    header = {
        "competition_type": member(CompetitionType, kind, faults),
        "stopped": flag("stopped", stopped, faults),
        "game_phase": member(GamePhase, phase, faults),
        "state": member(GameState, state, faults),
        "set_play": member(SetPlay, set_play, faults),
        "first_half": flag("first_half", half, faults),
    }
    raise_if_any(subject, faults)
    return GameControl(
        version=version,
        packet_number=number,
        players_per_team=players,
        kicking_team=None if kicking == _NO_TEAM else kicking,
        secs_remaining=remaining,
        secondary_time=secondary,
        teams=(left, right),
        **header,
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
        field_player_colour=member(TeamColour, colour, faults),
        goalkeeper_colour=member(TeamColour, keeper_colour, faults),
        goalkeeper=counts[0],
        score=counts[1],
        penalty_shot=counts[2],
        single_shots=counts[3],
        message_budget=counts[4],
        players=tuple(_decode_player(row, version, faults) for row in rows),
    )


def _decode_player(row: tuple[int, ...], version: int, faults: list[str]) -> PlayerInfo:
    choices = len(PENALTY_CODES[version])
    if row[0] < choices:
        return _player(version, row)
    faults.append(
        f"penalty: expected a code below {choices} in version {version}, found {row[0]}"
    )
    return PlayerInfo()


@lru_cache(maxsize=4096)
def _player(version: int, row: tuple[int, ...]) -> PlayerInfo:
    # 40 of them per packet, and nearly all alike.
    return PlayerInfo(
        penalty=PENALTY_CODES[version][row[0]],
        secs_till_unpenalised=row[1],
        warnings=row[2] if version == 19 else 0,
        cautions=row[-1],
    )


def _team_faults(team: TeamInfo, version: int) -> list[str]:
    name = f"team {team.team_number}"
    small = (team.team_number, team.goalkeeper, team.score, team.penalty_shot)
    large = (team.single_shots, team.message_budget)
    faults = range_faults(f"{name} number, goalkeeper, score, shot", small, 0, 255)
    faults += range_faults(f"{name} single shots, budget", large, 0, 65535)
    if len(team.players) != PLAYER_SLOTS:
        faults.append(
            f"{name}: expected {PLAYER_SLOTS} players, found {len(team.players)}"
        )
    for number, player in enumerate(team.players, 1):
        who = f"{name} player {number}"
        counts = (player.secs_till_unpenalised, player.cautions, player.warnings)
        faults += range_faults(f"{who} seconds, cautions, warnings", counts, 0, 255)
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
    raise refusal(subject, "version 20 or 19: update the GameController", found)
