"""The sockets of one who follows: control packets, and as a monitor the true state."""

import math
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from match.follow import LEADER_LOST_S, GameHistory
from match.follow_changes import GameChange
from match.game_controller_sockets import Listener, Sender
from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    CONTROL_PORT,
    RobotStatus,
    decode_control,
    decode_true_control,
)
from robot.contracts.game_control_monitor import (
    FORWARD_PORT,
    MONITOR_PORT,
    MONITOR_REQUEST,
    ForwardedStatus,
    decode_forwarded,
)

_REQUEST_PERIOD_S = 10.0
_UNHEARD_PERIOD_S = 0.5
_KEPT_REFUSALS = 100


@dataclass(frozen=True, kw_only=True)
class FollowConfig:
    """Where to listen.

    Attributes:
        address: of this computer's interface; empty for all. To monitor a
            GameController on this computer, a loopback address of one's own (see
            `match.game_controller_monitors`).
        monitor: host of the GameController to ask for the true state and for what the
            robots report; None to hear only what robots are told. Do not run robots on
            a computer that monitors: it would be refused.
    """

    address: str = ""
    monitor: str | None = None
    control_port: int = CONTROL_PORT
    monitor_port: int = MONITOR_PORT
    forward_port: int = FORWARD_PORT


@dataclass(frozen=True, kw_only=True)
class FollowNews:
    """What came in with one call.

    Attributes:
        told: changes of what the robots are told.
        truth: changes of the true state; empty without a monitor.
        reports: of the robots, with their hosts; empty without a monitor.
    """

    told: tuple[GameChange, ...]
    truth: tuple[GameChange, ...]
    reports: tuple[tuple[str, RobotStatus], ...]


class GameControllerFollower:
    """Follows an outside GameController on the network.

    Attributes:
        told: the game as the robots are told it.
        truth: the true game; empty without a monitor.
        refused: the latest 100 datagrams that made no sense, and why.

    Raises:
        MatchError: a port is taken; nothing stays open then.
    """

    def __init__(self, config: FollowConfig) -> None:
        self.told = GameHistory()
        self.truth = GameHistory()
        self.refused: deque[ContractError] = deque(maxlen=_KEPT_REFUSALS)
        self._config = config
        self._requested_s = -math.inf
        with ExitStack() as stack:
            # Monitors get the truth by unicast to their address, and a socket that is
            # bound to one address hears no broadcasts: hence two.
            self._control = [
                stack.enter_context(
                    Listener(
                        "GameController",
                        address=address,
                        port=config.control_port,
                        shared=True,
                    )
                )
                for address in dict.fromkeys(("", config.address))
            ]
            self._forwarded = self._sender = None
            if config.monitor is not None:
                self._forwarded = stack.enter_context(
                    Listener(
                        "robots' status",
                        address=config.address,
                        port=config.forward_port,
                    )
                )
                self._sender = stack.enter_context(Sender(config.address))
            self._stack = stack.pop_all()

    def __enter__(self) -> "GameControllerFollower":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all sockets."""
        self._stack.close()

    def poll(self, time_s: float) -> FollowNews:
        """Take in all that has come.

        Raises:
            MatchError: the GameController to monitor cannot be reached.
        """
        self._request(time_s)
        told: list[GameChange] = []
        truth: list[GameChange] = []
        for listener in self._control:
            for host, data in listener.datagrams():
                try:
                    if data[:4] == b"RGTD":
                        control = decode_true_control(data)
                        truth += self.truth.hear(control, time_s, host)
                    else:
                        told += self.told.hear(decode_control(data), time_s, host)
                except ContractError as error:
                    self.refused.append(error)
        return FollowNews(
            told=tuple(told), truth=tuple(truth), reports=tuple(self._reports())
        )

    def _request(self, time_s: float) -> None:
        config = self._config
        waited_s = time_s - self._requested_s
        if self._sender is None or config.monitor is None:
            return
        # A GameController that was started again has forgotten its monitors.
        served = self.truth.state.silent_s(time_s) < LEADER_LOST_S
        period_s = _REQUEST_PERIOD_S if served else _UNHEARD_PERIOD_S
        if waited_s >= period_s or waited_s < 0:
            self._requested_s = time_s
            self._sender.send_to(MONITOR_REQUEST, config.monitor, config.monitor_port)

    def _reports(self) -> list[tuple[str, RobotStatus]]:
        reports = []
        for _, data in self._forwarded.datagrams() if self._forwarded else ():
            try:
                forwarded: ForwardedStatus = decode_forwarded(data)
                reports.append((forwarded.host, forwarded.status))
            except ContractError as error:
                self.refused.append(error)
        return reports
