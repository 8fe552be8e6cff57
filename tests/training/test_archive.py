"""Archives keep every row, survive a kill, and refuse what does not belong together."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from tests.training.archives import (
    STEPS,
    STREAMS,
    header,
    interface,
    numbered,
    write,
)
from training.archive import (
    ArchiveError,
    ArchiveReader,
    ArchiveWriter,
    Trajectory,
    newest_rows,
    open_for_reuse,
    rows_first,
)
from training.archive_check import check_archive
from training.archive_summary import find_archives, histogram

ROOT = Path(__file__).parents[2]


def group_at(path: Path, mode: Any = "r+") -> Any:
    """As any Zarr program opens it."""
    return zarr.open_group(path, mode=mode)


def rows_of(reader: ArchiveReader) -> Trajectory:
    chunks = [reader.read(n).trajectory for n in range(reader.progress.chunks)]
    return Trajectory(*map(np.concatenate, zip(*chunks, strict=True)))


def expected_rows(calls: int) -> Trajectory:
    every = [numbered(call) for call in range(calls)]
    return Trajectory(*map(np.concatenate, zip(*every, strict=True)))


def equal(found: Trajectory, expected: Trajectory) -> None:
    for name in Trajectory._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_what_was_added_is_read_back(tmp_path):
    write(tmp_path, 3)
    reader = ArchiveReader(tmp_path)
    # 3 calls x 2 environments = 6 rows of 4 steps, 2 rows a chunk.
    assert (reader.progress.chunks, reader.progress.rows) == (3, 6)
    assert reader.progress.steps == 24
    equal(rows_of(reader), expected_rows(3))
    assert reader.read(1).step.tolist() == [8, 8]
    assert reader.read(1).stream.tolist() == [0, 1]


def test_any_zarr_reader_opens_it_and_finds_its_specifications(tmp_path):
    write(tmp_path, 2)
    group = group_at(tmp_path, "r")
    counted = group["progress"].attrs["rows"]
    # Row 2 is environment 0's in call 1.
    np.testing.assert_array_equal(group["reward"][:counted], np.ones((4, STEPS)))
    assert group["observation"][2, 0, 0] == 1000.0
    assert group.attrs["interface"]["action"]["scale"] == 0.5
    assert group.attrs["fingerprint"] == interface().fingerprint


def test_buffers_may_be_overwritten_after_each_call(tmp_path):
    buffers = Trajectory(*(np.array(part) for part in numbered(0)))
    with ArchiveWriter(tmp_path, header(), chunk_rows=64, row_steps=0) as writer:
        writer.add(buffers, step=0)
        buffers.observation[:] = -1.0
    np.testing.assert_array_equal(
        ArchiveReader(tmp_path).read(0).trajectory.observation, numbered(0).observation
    )


def test_a_chunk_closed_early_holds_only_its_rows(tmp_path):
    with ArchiveWriter(tmp_path, header(), chunk_rows=64, row_steps=0) as writer:
        writer.add(numbered(0), step=0)
        writer.flush()
        writer.add(numbered(1), step=8)
    reader = ArchiveReader(tmp_path)
    assert reader.progress.short == ((0, 2), (1, 2))
    assert reader.rows_in(0) == 2
    equal(rows_of(reader), expected_rows(2))


def test_short_calls_are_joined_to_long_rows(tmp_path):
    with ArchiveWriter(tmp_path, header(), chunk_rows=2, row_steps=6) as writer:
        for call in range(2):
            writer.add(numbered(call), step=call * 8)
    chunks = [ArchiveReader(tmp_path).read(n) for n in range(2)]
    # 2 calls x 4 steps = a row of 6 and one of 2, closed early.
    first, last = (chunk.trajectory.observation[0, :, 0] for chunk in chunks)
    assert first.tolist() == [0, 1, 2, 3, 1000, 1001]
    assert last.tolist() == [1002, 1003, 0, 0, 0, 0]
    assert [chunk.length.tolist() for chunk in chunks] == [[6, 6], [2, 2]]
    # The second row began after 6 steps of 2 environments.
    assert [chunk.step.tolist() for chunk in chunks] == [[0, 0], [12, 12]]


def test_returns_of_episodes_run_on_across_rows(tmp_path):
    cut = np.zeros((STREAMS, STEPS), bool)
    cut[0, 1] = True
    with ArchiveWriter(tmp_path, header(), chunk_rows=2, row_steps=0) as writer:
        writer.add(numbered(0), step=0)
        writer.add(numbered(1)._replace(cut=cut, ended=cut), step=8)
        writer.add(numbered(2)._replace(cut=~cut & (np.arange(4) == 3)), step=16)
    episodes = ArchiveReader(tmp_path).episodes()
    # Rewards are 1: environment 0 ends after 4 + 2 steps, then after 2 + 4;
    # environment 1 after 4 + 4 + 4.
    assert episodes.total.tolist() == [6, 6, 12]
    assert episodes.length.tolist() == [6, 6, 12]
    assert episodes.step.tolist() == [8, 16, 16]


def test_rows_of_a_rollout_are_its_environments():
    steps = Trajectory(*(np.swapaxes(part, 0, 1) for part in numbered(0)))
    assert steps.reward.shape == (STEPS, STREAMS)
    equal(rows_first(steps), numbered(0))


def test_privileged_observations_are_kept(tmp_path):
    extra = np.arange(STREAMS * STEPS * 5, dtype=np.float32).reshape(2, 4, 5)
    with ArchiveWriter(tmp_path, header(), row_steps=0) as writer:
        writer.add(numbered(0)._replace(privileged=extra), step=0)
    found = ArchiveReader(tmp_path).read(0).trajectory.privileged
    np.testing.assert_array_equal(found, extra)


def test_a_reader_sees_more_as_the_run_writes(tmp_path):
    with ArchiveWriter(tmp_path, header(), chunk_rows=2, row_steps=0) as writer:
        writer.add(numbered(0), step=0)
        writer.flush()
        reader = ArchiveReader(tmp_path)
        assert reader.progress.rows == 2
        writer.add(numbered(1), step=8)
        writer.flush()
        assert reader.progress.rows == 2
        reader.refresh()
        assert reader.progress.rows == 4
        equal(rows_of(reader), expected_rows(2))


def test_a_killed_writer_loses_no_committed_chunk(tmp_path):
    """One writer after another is killed, at random times, creation included."""
    place, seen, delays = tmp_path / "a", 0, random.Random(0)
    for attempt in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.training.archives", str(place)], cwd=ROOT
        )
        try:
            if attempt:
                _wait_for_rows(place, seen)
            time.sleep(delays.uniform(0.0, 0.2))
            # What is committed before the kill must be there after it.
            seen = max(seen, _rows(place))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen = _check_killed(place, seen)
    assert seen > 0


def _wait_for_rows(place: Path, more_than: int) -> None:
    for _ in range(3000):
        if _rows(place) > more_than:
            return
        time.sleep(0.02)
    raise AssertionError("the writer wrote nothing within a minute")


def _rows(place: Path) -> int:
    try:
        return ArchiveReader(place).progress.rows
    except ArchiveError:
        return 0


def _check_killed(place: Path, seen: int) -> int:
    """Every committed row is whole and in its place; none seen before is gone."""
    rows = _rows(place)
    assert rows >= seen
    if not rows:
        return 0
    reader = ArchiveReader(place)
    assert check_archive(reader).faults == ()
    found = rows_of(reader)
    # Each writer counts its calls from 0: rows must go 0, 1, 2 ... and start anew.
    calls = found.observation[::STREAMS, 0, 0] / 1000
    steps = np.diff(calls)
    assert calls[0] == 0
    assert set(steps[calls[1:] != 0]) <= {1.0}
    np.testing.assert_array_equal(
        found.observation[1::STREAMS, 0, 0] - found.observation[::STREAMS, 0, 0], 10.0
    )
    return rows


def test_what_a_kill_left_unfinished_is_never_read(tmp_path):
    """A chunk without its count, as a kill between the two steps of a commit leaves."""
    write(tmp_path, 2)
    group = group_at(tmp_path)
    group["reward"][4:6] = 99.0
    assert ArchiveReader(tmp_path).progress.rows == 4
    write(tmp_path, 1, resume=True)
    reader = ArchiveReader(tmp_path)
    np.testing.assert_array_equal(reader.read(2).trajectory.reward, np.ones((2, 4)))


def test_resuming_goes_on_where_the_archive_ends(tmp_path):
    write(tmp_path, 2)
    with ArchiveWriter(tmp_path, header(), row_steps=0, resume=True) as writer:
        writer.add(numbered(2), step=16)
    equal(rows_of(ArchiveReader(tmp_path)), expected_rows(3))


def test_a_second_writer_is_refused(tmp_path):
    with (
        ArchiveWriter(tmp_path, header()),
        pytest.raises(ArchiveError, match="expected no other writer, found one"),
    ):
        ArchiveWriter(tmp_path, header(), resume=True)


def test_an_archive_is_not_overwritten(tmp_path):
    write(tmp_path, 1)
    with pytest.raises(ArchiveError, match="expected no archive yet, found one; pass"):
        ArchiveWriter(tmp_path, header())


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ArchiveError, match="or an empty folder, found other files"):
        ArchiveWriter(tmp_path, header())
    other = tmp_path / "other"
    zarr.create_group(other, attributes={"owner": "somebody"})
    with pytest.raises(ArchiveError, match="found another Zarr group"):
        ArchiveWriter(other, header(), resume=True)


def test_rows_of_another_shape_are_refused(tmp_path):
    with ArchiveWriter(tmp_path, header(), row_steps=0) as writer:
        writer.add(numbered(0), step=0)
        wider = np.zeros((STREAMS, STEPS, 7), np.float32)
        with pytest.raises(ArchiveError, match=r"'observation': \(4, 7\)"):
            writer.add(numbered(1)._replace(observation=wider), step=8)


def test_reuse_names_every_archive_that_does_not_fit(tmp_path):
    write(tmp_path / "good", 1)
    write(tmp_path / "fine", 1)
    wanted = interface(action={"joints": ["head_pan", "head_tilt"], "scale": 0.25})
    with pytest.raises(ArchiveError) as refused:
        open_for_reuse([tmp_path / "good", tmp_path / "none"], wanted)
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert "action.scale: expected 0.25, found 0.5" in lines[0]
    assert "leave this archive out, or run the task it was recorded with" in lines[0]
    assert "expected an archive of trajectories, found none" in lines[1]
    good = open_for_reuse([tmp_path / "good", tmp_path / "fine"], interface())
    assert [reader.progress.rows for reader in good] == [2, 2]


def test_the_fingerprint_changes_with_any_part():
    changed = [
        interface(),
        interface(task="getup"),
        interface(observation={"terms": [{"name": "gyro", "size": 2}]}),
        interface(privileged={"terms": []}),
        interface(action={"joints": ["head_pan", "head_tilt"], "scale": 0.25}),
    ]
    assert len({one.fingerprint for one in changed}) == len(changed)
    assert replace(changed[0]).fingerprint == changed[0].fingerprint


def test_the_header_is_read_back_as_written(tmp_path):
    written = header(
        config={"seed": 3}, commit="abc", learner="ppo", reused=("runs/a", "runs/b")
    )
    with ArchiveWriter(tmp_path, written, row_steps=0) as writer:
        writer.add(numbered(0), step=0)
    assert ArchiveReader(tmp_path).header == written


def test_a_header_changed_by_hand_is_noticed(tmp_path):
    write(tmp_path, 1)
    group = group_at(tmp_path)
    group.attrs["interface"] = dict(group.attrs["interface"]) | {"task": "getup"}
    with pytest.raises(ArchiveError, match="changed after writing"):
        ArchiveReader(tmp_path)


def test_damage_is_found_by_its_checksum(tmp_path):
    write(tmp_path, 3)
    file = tmp_path / "reward" / "c" / "1" / "0"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (fault,) = check_archive(ArchiveReader(tmp_path)).faults
    assert "expected chunk 1 of reward whole, found it damaged" in fault


def test_a_lost_file_is_found(tmp_path):
    """Zarr would read zeros where a chunk's file is gone."""
    write(tmp_path, 3)
    os.remove(tmp_path / "cut" / "c" / "2" / "0")
    (fault,) = check_archive(ArchiveReader(tmp_path)).faults
    assert "expected chunk 2 of cut whole, found it damaged (no file" in fault


