"""A recorded match refereed again: the same looks and orders, the same decisions?"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import NonSeekingReader

from match import referee
from match.commands import Command
from match.errors import MatchError
from match.observation import MatchObservation
from match.plain import (
    Plain,
    command_from_plain,
    observation_from_plain,
    setup_from_plain,
)
from match.record import (
    COMMAND_TOPIC,
    DECISION_TOPIC,
    OBSERVATION_TOPIC,
    SETUP_TOPIC,
    decision_to_plain,
)
from match.rules import RuleBook
from match.state import MatchState, Teams
from robot.contracts.field import FieldSpec

Look = tuple[MatchObservation, tuple[Command, ...]]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A match as its record holds it.

    Attributes:
        looks: observations with the orders that were taken with them.
        decisions: as they were written, see `match.record.decision_to_plain`.
        whole: the record was finished; one that ends in a crash is not.
    """

    rules: RuleBook
    field: FieldSpec
    teams: Teams
    looks: tuple[Look, ...]
    decisions: tuple[Plain, ...]
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What came of refereeing it again.

    Attributes:
        decisions: taken this time.
        state: at the end.
        difference: of the first decision that is not as recorded, in words.
    """

    decisions: tuple[Plain, ...]
    state: MatchState
    difference: str | None


def read_recording(path: Path) -> Recording:
    """Everything needed to referee a match again, also from a broken-off record.

    Raises:
        MatchError: there is no such file, it is no record, or it has no setup.
    """
    setup: Plain | None = None
    looks: list[Look] = []
    orders: dict[int, list[Command]] = {}
    decisions: list[Plain] = []
    whole = True
    try:
        for topic, plain in _messages(path):
            if topic == SETUP_TOPIC:
                setup = plain
            elif topic == COMMAND_TOPIC:
                look = plain.pop("look")
                orders.setdefault(look, []).append(command_from_plain(plain))
            elif topic == OBSERVATION_TOPIC:
                taken = tuple(orders.get(len(looks), ()))
                looks.append((observation_from_plain(plain), taken))
            elif topic == DECISION_TOPIC:
                decisions.append(plain)
    except (McapError, struct.error) as error:
        # The reader has a word of its own for a record that ends too soon, but not
        # where its length is cut through.
        whole = False
        if setup is None:
            raise _no_record(path, f"{error!r}") from error
    except OSError as error:
        raise _no_record(path, str(error.strerror)) from error
    if setup is None:
        raise _no_record(path, f"no {SETUP_TOPIC}")
    rules, field, teams = setup_from_plain(setup)
    return Recording(
        rules=rules,
        field=field,
        teams=teams,
        looks=tuple(looks),
        decisions=tuple(decisions),
        whole=whole,
    )


def replay(recording: Recording) -> Replay:
    """Referee the recording from its first look to its last.

    Of a broken-off record the last looks may have lost their decisions.
    """
    state = referee.start(recording.rules, recording.field, recording.teams)
    decisions: list[Plain] = []
    for observation, commands in recording.looks:
        state, new = referee.step(recording.rules, state, observation, commands)
        # The record holds JSON: compare what JSON makes of both.
        decisions += [json.loads(json.dumps(decision_to_plain(d))) for d in new]
    return Replay(
        decisions=tuple(decisions),
        state=state,
        difference=_difference(recording, decisions),
    )


def _difference(recording: Recording, decisions: list[Plain]) -> str | None:
    recorded = recording.decisions
    for index, (old, new) in enumerate(zip(recorded, decisions, strict=False), 1):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                return (
                    f"decision {index}: {key}: recorded {old.get(key)!r}, "
                    f"now {new.get(key)!r}"
                )
    if len(recorded) == len(decisions) or (
        not recording.whole and len(recorded) < len(decisions)
    ):
        return None
    return f"recorded {len(recorded)} decisions, now {len(decisions)}"


def _messages(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open("rb") as file:
        reader = NonSeekingReader(file)
        for _, channel, message in reader.iter_messages(log_time_order=False):
            yield channel.topic, json.loads(message.data)


def _no_record(path: Path, found: str) -> MatchError:
    return MatchError(
        f"match record {path}",
        [
            f"expected a record that can be refereed again, found {found}; "
            "name the match.mcap of a match"
        ],
    )
