"""An emulated OP3 bus in memory, powered."""

from dataclasses import dataclass

import pytest

from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    KinematicPlant,
    MemoryPort,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All ends of one emulated bus."""

    clock: SimulatedClock
    plant: KinematicPlant
    chain: ServoChain
    port: MemoryPort
    bus: ServoBus
    board: OpenCrBoard

    def inject(self, kind: FaultKind, device_id: int = 0, bits: int = 0) -> None:
        self.chain.inject(Fault(kind=kind, device_id=device_id, bits=bits))


@pytest.fixture
def bench() -> Bench:
    clock = SimulatedClock()
    plant = KinematicPlant(clock)
    chain = ServoChain(plant, clock, config=ChainConfig(servo_power=True))
    port = MemoryPort(chain)
    return Bench(
        clock=clock,
        plant=plant,
        chain=chain,
        port=port,
        bus=ServoBus(port, range(1, 21)),
        board=OpenCrBoard(port),
    )
