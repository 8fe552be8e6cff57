"""One control step of any task, but for the physics: pure functions on frozen values.

A backend calls `before_physics`, steps its physics with what that returns, and calls
`after_physics`; a new episode is `begin`, the backend's placing, `first_step`. All is
array-API code without in-place writes, so that it can be traced.
"""

from dataclasses import dataclass
from typing import Any

from robot.action import filtered_targets
from robot.observation import push, start, vector
from sim import env_senses as senses
from sim.env_core import EnvCore, EnvError
from sim.env_models import loaded_com
from sim.env_parameters import (
    EpisodeParameters,
    of_robots,
    sample_parameters,
)
from sim.env_pushes import draw_pushes, next_pushes, push_wrenches
from sim.env_senses import Frames
from sim.env_state import EnvState, TimeStep
from sim.randomization import draw
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import WorldView, view_world

Array = Any


@dataclass(frozen=True, kw_only=True)
class Control:
    """What to step the physics with.

    Attributes:
        targets_rad: [B, N, 20] new joint targets, canonical order.
        goals_rad: [B, S, nu] servo goals, MuJoCo's order, delay and offset included.
        wrench: [B, S, R, 6] at the agents' torsos, None without pushes.
    """

    targets_rad: Array
    goals_rad: Array
    wrench: Array | None


@dataclass(frozen=True, kw_only=True)
class Start:
    """Episodes to place: `qpos` [B, nq] and `qvel` [B, nv], and what goes with them."""

    qpos: Array
    qvel: Array
    placement: Placement
    memory: Any
    parameters: EpisodeParameters


def begin(core: EnvCore, random: Random, count: int) -> Start:
    """Draw `count` episodes."""
    placement, memory = core.task.begin(random, count)
    robots = len(core.arena.robots)
    parameters = sample_parameters(core.ranges, random, count, robots)
    xp = placement.root.__array_namespace__()

    def flat(*parts: Array) -> Array:
        joined = xp.concat(parts, axis=-1)
        return xp.reshape(joined, (count, -1))

    turning = placement.joint_velocity_rad_s
    if turning is None:
        turning = xp.zeros_like(placement.joint_rad)
    qpos = flat(placement.root, placement.joint_rad)
    qvel = flat(placement.root_velocity, turning)
    if placement.ball is not None and core.nominal.ball is not None:
        # Tasks place the nominal ball on the floor; a bigger one starts higher.
        lift = core.nominal.ball.radius_m * (parameters.ball_radius - 1)
        zero = xp.zeros_like(lift)
        upright = xp.stack([zero, zero, lift, zero + 1, zero, zero, zero], axis=-1)
        ball = xp.concat([placement.ball, xp.zeros_like(upright[:, :4])], axis=-1)
        qpos = xp.concat([qpos, ball + upright], axis=-1)
        speed = placement.ball_velocity
        qvel = xp.concat([qvel, speed, xp.zeros_like(speed)], axis=-1)
    return Start(
        qpos=qpos[:, core.qpos_order],
        qvel=qvel[:, core.qvel_order],
        placement=placement,
        memory=memory,
        parameters=parameters,
    )


def first_step(
    core: EnvCore, random: Random, begun: Start, sensors: Array
) -> tuple[EnvState, Array, Array]:
    """State, observation and privileged of placed episodes.

    Args:
        core: the world.
        random: for sensor noise and the first pushes.
        begun: from `begin`.
        sensors: [B, nsensordata] of the placed robots.
    """
    task, parameters = core.task, begun.parameters
    xp = begun.qpos.__array_namespace__()
    targets = begun.placement.target_rad
    view = _view(core, begun.qpos, begun.qvel, sensors, targets, parameters)
    frames = Frames(
        qpos=begun.qpos[:, None], qvel=begun.qvel[:, None], sensors=sensors[:, None]
    )
    agents = of_robots(parameters, core.agents)
    first = task.first(begun.memory, view)
    none_late = xp.zeros_like(agents.observation_delay_steps)
    recent = senses.still(core.channels, frames)
    values = senses.late_values(core.channels, recent, frames, none_late)
    sources = senses.measured(values, agents, random) | first["terms"]
    sources |= {"previous_target": targets[:, core.agent_rows]}
    _check_terms(core, sources, first["privileged"])
    time_s = xp.zeros_like(parameters.floor_friction)
    idle = xp.zeros((len(targets), len(core.agents), len(core.driven)))
    state = EnvState(
        time_s=time_s,
        memory=begun.memory,
        targets_rad=targets,
        actions=(idle, idle),
        history=start(core.observation, sources),
        recent=recent,
        pushes=draw_pushes(core.ranges, random, time_s, _com(core, parameters)),
        parameters=parameters,
    )
    extra = _privileged(core, first["privileged"], agents)
    return state, _observation(core, state), extra


