"""The emulator's clocks are those of the whole project."""

from firmware_bridge.clock import Clock, SimulatedClock, WallClock

__all__ = ["Clock", "SimulatedClock", "WallClock"]
