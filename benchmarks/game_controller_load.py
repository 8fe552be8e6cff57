"""Twenty robots hear a game by the wall clock: does anybody miss anything?

python -m benchmarks.game_controller_load [--minutes 10] [--robots 20] [--version 20]

One process leads (20 looks per second, whistle delay on), another holds the robots,
each with its own sockets: it looks 50 times per second and reports at 2 Hz. Both sides
write down what they changed, heard, sent and received. Exit code 1 if anything is
missing.
"""

import argparse
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue

from match.follow import GameHistory
from match.game_controller_lead import GameControllerLead, LeadConfig
from robot.network import StatusSender, game_receiver
from tests.fakes.game_packets import STATUS
from tests.fakes.game_script import WHISTLE_DELAY_S, Event, Heard, script, start
from tests.fakes.ports import free_ports

LOOK_S = 0.05
ROBOTS_LOOK_S = 0.02
REPORT_S = 0.5
GRACE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Ear:
    """What one robot has heard and sent.

    Attributes:
        changes: time [s], kind, team, player, new value.
        lost: packets, by their numbers.
        sent: reports.
        unsent: reports that the network did not take.
    """

    changes: tuple[tuple[float, Heard], ...]
    packets: int
    lost: int
    malformed: int
    sent: int
    unsent: int


def robots(
    config: LeadConfig, count: int, begin_s: float, end_s: float, out: Queue
) -> None:
    """The robots' process; times on the monotonic clock."""
    receivers = [game_receiver(config.control_port) for _ in range(count)]
    senders = [StatusSender("127.0.0.1", config.status_port) for _ in range(count)]
    histories = [GameHistory() for _ in range(count)]
    sent = [0] * count
    out.put("listening")
    while (now_s := time.monotonic()) < end_s + GRACE_S:
        for number in range(count):
            for packet in receivers[number].pending():
                histories[number].hear(packet, now_s - begin_s)
            due_s = begin_s + sent[number] * REPORT_S + number * REPORT_S / count
            if due_s <= now_s and due_s < end_s:
                team, player = number % 2 + 1, number // 2 + 1
                senders[number].send(replace(STATUS, team=team, player=player))
                sent[number] += 1
        time.sleep(ROBOTS_LOOK_S)
    ears = [
        Ear(
            changes=tuple(
                (
                    change.time_s,
                    (change.kind.value, change.team, change.player, change.after),
                )
                for change in history.changes[_first_packet(history) :]
            ),
            packets=history.state.packets,
            lost=history.state.lost,
            malformed=receiver.malformed,
            sent=count,
            unsent=sender.unsent,
        )
        for history, receiver, sender, count in zip(
            histories, receivers, senders, sent, strict=True
        )
    ]
    out.put((ears, time.process_time()))


def _first_packet(history: GameHistory) -> int:
    """How many changes the very first packet made: all that was unknown."""
    first_s = history.changes[0].time_s
    return sum(change.time_s == first_s for change in history.changes)


def lead(
    config: LeadConfig, events: tuple[Event, ...], begin_s: float, end_s: float
) -> int:
    """Lead the game; the number of reports that came in."""
    reports = 0
    control, coming = start(), list(events)
    with GameControllerLead(config, (1, 2)) as leader:
        while (now_s := time.monotonic()) < end_s + GRACE_S:
            time_s = now_s - begin_s
            while coming and coming[0].time_s <= time_s:
                control = coming.pop(0).apply(control)
            clock = replace(control, secs_remaining=max(0, 600 - int(time_s)))
            leader.announce(clock, time_s)
            reports += len(leader.hear(time_s).reports)
            time.sleep(LOOK_S)
        refused = list(leader.refused)
    if refused:
        raise SystemExit(f"expected reports alone, found {refused[:3]}")
    return reports


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--robots", type=int, default=20)
    parser.add_argument("--version", type=int, choices=(20, 19), default=20)
    args = parser.parse_args()
    control, status, monitor, forward, *team = free_ports(7)
    config = LeadConfig(
        version=args.version,
        whistle_delay_s=WHISTLE_DELAY_S,
        control_port=control,
        status_port=status,
        monitor_port=monitor,
        forward_port=forward,
        team_base_port=team[0],
    )
    events = script(args.minutes)
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    begin_s = time.monotonic() + 3.0
    end_s = begin_s + 60.0 * args.minutes
    child = context.Process(
        target=robots, args=(config, args.robots, begin_s, end_s, out)
    )
    child.start()
    out.get()
    began_cpu_s = time.process_time()
    reports = lead(config, events, begin_s, end_s)
    leader_cpu_s = time.process_time() - began_cpu_s
    ears, robots_cpu_s = out.get()
    child.join()
    return _say(events, ears, reports, leader_cpu_s, robots_cpu_s)


def _say(
    events: tuple[Event, ...],
    ears: list[Ear],
    reports: int,
    leader_cpu_s: float,
    robots_cpu_s: float,
) -> int:
    expected = sorted(
        ((event.heard_s, what) for event in events for what in event.heard), key=str
    )
    missed, delays = 0, []
    for ear in ears:
        heard = {what: [] for _, what in expected}
        for time_s, what in ear.changes:
            heard.setdefault(what, []).append(time_s)
        for due_s, what in sorted(expected, key=lambda pair: pair[0]):
            if not heard[what]:
                missed += 1
                continue
            delays.append(heard[what].pop(0) - due_s)
        missed += sum(map(len, heard.values()))  # heard, and never happened
    sent = sum(ear.sent for ear in ears)
    seconds = max(event.time_s for event in events)
    print(f"{len(ears)} robots, {len(expected)} state changes each")
    print(f"  changes missed or invented   {missed} of {len(expected) * len(ears)}")
    print(f"  packets per robot            {min(ear.packets for ear in ears)}")
    print(f"  packets lost                 {sum(ear.lost for ear in ears)}")
    print(f"  malformed                    {sum(ear.malformed for ear in ears)}")
    print(f"  reports sent / received      {sent} / {reports}")
    print(f"  longest from change to robot {max(delays) * 1e3:.0f} ms")
    for who, cpu_s in (("leader", leader_cpu_s), ("all robots", robots_cpu_s)):
        print(f"  CPU, {who:22} {100 * cpu_s / seconds:.1f} % of one core")
    return int(bool(missed) or sent != reports)


if __name__ == "__main__":
    sys.exit(main())
