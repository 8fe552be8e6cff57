"""`sim.tasks.walk` as a `Task`: one robot on an endless floor follows commands."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from robot import rotations
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import ActionSpec, ObservationSpec, ObservationTerm
from robot.observation import gait_clock
from sim.arena import ArenaConfig, RobotPlace
from sim.robot_model import RobotModelConfig
from sim.tasks import walk
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import JOINT_COLUMN, STAND_RAD, WorldView

Array = Any

STAND_HEIGHT_M = 0.238
"""Torso height in the stand, soles on the floor; it settles 1.5 mm lower under load."""
_LIMBS = np.array([JOINT_COLUMN[name] for name in walk.LEG_AND_ARM_JOINTS])
_HEAD = {"head_pan", "head_tilt"}
_START_SPREAD_RAD = 0.1
_START_SPEED_M_S = 0.2
_START_CLEARANCE_M = 0.005


@dataclass(frozen=True, kw_only=True)
class WalkMemory:
    """What a walker carries from step to step.

    Attributes:
        command: [B, R, 3] wanted velocity.
        command_left_s: [B, R] until the next command.
        clock_s: [B, R] of the gait.
        velocity: [B, R, 3] filtered forward, left (m/s) and turn (rad/s).
    """

    command: Array
    command_left_s: Array
    clock_s: Array
    velocity: Array


@dataclass(frozen=True, kw_only=True)
class WalkTask:
    """The walking task.

    Attributes:
        config: rewards, commands, timing.
        contacts: "feet" is faster and enough, since an episode ends at a fall.
        fixed_command: this command for all episodes (trials); None to sample.
        observation_spec, action_spec: another policy's interface (trials of a bundle);
            None for the task's own.
    """

    config: walk.WalkConfig = field(default_factory=walk.WalkConfig)
    contacts: Literal["full", "feet"] = "feet"
    fixed_command: tuple[float, float, float] | None = None
    observation_spec: ObservationSpec | None = None
    action_spec: ActionSpec | None = None

    @property
    def name(self) -> str:
        return "walk"

    @property
    def arena(self) -> ArenaConfig:
        robot = RobotPlace(name="op3", config=RobotModelConfig(contacts=self.contacts))
        return ArenaConfig(robots=(robot,), field=None, ball=False)

    @property
    def agents(self) -> tuple[int, ...]:
        return (0,)

    @property
    def control_period_s(self) -> float:
        return self.config.control_period_s

    @property
    def episode_s(self) -> float:
        return self.config.episode_s

    @property
    def observation(self) -> ObservationSpec:
        return self.observation_spec or self.config.observation

    @property
    def privileged(self) -> ObservationSpec:
        """True state and this episode's parameters, scaled to about one."""

        def term(name: str, size: int = 1, mean: float = 0.0, std: float = 1.0):
            return ObservationTerm(
                name=name,
                size=size,
                unit="1",
                frame="none",
                mean=(mean,) * size,
                std=(std,) * size,
            )

        return ObservationSpec(
            terms=(
                term("velocity", 3, std=0.5),
                term("height_m", mean=STAND_HEIGHT_M, std=0.05),
                term("lean", 2, std=0.2),
                term("vertical_m_s"),
                term("contact", 2),
                term("sole_height_m", 2, std=0.05),
                term("floor_friction"),
                term("added_mass_kg"),
                term("servo_gain", mean=1.0),
                term("torque_limit", mean=1.0),
                term("observation_delay_steps", std=4.0),
            )
        )

    @property
    def action(self) -> ActionSpec:
        return self.action_spec or self.config.action

    def begin(self, random: Random, count: int) -> tuple[Placement, WalkMemory]:
        """Standing, joints a little off, slowly drifting, facing anywhere."""
        uniform = random.uniform((count, 1, 20 + 20 + 2 + 2))
        xp = uniform.__array_namespace__()
        stand = xp.asarray(STAND_RAD, dtype=uniform.dtype)
        spread = _START_SPREAD_RAD * (2 * uniform[..., :20] - 1)
        low = [j.min_rad if j.name in _HEAD else j.stand_rad for j in OP3_JOINTS]
        high = [j.max_rad if j.name in _HEAD else j.stand_rad for j in OP3_JOINTS]
        bounds = [xp.asarray(bound, dtype=uniform.dtype) for bound in (low, high)]
        targets = bounds[0] + (bounds[1] - bounds[0]) * uniform[..., 20:40]
        drift = _START_SPEED_M_S * (2 * uniform[..., 40:42] - 1)
        zero = xp.zeros_like(drift)
        height = zero[..., :1] + STAND_HEIGHT_M + _START_CLEARANCE_M
        turned = rotations.yaw_quaternion(math.pi * (2 * uniform[..., 42] - 1))
        placement = Placement(
            root=xp.concat([zero, height, turned], axis=-1),
            root_velocity=xp.concat([drift, zero, zero], axis=-1),
            joint_rad=stand + spread,
            target_rad=targets,
        )
        command, hold = self._commands(random, count)
        return placement, WalkMemory(
            command=command,
            command_left_s=hold,
            clock_s=-uniform[..., 43] / self.config.clock_hz,
            velocity=xp.zeros_like(command),
        )

    def first(self, memory: WalkMemory, view: WorldView) -> dict[str, dict[str, Array]]:
        """Terms of a robot just placed."""
        seen = self._seen(memory.velocity, view)
        return {"terms": self._terms(memory), "privileged": _privileged(seen)}

    def advance(
        self,
        random: Random,
        memory: WalkMemory,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Rewards by `walk.reward_terms`; new commands where the old ones ran out."""
        config, period_s = self.config, self.config.control_period_s
        reached = self._filtered_velocity(memory.velocity, view)
        seen = self._seen(reached, view)
        clock_s = memory.clock_s + period_s
        phase = walk.gait_phase(config, clock_s)
        recent = (actions.now, actions.before, actions.earlier)
        rewards = walk.reward_terms(config, seen, memory.command, phase, recent)
        left_s = memory.command_left_s - period_s
        command, hold = self._commands(random, time_s.shape[0])
        xp = left_s.__array_namespace__()
        due = left_s <= 0
        after = WalkMemory(
            command=xp.where(due[..., None], command, memory.command),
            command_left_s=xp.where(due, hold, left_s),
            clock_s=clock_s,
            velocity=reached,
        )
        return Outcome(
            memory=after,
            rewards=rewards,
            scale=config.rewards.scale,
            terminated=walk.fallen(config, seen)[:, 0],
            terms=self._terms(after),
            privileged=_privileged(seen),
            measures={"velocity": reached, "command": memory.command},
        )

    def _commands(self, random: Random, count: int) -> tuple[Array, Array]:
        """[B, 1, 3] commands and how long they hold, [B, 1] s."""
        uniform = random.uniform((count, 1, 5))
        command = walk.sample_commands(self.config, uniform[..., :4])
        if self.fixed_command is not None:
            xp = uniform.__array_namespace__()
            fixed = xp.asarray(self.fixed_command, dtype=uniform.dtype)
            command = xp.zeros_like(command) + fixed
        low, high = self.config.command_s
        return command, low + (high - low) * uniform[..., 4]

    def _filtered_velocity(self, velocity: Array, view: WorldView) -> Array:
        """[B, R, 3] one low-pass step further."""
        robots = view.robots
        xp = velocity.__array_namespace__()
        level = rotations.into_heading(robots.velocity_m_s[..., :2], robots.yaw_rad)
        now = xp.concat([level, robots.gyro_rad_s[..., 2:]], axis=-1)
        keep = math.exp(-self.config.control_period_s / self.config.velocity_filter_s)
        return keep * velocity + (1 - keep) * now

    def _seen(self, velocity: Array, view: WorldView) -> walk.WalkView:
        robots = view.robots
        return walk.WalkView(
            velocity=velocity,
            height_m=robots.position_m[..., 2],
            gravity=robots.gravity,
            gyro=robots.gyro_rad_s,
            vertical_m_s=robots.velocity_m_s[..., 2],
            contact=robots.contact,
            sole_height_m=robots.sole_height_m,
            sole_speed_m_s=robots.sole_speed_m_s,
            position_rad=robots.joint_rad[..., _LIMBS],
            torque_nm=robots.torque_nm[..., _LIMBS],
        )

    def _terms(self, memory: WalkMemory) -> dict[str, Array]:
        return {
            "velocity_command": memory.command,
            "gait_clock": gait_clock(memory.clock_s, self.config.clock_hz),
        }


def _privileged(seen: walk.WalkView) -> dict[str, Array]:
    return {
        "velocity": seen.velocity,
        "height_m": seen.height_m[..., None],
        "lean": seen.gravity[..., :2],
        "vertical_m_s": seen.vertical_m_s[..., None],
        "contact": seen.contact.astype(seen.gravity.dtype),
        "sole_height_m": seen.sole_height_m,
    }
