"""Noise on every port of a match: robots, a monitor and a GameController that leads.

All of it goes through real sockets. Nothing that is no packet may end a program, change
what anybody knows of the game, or make the referee say something else afterwards.
"""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from match.follow_network import FollowConfig, GameControllerFollower
from match.game_controller import LOOPBACK_BROADCAST
from match.game_controller_lead import GameControllerLead, LeadConfig
from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    decode_control,
    decode_status,
    decode_true_control,
    encode_control,
    encode_status,
    encode_true_control,
)
from robot.contracts.tracker import decode_tracker, encode_tracker
from robot.network import Receiver, game_receiver, tracker_receiver
from tests.fakes.game_packets import STATUS, game
from tests.fakes.ports import free_ports

MONITOR = "127.0.0.2"
_BATCH = 50
_TIME_S = 1.0
_BEGINNINGS = (
    (b"RGme\x14", 158),
    (b"RGme\x13", 198),
    (b"RGTD\x14", 158),
    (b"RGTD\x13", 198),
    (b"RGrt\x04", 32),
    (b"OP3T\x02", 40),
    (b"OP3T\x02", 76),
)
_WHOLE = (
    encode_control(game()),
    encode_control(game(version=19)),
    encode_true_control(game()),
    encode_status(STATUS),
)
_CODECS: tuple[tuple[Callable[[bytes], Any], Callable[[Any], bytes]], ...] = (
    (decode_control, encode_control),
    (decode_true_control, encode_true_control),
    (decode_status, encode_status),
    (decode_tracker, encode_tracker),
)


def noise(chance: random.Random) -> bytes:
    """Any bytes, up to 300 of them."""
    return chance.randbytes(chance.randrange(301))


def dressed(chance: random.Random) -> bytes:
    """The beginning and length of a packet, filled with any bytes."""
    beginning, length = chance.choice(_BEGINNINGS)
    return beginning + chance.randbytes(length - len(beginning))


def cut(chance: random.Random) -> bytes:
    """A packet that was cut off, or has something behind its end."""
    whole = chance.choice(_WHOLE)
    if chance.random() < 0.5:
        return whole[: chance.randrange(len(whole))]
    return whole + chance.randbytes(chance.randint(1, 40))


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "noise": noise,
    "dressed": dressed,
    "cut": cut,
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        sent: datagrams, each of them to all ports.
        lost: of those to robots, by the network.
        accepted: well-formed by chance: reports and positions, never game states.
        changed: what is different afterwards; must be empty.
    """

    sent: int
    lost: int
    accepted: int
    changed: tuple[str, ...]


def send_to_all_ports(kind: str, count: int, seed: int) -> Outcome:
    """Send `count` datagrams of a kind to every port; any crash is the caller's."""
    chance = random.Random(seed)
    with _Ports() as ports:
        before = ports.known()
        accepted = sum(
            ports.deliver([KINDS[kind](chance) for _ in range(size)])
            for size in _batches(count)
        )
        after = ports.known()
        lost = count - ports.robot.malformed
        after |= ports.said()
    changed = tuple(name for name, value in after.items() if value != before[name])
    return Outcome(sent=count, lost=lost, accepted=accepted, changed=changed)


def _batches(count: int) -> Iterator[int]:
    yield from [_BATCH] * (count // _BATCH)
    if count % _BATCH:
        yield count % _BATCH


class _Ports:
    """A robot, a monitor and a leader that have found each other."""

    def __init__(self) -> None:
        self.robot = game_receiver(0)
        self.tracker: Receiver = tracker_receiver(0)
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        (forward,) = free_ports(1)
        config = LeadConfig(
            control_port=self.robot.port,
            status_port=0,
            monitor_port=0,
            forward_port=forward,
            team_base_port=free_ports(3)[0],
            whistle_delay_s=0.0,
        )
        self._stack = ExitStack()
        self._lead = self._stack.enter_context(GameControllerLead(config, (1, 2)))
        follow = FollowConfig(
            address=MONITOR,
            monitor="127.0.0.1",
            control_port=self.robot.port,
            monitor_port=self._lead.monitor_port,
            forward_port=forward,
        )
        self._monitor = self._stack.enter_context(GameControllerFollower(follow))

    def __enter__(self) -> "_Ports":
        self._monitor.poll(0.0)
        self._lead.hear(0.0)
        self._lead.announce(game(), 0.0)
        self._monitor.poll(0.0)
        (self._told,) = self.robot.pending()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.robot.close()
        self.tracker.close()
        self._sender.close()

    def deliver(self, datagrams: list[bytes]) -> int:
        """To all ports; how many were well-formed reports or positions."""
        for data in datagrams:
            for address in (
                (LOOPBACK_BROADCAST, self.robot.port),
                ("127.0.0.1", self.tracker.port),
                ("127.0.0.1", self._lead.status_port),
                ("127.0.0.1", self._lead.monitor_port),
            ):
                self._sender.sendto(data, address)
        for told in self.robot.pending():
            self._told = told
        reports = self._lead.hear(_TIME_S).reports
        self._monitor.poll(_TIME_S)
        for data in datagrams:
            require_round_trips(data)
        return len(reports) + len(self.tracker.pending())

    def known(self) -> dict[str, Any]:
        """What everybody knows of the game."""
        return {
            "robot": self._told,
            "monitor as told": self._monitor.told.state.control,
            "monitor's truth": self._monitor.truth.state.control,
            "who monitors": self._lead.monitors,
            "team messages": self._lead.messages,
            "next announcement": game(),
        }

    def said(self) -> dict[str, Any]:
        """What the leader says next, unnumbered."""
        return {"next announcement": self._lead.announce(game(), 2 * _TIME_S)}


def require_round_trips(data: bytes) -> bool:
    """What a parser takes, its writer gives back byte for byte; whether one took it."""
    taken = False
    for decode, encode in _CODECS:
        try:
            message = decode(data)
        except ContractError:
            continue
        taken = True
        again = encode(message)
        # Yaw angles are brought to one turn, so positions may come back otherwise.
        if decode is decode_tracker:
            assert len(again) == len(data)
        else:
            assert again == data, f"{data.hex()} came back as {again.hex()}"
    return taken
