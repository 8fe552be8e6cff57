"""What a session plays: teams, format, match length and rules, from one small file.

    name = "walks"
    match_s = 60.0
    repeats = 2
    seed = 7

    [[teams]]
    name = "learned"
    bundle = "policies"

    [[teams]]
    name = "scripted"
    bundle = "policies/scripted"

The same in JSON does as well. Bundle folders are relative to the plan's own folder.
"""

import json
import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_type_hints

import match.rules
from match.errors import MatchError
from match.rules import RuleBook
from robot.contracts.codec import from_plain, to_plain

HIGHEST_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class TeamEntry:
    """One team of a session.

    Attributes:
        name: shown everywhere; no two teams share one.
        bundle: folder of one policy bundle, or of several (walk, getup, kick).
        number: team number that its real robot is started with (`robot run --team`);
            None for its place in the plan. Virtual robots are 1 at home and 2 away.
    """

    name: str
    bundle: str
    number: int | None = None

    def __post_init__(self) -> None:
        for name in ("name", "bundle"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name}: expected a word, found none")
        if self.number is not None and not 1 <= self.number <= 254:
            raise ValueError(f"number: expected 1 to 254, found {self.number}")


@dataclass(frozen=True, kw_only=True)
class SessionPlan:
    """A round robin: each pair of teams meets on both sides, several times.

    Attributes:
        name: printed on the report.
        teams: two or more.
        match_s: length of a match on the match clock, s.
        rule_book: name of the rule book; see `rule_books`.
        rules: numbers of the rule book that are different here, by field name.
        swap_sides: play every pairing twice on one seed, second with swapped sides.
        repeats: how often the whole round robin is played, on new seeds.
        limit: play the first so many fixtures only; None for all.
        seed: all seeds of matches follow from it.
        restarts: how often a match whose process died is begun anew.
        stall_s: a match that shows no progress for this long, on the wall clock,
            counts as dead.
        clips_per_match: how many goals of a match are filmed; of virtual robots.
        pitch: who plays: virtual robots, or real ones that people have started.
    """

    name: str
    teams: tuple[TeamEntry, ...]
    match_s: float = 120.0
    rule_book: str = "lab 1v1"
    rules: dict[str, float] = field(default_factory=dict)
    swap_sides: bool = True
    repeats: int = 1
    limit: int | None = None
    seed: int = 1
    restarts: int = 2
    stall_s: float = 300.0
    clips_per_match: int = 2
    pitch: Literal["virtual", "real"] = "virtual"

    def __post_init__(self) -> None:
        faults = []
        names = [team.name for team in self.teams]
        if len(names) < 2:
            faults.append(f"teams: expected two or more, found {len(names)}")
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            faults.append(f"teams: expected different names, found {doubled} twice")
        numbers = list(self.numbers.values())
        if len(set(numbers)) < len(numbers):
            faults.append(f"teams: expected different numbers, found {numbers}")
        for name in ("match_s", "stall_s"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                faults.append(f"{name}: expected seconds > 0, found {value}")
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            if value is not None and value < lowest:
                faults.append(f"{name}: expected {lowest} or more, found {value}")
        if self.seed > HIGHEST_SEED:
            faults.append(f"seed: expected {HIGHEST_SEED} or less, found {self.seed}")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def numbers(self) -> dict[str, int]:
        """Of the teams' real robots, by name."""
        return {
            team.name: place if team.number is None else team.number
            for place, team in enumerate(self.teams, 1)
        }


_LOWEST = {
    "repeats": 1,
    "limit": 1,
    "seed": 0,
    "restarts": 0,
    "clips_per_match": 0,
}


def load_plan(path: Path) -> SessionPlan:
    """Read a plan, `.toml` or `.json`.

    Raises:
        MatchError: the file cannot be read, or names rules that there are not.
        ContractError: unknown, missing or ill-typed fields; lists them all.
    """
    subject = f"plan {path}"
    readers = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix not in readers:
        fault = f"expected a .toml or .json file, found {path.name!r}"
        raise MatchError(subject, [fault])
    try:
        plain = readers[path.suffix](path.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"expected a file to read, found: {error.strerror}; check the path"
        raise MatchError(subject, [fault]) from None
    except ValueError as error:
        fault = f"expected {path.suffix[1:].upper()}, found: {error}; repair that line"
        raise MatchError(subject, [fault]) from None
    plan = from_plain(SessionPlan, plain, subject=subject)
    rules_of(plan)
    return plan


def plan_to_plain(plan: SessionPlan) -> dict[str, Any]:
    """The plan as JSON values, with the defaults written out."""
    return to_plain(plan)


def rule_books() -> dict[str, RuleBook]:
    """All rule books that `match.rules` defines, by name."""
    found = vars(match.rules).values()
    return {book.name: book for book in found if isinstance(book, RuleBook)}


def rules_of(plan: SessionPlan) -> RuleBook:
    """The rule book with the plan's numbers put in.

    Raises:
        MatchError: no such rule book, no such number in it, or an impossible one.
    """
    books = rule_books()
    if plan.rule_book not in books:
        choices = ", ".join(sorted(books))
        fault = f"rule_book: expected one of {choices}; found {plan.rule_book!r}"
        raise MatchError(f"plan {plan.name!r}", [fault])
    kinds = _number_fields()
    unknown = sorted(set(plan.rules) - set(kinds))
    if unknown:
        choices = ", ".join(sorted(kinds))
        fault = f"rules: expected some of {choices}; found {', '.join(unknown)}"
        raise MatchError(f"plan {plan.name!r}", [fault])
    changes: dict[str, Any] = {}
    for name, value in plan.rules.items():
        whole = kinds[name] is not float
        if whole and not value.is_integer():
            fault = f"rules.{name}: expected a whole number, found {value}"
            raise MatchError(f"plan {plan.name!r}", [fault])
        changes[name] = int(value) if whole else value
    values = {f.name: getattr(books[plan.rule_book], f.name) for f in fields(RuleBook)}
    return RuleBook(**values | changes)


def _number_fields() -> dict[str, type[float] | type[int]]:
    """Fields of a rule book that hold a number, and of which kind."""
    hints = get_type_hints(RuleBook)
    kinds: dict[Any, type[float] | type[int]] = {
        float: float,
        int: int,
        float | None: float,
        int | None: int,
    }
    return {name: kinds[hint] for name, hint in hints.items() if hint in kinds}
