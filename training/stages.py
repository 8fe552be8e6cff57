"""Recipes are stages that start from each other's networks, each in its own folder."""

from dataclasses import dataclass, replace
from pathlib import Path

from training.clone import CloneConfig
from training.train_task import TaskRunConfig

NEVER = (2**60, 2**61)
"""A ramp that no run reaches."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of a recipe: PPO, or the cloning of a script.

    Attributes:
        name: of its folder; empty for the recipe's own folder.
        run: its configuration; `warm_start` and the folders of teachers, which are
            names of earlier stages, are filled in by `staged`.
        follows: it starts from the networks of the stage before, or of the one of that
            name; if false, and always as the first one, from nothing. A `CloneConfig`
            starts from nothing.
    """

    name: str
    run: TaskRunConfig | CloneConfig
    follows: bool | str = True


def staged(stages: tuple[Stage, ...], folder: Path) -> tuple[Stage, ...]:
    """The stages in `folder`: with what each one starts from, and its teachers."""
    ready: list[Stage] = []
    for stage in stages:
        run = stage.run
        if ready and stage.follows:
            if isinstance(run, CloneConfig):
                raise ValueError(
                    f"recipe: expected a clone that follows nothing, found "
                    f"{stage.name!r} after {ready[-1].name!r}"
                )
            before = ready[-1].name if stage.follows is True else stage.follows
            run = replace(run, warm_start=str(folder / before))
        if isinstance(run, TaskRunConfig) and run.duel is not None:
            score, getup = run.duel.score_teacher, run.duel.getup_teacher
            duel = replace(
                run.duel,
                score_teacher=str(folder / score),
                getup_teacher=str(folder / getup),
            )
            run = replace(run, duel=duel)
        if isinstance(run, TaskRunConfig) and run.specialists is not None:
            folders = {
                name: str(folder / getattr(run.specialists, name))
                for name in ("turn", "dash", "walk")
            }
            run = replace(run, specialists=replace(run.specialists, **folders))
        ready.append(replace(stage, run=run))
    return tuple(ready)
