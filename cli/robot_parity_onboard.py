"""The other half of parity: the same starts through runtime, emulated bus, MuJoCo.

Lock-step. A hand holds the robot in its start until the policy is asked for the first
time; then the body moves as the training environment's does.
"""

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator import (
    ChainConfig,
    MemoryPort,
    Plant,
    ServoChain,
    SimulatedClock,
)
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot import rotations
from robot.attitude import STANDARD_GRAVITY_M_S2
from robot.brain import Identity
from robot.faults import RuntimeFault
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import Player
from robot.record.cycle import CycleRecord
from robot.runtime import Runtime
from robot.runtime_config import RuntimeConfig
from robot.senses import Devices
from robot.skills import SkillRequest
from sim.arena import Arena
from sim.parity import FloatArray, Starts, Track, fallen
from sim.tasks.walk import WalkConfig
from sim.virtual_op3 import SERVO_IDS, MatchWorld

_ARMING_S = 0.1
_LONGEST_ARMING_S = 2.0


class HeldBody(Plant):
    """A body that a hand holds still: its IMU feels gravity and nothing else."""

    def __init__(self, body: Plant, gravity: FloatArray):
        """Held.

        Args:
            body: that is held.
            gravity: [3] unit vector in the torso frame.
        """
        self.held = True
        self._body = body
        self._rest_m_s2 = -STANDARD_GRAVITY_M_S2 * gravity

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self._body.joints()

    def imu(self) -> tuple[FloatArray, FloatArray]:
        return (np.zeros(3), self._rest_m_s2) if self.held else self._body.imu()

    def supply_v(self) -> float:
        return self._body.supply_v()

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        self._body.drive(goal_rad, torque_on, position_p)


@dataclass(frozen=True, kw_only=True)
class OnboardTrack:
    """A `Track`, and what only this path can do.

    Attributes:
        track: see `sim.parity.Track`.
        truth: by observation term, [T, E, size]: what a perfect sensor would have read
            at the instant of each policy step.
        velocity_clamped: bus cycles in which safety held a joint's target back.
        cycles: bus cycles walked.
        late_s: [n] from a policy step's due time to its cycle.
        stopped: why episodes ended early, by the runtime's own words.
    """

    track: Track
    truth: dict[str, FloatArray]
    velocity_clamped: int
    cycles: int
    late_s: FloatArray
    stopped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Truth:
    """The body at a policy step, and the targets that step gave."""

    root: FloatArray
    joint_rad: FloatArray
    gyro_rad_s: FloatArray
    target_rad: FloatArray


