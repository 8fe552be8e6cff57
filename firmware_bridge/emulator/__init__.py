"""A stateful OP3 bus without hardware: 20 XM430 servos and the OpenCR board.

The unmodified dynamixel-sdk talks to it through a pseudo-terminal (`PtyServer`) or in
memory (`MemoryPort`). What moves behind the bus is a `Plant`: MuJoCo, or the
`KinematicPlant` of this package.
"""

from firmware_bridge.emulator.chain import ServoChain
from firmware_bridge.emulator.clock import Clock, SimulatedClock, WallClock
from firmware_bridge.emulator.devices import ChainConfig
from firmware_bridge.emulator.faults import Fault, FaultKind, FaultPlan
from firmware_bridge.emulator.memory_port import MemoryPort
from firmware_bridge.emulator.plant import KinematicPlant, Plant
from firmware_bridge.emulator.pty_server import PtyServer

__all__ = [
    "ChainConfig",
    "Clock",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "KinematicPlant",
    "MemoryPort",
    "Plant",
    "PtyServer",
    "ServoChain",
    "SimulatedClock",
    "WallClock",
]
