"""The suite's trials side by side in processes, each kept as soon as it is over."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cli.calibrated import calibrated
from cli.match_players import DEFAULT_PLAYER, DEFAULT_SKILLS
from cli.suite_protocols import POSTURES
from cli.suite_trial import run_trial, trials
from robot.contracts.codec import from_plain
from robot.contracts.errors import ContractError
from robot.player import Player, load_player, own_skills
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig, without
from training.paper_results import OURS, SCRIPTED, Outcome
from training.run_folder import end_last_line

PROTOCOLS = ("walk", "turn", "getup", "kick", "runup", "shoot", "obstacle")
_PUSHES = ("push_n", "push_s", "push_every_s")
Item = TypeVar("Item")
Done = TypeVar("Done")


class SuiteError(Exception):
    """A folder of results cannot be used."""


@dataclass(frozen=True, kw_only=True)
class SuiteConfig:
    """Which trials.

    Attributes:
        bundle: of one role, or a folder of several.
        trials: per protocol and player; for get-ups per posture.
        protocols: of `PROTOCOLS`.
        seed: equal seeds draw equal trials, for both players.
        nominal: without randomization.
        pushes: whether there are any.
        calibration: file of the robot that episodes are drawn around.
    """

    bundle: Path
    trials: int = 50
    protocols: tuple[str, ...] = PROTOCOLS
    seed: int = 100
    nominal: bool = False
    pushes: bool = True
    calibration: Path | None = None

    @property
    def ranges(self) -> RandomizationConfig:
        """Of randomization and pushes."""
        full = calibrated(RandomizationConfig(), self.calibration)
        kept = {name: getattr(full, name) for name in _PUSHES}
        drawn = replace(NO_RANDOMIZATION, **kept) if self.nominal else full
        return drawn if self.pushes else without(drawn, "push_n", "push_s")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One trial of one player."""

    config: SuiteConfig
    who: str
    protocol: str
    number: int

    @property
    def key(self) -> tuple[str, str, int]:
        return self.who, self.protocol, self.number

    @property
    def seed(self) -> int:
        """The same for both players."""
        names = (self.config.seed, PROTOCOLS.index(self.protocol), self.number)
        return int(np.random.SeedSequence(names).generate_state(1)[0])

    @property
    def is_filmed(self) -> bool:
        return self.who == OURS and self.number == 0


def jobs_of(config: SuiteConfig) -> list[Job]:
    """All trials; both players' trials of one kind come in turns."""
    found = []
    for protocol in config.protocols:
        count = config.trials * (len(POSTURES) if protocol == "getup" else 1)
        found += [
            Job(config=config, who=who, protocol=protocol, number=number)
            for number in range(count)
            for who in (OURS, SCRIPTED)
        ]
    return found


def run_job(job: Job) -> tuple[Outcome, NDArray[np.float32]]:
    """One trial here: what came out, and frames where it is filmed."""
    started = time.perf_counter()
    ours = job.config.bundle if job.who == OURS else DEFAULT_SKILLS
    player = _player(ours)
    result = run_trial(
        player,
        trials(player.kick.spec.kick)[job.protocol],
        job.number,
        job.config.ranges,
        job.seed,
        film=job.is_filmed,
    )
    posture = POSTURES[job.number % len(POSTURES)] if job.protocol == "getup" else ""
    outcome = Outcome(
        who=job.who,
        protocol=job.protocol,
        number=job.number,
        posture=posture,
        simulated_s=round(result.simulated_s, 3),
        wall_s=round(time.perf_counter() - started, 3),
        **asdict(result.measured),
    )
    return outcome, result.frames


def suite_player(bundle: Path) -> Player:
    """The player on trial: the bundle's skills, the default player's for the rest.

    The scripted player is itself, so that it can be put beside others.

    Raises:
        ContractError: a bundle is missing or broken.
    """
    return load_player(bundle, _defaults(bundle))


def skill_folders(bundle: Path) -> dict[str, Path]:
    """Where each skill of `suite_player` comes from, by role."""
    found: dict[str, Path] = {}
    for folder in (bundle, *_defaults(bundle)):
        found = {**own_skills(folder), **found}
    return found


def _defaults(bundle: Path) -> tuple[Path, ...]:
    if bundle.resolve() == DEFAULT_SKILLS.resolve():
        return (DEFAULT_SKILLS,)
    return DEFAULT_PLAYER, DEFAULT_SKILLS


