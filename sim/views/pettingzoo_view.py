"""The match as a PettingZoo parallel environment: every robot an agent."""

from typing import Any

import numpy as np
from gymnasium import Space
from gymnasium.utils import seeding
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from sim.env import EnvConfig, EnvError, TimeStep
from sim.renderer import Image
from sim.tasks.match import MatchTask
from sim.views.boxes import action_box, observation_box
from sim.views.episodes import Episodes, agent_info
from sim.views.pictures import PICTURE_PX, Pictures

Floats = NDArray[np.float32]
_SEEDS = 2**63


class Op3MatchParallelEnv(ParallelEnv[str, Floats, Floats]):
    """n against n. Agents are `home_0`, `home_1` ..., then `away_0`, `away_1` ...

    Each sees the match from its own side. All episodes end together: at a goal
    (terminated) or the time limit (truncated). `infos` are those of
    `sim.views.episodes.agent_info`; `privileged` alone after a reset.

    The core begins the next episode in the step that ends one: a picture taken between
    an episode's last step and `reset` shows the next episode's start.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "name": "op3_match_v0",
        "render_modes": ["rgb_array"],
        "is_parallelizable": True,
        "render_fps": 40,
    }

    def __init__(
        self,
        task: MatchTask | None = None,
        *,
        config: EnvConfig | None = None,
        render_mode: str | None = None,
        picture_px: tuple[int, int] = PICTURE_PX,
    ):
        """Build the world.

        Args:
            task: teams, rules and weights; None for 1v1.
            config: randomization and guard; its batch size is not used. None for the
                default ranges.
            render_mode: None or "rgb_array".
            picture_px: width and height.

        Raises:
            EnvError: no such render mode.
        """
        modes = self.metadata["render_modes"]
        if render_mode is not None and render_mode not in modes:
            raise EnvError(
                f"render_mode: expected None or one of {', '.join(modes)}, found "
                f"{render_mode!r}"
            )
        task = task or MatchTask()
        self.render_mode = render_mode
        self.possible_agents = [
            f"{team}_{number}"
            for team in ("home", "away")
            for number in range(task.team_size)
        ]
        self.agents: list[str] = []
        self.observation_spaces = {
            agent: observation_box(task.observation) for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: action_box(task.action) for agent in self.possible_agents
        }
        count = len(self.possible_agents)
        self.state_space: Space[Floats] = observation_box(task.privileged, count)
        self._episodes = Episodes(task, config, seed=0)
        self._pictures = Pictures(self._episodes.core.arena, picture_px)
        self._seeded = False
        self._state = np.zeros(count * task.privileged.size, np.float32)

    def observation_space(self, agent: str) -> Space[Floats]:
        """[N] within the clip."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Space[Floats]:
        """[20] from -1 to 1: from one joint limit to the other."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Floats], dict[str, dict[str, Any]]]:
        """Begin a match with all agents; options are not used."""
        if seed is None and not self._seeded:
            # As Gymnasium does: unseeded means seeded by the operating system.
            seed = int(seeding.np_random()[0].integers(_SEEDS))
        self._seeded = True
        first = self._episodes.start(seed)
        self.agents = list(self.possible_agents)
        self._state = first.privileged[0].reshape(-1)
        seen = self._by_agent(first.observation)
        known = self._by_agent(first.privileged)
        return seen, {agent: {"privileged": known[agent]} for agent in self.agents}

    def step(
        self, actions: dict[str, Floats]
    ) -> tuple[
        dict[str, Floats],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """One control step by each agent's action [20].

        Raises:
            EnvError: no match is running, an agent has no action, or of another shape.
        """
        moved = self._episodes.step(self._action_rows(actions))
        self._state = moved.final_privileged[0].reshape(-1)
        terminated, truncated = bool(moved.terminated[0]), bool(moved.truncated[0])
        results = (
            self._by_agent(moved.final_observation),
            {agent: float(moved.reward[0, row]) for row, agent in self._rows()},
            dict.fromkeys(self.agents, terminated),
            dict.fromkeys(self.agents, truncated),
            self._infos(moved),
        )
        if terminated or truncated:
            self.agents = []
        return results

    def state(self) -> Floats:
        """[agents x P] the critic's numbers of all agents, side by side."""
        return self._state.copy()

    def render(self) -> Image | None:
        """[height, width, 3] if the render mode is "rgb_array", else None."""
        if self.render_mode is None:
            return None
        return self._pictures.draw(self._episodes.qpos)

    def close(self) -> None:
        """Stop threads, free OpenGL; may be called twice."""
        self._pictures.close()
        self._episodes.close()

    def _action_rows(self, actions: dict[str, Floats]) -> Floats:
        """[R, 20]"""
        if not self.agents:
            raise EnvError("step: expected a running match, found none; reset first")
        faults = []
        for agent in self.agents:
            wanted = self.action_spaces[agent].shape
            found = np.shape(actions[agent]) if agent in actions else "no action"
            if found != wanted:
                faults.append(f"{agent}: expected shape {wanted}, found {found}")
        faults += [
            f"{name}: expected one of {', '.join(self.agents)}"
            for name in actions
            if name not in self.agents
        ]
        if faults:
            raise EnvError("actions: " + "; ".join(faults))
        return np.stack([actions[agent] for agent in self.agents])

    def _rows(self) -> list[tuple[int, str]]:
        return list(enumerate(self.agents))

    def _by_agent(self, values: Floats) -> dict[str, Floats]:
        """Each agent's own copy of its row of `values` [1, R, k]."""
        return {agent: values[0, row].copy() for row, agent in self._rows()}

    def _infos(self, moved: TimeStep) -> dict[str, dict[str, Any]]:
        return {agent: agent_info(moved, row) for row, agent in self._rows()}
