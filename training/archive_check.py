"""Whether an archive is whole: every chunk decoded, counted and looked through."""

from dataclasses import dataclass

import numpy as np

from training.archive import ArchiveError, ArchiveReader, Chunk

_MOST_RETURN_ERROR = 1e-3
"""Of the largest return: float32 sums in another order differ less."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a check saw.

    Attributes:
        chunks, rows, steps, episodes: read.
        faults: one sentence each; empty for a whole archive.
    """

    chunks: int
    rows: int
    steps: int
    episodes: int
    faults: tuple[str, ...]


def check_archive(reader: ArchiveReader) -> Findings:
    """Decode everything that is committed (checksums included) and look through it."""
    faults: list[str] = []
    chunks, rows, steps, episodes = 0, 0, 0, 0
    for number in range(reader.progress.chunks):
        try:
            chunk = reader.read(number)
        except ArchiveError as error:
            faults.append(str(error))
            continue
        faults += [f"chunk {number}: {fault}" for fault in chunk_faults(chunk)]
        chunks += 1
        rows += len(chunk.step)
        steps += int(np.sum(chunk.length))
        episodes += int(np.sum(chunk.trajectory.cut))
    found = {"rows": rows, "steps": steps, "episodes": episodes}
    # A chunk that cannot be read is a fault of its own; counts then differ anyway.
    if chunks == reader.progress.chunks:
        for name, count in found.items():
            noted = getattr(reader.progress, name)
            if count != noted:
                faults.append(f"expected {noted} {name} as noted, found {count}")
    return Findings(chunks=chunks, faults=tuple(faults), **found)


def chunk_faults(chunk: Chunk) -> list[str]:
    """What is wrong inside a chunk that could be read."""
    found = []
    for name, part in chunk.trajectory._asdict().items():
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            bad = int(np.sum(~np.isfinite(part)))
            found.append(f"{name}: expected finite numbers, found {bad} others")
    steps = chunk.trajectory
    times = np.arange(steps.reward.shape[1])
    if np.any(np.asarray(steps.ended) & ~np.asarray(steps.cut)):
        found.append("ended: expected every termination to be an episode's end (cut)")
    if np.any(np.asarray(steps.cut) & (times >= chunk.length[:, None])):
        found.append("length: expected no step beyond it, found ends of episodes")
    if not np.array_equal(chunk.episode_length > 0, steps.cut):
        found.append("episode_length: expected one where an episode ends, nowhere else")
    if not np.array_equal(np.isfinite(chunk.episode_return), steps.cut):
        found.append("episode_return: expected one where an episode ends, nowhere else")
    found += _return_faults(chunk)
    return found


def _return_faults(chunk: Chunk) -> list[str]:
    """Returns of episodes that lie inside one row, added up again."""
    reward = np.asarray(chunk.trajectory.reward, float)
    total = np.cumsum(reward, axis=1)
    row, end = np.nonzero(chunk.episode_length)
    length = chunk.episode_length[row, end]
    inside = length <= end + 1
    row, end, start = row[inside], end[inside], (end - length)[inside]
    before = np.where(start >= 0, total[row, start], 0.0)
    again, noted = total[row, end] - before, chunk.episode_return[row, end]
    allowed = _MOST_RETURN_ERROR * max(1.0, float(np.max(np.abs(again), initial=0.0)))
    wrong = int(np.sum(~(np.abs(again - noted) <= allowed)))
    return [f"episode_return: {wrong} differ from their rewards"] if wrong else []
