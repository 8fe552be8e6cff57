"""One virtual robot, wired: MuJoCo body, emulated bus, onboard runtime, network."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from firmware_bridge.emulator import ChainConfig, MemoryPort, ServoChain, SimulatedClock
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.joint_map import default_joint_map
from robot.network import open_links
from robot.player import Player
from robot.runtime import CycleRecord, Runtime
from robot.senses import Devices
from sim.virtual_op3 import MatchWorld, robot_chain


@dataclass(frozen=True, kw_only=True)
class Ports:
    """UDP ports of a match; the standard ones, all moved by `offset`."""

    offset: int = 0

    @property
    def control(self) -> int:
        return 3838 + self.offset

    @property
    def status(self) -> int:
        return 3939 + self.offset

    @property
    def tracker(self) -> int:
        return 3737 + self.offset


@dataclass(frozen=True, kw_only=True)
class VirtualPlayer:
    """A runtime and the bus behind it."""

    runtime: Runtime
    chain: ServoChain


def open_player(
    stack: ExitStack,
    *,
    world: MatchWorld,
    name: str,
    clock: SimulatedClock,
    player: Player,
    identity: Identity,
    ports: Ports,
    record: Callable[[CycleRecord], None],
    chain_config: ChainConfig | None = None,
) -> VirtualPlayer:
    """Build one robot; `stack` closes its sockets and, first, goes limp.

    Raises:
        RuntimeFault: a port is taken.
    """
    chain = robot_chain(world, name, clock, chain_config or ChainConfig())
    port = MemoryPort(chain, name)
    joint_map = default_joint_map()
    links = stack.enter_context(
        open_links(
            game_port=ports.control,
            tracker_port=ports.tracker,
            status_host="127.0.0.1",
            status_port=ports.status,
        )
    )
    runtime = Runtime(
        devices=Devices(
            bus=ServoBus(port, joint_map.servo_ids),
            board=OpenCrBoard(port),
            joint_map=joint_map,
        ),
        player=player,
        identity=identity,
        links=links,
        pause=clock.advance,
        record=record,
    )
    stack.enter_context(runtime)
    return VirtualPlayer(runtime=runtime, chain=chain)
