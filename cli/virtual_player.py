"""One virtual robot, wired: MuJoCo body, emulated bus, onboard runtime, network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from cli.match_config import JERSEY, SIDES, TEAM_NUMBERS, MatchConfig
from firmware_bridge.emulator import (
    ChainConfig,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.calibrated import matched_gains
from robot.faults import RuntimeFault
from robot.joint_map import JointMap, default_joint_map
from robot.network import Links, open_links
from robot.player import Player
from robot.runtime import (
    Camera,
    CycleRecord,
    Runtime,
    RuntimeConfig,
    record_nothing,
)
from robot.senses import Devices
from sim.virtual_op3 import MatchWorld, robot_chain


@dataclass(frozen=True, kw_only=True)
class VirtualPlayer:
    """A runtime and the bus behind it. Its faults say whose they are."""

    name: str
    runtime: Runtime
    chain: ServoChain
    bus: ServoBus

    def start(self) -> None:
        """See `Runtime.start`."""
        with _faults_of(self.name):
            self.runtime.start()

    def cycle(self, now_s: float) -> None:
        """See `Runtime.cycle`."""
        with _faults_of(self.name):
            self.runtime.cycle(now_s)


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """How a robot differs from the usual one; None for the usual part.

    Attributes:
        chain: its bus.
        joint_map: its servos' signs and zeros.
        runtime: settings of the onboard loop.
        record: called once per cycle.
        camera: what it sees with.
    """

    chain: ChainConfig | None = None
    joint_map: JointMap | None = None
    runtime: RuntimeConfig | None = None
    record: Callable[[CycleRecord], None] = record_nothing
    camera: Camera | None = None


def open_player(
    stack: ExitStack,
    *,
    config: MatchConfig,
    side: str,
    world: MatchWorld,
    clock: SimulatedClock,
    player: Player,
    record: Callable[[CycleRecord], None],
) -> VirtualPlayer:
    """Build one robot of a match; `stack` closes its sockets and, first, goes limp.

    Args:
        stack: owns what is opened.
        config: of the match.
        side: of the team; the name of its robot in `world`.
        world: where the body is.
        clock: of the match.
        player: its skills.
        record: called once per cycle.

    Raises:
        RuntimeFault: a port is taken.
    """
    ports = config.ports
    with _faults_of(side):
        links = stack.enter_context(
            open_links(
                game_port=ports.control,
                tracker_port=ports.tracker,
                status_host="127.0.0.1",
                status_port=ports.status,
            )
        )
    wiring = Wiring(
        chain=config.chains.get(side),
        joint_map=config.joint_maps.get(side),
        runtime=_gains(config, player),
        record=record,
        camera=_eyes(config, side, world, clock, player),
    )
    return wire_player(
        stack,
        side=side,
        world=world,
        clock=clock,
        player=player,
        links=links,
        wiring=wiring,
    )


def wire_player(
    stack: ExitStack,
    *,
    side: str,
    world: MatchWorld,
    clock: SimulatedClock,
    player: Player,
    links: Links,
    wiring: Wiring,
) -> VirtualPlayer:
    """Body, emulated bus and runtime of one robot; `stack` makes it limp.

    Args:
        links: its network; the caller closes them, after `stack`.
        wiring: what differs.
    """
    chain = robot_chain(world, side, clock, wiring.chain)
    port = MemoryPort(chain, side)
    joint_map = wiring.joint_map or default_joint_map()
    bus = ServoBus(port, joint_map.servo_ids)
    runtime = Runtime(
        devices=Devices(bus=bus, board=OpenCrBoard(port), joint_map=joint_map),
        player=player,
        identity=Identity(team=TEAM_NUMBERS[side], player=JERSEY),
        links=links,
        config=wiring.runtime,
        clock=clock,
        record=wiring.record,
        camera=wiring.camera,
    )
    stack.enter_context(runtime)
    return VirtualPlayer(name=side, runtime=runtime, chain=chain, bus=bus)


def _gains(config: MatchConfig, player: Player) -> RuntimeConfig | None:
    """As `op3-soccer robot run` sets them on the robot that was measured."""
    if config.calibration is None:
        return None
    position_p = player.walk.spec.gains.position_p
    return RuntimeConfig(servo_p=matched_gains(config.calibration, position_p))


def _eyes(
    config: MatchConfig,
    side: str,
    world: MatchWorld,
    clock: SimulatedClock,
    player: Player,
) -> Camera | None:
    """For a player that sees, in a match that has a scene."""
    if player.camera is None or config.scene is None:
        return None
    # JAX is for those who draw scenes.
    from cli.scene_pictures import scene_eyes

    return scene_eyes(
        world.arena,
        config.scene,
        player.camera,
        clock,
        SIDES.index(side),
        lambda: world.data.qpos,
    )


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Put the robot's name before the faults that it raises."""
    try:
        yield
    except RuntimeFault as error:
        named = (
            replace(fault, reason=f"{name} robot: {fault.reason}")
            for fault in error.faults
        )
        raise RuntimeFault(*named) from error
