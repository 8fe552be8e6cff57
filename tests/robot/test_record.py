"""The onboard log, read back by its own reader and by the mcap package's."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader

from robot.contracts.joints import JOINT_NAMES
from robot.faults import Fault, RuntimeFault
from robot.record import schemas
from robot.record.log_reader import read_log
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.segments import SegmentConfig
from tests.fakes.records import NONE, cycles, sensors

ROOT = Path(__file__).parents[2]


def config(folder, *, inline=True, queue_items=250, **files):
    return RecorderConfig(
        files=SegmentConfig(folder=folder, **files),
        inline=inline,
        queue_items=queue_items,
    )


def write(folder, records, facts=None, **settings):
    with Recorder(config(folder, **settings), facts) as recorder:
        for record in records:
            recorder.cycle(record)
    return recorder.statistics


def test_a_cycle_comes_back_with_its_values(tmp_path):
    (first, *_) = cycles(0.1)
    write(tmp_path, [first], facts={"bundle": "policies/walk"})
    log = read_log(tmp_path)
    (cycle,) = log.topic(schemas.CYCLE_TOPIC)
    assert log.complete
    assert log.facts == {"bundle": "policies/walk"}
    assert log.joints == JOINT_NAMES
    assert (cycle.time_s, cycle.mode, cycle.skill) == (100.0, "playing", "walk")
    # Angles are float32: 24 bits for values up to 1, half a unit in the last place.
    assert cycle.position_rad == pytest.approx(
        np.sin(np.arange(20) * 0.1 + 200), abs=6e-8
    )
    assert cycle.target_rad[3] - cycle.position_rad[3] == pytest.approx(0.01, abs=1e-6)
    assert cycle.gyro_rad_s == pytest.approx([0.1, -0.2, 0.3])
    assert list(cycle.gravity) == [0.0, 0.0, -1.0]
    assert (cycle.voltage_v, cycle.read_s) == pytest.approx((11.8, 3e-3))
    (servo,) = log.topic(schemas.SERVO_TOPIC)
    assert (servo.joint, servo.temperature_c) == (JOINT_NAMES[0], 40)


def test_what_the_cycle_did_not_have_stays_empty(tmp_path):
    (first, *_) = cycles(0.01)
    fresh = ~NONE
    fresh[[3, 17]] = False
    bare = replace(
        first, mode="ready", verdict=None, skill=None, request=None, timing=None,
        health=None, policy_step=False, sensors=sensors(100.0, fresh=fresh),
    )  # fmt: skip
    write(tmp_path, [bare])
    log = read_log(tmp_path)
    (cycle,) = log.topic(schemas.CYCLE_TOPIC)
    assert list(cycle.target_rad) == []
    assert list(cycle.silent) == [3, 17]
    assert set(log.messages) == {schemas.CYCLE_TOPIC, schemas.LOG_TOPIC}


def test_modes_notes_and_faults_become_lines_of_text(tmp_path):
    (first, second, *_) = cycles(0.1)
    fault = Fault(reason="servo silent", expected="an answer", found="none", remedy="x")
    last = replace(second, mode="fault", fault=fault, notes=("fast read fell back",))
    again = replace(last, notes=(), time_s=last.time_s + 0.008)
    write(tmp_path, [first, last, again])
    lines = [(m.level, m.message) for m in read_log(tmp_path).topic(schemas.LOG_TOPIC)]
    assert lines == [
        (schemas.INFO, "mode playing"),
        (schemas.INFO, "mode fault (was playing)"),
        (schemas.INFO, "fast read fell back"),
        (schemas.ERROR, "servo silent: expected an answer, found none; x"),
    ]


def test_pictures_packets_and_notes_are_kept(tmp_path):
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    with Recorder(config(tmp_path)) as recorder:
        recorder.picture(12.25, image)
        recorder.packet(12.5, "sent", b"\xff\xff\xfd\x00")
        recorder.note(12.75, "operator: kick off")
    log = read_log(tmp_path)
    (picture,) = log.topic(schemas.CAMERA_TOPIC)
    assert picture.format == "png"
    assert (picture.timestamp.seconds, picture.timestamp.nanos) == (12, 250_000_000)
    decoded = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    assert (decoded[..., ::-1] == image).all()
    (packet,) = log.topic(schemas.PACKET_TOPIC)
    assert (packet.direction, packet.data) == ("sent", b"\xff\xff\xfd\x00")
    assert log.topic(schemas.LOG_TOPIC)[0].message == "operator: kick off"


def test_foxglove_finds_its_own_schemas_described_in_the_file(tmp_path):
    write(tmp_path, cycles(0.5))
    (path,) = tmp_path.glob("*.mcap")
    with path.open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        times = [m.log_time for _, _, m in reader.iter_messages()]
    assert summary is not None
    found = {c.topic: summary.schemas[c.schema_id] for c in summary.channels.values()}
    assert {c.message_encoding for c in summary.channels.values()} == {"protobuf"}
    assert {schema.encoding for schema in found.values()} == {"protobuf"}
    assert found["/robot/joints"].name == "foxglove.JointStates"
    assert found["/robot/log"].name == "foxglove.Log"
    # 62 cycles of 8 ms from second 100 on, in nanoseconds.
    assert (min(times), max(times)) == (100_000_000_000, 100_488_000_000)
    kinds = schemas.classes_of(found["/robot/joints"].data, ["foxglove.JointStates"])
    fields = kinds["foxglove.JointStates"].DESCRIPTOR.fields_by_name
    # Field numbers as in foxglove-sdk, schemas/proto/foxglove/JointStates.proto.
    assert {name: field.number for name, field in fields.items()} == {
        "timestamp": 1,
        "joints": 2,
    }


def test_joint_states_name_their_joints(tmp_path):
    (first, *_) = cycles(0.01)
    write(tmp_path, [first])
    (states,) = read_log(tmp_path).topic(schemas.JOINTS_TOPIC)
    assert [joint.name for joint in states.joints] == list(JOINT_NAMES)
    assert states.joints[2].position == np.sin(0.2 + 200)
    assert not states.joints[2].HasField("effort")


def test_the_writing_thread_loses_nothing_at_the_loops_pace(tmp_path):
    with Recorder(config(tmp_path, inline=False)) as recorder:
        for record in cycles(0.8):
            recorder.cycle(record)
            time.sleep(0.001)
    statistics = recorder.statistics
    assert statistics.dropped == 0
    assert statistics.notice is None
    assert len(read_log(tmp_path).topic(schemas.CYCLE_TOPIC)) == 100


def test_a_full_queue_drops_and_counts_instead_of_waiting(tmp_path):
    (record, *_) = cycles(0.01)
    with Recorder(config(tmp_path, inline=False, queue_items=10)) as recorder:
        for _ in range(1000):  # far faster than the thread's 20 ms
            recorder.cycle(record)
        time.sleep(0.1)
        recorder.cycle(record)
        time.sleep(0.1)
    statistics = recorder.statistics
    log = read_log(tmp_path)
    assert statistics.dropped >= 900
    kept = len(log.topic(schemas.CYCLE_TOPIC))
    assert kept + statistics.dropped == 1001
    told = [m for m in log.topic(schemas.LOG_TOPIC) if m.level == schemas.WARNING]
    assert "records dropped" in told[0].message


def test_rotation_keeps_the_newest_and_stays_in_its_bounds(tmp_path):
    limit = 256 * 1024
    statistics = write(tmp_path, cycles(60), segment_bytes=limit, segments=2)
    sizes = [path.stat().st_size for path in tmp_path.glob("*.mcap")]
    assert len(sizes) == 2
    assert max(sizes) <= limit
    assert min(sizes) < limit  # a bound that nothing reaches would test nothing
    assert statistics.segments > 3
    assert statistics.bytes == sum(sizes)
    assert statistics.notice is not None
    assert "oldest files were deleted" in statistics.notice
    log = read_log(tmp_path)
    times = log.column(schemas.CYCLE_TOPIC, "time_s")
    assert log.complete
    assert times[-1] == pytest.approx(100 + 60 - 0.008)
    # No cycle is missing between the first that was kept and the last.
    assert np.diff(times) == pytest.approx(np.full(len(times) - 1, 0.008))


def test_a_log_that_may_not_rotate_stops_with_a_notice(tmp_path):
    limit = 256 * 1024
    statistics = write(
        tmp_path, cycles(60), segment_bytes=limit, segments=2, when_full="stop"
    )
    sizes = [path.stat().st_size for path in tmp_path.glob("*.mcap")]
    assert len(sizes) == 2
    assert sum(sizes) <= 2 * limit
    assert statistics.notice is not None
    assert "are the limit" in statistics.notice
    log = read_log(tmp_path)
    kept = log.column(schemas.CYCLE_TOPIC, "time_s")
    assert log.complete
    assert kept[0] == 100.0
    assert len(kept) + statistics.dropped == pytest.approx(7500, abs=1)


WRITER = """
import sys, time
from pathlib import Path
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.segments import SegmentConfig
from tests.fakes.records import cycles
recorder = Recorder(RecorderConfig(files=SegmentConfig(folder=Path(sys.argv[1]))))
start_s = time.monotonic()
for record in cycles(60, start_s=start_s):
    time.sleep(max(0.0, record.time_s - time.monotonic()))
    recorder.cycle(record)
    print(record.time_s, flush=True)
