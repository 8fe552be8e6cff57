"""One line of a check: expected, found, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap

Verdict = Literal["ok", "warning", "fault", "skipped"]
"""ok: as expected. warning: works, but look. fault: do not switch torque on. skipped:
could not be looked at, and why."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: group of findings, e.g. "servos".
        item: what was looked at.
        verdict: see `Verdict`.
        expected, found: in words.
        remedy: what a person should do; empty where nothing is.
    """

    topic: str
    item: str
    verdict: Verdict
    expected: str
    found: str
    remedy: str = ""


def judged(
    topic: str,
    item: str,
    *,
    wrong: bool,
    expected: str,
    found: str,
    remedy: str,
    verdict: Verdict = "fault",
) -> Finding:
    """`verdict` and the remedy where something is `wrong`, else a plain ok."""
    return Finding(
        topic=topic,
        item=item,
        verdict=verdict if wrong else "ok",
        expected=expected,
        found=found,
        remedy=remedy if wrong else "",
    )


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether torque may go on: no finding is a fault."""
    return all(finding.verdict != "fault" for finding in findings)


def servo_names(joint_map: JointMap) -> dict[int, str]:
    """What to call each servo: its joint and its id, by id."""
    pairs = zip(JOINT_NAMES, joint_map.servo_ids, strict=True)
    return {servo_id: f"{joint} ({servo_id})" for joint, servo_id in pairs}


def listed(values: Mapping[str, object], most: int = 4) -> str:
    """`name: value` of some, then how many more."""
    texts = [f"{name}: {value}" for name, value in values.items()]
    rest = len(texts) - most
    return "; ".join(texts[:most]) + (f"; and {rest} more" if rest > 0 else "")
