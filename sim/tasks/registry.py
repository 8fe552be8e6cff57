"""Tasks by name, each with its default configuration."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sim.tasks.getup import GetupTask
from sim.tasks.kick import KickTask
from sim.tasks.match import MatchTask
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask
from sim.tasks.task import Task
from sim.tasks.walk_task import WalkTask

TASKS: Mapping[str, Callable[[], Task]] = MappingProxyType(
    {
        "walk": WalkTask,
        "getup": GetupTask,
        "rise": RiseTask,
        "kick": KickTask,
        "score": ScoreTask,
        "match": MatchTask,
    }
)


def make_task(name: str) -> Task:
    """The task called `name`.

    Raises:
        ValueError: no such task; names all there are.
    """
    if name not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}, found {name!r}")
    return TASKS[name]()


def gait_clock_hz(task: Task) -> float:
    """Of the gait clock that a task's robots observe; 0 without one."""
    if isinstance(task, WalkTask):
        return task.config.clock_hz
    if isinstance(task, KickTask):
        return task.clock_hz
    return task.clock_hz if isinstance(task, ScoreTask | MatchTask) else 0.0
