"""A match's record: one MCAP file that Foxglove and the mcap tools open.

Messages are JSON with JSON schemas. All times are match time, so equal matches give
equal files. What is written reaches the disk every second of match time: a record that
ends in a crash reads up to there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from mcap.writer import Writer

from match.commands import Command
from match.errors import MatchError
from match.observation import MatchObservation
from match.officials.periods import period_s
from match.plain import command_to_plain, observation_to_plain, setup_to_plain
from match.rules import RuleBook
from match.schemas import SCHEMAS, schema_of
from match.state import BallPlacement, Decision, MatchState, Teams
from robot.contracts.field import FieldSpec

SETUP_TOPIC = "/match/setup"
COMMAND_TOPIC = "/referee/command"
DECISION_TOPIC = "/referee/decision"
STATE_TOPIC = "/referee/state"
OBSERVATION_TOPIC = "/match/observation"
_FLUSH_EVERY_S = 1.0
_LIBRARY = "op3-soccer"  # not the mcap package's version: equal matches, equal bytes


class MatchRecord:
    """Writes the record. Use it as a context manager: it finishes on any exit.

    Raises:
        MatchError: the file cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("wb")
        except OSError as error:
            raise MatchError(
                "match record",
                [
                    f"expected to create {path}, found: {error.strerror}; "
                    "choose a folder that can be written"
                ],
            ) from error
        self._writer = Writer(self._file)
        self._writer.start(profile="", library=_LIBRARY)
        self._channels: dict[str, int] = {}
        self._sequence: dict[str, int] = {}
        self._flushed_s = 0.0
        self._looks = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, topic: str, time_s: float, message: Mapping[str, Any]) -> None:
        """Append one message; a topic's schema is taken from its first message.

        Raises:
            MatchError: the record is closed, or the message is not plain JSON (numbers
                must be finite).
        """
        if self._closed:
            raise MatchError(
                "match record",
                ["expected an open record, found a closed one; write before close()"],
            )
        try:
            data = json.dumps(message, sort_keys=True, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise MatchError(
                f"message on {topic}",
                [f"expected plain JSON values, found: {error}; convert arrays first"],
            ) from error
        channel = self._channel(topic, message)
        time_ns = round(time_s * 1e9)
        self._writer.add_message(
            channel_id=channel,
            log_time=time_ns,
            publish_time=time_ns,
            data=data,
            sequence=self._sequence[topic],
        )
        self._sequence[topic] += 1
        if time_s - self._flushed_s >= _FLUSH_EVERY_S:
            self._writer.flush()
            self._flushed_s = time_s

    def write_setup(self, rules: RuleBook, field: FieldSpec, teams: Teams) -> None:
        """What the match is refereed by, on /match/setup; once, before all else."""
        self.write(SETUP_TOPIC, 0.0, setup_to_plain(rules, field, teams))

    def write_observation(self, observation: MatchObservation) -> None:
        """One look of the referee, on /match/observation.

        A record that can be refereed again has all of them.
        """
        look = {"look": self._looks, **observation_to_plain(observation)}
        self.write(OBSERVATION_TOPIC, observation.time_s, look)
        self._looks += 1

    def write_command(self, time_s: float, command: Command) -> None:
        """An order that was taken with the look coming next, on /referee/command."""
        order = {"look": self._looks, **command_to_plain(command)}
        self.write(COMMAND_TOPIC, time_s, order)

    def write_decision(self, decision: Decision) -> None:
        """One decision, on /referee/decision."""
        self.write(DECISION_TOPIC, decision.time_s, decision_to_plain(decision))

    def write_state(self, rules: RuleBook, state: MatchState) -> None:
        """Phase, clock and score, on /referee/state; nothing before the first step."""
        if state.time_s is not None:
            self.write(STATE_TOPIC, state.time_s, state_to_plain(rules, state))

    def close(self) -> None:
        """Finish index and file. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            self._writer.finish()
        finally:
            self._file.close()

    def _channel(self, topic: str, message: Mapping[str, Any]) -> int:
        if topic not in self._channels:
            schema = SCHEMAS.get(topic) or schema_of(message, title=topic)
            schema_id = self._writer.register_schema(
                name=topic.strip("/").replace("/", "."),
                encoding="jsonschema",
                data=json.dumps(schema, sort_keys=True).encode(),
            )
            self._channels[topic] = self._writer.register_channel(
                topic=topic, message_encoding="json", schema_id=schema_id
            )
            self._sequence[topic] = 0
        return self._channels[topic]


def decision_to_plain(decision: Decision) -> dict[str, Any]:
    """A decision as JSON values; a ball's placement has neither team nor player."""
    return {
        "number": decision.number,
        "kind": decision.kind.value,
        "time_s": round(decision.time_s, 6),
        "rule": decision.rule,
        "team": decision.team,
        "player": decision.player,
        "reason": decision.reason,
        "evidence": {name: round(value, 6) for name, value in decision.evidence},
        "cause": decision.cause,
        "command": decision.command,
        "placements": [
            {"what": "ball" if isinstance(placed, BallPlacement) else "robot"}
            | asdict(placed)
            for placed in decision.placements
        ],
    }


def state_to_plain(rules: RuleBook, state: MatchState) -> dict[str, Any]:
    """What a spectator's board shows, as JSON values."""
    return {
        "time_s": state.time_s,
        "phase": state.phase.name,
        "period": state.period.value,
        "clock_s": state.clock_s,
        "remaining_s": period_s(rules, state) - state.clock_s,
        "score": list(state.score),
        "restart": state.restart.kind.value,
        "kicking_team": state.kicking_team,
        "ball_in_play": state.ball_in_play,
        "stopped": state.stopped,
        "removed": [
            {"team": track.team, "player": track.player}
            for track in state.robots
            if track.removed_since_s is not None
        ],
    }
