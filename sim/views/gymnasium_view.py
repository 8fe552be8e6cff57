"""Single-agent tasks as Gymnasium environments, one or a batch.

`register_tasks()` adds the ids of `TASK_IDS`; importing `sim.views.gymnasium_ids` calls
it, so that Gymnasium's own "module:id" form needs nothing else:

    gymnasium.make("sim.views.gymnasium_ids:op3-soccer/Walk-v0")
    gymnasium.make_vec("sim.views.gymnasium_ids:op3-soccer/Walk-v0", num_envs=256)

`make_vec` gives `Op3VectorEnv`, whose sub-environments are stepped together.
"""

from types import MappingProxyType
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from sim.env import EnvConfig, EnvError, Environment, EnvState, TimeStep
from sim.renderer import Image
from sim.tasks.task import Task
from sim.views.boxes import action_box, observation_box
from sim.views.episodes import Episodes, agent_info, task_of, view_config
from sim.views.pictures import PICTURE_PX, Pictures

Floats = NDArray[np.float32]

TASK_IDS = MappingProxyType(
    {
        "op3-soccer/Walk-v0": "walk",
        "op3-soccer/GetUp-v0": "getup",
        "op3-soccer/Score-v0": "score",
    }
)
RENDER_MODES = ("rgb_array",)
_SEEDS = 2**63


def register_tasks() -> None:
    """Add `TASK_IDS` to Gymnasium's registry; ids already there stay as they are."""
    for name, task in TASK_IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point=f"{__name__}:{Op3Env.__name__}",
                vector_entry_point=f"{__name__}:{Op3VectorEnv.__name__}",
                kwargs={"task": task},
            )


class Op3Env(gymnasium.Env[Floats, Floats]):
    """One single-agent environment.

    Observations are the task's [N], within its clip; actions are the task's [A], cut at
    the joint limits where they leave the space. The task ends its episodes itself, at
    its time limit too, so no `TimeLimit` wrapper is needed. `info` is that of
    `sim.views.episodes.agent_info`; `privileged` alone after a reset.

    The core begins the next episode in the step that ends one: a picture taken between
    an episode's last step and `reset` shows the next episode's start.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES)}  # noqa: RUF012

    def __init__(
        self,
        task: Task | str = "walk",
        *,
        config: EnvConfig | None = None,
        render_mode: str | None = None,
        picture_px: tuple[int, int] = PICTURE_PX,
    ):
        """Build the world.

        Args:
            task: or its name with the default configuration.
            config: randomization and guard; its batch size is not used. None for the
                default ranges.
            render_mode: None or "rgb_array".
            picture_px: width and height.

        Raises:
            EnvError: a task of several agents, no such task, or no such render mode.
        """
        built = _single_agent_task(task)
        _check_render_mode(render_mode)
        self.metadata = _metadata(built)
        self.render_mode = render_mode
        self.observation_space = observation_box(built.observation)
        self.action_space = action_box(built.action)
        self._episodes = Episodes(built, config, seed=0)
        self._pictures = Pictures(self._episodes.core.arena, picture_px)
        self._seeded = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode; there are no options."""
        super().reset(seed=seed)
        fresh = None
        if seed is not None or not self._seeded:
            fresh = int(self.np_random.integers(_SEEDS))
            self._seeded = True
        first = self._episodes.start(fresh)
        return first.observation[0, 0], {"privileged": first.privileged[0, 0]}

    def step(self, action: Floats) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """One control step by `action` [A]."""
        if not self._episodes.running:
            raise ResetNeeded("step: expected a running episode; call reset() first")
        moved = self._episodes.step(np.asarray(action)[None])
        return (
            moved.final_observation[0, 0],
            float(moved.reward[0, 0]),
            bool(moved.terminated[0]),
            bool(moved.truncated[0]),
            agent_info(moved, 0),
        )

    def render(self) -> Image | None:
        """[height, width, 3] if the render mode is "rgb_array", else None."""
        if self.render_mode is None:
            return None
        return self._pictures.draw(self._episodes.qpos)

    def close(self) -> None:
        """Stop threads, free OpenGL; may be called twice."""
        self._pictures.close()
        self._episodes.close()


