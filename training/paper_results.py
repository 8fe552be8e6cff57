"""Trials of the paper suite to rows of results, beside what the papers report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OURS, SCRIPTED = "ours", "scripted"


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A published value and its standard error, where there is one."""

    value: float
    standard_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the results.

    Attributes:
        key: in the JSON object.
        label: for people.
        unit: of its value; "share" for successes over trials.
        protocol: whose trials it is made of.
        roles: skills that take part; a bundle of another role leaves the row as the
            default player has it.
        higher_is_better: else lower.
        is_median: of the trials that succeeded; else their mean. For a share neither.
        paper_simulation, paper_real, paper_scripted: arXiv:2304.13653, Table 1 and set
            pieces; the scripted controller's are measured on the real robot.
    """

    key: str
    label: str
    unit: str
    protocol: str
    roles: tuple[str, ...]
    higher_is_better: bool = True
    is_median: bool = False
    paper_simulation: Reported | None = None
    paper_real: Reported | None = None
    paper_scripted: Reported | None = None


_ALL = ("walk", "getup", "kick", "score")
ROWS: tuple[Row, ...] = (
    Row(
        key="walk_m_s",
        label="walk",
        unit="m/s",
        protocol="walk",
        roles=("walk",),
        paper_simulation=Reported(value=0.51, standard_error=0.01),
        paper_real=Reported(value=0.57, standard_error=0.003),
        paper_scripted=Reported(value=0.20, standard_error=0.005),
    ),
    Row(
        key="turn_rad_s",
        label="turn",
        unit="rad/s",
        protocol="turn",
        roles=("walk",),
        paper_simulation=Reported(value=3.19, standard_error=0.12),
        paper_real=Reported(value=2.85, standard_error=0.19),
        paper_scripted=Reported(value=0.71, standard_error=0.04),
    ),
    Row(
        key="getup_s",
        label="get-up",
        unit="s",
        protocol="getup",
        roles=("getup",),
        higher_is_better=False,
        is_median=True,
        paper_simulation=Reported(value=0.73, standard_error=0.01),
        paper_real=Reported(value=0.93, standard_error=0.12),
        paper_scripted=Reported(value=2.52, standard_error=0.006),
    ),
    Row(
        key="getup_success",
        label="up within 5 s",
        unit="share",
        protocol="getup",
        roles=("getup",),
    ),
    Row(
        key="kick_m_s",
        label="kick",
        unit="m/s",
        protocol="kick",
        roles=("kick",),
        paper_simulation=Reported(value=2.12, standard_error=0.07),
        paper_real=Reported(value=2.02, standard_error=0.26),
        paper_scripted=Reported(value=2.07, standard_error=0.05),
    ),
    Row(
        key="runup_kick_m_s",
        label="run-up kick",
        unit="m/s",
        protocol="runup",
        roles=_ALL,
        paper_real=Reported(value=2.77, standard_error=0.11),
    ),
    Row(
        key="getup_and_shoot",
        label="get up and shoot",
        unit="share",
        protocol="shoot",
        roles=_ALL,
        paper_simulation=Reported(value=0.70, standard_error=0.07),
        paper_real=Reported(value=0.58, standard_error=0.07),
    ),
    Row(
        key="obstacle",
        label="around an opponent",
        unit="share",
        protocol="obstacle",
        roles=_ALL,
        # Avoided 10 of 10, and scored in 9 of them.
        paper_real=Reported(value=1.0),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One trial, as kept in a file.

    Attributes:
        who: `OURS` or `SCRIPTED`.
        protocol: kind of trial.
        number: which repetition.
        posture: a get-up started in; empty for other trials.
        value, success, falls, reason, extra: see `paper_measures.Measured`.
        simulated_s, wall_s: how long it took in both worlds.
    """

    who: str
    protocol: str
    number: int
    posture: str = ""
    value: float | None
    success: bool
    falls: int
    reason: str = ""
    extra: dict[str, float] = field(default_factory=dict)
    simulated_s: float = 0.0
    wall_s: float = 0.0


def results(outcomes: Sequence[Outcome], roles: frozenset[str]) -> dict[str, Any]:
    """The rows as plain values, in the order of `ROWS`; those without trials are out.

    Args:
        outcomes: any number, in any order.
        roles: what the bundle provides; rows without them are marked as the default
            player's.
    """
    found: dict[str, Any] = {}
    for row in ROWS:
        mine = _of(outcomes, OURS, row.protocol)
        if not mine:
            continue
        plain = summary(row, mine)
        plain["unit"] = row.unit
        plain["player"] = "bundle" if roles & set(row.roles) else "default"
        scripted = _of(outcomes, SCRIPTED, row.protocol)
        plain["scripted"] = summary(row, scripted) if scripted else None
        for name in ("paper_simulation", "paper_real", "paper_scripted"):
            reported: Reported | None = getattr(row, name)
            plain[name] = None if reported is None else vars(reported)
        found[row.key] = plain
    return found


def summary(row: Row, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Value and spread of one player's trials of a row; null where none succeeded."""
    count = len(outcomes)
    won = [outcome for outcome in outcomes if outcome.success]
    plain: dict[str, Any] = {
        "value": None,
        "spread": None,
        "trials": count,
        "failures": count - len(won),
        "falls": sum(outcome.falls for outcome in outcomes),
    }
    if row.unit == "share":
        share = len(won) / count
        plain["value"] = share
        plain["spread"] = {"standard_error": math.sqrt(share * (1 - share) / count)}
    else:
        values = [o.value for o in won if o.value is not None]
        plain |= _spread(values, is_median=row.is_median)
    postures = {outcome.posture: 0 for outcome in outcomes if outcome.posture}
    if postures:
        plain["postures"] = {
            posture: _posture([o for o in outcomes if o.posture == posture])
            for posture in postures
        }
    for name in sorted({name for outcome in outcomes for name in outcome.extra}):
        values = [o.extra[name] for o in outcomes if name in o.extra]
        plain.setdefault("more", {})[name] = _spread(values) | {"trials": len(values)}
    return plain


def _posture(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How get-ups from one posture went."""
    won = [o.value for o in outcomes if o.success and o.value is not None]
    share = len(won) / len(outcomes)
    return {
        **_spread(won, is_median=True),
        "success": share,
        "trials": len(outcomes),
        "failures": len(outcomes) - len(won),
    }


def _spread(values: Sequence[float], *, is_median: bool = False) -> dict[str, Any]:
    """Mean or median; standard error of the mean, and quartiles."""
    if not values:
        return {"value": None, "spread": None}
    array = np.array(values)
    low, middle, high = (float(q) for q in np.quantile(array, (0.25, 0.5, 0.75)))
    error = None
    if len(array) > 1:
        error = float(array.std(ddof=1) / math.sqrt(len(array)))
    return {
        "value": middle if is_median else float(array.mean()),
        "spread": {"standard_error": error, "quartiles": [low, high]},
    }


def _of(outcomes: Sequence[Outcome], who: str, protocol: str) -> list[Outcome]:
    return [o for o in outcomes if o.who == who and o.protocol == protocol]
