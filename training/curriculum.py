"""What grows harder while a run goes on: pushes, and the task itself.

The task moves between two configurations of the same task, an easy and the run's own:
every float in them is mixed by the difficulty (0 easy, 1 the run's own). The difficulty
follows the count of actions, or a measure of success.
"""

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar

from sim.tasks.task import Task

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class CurriculumConfig:
    """How a run gets harder.

    Attributes:
        push_ramp: actions between which pushes grow from none to full.
        easy: the task at difficulty 0; None: the run's own task all along. It may
            differ from that in floats only, such as the shares of hard starts.
        task_ramp: actions between which the difficulty grows from 0 to 1, unless
            `measure` drives it.
        measure: a number of the reports, e.g. "end/up"; empty for `task_ramp`.
        harder_above, easier_below: the difficulty moves by `step` after a report
            whose measure lies above (below) these.
        step: see there.
    """

    push_ramp: tuple[int, int] = (1_500_000, 5_000_000)
    easy: Task | None = None
    task_ramp: tuple[int, int] = (0, 5_000_000)
    measure: str = ""
    harder_above: float = 0.8
    easier_below: float = 0.4
    step: float = 0.05


class Curriculum(NamedTuple):
    """Where a run stands: strength of pushes and difficulty, 0 to 1 each."""

    pushes: Any
    difficulty: Any


def at_step(config: CurriculumConfig, now: Curriculum, step: int) -> Curriculum:
    """What follows from the count of actions."""
    difficulty = now.difficulty
    if not config.measure:
        difficulty = ramp(step, config.task_ramp)
    return Curriculum(pushes=ramp(step, config.push_ramp), difficulty=difficulty)


def after_report(
    config: CurriculumConfig, now: Curriculum, metrics: dict[str, float]
) -> Curriculum:
    """What follows from a report; nothing if it lacks the measure."""
    if not config.measure or config.measure not in metrics:
        return now
    value, difficulty = metrics[config.measure], float(now.difficulty)
    if value > config.harder_above:
        difficulty = min(1.0, difficulty + config.step)
    elif value < config.easier_below:
        difficulty = max(0.0, difficulty - config.step)
    return now._replace(difficulty=difficulty)


def ramp(step: int, between: tuple[int, int]) -> float:
    """0 before, 1 after, linear between two counts of actions."""
    low, high = between
    return min(max((step - low) / max(high - low, 1), 0.0), 1.0)


def task_at(config: CurriculumConfig, task: T, difficulty: float) -> T:
    """`task` at a difficulty.

    Raises:
        ValueError: the easy task differs in more than floats; names where.
    """
    if config.easy is None:
        return task
    return mixed(config.easy, task, difficulty)


def mixed(easy: Any, hard: Any, share: float, where: str = "task") -> Any:
    """`(1 - share) easy + share hard` for all floats of two equally built values.

    Values are frozen dataclasses and tuples of floats and anything that is equal in
    both.

    Raises:
        ValueError: something else differs; names where.
    """
    if easy is hard:
        return hard
    if type(easy) is type(hard):
        if is_dataclass(hard) and not isinstance(hard, type):
            changes = {
                field.name: mixed(
                    getattr(easy, field.name),
                    getattr(hard, field.name),
                    share,
                    f"{where}.{field.name}",
                )
                for field in fields(hard)
            }
            return replace(hard, **changes)
        if isinstance(hard, tuple) and len(easy) == len(hard):
            pairs = zip(easy, hard, strict=True)
            return tuple(
                mixed(low, high, share, f"{where}[{index}]")
                for index, (low, high) in enumerate(pairs)
            )
        if isinstance(hard, float) and math.isfinite(easy) and math.isfinite(hard):
            return (1 - share) * easy + share * hard
    if easy == hard:
        return hard
    raise ValueError(
        f"{where}: expected the easy task to differ in floats only, found {easy!r} "
        f"beside {hard!r}"
    )
