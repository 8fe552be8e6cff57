"""A task in its compiled world, every name resolved once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.arena import Arena, build_arena
from sim.env_models import (
    ModelFields,
    ModelPlaces,
    model_places,
    nominal_fields,
)
from sim.env_senses import Channels, sensor_channels
from sim.randomization import RandomizationConfig
from sim.tasks.task import Task


class EnvError(Exception):
    """A task, its arena and the ranges do not fit together; names every fault."""


@dataclass(frozen=True, kw_only=True)
class EnvCore:
    """A task in its compiled world, everything resolved.

    Attributes:
        task: what is learned.
        arena: compiled.
        ranges: of randomization.
        substeps: S, physics steps per control step.
        channels: where agents' sensors lie.
        places, nominal: what episodes change in a model, and its compiled values.
        driven: [A] columns of canonical joints that an action drives.
        control_order: [nu] which of N x 20 canonical joints each actuator moves.
        qpos_order, qvel_order: each qpos (qvel) entry's column in the robots' and
            ball's numbers laid side by side.
    """

    task: Task
    arena: Arena
    ranges: RandomizationConfig
    substeps: int
    channels: Channels
    places: ModelPlaces
    nominal: ModelFields
    driven: NDArray[np.int64]
    control_order: NDArray[np.int64]
    qpos_order: NDArray[np.int64]
    qvel_order: NDArray[np.int64]

    # Tasks make their tables anew when asked; what each step needs is kept here.
    @cached_property
    def agents(self) -> tuple[int, ...]:
        return self.task.agents

    @cached_property
    def agent_rows(self) -> NDArray[np.int64]:
        """[R] the agents among the arena's robots."""
        return np.array(self.agents)

    @cached_property
    def observation(self) -> ObservationSpec:
        return self.task.observation

    @cached_property
    def privileged(self) -> ObservationSpec:
        return self.task.privileged

    @cached_property
    def action(self) -> ActionSpec:
        return self.task.action

    @cached_property
    def target_pick(self) -> NDArray[np.int64]:
        """[N x 20] where each robot's joint targets lie among all old ones, followed by
        the agents' new ones."""
        joints = 20 * len(self.arena.robots)
        pick = np.arange(joints)
        for row, agent in enumerate(self.agents):
            new_at = joints + row * len(self.driven)
            pick[agent * 20 + self.driven] = new_at + np.arange(len(self.driven))
        return pick


def build_core(task: Task, ranges: RandomizationConfig) -> EnvCore:
    """Compile the task's arena and resolve all indices.

    Raises:
        EnvError: the parts do not fit; lists every fault.
    """
    arena = build_arena(task.arena)
    substeps = round(task.control_period_s / arena.config.timestep_s)
    faults = _faults(task, arena, ranges, substeps)
    if faults:
        raise EnvError(f"task {task.name}: " + "; ".join(faults))
    names = [term.name for term in task.observation.terms]
    places = model_places(arena)
    ball = () if arena.ball is None else (arena.ball,)
    qpos = [np.r_[robot.root_qpos, robot.joint_qpos] for robot in arena.robots]
    qvel = [np.r_[robot.root_qvel, robot.joint_qvel] for robot in arena.robots]
    return EnvCore(
        task=task,
        arena=arena,
        ranges=ranges,
        substeps=substeps,
        channels=sensor_channels(
            arena,
            task.agents,
            ranges,
            substeps=substeps,
            acceleration="linear_acceleration" in names,
        ),
        places=places,
        nominal=nominal_fields(arena, places),
        driven=np.array([JOINT_NAMES.index(name) for name in task.action.joints]),
        control_order=np.argsort(places.actuators.reshape(-1)),
        qpos_order=np.argsort(np.concatenate([*qpos, *(b.qpos for b in ball)])),
        qvel_order=np.argsort(np.concatenate([*qvel, *(b.qvel for b in ball)])),
    )


def _faults(
    task: Task, arena: Arena, ranges: RandomizationConfig, substeps: int
) -> list[str]:
    found = task.action.faults()
    for term in (*task.observation.terms, *task.privileged.terms):
        found += term.faults()
    if any(term.history != 1 for term in task.privileged.terms):
        found.append("privileged terms: expected history 1, found more")
    ratio = task.control_period_s / arena.config.timestep_s
    if substeps < 1 or abs(ratio - substeps) > 1e-9:
        found.append(
            f"control period: expected a multiple of the physics step "
            f"{arena.config.timestep_s} s, found {task.control_period_s} s"
        )
    if not set(task.agents) <= set(range(len(arena.robots))) or not task.agents:
        found.append(
            f"agents: expected some of 0 to {len(arena.robots) - 1}, found "
            f"{task.agents}"
        )
    if ranges.most_action_delay > substeps:
        found.append(
            f"action delay with jitter: expected at most a control step "
            f"({substeps} physics steps), found {ranges.most_action_delay}"
        )
    return found