"""


def test_kill_minus_nine_loses_at_most_the_last_second(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdout is not None
    first = told = float(process.stdout.readline())
    while told - first < 2.3:
        told = float(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    told = float(rest[-1]) if rest else told
    log = read_log(tmp_path)
    times = log.column(schemas.CYCLE_TOPIC, "time_s")
    assert not log.complete
    assert times[0] == pytest.approx(first)
    assert told - times[-1] <= 1.0
    assert np.diff(times) == pytest.approx(np.full(len(times) - 1, 0.008))


def test_a_log_cut_at_any_byte_reads_up_to_the_cut(tmp_path):
    write(tmp_path / "whole", cycles(8))
    (path,) = (tmp_path / "whole").glob("*.mcap")
    data = path.read_bytes()
    random = np.random.default_rng(5)
    counts = []
    for cut in sorted(random.integers(len(data) // 3, len(data) - 1, 25).tolist()):
        (tmp_path / "cut.mcap").write_bytes(data[:cut])
        log = read_log(tmp_path / "cut.mcap")
        assert not log.complete
        counts.append(len(log.topic(schemas.CYCLE_TOPIC)))
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] <= 1000


def test_a_damaged_byte_ends_the_log_before_it(tmp_path):
    write(tmp_path / "whole", cycles(8))
    (path,) = (tmp_path / "whole").glob("*.mcap")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    log = read_log(path)
    assert not log.complete
    assert 0 < len(log.topic(schemas.CYCLE_TOPIC)) < 1000


def test_a_folder_that_holds_a_log_is_refused(tmp_path):
    write(tmp_path, cycles(0.1))
    with pytest.raises(RuntimeFault, match="name a new folder"):
        Recorder(config(tmp_path))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeFault, match="choose a folder that can be written"):
        Recorder(config(tmp_path / "file" / "log"))


@contextmanager
def files_no_larger_than(limit_bytes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_ends_the_log_and_not_the_robot(tmp_path):
    with files_no_larger_than(100_000), Recorder(config(tmp_path)) as recorder:
        for record in cycles(30):
            recorder.cycle(record)
    statistics = recorder.statistics
    assert statistics.notice == "recording ended: [Errno 27] File too large"
    assert statistics.dropped > 500
    log = read_log(tmp_path)
    assert not log.complete
    assert len(log.topic(schemas.CYCLE_TOPIC)) > 100


@pytest.mark.parametrize("content", [b"", b"not MCAP", None])
def test_what_is_no_log_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "x.mcap"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeFault, match="give the folder named when the robot"):
        read_log(path)


def test_a_log_of_a_match_is_no_robots_log(tmp_path):
    from match.record import MatchRecord

    with MatchRecord(tmp_path / "match.mcap") as record:
        record.write("/a", 0.0, {"x": 1})
    with pytest.raises(RuntimeFault, match="no message that can be read"):
        read_log(tmp_path / "match.mcap")


def test_settings_out_of_range_are_named_together(tmp_path):
    with pytest.raises(
        ValueError, match=r"segment_bytes.*segments: expected at least 1"
    ):
        SegmentConfig(folder=tmp_path, segment_bytes=10, segments=0)
    files = SegmentConfig(folder=tmp_path)
    with pytest.raises(ValueError, match=r"queue_items.*poll_s: expected > 0"):
        RecorderConfig(files=files, queue_items=0, poll_s=0)


def test_a_log_can_be_opened_from_its_first_moment_on(tmp_path):
    files = SegmentConfig(folder=tmp_path)
    with Recorder(RecorderConfig(files=files, flush_every_s=60.0)) as recorder:
        recorder.note(12.5, "first words")
        end_s = time.monotonic() + 10
        while not recorder.statistics.bytes and time.monotonic() < end_s:
            time.sleep(0.01)
        (note,) = read_log(tmp_path).topic(schemas.LOG_TOPIC)
    assert note.message == "first words"


def test_a_log_broken_off_before_its_first_message_still_says_what_it_is(tmp_path):
    files = SegmentConfig(folder=tmp_path)
    settings = RecorderConfig(files=files, flush_every_s=60.0)
    with Recorder(settings, {"bundle": "policies/walk"}):
        log = read_log(tmp_path)
    assert log.facts == {"bundle": "policies/walk"}
    assert log.joints == JOINT_NAMES
    assert not log.complete
    assert len(log.topic(schemas.CYCLE_TOPIC)) == 0
