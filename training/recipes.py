"""Trainings in stages, each starting from the networks of the one before."""

from dataclasses import dataclass, replace
from pathlib import Path

from sim.tasks.walk import CommandMix, WalkConfig, WalkRewards
from training.ppo import PpoConfig
from training.train_walk import WalkRunConfig


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of a recipe.

    Attributes:
        name: of its folder.
        run: its configuration; `warm_start` is filled in by `staged`.
    """

    name: str
    run: WalkRunConfig


def walk_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/walk was made.

    A slow gait clock first: with a fast one, marching in place is a local optimum that
    training may not leave. The fast clock then lifts the top speed, and a last stage
    with smaller updates and dearer falls settles the gait.
    """
    fast = WalkConfig()
    slow = replace(
        fast,
        clock_hz=2.2,
        mix=CommandMix(stand=0.10, fast=0.12, straight=0.13, sideways=0.15, turn=0.15),
        rewards=WalkRewards(progress=1.5),
    )
    careful = replace(fast, rewards=WalkRewards(fall=-20.0))
    first = WalkRunConfig(
        task=slow,
        total_steps=6_000_000,
        push_ramp=(1_500_000, 5_000_000),
        seed=seed,
    )
    second = WalkRunConfig(
        task=fast,
        ppo=PpoConfig(learning_rate=6e-4, kl=0.012),
        total_steps=7_000_000,
        push_ramp=(0, 1_000_000),
        seed=seed,
    )
    third = WalkRunConfig(
        task=careful,
        ppo=PpoConfig(
            learning_rate=2e-4,
            learning_rate_range=(3e-5, 3e-4),
            kl=0.005,
            entropy=0.0,
        ),
        total_steps=8_000_000,
        push_ramp=(0, 1),
        seed=seed,
    )
    return (
        Stage(name="slow_clock", run=first),
        Stage(name="fast_clock", run=second),
        Stage(name="careful", run=third),
    )


def staged(stages: tuple[Stage, ...], folder: Path) -> tuple[Stage, ...]:
    """The stages with each one's `warm_start` set to its predecessor in `folder`."""
    ready: list[Stage] = []
    for stage in stages:
        before = str(folder / ready[-1].name) if ready else ""
        ready.append(replace(stage, run=replace(stage.run, warm_start=before)))
    return tuple(ready)
