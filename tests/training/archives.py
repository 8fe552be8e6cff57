"""Small archives for tests; also a program that writes one until it is killed."""

import sys
from pathlib import Path

import numpy as np

from training.archive import ArchiveHeader, ArchiveWriter, Interface
from training.trajectory import Trajectory

STREAMS, STEPS = 2, 4
ENDLESS = 1_000_000


def interface(**changes) -> Interface:
    values = {
        "task": "walk",
        "observation": {"terms": [{"name": "gyro", "size": 3}]},
        "privileged": {},
        "action": {"joints": ["head_pan", "head_tilt"], "scale": 0.5},
    }
    return Interface(**(values | changes))


def header(**changes) -> ArchiveHeader:
    return ArchiveHeader(interface=interface(), **changes)


def numbered(call: int, *, streams: int = STREAMS, steps: int = STEPS) -> Trajectory:
    """Steps whose every number tells where they belong: 1000 x call + 10 x stream + t.

    No episode ends.
    """
    time = 1000.0 * call + 10.0 * np.arange(streams)[:, None] + np.arange(steps)
    wide = np.repeat(time[..., None], 3, axis=-1)
    nothing = np.zeros((streams, steps), bool)
    return Trajectory(
        observation=wide.astype(np.float32),
        privileged=np.zeros((streams, steps, 0), np.float32),
        action=wide[..., :2].astype(np.float32),
        reward=np.ones((streams, steps), np.float32),
        ended=nothing,
        cut=nothing,
        log_prob=-time.astype(np.float32),
    )


def write(path: Path, calls: int, **arguments) -> None:
    """`calls` calls of `numbered`, in chunks of two rows."""
    arguments = {"row_steps": 0, **arguments}
    with ArchiveWriter(path, header(), chunk_rows=2, **arguments) as writer:
        for call in range(calls):
            writer.add(numbered(call), step=call * STREAMS * STEPS)


if __name__ == "__main__":
    # Never reaches its end: the test kills it.
    write(Path(sys.argv[1]), ENDLESS, resume=True)