@cache
def _player(bundle: Path) -> Player:
    """Once per process: sessions are slow to open."""
    return suite_player(bundle)


def in_processes(
    run: Callable[[Item], Done], items: Sequence[Item], processes: int
) -> Iterator[Done]:
    """Results as they come; in this process if `processes` is 1.

    Closing the iterator (or Ctrl-C) drops what has not begun.
    """
    if processes == 1:
        yield from map(run, items)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_leave_interrupts_to_the_parent
    ) as pool:
        waiting: list[Future[Done]] = [pool.submit(run, item) for item in items]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One core each: more threads per process would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class TrialFile:
    """Finished trials in `trials.jsonl`: what they belong to, then one per line.

    Attributes:
        outcomes: read and added so far.
        films: states [F, nq] of one trial per protocol, from `NAME.npy` and added.
    """

    def __init__(self, folder: Path | None, config: SuiteConfig):
        """Go on with the folder's file if it has one; None keeps nothing.

        Raises:
            SuiteError: it belongs to another suite, or cannot be read or written.
        """
        self.outcomes: list[Outcome] = []
        self.films: dict[str, NDArray[np.float32]] = {}
        self._path = None if folder is None else folder / "trials.jsonl"
        self._head = head_of(config)
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_file() and self._path.stat().st_size:
                end_last_line(self._path)
                self._read(self._path)
                self._read_films(self._path.parent)
            else:
                self._path.write_text(json.dumps(self._head) + "\n", encoding="utf-8")
        except OSError as error:
            raise SuiteError(
                f"--out: expected a folder that can be written, {error}"
            ) from None

    def add(self, outcome: Outcome) -> None:
        """Keep one."""
        self.outcomes.append(outcome)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome), allow_nan=False) + "\n")

    def add_film(self, protocol: str, frames: NDArray[np.float32]) -> None:
        """Keep the states of one trial per protocol, [F, nq]."""
        self.films[protocol] = frames
        if self._path is not None:
            np.save(self._path.with_name(f"{protocol}.npy"), frames)

    def missing(self, jobs: Sequence[Job]) -> list[Job]:
        """Those without an outcome."""
        done = {_key(outcome) for outcome in self.outcomes}
        return [job for job in jobs if job.key not in done]

    def of(self, jobs: Sequence[Job]) -> list[Outcome]:
        """The outcomes of these: the file may hold more, of other runs."""
        asked = {job.key for job in jobs}
        return [outcome for outcome in self.outcomes if _key(outcome) in asked]

    def _read(self, path: Path) -> None:
        head, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
        found = _json(head)
        if found != self._head:
            raise SuiteError(
                f"{path}: expected trials of this suite, found those of another "
                f"(a bundle, seed, randomization, pushes or calibration differ); "
                f"choose another --out"
            )
        for line in lines:
            plain = _json(line)
            # A line cut short by a crash is a trial to repeat.
            if plain is not None:
                try:
                    self.outcomes.append(from_plain(Outcome, plain, subject=str(path)))
                except ContractError as error:
                    raise SuiteError(str(error)) from None

    def _read_films(self, folder: Path) -> None:
        for name in PROTOCOLS:
            path = folder / f"{name}.npy"
            if path.is_file():
                try:
                    self.films[name] = np.load(path, allow_pickle=False)
                except (ValueError, EOFError):
                    continue  # cut short by a crash: a film is not worth stopping for


def head_of(config: SuiteConfig) -> dict[str, Any]:
    """What all trials of a file have in common; more trials may join later."""
    drawn_around = {}
    if config.calibration is not None:
        digest = sha256(config.calibration.read_bytes()).hexdigest()
        drawn_around["calibration"] = digest[:16]
    return {
        "suite": "paper",
        "player": _digests(skill_folders(config.bundle)),
        "scripted": _digests(skill_folders(DEFAULT_SKILLS)),
        "seed": config.seed,
        "randomization": not config.nominal,
        "pushes": config.pushes,
        **drawn_around,
    }


def _key(outcome: Outcome) -> tuple[str, str, int]:
    """Of the job that it is the outcome of."""
    return outcome.who, outcome.protocol, outcome.number


def _digests(folders: Mapping[str, Path]) -> dict[str, str]:
    """What each skill does, in its goldens, and all that its spec says of it."""
    files = ("golden.npz", "spec.json")
    return {
        role: sha256(
            b"".join((folder / name).read_bytes() for name in files)
        ).hexdigest()[:16]
        for role, folder in sorted(folders.items())
    }


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
