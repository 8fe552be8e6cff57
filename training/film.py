"""Pictures of a run's own policy: a film strip of one episode, on request a video."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena
from sim.env import EnvConfig, Environment
from sim.renderer import ArenaRenderer, Image, RenderConfig
from sim.tasks.task import Task
from training.batch_env import BatchEnv

Policy = Callable[[NDArray[np.float32]], Any]
"""Observations [R, N] of all agents to actions [R, A]."""
Wrap = Callable[[Environment, int], BatchEnv]
"""Takes a world and a seed."""

_NEAR_M, _FAR_M = 0.9, 3.6
"""Distance of the camera: one robot; a pitch."""


def _bare(world: Environment, seed: int) -> BatchEnv:
    del seed
    return world


@dataclass(frozen=True, kw_only=True)
class FilmConfig:
    """What is drawn, and how often.

    Attributes:
        every: control steps between two films; 0 for none.
        seconds: of an episode at most.
        frames: on the strip, evenly spaced, in `columns`.
        columns: see there.
        frame_px: width, height of each.
        video: also write an mp4 of all control steps' frames.
    """

    every: int = 0
    seconds: float = 8.0
    frames: int = 16
    columns: int = 8
    frame_px: tuple[int, int] = (240, 180)
    video: bool = False


class Film:
    """Shoots now and then; says once if no pictures can be drawn here."""

    def __init__(
        self, config: FilmConfig, folder: Path, on_notice: Callable[[str], None]
    ):
        self._config, self._folder, self._notice = config, folder, on_notice
        self._shot: int | None = None
        self._broken = False

    def is_due(self, step: int) -> bool:
        """Whether `step` control steps call for a film; never right at a start."""
        every = self._config.every
        if every <= 0 or self._broken:
            return False
        if self._shot is None:
            self._shot = step // every
        return step // every > self._shot

    def shoot(
        self, step: int, task: Task, env: EnvConfig, policy: Policy, wrap: Wrap = _bare
    ) -> None:
        """Write `STEP.png` (and `STEP.mp4`) into the folder; `wrap` gives what the
        policy acts in."""
        self._shot = step // self._config.every
        world = Environment(
            task, replace(env, num_envs=1, num_threads=1, stagger=False), step
        )
        acted = wrap(world, step)
        poses = list(episode(world, acted, policy, self._config.seconds))
        arena = poses[0][0]
        try:
            renderer = _renderer(arena, self._config)
        except Exception as error:  # each OpenGL backend raises classes of its own
            self._broken = True
            self._notice(f"no film strips: OpenGL does not start here ({error})")
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{step:010d}.png"
        with renderer:
            chosen = np.linspace(0, len(poses) - 1, self._config.frames).round()
            images = [_draw(renderer, poses[int(row)][1]) for row in chosen]
            imageio.imwrite(path, strip(images, self._config.columns))
            if self._config.video:
                frames = (_draw(renderer, qpos) for _, qpos in poses)
                _write_video(path.with_suffix(".mp4"), frames, task.control_period_s)


def episode(
    world: Environment, acted: BatchEnv, policy: Policy, seconds: float
) -> Iterator[tuple[Arena, NDArray[np.float64]]]:
    """The arena and `qpos` [nq] before each step of one episode without pushes; the
    world is closed afterwards.

    Args:
        world: one environment.
        acted: the same, as the policy's actions move it.
        policy: that acts.
        seconds: at most.
    """
    try:
        state, moved = acted.reset()
        for _ in range(max(1, round(seconds / world.core.task.control_period_s))):
            yield world.core.arena, world.physics.qpos[0].copy()
            action = np.asarray(policy(moved.observation[0]))[None]
            state, moved = acted.step(state, action, push_strength=0.0)
            if moved.terminated[0] or moved.truncated[0]:
                break
    finally:
        world.close()


def strip(images: list[Image], columns: int) -> Image:
    """[rows x H, columns x W, 3] the images row by row; missing ones are white."""
    blank = np.full_like(images[0], 255)
    rows = -(-len(images) // columns)
    full = images + [blank] * (rows * columns - len(images))
    lines = [
        np.concatenate(full[row * columns : (row + 1) * columns], axis=1)
        for row in range(rows)
    ]
    return np.concatenate(lines, axis=0)


def _write_video(path: Path, frames: Iterable[Image], period_s: float) -> None:
    with warnings.catch_warnings():
        # JAX warns of every fork. This one becomes ffmpeg at once.
        warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called")
        # Blocks of 2 px: as the encoder needs, not 16, which would stretch pictures.
        options = {"fps": 1 / period_s, "macro_block_size": 2}
        with imageio.get_writer(path, **options) as writer:
            for frame in frames:
                writer.append_data(frame)  # type: ignore[attr-defined]


def _renderer(arena: Arena, config: FilmConfig) -> ArenaRenderer:
    far = arena.ball is not None or len(arena.robots) > 1
    look = RenderConfig(
        broadcast_px=config.frame_px,
        head_px=(16, 12),
        distance_m=_FAR_M if far else _NEAR_M,
        elevation_deg=-32.0 if far else -15.0,
    )
    return ArenaRenderer(arena, look)


def _draw(renderer: ArenaRenderer, qpos: NDArray[np.float64]) -> Image:
    renderer.pose(qpos)
    return renderer.broadcast()
