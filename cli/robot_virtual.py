"""The virtual robot of `--virtual`: a MuJoCo OP3 on an emulated bus, served or stepped.

Needs the match extra; `cli.robot_link` imports it only where a virtual robot is asked
for in this process. Otherwise it lives in a process of its own, as a robot would.
"""

import signal
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from cli.robot_faults import VirtualConfig
from firmware_bridge.emulator import (
    ChainConfig,
    Clock,
    FaultPlan,
    MemoryPort,
    Plant,
    PtyServer,
    ServoChain,
    SimulatedClock,
    WallClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from sim.actuators import Xm430Servo
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.hoist import Hoist, with_hoist
from sim.robot_model import RobotModelConfig
from sim.virtual_op3 import SERVO_IDS, MatchWorld, VirtualOp3Config

ROBOT = "robot"
BOOT_TIME_S = 0.3
"""Silence of a servo after power-on (project's choice, about what one sees)."""
_POLL_S = 0.1
_STEP_S = 0.005


class VirtualRobot:
    """Body, bus and the hand that holds the robot, on one clock.

    Servo power is off, as on a robot that has just been switched on.
    """

    def __init__(self, config: VirtualConfig, clock: Clock):
        place = RobotPlace(name=ROBOT, config=_build(config))
        arena = with_hoist(build_arena(ArenaConfig(robots=(place,))), ROBOT)
        supply_v = config.faults.supply_v
        body = None if supply_v is None else VirtualOp3Config(supply_v=supply_v)
        self.world = MatchWorld(arena, body)
        self.chain = _chain(config, self.world.robots[ROBOT], clock)
        self._clock = clock
        self._let_go_after_s = config.let_go_after_s
        self._torque_since_s: float | None = None
        self._hoist = Hoist(self.world, ROBOT)
        self._hoist.grip()

    def follow(self) -> None:
        """Let the body move up to the clock's time; let go of it if it stands."""
        now_s = self._clock.now()
        self.world.advance_to(now_s)
        if not self._hoist.holds or self._let_go_after_s is None:
            return
        if not self.chain.register("torque_enable").all():
            self._torque_since_s = None
        elif self._torque_since_s is None:
            self._torque_since_s = now_s
        elif now_s - self._torque_since_s >= self._let_go_after_s:
            self._hoist.release()


class LockStepClock:
    """Simulated time that takes the virtual robot along."""

    def __init__(self, robot: VirtualRobot, clock: SimulatedClock):
        self._robot = robot
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    def sleep_until(self, time_s: float) -> None:
        """Pass time, a physics step at a time."""
        while self._clock.now() < time_s - 1e-9:
            self._clock.advance_to(min(self._clock.now() + _STEP_S, time_s))
            self._robot.chain.update()
            self._robot.follow()


class BiasedGyro(Plant):
    """A body whose gyro is off by a constant."""

    def __init__(self, body: Plant, bias_rad_s: float):
        self._body = body
        self._bias_rad_s = bias_rad_s

    def joints(self) -> tuple[NDArray, NDArray, NDArray]:
        return self._body.joints()

    def imu(self) -> tuple[NDArray, NDArray]:
        rate_rad_s, acceleration_m_s2 = self._body.imu()
        return rate_rad_s + self._bias_rad_s, acceleration_m_s2

    def supply_v(self) -> float:
        return self._body.supply_v()

    def drive(
        self,
        goal_rad: NDArray[np.float64],
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        self._body.drive(goal_rad, torque_on, position_p)


def serve(config: VirtualConfig, owner: Connection) -> None:
    """Serve in real time until `owner` hangs up. The first message is the path.

    The body of a process of its own; an error goes to the owner instead of the path.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to handle
    try:
        robot = VirtualRobot(config, WallClock())
        with PtyServer(robot.chain, robot.follow) as server:
            owner.send(server.path)
            while not owner.poll(_POLL_S):
                server.check()
    except Exception as error:
        owner.send(error)


def lock_step(config: VirtualConfig) -> tuple[VirtualRobot, LockStepClock]:
    """A robot in this process, on simulated time."""
    clock = SimulatedClock()
    robot = VirtualRobot(config, clock)
    return robot, LockStepClock(robot, clock)


def _build(config: VirtualConfig) -> RobotModelConfig:
    if config.servos is None:
        return RobotModelConfig()
    return RobotModelConfig(actuator=Xm430Servo(servos=config.servos))


def _chain(config: VirtualConfig, body: Plant, clock: Clock) -> ServoChain:
    faults = config.faults
    if faults.gyro_bias_rad_s:
        body = BiasedGyro(body, faults.gyro_bias_rad_s)
    settings = ChainConfig(
        servo_power=True,
        boot_time_s=BOOT_TIME_S,
        faults=FaultPlan(faults=faults.events),
    )
    if faults.temperature_c is not None:
        settings = replace(settings, temperature_c=faults.temperature_c)
    chain = ServoChain(body, clock, SERVO_IDS, settings)
    port = MemoryPort(chain)
    bus = ServoBus(port, SERVO_IDS)
    for wrong in faults.eeprom:
        bus.write(wrong.servo_id, wrong.register, wrong.value)
    OpenCrBoard(port).set_servo_power(False)
    return chain
