"""A virtual robot in play, whose every part can be broken between two cycles."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.contracts.game_control import (
    GameControl,
    GameState,
    PlayerInfo,
    TeamColour,
    TeamInfo,
)
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import Player, load_player
from robot.policy import PolicyState
from robot.record.cycle import CycleRecord
from robot.runtime import Runtime, RuntimeConfig
from robot.senses import Devices
from robot.stop import FlagStop
from tests.fakes.bodies import FirstOrderPlant

PERIOD_S = 0.008
QUICK = RuntimeConfig(stand_move_s=0.4)


class Channel:
    """A receiver without a network: hands out a message now and then.

    Attributes:
        silent: nothing comes in any more.
    """

    def __init__(self, clock: SimulatedClock, message: Any, every_s: float):
        self.silent = False
        self._clock = clock
        self._message = message
        self._every_s = every_s
        self._next_s = 0.0

    def newest(self) -> Any:
        now_s = self._clock.now()
        if self.silent or now_s < self._next_s:
            return None
        self._next_s = now_s + self._every_s
        return self._message

    def close(self) -> None:
        """Nothing is open."""


class Camera:
    """Fresh frames, until it hangs at `stuck_s`."""

    def __init__(self, clock: SimulatedClock):
        self._clock = clock
        self.stuck_s: float | None = None

    def newest_s(self) -> float | None:
        return self._clock.now() if self.stuck_s is None else self.stuck_s

    def look(self) -> None:
        """Nobody asks: the player is blind."""


class FragilePort(MemoryPort):
    """A port whose cable can be pulled."""

    unplugged = False

    def writePort(self, packet: bytes | list[int]) -> int:
        if self.unplugged:
            raise OSError(5, "input/output error")
        return super().writePort(packet)


class FaultRig:
    """A runtime on an emulated bus, hearing a referee and a tracker, walking.

    Attributes:
        turning: called before each cycle; moves the body.
        unharmed: records of the time before the fault.
        acting: called by the walk policy with its action; returns the action to use.
    """

    def __init__(
        self,
        bundles: Path,
        *,
        boot_time_s: float = 0.0,
        config: RuntimeConfig = QUICK,
    ):
        self.clock = SimulatedClock()
        self.plant = FirstOrderPlant(self.clock)
        self.plant.current_a = np.full(20, 0.3)
        self.chain = ServoChain(
            self.plant, self.clock, config=ChainConfig(boot_time_s=boot_time_s)
        )
        self.port = FragilePort(self.chain)
        self.game = Channel(self.clock, _playing(), 0.5)
        self.tracker = Channel(self.clock, _ball_ahead(), 0.025)
        self.camera = Camera(self.clock)
        self.flag = FlagStop()
        self.stops: list[Any] = [self.flag]
        self.records: list[CycleRecord] = []
        self.turning: Callable[[], None] = lambda: None
        self.unharmed: int | None = None
        self.acting: Callable[[np.ndarray], np.ndarray] = lambda action: action
        self._config = config
        self.runtime = self._runtime(load_player(bundles, bundles))

    def _runtime(self, player: Player) -> Runtime:
        joint_map = default_joint_map()
        devices = Devices(
            bus=ServoBus(self.port, joint_map.servo_ids),
            board=OpenCrBoard(self.port),
            joint_map=joint_map,
        )
        links = Links(game=cast(Any, self.game), tracker=cast(Any, self.tracker))
        act = player.walk.act

        def acting(
            observation: np.ndarray, state: PolicyState
        ) -> tuple[np.ndarray, PolicyState]:
            action, following = act(observation, state)
            return self.acting(action), following

        cast(Any, player.walk).act = acting
        return Runtime(
            devices=devices,
            player=replace(player),
            identity=Identity(team=1),
            links=links,
            clock=self.clock,
            config=self._config,
            stops=(_Dynamic(self.stops),),
            camera=self.camera,
            record=self.records.append,
        )

    def cycle(self) -> None:
        self.clock.advance(PERIOD_S)
        self.turning()
        self.runtime.cycle(self.clock.now())

    def cycles(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD_S)):
            self.cycle()

    def until(self, mode: str, seconds: float = 0.0) -> None:
        """Cycle until `mode` and then `seconds` more."""
        self.runtime.start()
        for _ in range(400):
            if self.runtime.mode == mode:
                break
            self.cycle()
        assert self.runtime.mode == mode
        self.cycles(seconds)

    def inject(self, kind: FaultKind, device_id: int = 0, **what: int) -> None:
        self.chain.inject(Fault(kind=kind, device_id=device_id, **what))


class _Dynamic:
    """Stops that may be added while the robot runs."""

    def __init__(self, stops: list[Any]):
        self._stops = stops

    def requested(self) -> str | None:
        return next((r for s in self._stops if (r := s.requested())), None)


def _playing() -> GameControl:
    teams = tuple(
        TeamInfo(
            team_number=number,
            field_player_colour=TeamColour.BLUE,
            goalkeeper_colour=TeamColour.BLUE,
            players=(PlayerInfo(),) * 20,
        )
        for number in (1, 2)
    )
    return GameControl(
        packet_number=1,
        players_per_team=1,
        state=GameState.PLAYING,
        kicking_team=1,
        secs_remaining=600,
        teams=(teams[0], teams[1]),
    )


def _ball_ahead() -> TrackerFrame:
    robot = TrackedRobot(team=1, player=1, x_m=-1.0, y_m=0.0, yaw_rad=0.0)
    return TrackerFrame(time_s=0.0, ball_xy_m=(0.5, 0.0), robots=(robot,))
