"""Reading one range of registers from many servos, losing none that speaks.

Written anew because the SDK's group reads throw the error bytes away and give up all
servos behind the first silent one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from firmware_bridge.fast_read import PREFIX_SIZE, check_fast, fast_answer_size
from firmware_bridge.link import Link
from firmware_bridge.packet import (
    ALERT_BIT,
    BROADCAST_ID,
    Instruction,
    StreamParser,
    encode,
    status_size,
)


@dataclass(slots=True)
class GroupAnswer:
    """What a group read brought, by servo id.

    Attributes:
        data: register bytes of servos that answered without error.
        errors: error bytes of all that answered intact, alert bit included.
        damaged: servos whose answer arrived with a wrong CRC.
    """

    data: dict[int, bytes] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    damaged: set[int] = field(default_factory=set)

    def take(self, servo_id: int, error: int, data: bytes) -> None:
        """Note one intact answer."""
        self.errors[servo_id] = error
        if not error & ~ALERT_BIT:
            self.data[servo_id] = data


class GroupReader:
    """Sync reads of one register range; remembers the requests it has built."""

    def __init__(self, link: Link, address: int, size: int):
        self._link = link
        self._size = size
        self._range = address.to_bytes(2, "little") + size.to_bytes(2, "little")
        self._requests: dict[tuple[int, tuple[int, ...]], bytes] = {}

    def fast_bytes(self, subject: str, ids: tuple[int, ...]) -> bytes:
        """The raw answer to a fast sync read, perhaps incomplete."""
        size = fast_answer_size([self._size] * len(ids))
        request = self._request(Instruction.FAST_SYNC_READ, ids)
        return self._link.exchange(subject, request, size)

    def take_fast(self, raw: bytes, ids: tuple[int, ...], answer: GroupAnswer) -> bool:
        """Sort a raw fast answer into `answer`; True if all of it was right."""
        checked = check_fast(raw, ids, self._size)
        step = self._size + 4
        for index, servo_id in enumerate(ids[: checked.intact]):
            start = PREFIX_SIZE + index * step
            data = raw[start + 2 : start + 2 + self._size]
            answer.take(servo_id, raw[start], data)
        if checked.damaged:
            answer.damaged.add(ids[checked.intact])
        return checked.intact == len(ids)

    def plain(self, subject: str, ids: Sequence[int], answer: GroupAnswer) -> None:
        """Plain sync read of `ids` into `answer`."""
        request = self._request(Instruction.SYNC_READ, tuple(ids))
        sizes = dict.fromkeys(ids, self._size)
        collect(self._link, subject, request, sizes, answer)

    def _request(self, instruction: int, ids: tuple[int, ...]) -> bytes:
        key = (instruction, ids)
        request = self._requests.get(key)
        if request is None:
            request = encode(BROADCAST_ID, instruction, self._range + bytes(ids))
            self._requests[key] = request
        return request


def collect(
    link: Link,
    subject: str,
    request: bytes,
    sizes: Mapping[int, int],
    answer: GroupAnswer,
) -> None:
    """Send a request that several devices answer, each in a frame of its own.

    Args:
        link: to ask over.
        subject: for the error message.
        request: whole frame.
        sizes: data bytes expected, by device id.
        answer: what comes in is added here.
    """
    parser = StreamParser()
    missing = dict(sizes)
    with link.guarded(subject):
        link.begin(subject, request)
        while missing:
            data = link.receive(sum(map(status_size, missing.values())))
            if not data:
                link.settle()
                return
            for frame in parser.feed(data):
                size = missing.pop(frame.packet_id, None)
                if size is None:
                    continue
                if frame.intact and len(frame.data) in (0, size):
                    answer.take(frame.packet_id, frame.error, frame.data)
                else:
                    answer.damaged.add(frame.packet_id)
