"""Progress bars of the scene commands."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class StageBar:
    """One bar per named stage, on stderr; use it in `with`."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> "StageBar":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def stage(self, name: str, done: int, total: int, note: str = "") -> None:
        """Show that `done` of `total` of a stage is done."""
        if name not in self._tasks:
            # A stage begins when the ones before it are over.
            for task in self._progress.tasks:
                self._progress.update(task.id, completed=task.total)
            self._tasks[name] = self._progress.add_task(name, total=total, note="")
        self._progress.update(
            self._progress.task_ids[self._tasks[name]],
            completed=done,
            total=total,
            note=note,
        )
