"""Reads all joints once per cycle: fast if possible, else plain, past the silent."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import units
from firmware_bridge.bus_types import (
    BusConfig,
    BusStatistics,
    JointReadings,
    ServoStatistics,
)
from firmware_bridge.fast_read import PREFIX_SIZE, check_fast
from firmware_bridge.group_read import GroupAnswer, GroupReader
from firmware_bridge.link import Link
from firmware_bridge.packet import ALERT_BIT
from firmware_bridge.xm430 import XM430_W350

_START = XM430_W350["present_current"].address
_SIZE = XM430_W350["present_position"].end - _START
JOINT_BYTES = _SIZE
"""Current, velocity and position of one servo."""
_MOTION = [("current", "<i2"), ("velocity", "<i4"), ("ticks", "<i4")]
_BLOCK = np.dtype([("error", "u1"), ("id", "u1"), *_MOTION, ("crc", "<u2")])
_DATA = np.dtype(_MOTION)
_SUBJECT = "reading the joints"
_PLAUSIBLE = {
    "ticks": (-4096, 8192),
    "velocity": (-2047, 2047),
    "current": (-2047, 2047),
}
"""Counts a servo in position mode can mean: a turn beyond its own either way, 49 rad/s,
5.5 A. A CRC of 16 bits lets one in 65536 of badly garbled answers pass."""


class JointReader:
    """The state behind `ServoBus.read_joints`: who is silent, is fast working."""

    def __init__(self, link: Link, servo_ids: Sequence[int], config: BusConfig):
        self._link = link
        self._ids = tuple(servo_ids)
        self._config = config
        self._reader = GroupReader(link, _START, _SIZE)
        self._rows = {servo_id: row for row, servo_id in enumerate(self._ids)}
        self._asked = self._ids
        self._misses = np.zeros(len(self._ids), np.int64)
        self._fast = config.fast_read
        self._fast_misses = 0
        self._plain_reads = 0
        self._reads = 0
        self._fast_failures = 0
        count = len(self._ids)
        self._silent, self._corrupted, self._refused, self._fallbacks = np.zeros(
            (4, count), np.int64
        )

    def read(self) -> JointReadings:
        """Ask every servo that is not left out; see `ServoBus.read_joints`."""
        with self._link.within(self._config.patience.read_s):
            return self._read()

    def _read(self) -> JointReadings:
        self._reads += 1
        probing = len(self._asked) < len(self._ids) and (
            self._reads % self._config.probe_reads == 0
        )
        if not self._fast:
            self._count_plain_read()
        answer = GroupAnswer()
        if self._fast and self._asked:
            raw = self._reader.fast_bytes(_SUBJECT, self._asked)
            if self._asked == self._ids:
                readings = self._all_fresh(raw)
                if readings is not None:
                    self._fast_misses = 0
                    return readings
            self._take_fast(raw, answer)
        first_try = set(answer.errors)
        self._ask_again(answer)
        if probing and self._link.left_ms > 0:
            left_out = [i for i in self._ids if i not in self._asked]
            self._reader.plain(_SUBJECT, left_out, answer)
        return self._digest(answer, first_try)

    def _ask_again(self, answer: GroupAnswer) -> None:
        """A plain read of those that are missing, if there is time for it."""
        missing = [i for i in self._asked if i not in answer.errors]
        if not missing or self._link.left_ms <= 0:
            return
        if answer.errors and missing[0] not in answer.damaged:
            # The frame broke off at this servo: it is silent. Waiting for it a second
            # time would cost the others their cycle.
            del missing[0]
            if missing:
                self._reader.plain(_SUBJECT, missing, answer)
            return
        self._reader.plain(_SUBJECT, missing, answer)
        if self._fast and missing[0] in answer.errors:
            # It speaks when asked plainly, so the fast read is to blame.
            self._count_fast_miss()

    def statistics(self) -> BusStatistics:
        """Counters so far."""
        answered = self._reads - self._silent - self._refused
        columns = (answered, self._silent, self._corrupted, self._refused)
        servos = {}
        for row, servo_id in enumerate(self._ids):
            values = [int(column[row]) for column in (*columns, self._fallbacks)]
            servos[servo_id] = ServoStatistics(
                answered=values[0],
                silent=values[1],
                corrupted=values[2],
                refused=values[3],
                fallbacks=values[4],
            )
        return BusStatistics(
            servos=servos,
            reads=self._reads,
            fast_failures=self._fast_failures,
            fast_active=self._fast,
            left_out=tuple(i for i in self._ids if i not in self._asked),
        )

    def _count_plain_read(self) -> None:
        self._plain_reads += 1
        if self._config.fast_read and self._plain_reads > self._config.fast_retry_reads:
            # One failure more and plain reads are back.
            self._fast = True
            self._fast_misses = self._config.fast_failures - 1
            self._plain_reads = 0

    def _all_fresh(self, raw: bytes) -> JointReadings | None:
        """Readings straight from a fast answer, if everything is right with it."""
        if check_fast(raw, self._ids, _SIZE).intact < len(self._ids):
            return None
        blocks = np.frombuffer(raw, _BLOCK, offset=PREFIX_SIZE)
        errors = blocks["error"]
        if (errors & ~np.uint8(ALERT_BIT)).any() or not _plausible(blocks).all():
            return None
        if self._misses.any():
            self._misses[:] = 0
        return _readings(
            blocks, np.ones(len(errors), np.bool_), (errors & ALERT_BIT) != 0
        )

    def _take_fast(self, raw: bytes, answer: GroupAnswer) -> None:
        if self._reader.take_fast(raw, self._asked, answer):
            self._fast_misses = 0
            return
        self._fast_failures += 1

    def _count_fast_miss(self) -> None:
        self._fast_misses += 1
        if self._fast_misses >= self._config.fast_failures:
            self._fast = False
            self._plain_reads = 0

    def _digest(self, answer: GroupAnswer, first_try: set[int]) -> JointReadings:
        """Count, decide whom to leave out, and convert."""
        count = len(self._ids)
        values = np.zeros(count, _DATA)
        answered = np.zeros(count, np.bool_)
        alert = np.zeros(count, np.bool_)
        for row, servo_id in enumerate(self._ids):
            error = answer.errors.get(servo_id)
            self._corrupted[row] += servo_id in answer.damaged
            if error is None:
                self._silent[row] += 1
                # With nobody speaking, the line is at fault and not the servo.
                self._misses[row] += bool(answer.errors)
                continue
            self._misses[row] = 0
            alert[row] = bool(error & ALERT_BIT)
            data = answer.data.get(servo_id)
            if data is None or len(data) != _SIZE:
                self._refused[row] += 1
                continue
            values[row] = np.frombuffer(data, _DATA)[0]
            answered[row] = bool(_plausible(values[row]))
            if not answered[row]:
                self._corrupted[row] += 1
                self._silent[row] += 1
                continue
            self._fallbacks[row] += bool(first_try) and servo_id not in first_try
        self._asked = self._order()
        return _readings(values, answered, alert)

    def _order(self) -> tuple[int, ...]:
        """Whom to ask next: those that missed last, behind everyone they could stop."""
        misses = dict(zip(self._ids, self._misses.tolist(), strict=True))
        asked = [i for i in self._ids if misses[i] < self._config.silent_reads]
        return tuple(sorted(asked, key=lambda servo_id: misses[servo_id] > 0))


def _plausible(values: NDArray[np.void]) -> NDArray[np.bool_]:
    """[n] whether current, velocity and position can be real."""
    good = np.ones(values.shape, np.bool_)
    for name, (low, high) in _PLAUSIBLE.items():
        good &= (values[name] >= low) & (values[name] <= high)
    return good


def _readings(
    values: NDArray[np.void], answered: NDArray[np.bool_], alert: NDArray[np.bool_]
) -> JointReadings:
    position = units.ticks_to_rad(values["ticks"])
    velocity = units.counts_to_rad_s(values["velocity"])
    current = units.counts_to_a(values["current"])
    if not answered.all():
        for column in (position, velocity, current):
            column[~answered] = np.nan
    return JointReadings(
        position_rad=position,
        velocity_rad_s=velocity,
        current_a=current,
        answered=answered,
        alert=alert,
    )
