"""Any task as a dm_env environment.

For pictures there are two ways. `dm_control.viewer.launch(Op3DmEnvironment("walk"))`
shows these tasks: `physics` is a copy of the state that dm_control can draw, so that
dragging a robot with the mouse moves the picture only. dm_control's own tasks with the
OP3, where the mouse pushes, are `sim.dm_walker.walk_environment` and
`sim.dm_soccer.soccer_environment`.
"""

import copy
from typing import Any

import dm_env
import mujoco
import numpy as np
from dm_env import specs
from numpy.typing import NDArray

from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.env import EnvConfig, EnvError
from sim.tasks.task import Task
from sim.views.bounds import action_bounds
from sim.views.episodes import Episodes, task_of

Observation = dict[str, NDArray[np.float32]]

PRIVILEGED = "privileged"
_HULL_GROUP = 3
# dm_control draws groups 0 to 2 unasked.
_DRAWN_GROUP = 2


class Op3DmEnvironment(dm_env.Environment):
    """One environment of any task.

    An observation has one array [history, size] per term of the task's, oldest first,
    normalized and within the clip. Discount is 0 where no value follows, else 1.

    With several agents, observations, actions, rewards and their specs are lists in the
    order of the task's agents, as in dm_control's soccer.
    """

    def __init__(
        self,
        task: Task | str = "walk",
        *,
        seed: int = 0,
        config: EnvConfig | None = None,
        privileged: bool = False,
    ):
        """Build the world.

        Args:
            task: or its name with the default configuration.
            seed: of everything drawn.
            config: randomization and guard; its batch size is not used. None for the
                default ranges.
            privileged: observe `privileged` too: the critic's numbers [P], which no
                robot has.

        Raises:
            EnvError: no such task.
        """
        self._task = task_of(task)
        self._episodes = Episodes(self._task, config, seed)
        self._privileged = privileged
        self._physics: Any = None

    def reset(self) -> dm_env.TimeStep:
        """Begin an episode."""
        first = self._episodes.start()
        self._show()
        seen = self._observed(first.observation, first.privileged)
        return dm_env.restart(seen)

    def step(self, action: Any) -> dm_env.TimeStep:
        """One control step, or a new episode after the last one's end.

        Raises:
            EnvError: an action of another shape than `action_spec` says.
        """
        if not self._episodes.running:
            return self.reset()
        moved = self._episodes.step(self._action_rows(action))
        self._show()
        seen = self._observed(moved.final_observation, moved.final_privileged)
        reward = self._plain([float(value) for value in moved.reward[0]])
        if moved.terminated[0]:
            return dm_env.termination(reward, seen)
        if moved.truncated[0]:
            return dm_env.truncation(reward, seen)
        return dm_env.transition(reward, seen)

    def observation_spec(self) -> Any:
        """Per agent {term: [history, size]}."""
        extra = self._task.privileged if self._privileged else None
        return self._each(lambda: observation_spec(self._task.observation, extra))

    def action_spec(self) -> Any:
        """Per agent [A], in the box of actions that no joint limit cuts."""
        return self._each(lambda: action_spec(self._task.action))

    def reward_spec(self) -> Any:
        """Per agent one number."""
        return self._each(lambda: specs.Array((), float, "reward"))

    @property
    def physics(self) -> Any:
        """The state as `dm_control.mujoco.Physics`, to draw and to read.

        Writing to it changes nothing in the environment. Bodies have their nominal
        size. After an episode's last step it shows the next episode's start. Needs the
        extra `dm`.
        """
        if self._physics is None:
            self._physics = _display(self._episodes.core.arena.model)
            self._show()
        return self._physics

    def close(self) -> None:
        """Stop threads, free what draws; may be called twice."""
        if self._physics is not None:
            self._physics.free()
            self._physics = None
        self._episodes.close()

    def _show(self) -> None:
        """Copy the state for `physics`, once somebody has asked for it."""
        if self._physics is None:
            return
        data = self._physics.data
        data.qpos[:] = self._episodes.qpos
        data.qvel[:] = self._episodes.qvel
        data.time = self._episodes.time_s
        self._physics.forward()

    def _observed(self, seen: NDArray[np.float32], known: NDArray[np.float32]) -> Any:
        """Terms by name from `seen` [1, R, N] and `known` [1, R, P]."""
        agents = []
        for row, extra in zip(seen[0], known[0], strict=True):
            terms = split(self._task.observation, row)
            agents.append(terms | {PRIVILEGED: extra} if self._privileged else terms)
        return self._plain(agents)

    def _action_rows(self, action: Any) -> NDArray[Any]:
        """[R, A]"""
        rows = action if len(self._task.agents) > 1 else [action]
        wanted = (len(self._task.action.joints),)
        found = [np.shape(row) for row in rows]
        if found != [wanted] * len(self._task.agents):
            raise EnvError(
                f"action: expected shape {wanted} for each of "
                f"{len(self._task.agents)} agents, found {found}"
            )
        return np.stack(rows)

    def _each(self, make: Any) -> Any:
        return self._plain([make() for _ in self._task.agents])

    def _plain(self, agents: list[Any]) -> Any:
        """A list for several agents, its one element for one."""
        return agents if len(agents) > 1 else agents[0]


def observation_spec(
    spec: ObservationSpec, extra: ObservationSpec | None = None
) -> dict[str, specs.BoundedArray]:
    """{term: [history, size]} and, with `extra`, `privileged`."""
    shapes = {term.name: (term.history, term.size) for term in spec.terms}
    found = {name: _bounded(name, shape, spec.clip) for name, shape in shapes.items()}
    if extra is not None:
        found[PRIVILEGED] = _bounded(PRIVILEGED, (extra.size,), extra.clip)
    return found


def action_spec(spec: ActionSpec) -> specs.BoundedArray:
    """[A]; the name lists the joints, as dm_control does."""
    low, high = action_bounds(spec)
    name = "\t".join(spec.joints)
    return specs.BoundedArray((len(spec.joints),), np.float32, low, high, name)


def split(spec: ObservationSpec, vector: NDArray[np.float32]) -> Observation:
    """The terms of an observation `vector` [N], [history, size] each."""
    found, at = {}, 0
    for term in spec.terms:
        end = at + term.history * term.size
        found[term.name] = vector[at:end].reshape(term.history, term.size)
        at = end
    return found


def _bounded(name: str, shape: tuple[int, ...], clip: float) -> specs.BoundedArray:
    return specs.BoundedArray(shape, np.float32, -clip, clip, name)


def _display(model: mujoco.MjModel) -> Any:
    """A `Physics` of its own whose robots dm_control draws."""
    from dm_control.mujoco import Physics, wrapper

    drawn = copy.copy(model)
    drawn.geom_group[drawn.geom_group == _HULL_GROUP] = _DRAWN_GROUP
    return Physics.from_model(wrapper.MjModel(drawn))
