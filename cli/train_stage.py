"""One stage of `op3-soccer train`: its folder, its archive, its live table."""

import argparse
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.live import Live

from cli.train_plan import Plan, load_script
from cli.train_table import clone_table, progress_table
from training.archive import open_for_reuse
from training.clone import TACTICS, CloneConfig, clone
from training.duel import check_teachers
from training.export import RunConfig
from training.film import FilmConfig
from training.run_archive import archive_of
from training.run_folder import RunFolder
from training.streams import task_interface
from training.train_dmpo import DmpoRunConfig, train_dmpo
from training.train_task import (
    TaskRunConfig,
    check_start,
    check_warm_start,
    train_task,
)

FILM_EVERY, DMPO_FILM_EVERY = 2_000_000, 200_000
"""Control steps between two films, of PPO and of the slower DMPO."""

Outcome = tuple[int, list[dict[str, float]]]
"""Steps done, and all reports that count in actions."""


def train_stage(
    path: Path, config: RunConfig | CloneConfig, plan: Plan, args: argparse.Namespace
) -> Outcome:
    """Run one stage to its end or to Ctrl-C."""
    if isinstance(config, CloneConfig):
        return _clone(path, config, resume=args.resume)
    return _train(path, config, plan, args)


def _clone(path: Path, config: CloneConfig, *, resume: bool) -> Outcome:
    """All steps or none: a clone that was stopped begins anew."""
    shown: dict[str, float] = {}
    with ExitStack() as held:
        folder = held.enter_context(RunFolder(path, config, resume=resume))
        held.enter_context(_terminated_like_interrupted())
        live = held.enter_context(Live(clone_table(config, 0, {}), auto_refresh=False))

        def show(step: int, metrics: dict[str, float]) -> None:
            shown.update(metrics)
            live.update(clone_table(config, step, shown), refresh=True)

        script = None if config.script == TACTICS else load_script(config.script)
        done = clone(config, folder, script, show)
    return (0 if done is None else config.total_steps), []


def _train(
    path: Path, config: RunConfig, plan: Plan, args: argparse.Namespace
) -> Outcome:
    if isinstance(config, TaskRunConfig):
        check_start(config)
    else:
        check_warm_start(config.learner.warm_start)
        check_teachers(config.duel)
    reuse = open_for_reuse(args.reuse, task_interface(config.task))
    notes: list[str] = []
    with ExitStack() as held:
        folder = held.enter_context(RunFolder(path, config, resume=args.resume))
        archive = None
        if args.archive is not None:
            stage = path.relative_to(args.out).as_posix().strip(".")
            archive = archive_of(
                "/".join(filter(None, (args.archive.rstrip("/"), stage))),
                config,
                made_by=plan.command,
                resume=args.resume,
                reused=tuple(args.reuse),
            )
            held.enter_context(archive)
        held.enter_context(_terminated_like_interrupted())
        empty = progress_table(config, 0, {}, notes)
        live = held.enter_context(Live(empty, auto_refresh=False))

        def show(step: int, metrics: dict[str, float]) -> None:
            live.update(progress_table(config, step, metrics, notes), refresh=True)

        if isinstance(config, DmpoRunConfig):
            done = train_dmpo(
                config,
                folder,
                show,
                archive=archive,
                reuse=reuse,
                on_notice=notes.append,
                film=_film(args, DMPO_FILM_EVERY),
            )
            return int(done.steps), folder.history()

        progress = train_task(
            config,
            folder,
            show,
            on_batch=None if archive is None else archive.add,
            on_notice=notes.append,
            film=_film(args, FILM_EVERY),
        )
        return int(progress.steps), folder.history()


def _film(args: argparse.Namespace, every: int) -> FilmConfig:
    chosen = every if args.film_every is None else args.film_every
    return FilmConfig(every=chosen, video=args.video)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: saved."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