class Op3VectorEnv(VectorEnv[Floats, Floats, NDArray[Any]]):
    """A batch of single-agent environments, stepped by one call into the physics.

    Auto-reset is `AutoresetMode.SAME_STEP`: where an episode ended, the observation is
    the next episode's first; `info` has `final_obs` and `final_info`. `info` is laid
    out as by Gymnasium's `SyncVectorEnv` over `Op3Env`: `name` beside a mask `_name`.
    Rewards are float32.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(RENDER_MODES),
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        task: Task | str = "walk",
        num_envs: int = 1,
        *,
        config: EnvConfig | None = None,
        render_mode: str | None = None,
        picture_px: tuple[int, int] = PICTURE_PX,
    ):
        """Build the worlds.

        Args:
            task: or its name with the default configuration.
            num_envs: B; that of `config` is not used.
            config: randomization, guard, threads. None for the default ranges, all
                cores, and first episodes that start at time zero (`EnvConfig.stagger`
                off).
            render_mode: None or "rgb_array".
            picture_px: width and height.

        Raises:
            EnvError: a task of several agents, no such task, or no such render mode.
        """
        # Some versions of Gymnasium close what is collected, built or not.
        self.closed = True
        built = _single_agent_task(task)
        _check_render_mode(render_mode)
        self.metadata = {**type(self).metadata, **_metadata(built)}
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.single_observation_space = observation_box(built.observation)
        self.single_action_space = action_box(built.action)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._environment = Environment(built, view_config(config, num_envs), seed=0)
        self._pictures = Pictures(self._environment.core.arena, picture_px)
        self._state: EnvState | None = None
        self.closed = False

    @property
    def explosions(self) -> int:
        """Episodes ended by the guard so far."""
        return self._environment.explosions

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin all episodes.

        Args:
            seed: of everything drawn from here on; None to draw on.
            options: none, but `reset_mask` is refused: episodes restart themselves.

        Raises:
            EnvError: `reset_mask` given.
        """
        if options and "reset_mask" in options:
            raise EnvError(
                "options: expected no reset_mask, found one; this environment resets "
                "its episodes itself (AutoresetMode.SAME_STEP)"
            )
        super().reset(seed=seed)
        fresh = None
        if seed is not None or self._state is None:
            fresh = int(self.np_random.integers(_SEEDS))
        self._state, first = self._environment.reset(fresh)
        everywhere = np.ones(self.num_envs, bool)
        info = masked({"privileged": first.privileged[:, 0]}, everywhere)
        return first.observation[:, 0], info

    def step(
        self, actions: Floats
    ) -> tuple[Floats, Floats, NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control step by `actions` [B, A]."""
        if self._state is None:
            raise ResetNeeded("step: expected running episodes; call reset() first")
        wide = np.asarray(actions)[:, None]
        self._state, moved = self._environment.step(self._state, wide)
        return (
            moved.observation[:, 0],
            moved.reward[:, 0],
            moved.terminated,
            moved.truncated,
            batch_info(moved),
        )

    def render(self) -> tuple[Image, ...] | None:
        """One picture [height, width, 3] per environment, None without a mode."""
        if self.render_mode is None:
            return None
        return tuple(
            self._pictures.draw(qpos) for qpos in self._environment.physics.qpos
        )

    def close_extras(self, **kwargs: Any) -> None:
        """Stop threads, free OpenGL."""
        self._pictures.close()
        self._environment.close()


def batch_info(moved: TimeStep) -> dict[str, Any]:
    """`agent_info` of agent 0 of all environments in Gymnasium's layout."""
    step = {
        "privileged": moved.final_privileged[:, 0],
        "exploded": moved.info["exploded"],
        "reward_terms": {name: value[:, 0] for name, value in moved.terms.items()},
    }
    ended = np.logical_or(moved.terminated, moved.truncated)
    if not ended.any():
        return masked(step, ~ended)
    final = np.full(len(ended), None, dtype=object)
    for row in np.flatnonzero(ended):
        final[row] = moved.final_observation[row, 0]
    info = {
        "final_obs": final,
        "_final_obs": ended.copy(),
        "final_info": masked(step, ended),
        "_final_info": ended.copy(),
    }
    if not ended.all():
        info |= masked(step, ~ended)
    everywhere = np.ones(len(ended), bool)
    return info | masked({"privileged": moved.privileged[:, 0]}, everywhere)


def masked(values: dict[str, Any], rows: NDArray[np.bool_]) -> dict[str, Any]:
    """`values` [B, ...] beside masks that say where they hold; zero elsewhere."""
    whole = rows.all()
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found[name] = masked(value, rows)
        else:
            wide = rows.reshape(-1, *[1] * (value.ndim - 1))
            found[name] = value if whole else np.where(wide, value, value.dtype.type(0))
        found[f"_{name}"] = rows.copy()
    return found


def _metadata(task: Task) -> dict[str, Any]:
    return {
        "render_modes": list(RENDER_MODES),
        "render_fps": round(1 / task.control_period_s),
    }


def _single_agent_task(task: Task | str) -> Task:
    built = task_of(task)
    if len(built.agents) != 1:
        raise EnvError(
            f"task {built.name}: expected one agent, found {len(built.agents)}; use "
            f"sim.views.pettingzoo_view"
        )
    return built


def _check_render_mode(mode: str | None) -> None:
    if mode is not None and mode not in RENDER_MODES:
        raise EnvError(
            f"render_mode: expected None or one of {', '.join(RENDER_MODES)}, found "
            f"{mode!r}"
        )