class OnboardEpisode:
    """One episode."""

    def __init__(
        self,
        arena: Arena,
        player: Player,
        request: SkillRequest,
        qpos: FloatArray,
        qvel: FloatArray,
        bus_period_s: float,
    ):
        world = MatchWorld(replace(arena, model=copy.copy(arena.model)))
        (name,) = (place.name for place in arena.config.robots)
        self._index = world.robots[name].index
        world.data.qpos[:], world.data.qvel[:] = qpos, qvel
        quat = qpos[self._index.root_qpos][3:]
        self._body = HeldBody(world.robots[name], rotations.gravity_direction(quat))
        self._world = world
        self._clock = SimulatedClock()
        self._period_s = bus_period_s
        self._rows: list[CycleRecord] = []
        self._states: list[_Truth] = []
        self._control_period_s = player.walk.spec.control_period_s
        self._runtime = self._built(player, request)
        self.velocity_clamped = 0
        self.late_s: list[float] = []

    def walk(self, steps: int) -> None:
        """Until the policy has been asked `steps` times.

        Raises:
            RuntimeFault: the runtime stopped the robot.
        """
        with self._runtime as runtime:
            runtime.start()
            while not self._states:
                self._cycle()
                if self._clock.now() > _LONGEST_ARMING_S:
                    raise TimeoutError(f"expected a policy step, mode {runtime.mode}")
            self._body.held = False
            began_s = self._world.data.time = self._clock.now()
            period_s = self._control_period_s
            while len(self._states) < steps:
                known = len(self._states)
                self._cycle()
                if len(self._states) > known:
                    self.late_s.append(self._clock.now() - began_s - known * period_s)

    @property
    def cycles(self) -> int:
        return len(self._rows)

    def columns(self, steps: int) -> dict[str, NDArray[Any]]:
        """The fields of `Track` for this episode, [steps, ...]; short ones repeat."""
        asked = [row.policy for row in self._rows if row.policy is not None]
        seen = self._states
        count = len(asked)
        picks = [min(step, count - 1) for step in range(steps)]
        roots = np.stack([seen[pick].root for pick in picks])
        down = fallen(WalkConfig(), roots)
        down[count:] = True
        return {
            "observation": np.stack([asked[pick].observation for pick in picks]),
            "action": np.stack([asked[pick].action for pick in picks]).astype(float),
            "target_rad": np.stack([seen[pick].target_rad for pick in picks]),
            "joint_rad": np.stack([seen[pick].joint_rad for pick in picks]),
            "root": roots,
            "standing": ~np.logical_or.accumulate(down),
        }

    def truth(self, steps: int) -> dict[str, FloatArray]:
        """See `OnboardTrack.truth`, without the episode's axis."""
        last = len(self._states) - 1
        seen = [self._states[min(step, last)] for step in range(steps)]
        quats = np.stack([row.root[3:] for row in seen])
        return {
            "joint_position": np.stack([row.joint_rad for row in seen]),
            "gyro": np.stack([row.gyro_rad_s for row in seen]),
            "gravity": rotations.gravity_direction(quats),
        }

    def _built(self, player: Player, request: SkillRequest) -> Runtime:
        chain = ServoChain(
            self._body, self._clock, SERVO_IDS, ChainConfig(servo_power=True)
        )
        port = MemoryPort(chain)
        joint_map = default_joint_map()
        runtime = Runtime(
            devices=Devices(
                bus=ServoBus(port, joint_map.servo_ids),
                board=OpenCrBoard(port),
                joint_map=joint_map,
            ),
            player=player,
            identity=Identity(team=1),
            links=Links(),
            config=RuntimeConfig(bus_period_s=self._period_s, stand_move_s=_ARMING_S),
            clock=self._clock,
            record=self._keep,
        )
        runtime.order = request
        return runtime

    def _cycle(self) -> None:
        self._clock.advance(self._period_s)
        if not self._body.held:
            self._world.advance_to(self._clock.now())
        self._runtime.cycle(self._clock.now())

    def _keep(self, record: CycleRecord) -> None:
        brain = self._runtime.brain
        if record.policy is not None and brain is not None:
            data, index = self._world.data, self._index
            self._states.append(
                _Truth(
                    root=data.qpos[index.root_qpos].copy(),
                    joint_rad=data.qpos[index.joint_qpos].copy(),
                    gyro_rad_s=data.qvel[index.root_qvel[3:]].copy(),
                    target_rad=brain.loop.targets_rad,
                )
            )
        if self._body.held and record.policy is None:
            return
        self._rows.append(record)
        if record.verdict is not None:
            self.velocity_clamped += bool(record.verdict.velocity_clamped.any())


def roll_onboard(
    arena: Arena,
    player: Player,
    request: SkillRequest,
    starts: Starts,
    steps: int,
    *,
    bus_period_s: float,
) -> OnboardTrack:
    """All starts, one after the other, for `steps` policy steps each."""
    parts, truths, stopped, late = [], [], [], []
    clamped = cycles = 0
    for qpos, qvel in zip(starts.qpos, starts.qvel, strict=True):
        episode = OnboardEpisode(arena, player, request, qpos, qvel, bus_period_s)
        try:
            episode.walk(steps)
        except RuntimeFault as fault:
            stopped.append(fault.faults[0].reason)
        parts.append(episode.columns(steps))
        truths.append(episode.truth(steps))
        clamped += episode.velocity_clamped
        cycles += episode.cycles
        late += episode.late_s
    columns = {name: np.stack([p[name] for p in parts], axis=1) for name in parts[0]}
    return OnboardTrack(
        track=Track(**columns),
        truth={key: np.stack([t[key] for t in truths], axis=1) for key in truths[0]},
        velocity_clamped=clamped,
        cycles=cycles,
        late_s=np.array(late),
        stopped=tuple(stopped),
    )