def test_numbers_that_are_not_finite_are_found(tmp_path):
    bad = numbered(0)
    bad.observation[1, 2, 0] = np.nan
    with ArchiveWriter(tmp_path, header(), row_steps=0) as writer:
        writer.add(bad, step=0)
    (fault,) = check_archive(ArchiveReader(tmp_path)).faults
    assert fault == "chunk 0: observation: expected finite numbers, found 1 others"


def test_the_newest_rows_come_oldest_first_and_say_where_gaps_are(tmp_path):
    write(tmp_path, 3)
    # A resumed run went back to a checkpoint at step 8.
    with ArchiveWriter(tmp_path, header(), row_steps=0, resume=True) as writer:
        writer.add(numbered(7), step=8)
    parts = list(newest_rows(ArchiveReader(tmp_path), STREAMS, 12))
    starts = [steps.observation[0, 0, 0] for steps, _ in parts]
    # 12 steps of each environment: the last 3 sets of 4.
    assert starts == [1000, 2000, 7000]
    assert [follows for _, follows in parts] == [True, False, False]


def test_a_set_of_rows_that_a_kill_broke_is_left_out(tmp_path):
    with ArchiveWriter(tmp_path, header(), chunk_rows=3, row_steps=0) as writer:
        for call in range(3):
            writer.add(numbered(call), step=call * 8)
        # As killed now: of 6 rows the last 3 may not be there.
        writer.flush()
    group = group_at(tmp_path / "progress")
    group.attrs.update({"chunks": 1, "rows": 3, "steps": 12})
    write(tmp_path, 1, resume=True)
    starts = [
        steps.observation[0, 0, 0]
        for steps, _ in newest_rows(ArchiveReader(tmp_path), STREAMS, 100)
    ]
    assert starts == [0, 0]


def test_archives_are_found_below_a_folder(tmp_path):
    write(tmp_path / "runs" / "b", 1)
    write(tmp_path / "runs" / "a", 1)
    zarr.create_group(tmp_path / "runs" / "foreign")
    found = find_archives(tmp_path)
    assert found == [tmp_path / "runs" / "a", tmp_path / "runs" / "b"]


def test_a_location_may_be_a_url(tmp_path):
    place = "memory://an-archive"
    with ArchiveWriter(place, header(), row_steps=0) as writer:
        writer.add(numbered(0), step=0)
    equal(rows_of(ArchiveReader(place)), numbered(0))
    with pytest.raises(ArchiveError, match="expected a folder or a URL fsspec can"):
        ArchiveReader("nowhere://bucket")


def test_a_histogram_counts_every_episode_once():
    # Two bins over 0 to 4: 0 and 1 in the first, 2 and 4 in the second.
    assert histogram(np.array([0.0, 1.0, 2.0, 4.0]), 2) == [(0, 2, 2), (2, 4, 2)]
    assert histogram(np.zeros(0)) == []