def before_physics(
    core: EnvCore,
    random: Random,
    state: EnvState,
    action: Array,
    qpos: Array,
    push_strength: float = 1.0,
) -> Control:
    """What the actions ask of the physics.

    Args:
        core: the world.
        random: for the delay's jitter.
        state: before the step.
        action: [B, R, A] policy output, unclipped.
        qpos: [B, nq] now.
        push_strength: factor on pushes, for a curriculum.
    """
    xp = action.__array_namespace__()
    parameters, targets = state.parameters, _targets(core, state, action)
    delay = parameters.action_delay_steps
    delay = delay + draw(core.ranges, "action_jitter_steps", random, delay.shape)
    order = core.control_order
    offset = parameters.joint_offset_rad

    def goals(targets_rad: Array) -> Array:
        flat = xp.reshape(targets_rad - offset, (len(targets_rad), -1))
        return flat[:, None, order]

    steps = xp.arange(core.substeps)[:, None]
    arrived = steps >= delay[:, None, order // 20]
    wrench = None
    if core.ranges.has_pushes:
        dt = core.arena.config.timestep_s
        now = state.time_s[:, None] + dt * xp.arange(core.substeps)
        quat = qpos[:, core.channels.pose[:, :4]]
        wrench = push_wrenches(state.pushes, quat, now, push_strength)
    return Control(
        targets_rad=targets,
        goals_rad=xp.where(arrived, goals(targets), goals(state.targets_rad)),
        wrench=wrench,
    )


def after_physics(
    core: EnvCore,
    random: Random,
    state: EnvState,
    action: Array,
    control: Control,
    frames: Frames,
    exploded: Array,
) -> tuple[EnvState, TimeStep]:
    """What the step led to; no episode is restarted yet.

    Args:
        core: the world.
        random: for the task's draws, delay jitter, noise, pushes.
        state: before the step.
        action: as given to `before_physics`.
        control: from there.
        frames: all physics steps, finite: rows that exploded hold anything finite.
        exploded: [B] bool, ended by the guard.
    """
    task = core.task
    qpos, qvel, sensors = (
        values[:, -1] for values in (frames.qpos, frames.qvel, frames.sensors)
    )
    targets = control.targets_rad
    view = _view(core, qpos, qvel, sensors, targets, state.parameters)
    time_s = state.time_s + task.control_period_s
    actions = Actions(
        now=action,
        before=state.actions[0],
        earlier=state.actions[1],
        targets_rad=targets[:, core.agent_rows],
    )
    outcome = task.advance(random, state.memory, time_s, view, actions)
    after = _moved_on(core, random, state, actions, control, frames, outcome)
    return after, _time_step(core, after, outcome, exploded)


def _moved_on(
    core: EnvCore,
    random: Random,
    state: EnvState,
    actions: Actions,
    control: Control,
    frames: Frames,
    outcome: Outcome,
) -> EnvState:
    """The state one control step later, new measurements and pushes included."""
    task, parameters = core.task, state.parameters
    time_s = state.time_s + task.control_period_s
    agents = of_robots(parameters, core.agents)
    delay = senses.sensor_delay(core.ranges, random, agents)
    values = senses.late_values(core.channels, state.recent, frames, delay)
    sources = senses.measured(values, agents, random) | outcome.terms
    sources |= {"previous_target": actions.targets_rad}
    pushes = state.pushes
    if core.ranges.has_pushes:
        com = _com(core, parameters)
        pushes = next_pushes(core.ranges, random, pushes, time_s, com)
    return EnvState(
        time_s=time_s,
        memory=outcome.memory,
        targets_rad=control.targets_rad,
        actions=(actions.now, actions.before),
        history=push(core.observation, state.history, sources),
        recent=senses.later(core.channels, state.recent, frames),
        pushes=pushes,
        parameters=parameters,
    )


def _time_step(
    core: EnvCore, after: EnvState, outcome: Outcome, exploded: Array
) -> TimeStep:
    task = core.task
    xp = exploded.__array_namespace__()
    observation = _observation(core, after)
    agents = of_robots(after.parameters, core.agents)
    extra = _privileged(core, outcome.privileged, agents)
    terminated = xp.logical_or(outcome.terminated, exploded)
    total = outcome.scale * sum(outcome.rewards.values())
    # Half a step of slack: summing periods rounds.
    late = after.time_s >= task.episode_s - task.control_period_s / 2
    return TimeStep(
        observation=observation,
        privileged=extra,
        reward=xp.where(exploded[:, None], 0.0, total).astype(xp.float32),
        terminated=terminated,
        truncated=xp.logical_and(late, xp.logical_not(terminated)),
        final_observation=observation,
        final_privileged=extra,
        terms=outcome.rewards,
        measures=outcome.measures,
        info={"exploded": exploded},
    )


def _targets(core: EnvCore, state: EnvState, action: Array) -> Array:
    """[B, N, 20] joint targets; joints and robots no action drives keep theirs."""
    old = state.targets_rad
    xp = old.__array_namespace__()
    held = old[:, core.agent_rows][..., core.driven]
    driven = filtered_targets(core.action, action, held)
    # Side by side with the old ones, then picked: no in-place writes.
    flat = xp.reshape(old, (len(old), -1))
    both = xp.concat([flat, xp.reshape(driven, (len(old), -1))], axis=-1)
    return xp.reshape(both[:, core.target_pick], old.shape)


def _view(
    core: EnvCore,
    qpos: Array,
    qvel: Array,
    sensors: Array,
    targets_rad: Array,
    parameters: EpisodeParameters,
) -> WorldView:
    """The truth, servo torques from the position law at this instant."""
    xp = qpos.__array_namespace__()
    joints = qpos[:, core.arena.columns.joint_qpos]
    error = targets_rad - parameters.joint_offset_rad - joints
    limit = core.nominal.force_limit_nm * parameters.stall[..., None]
    gain = core.nominal.gain * parameters.strength[..., None]
    torque = xp.clip(gain * error, -limit, limit)
    return view_world(core.arena, qpos, qvel, sensors, torque)


def _com(core: EnvCore, parameters: EpisodeParameters) -> Array:
    """[B, R, 3] the agents' torso centres of mass, torso frame."""
    return loaded_com(core.nominal, parameters)[:, core.agent_rows]


def _observation(core: EnvCore, state: EnvState) -> Array:
    seen = vector(core.observation, state.history)
    return seen.astype(seen.__array_namespace__().float32)


def _privileged(
    core: EnvCore, terms: dict[str, Array], agents: EpisodeParameters
) -> Array:
    """[B, R, P] float32: the task's terms and any episode parameter by its name."""
    spec = core.privileged
    sources = {
        term.name: terms[term.name]
        if term.name in terms
        else _column(getattr(agents, term.name), len(core.agents))
        for term in spec.terms
    }
    seen = vector(spec, start(spec, sources))
    return seen.astype(seen.__array_namespace__().float32)


def _column(value: Array, agents: int) -> Array:
    """A parameter as [B, R, k]."""
    xp = value.__array_namespace__()
    if value.ndim == 1:
        value = xp.broadcast_to(value[:, None], (len(value), agents))
    return value[..., None] if value.ndim == 2 else value


def _check_terms(
    core: EnvCore, sources: dict[str, Array], extra: dict[str, Array]
) -> None:
    task = core.task
    known = {*extra, *EpisodeParameters.__dataclass_fields__}
    missing = [
        f"observation term {term.name!r}: expected one of {', '.join(sorted(sources))}"
        for term in core.observation.terms
        if term.name not in sources
    ]
    missing += [
        f"privileged term {term.name!r}: expected one of {', '.join(sorted(known))}"
        for term in core.privileged.terms
        if term.name not in known
    ]
    if missing:
        raise EnvError(f"task {task.name}: " + "; ".join(missing))
