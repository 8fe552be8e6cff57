"""The page about the runtime says what the code does."""

import re
from pathlib import Path

from firmware_bridge.wire_time import cycle_bytes
from robot.modes import TRANSITIONS
from robot.reactions import REACTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "runtime.md").read_text()


def test_the_drawing_shows_every_transition_and_no_other():
    drawn = re.findall(r"^ +(\w+) --> (\w+): (.+)$", PAGE, re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {
        (before, after, event) for (before, event), after in TRANSITIONS.items()
    }


def test_the_page_lists_every_reaction():
    section = PAGE.split("## Reactions")[1]
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith("| trouble")
    ]
    assert rows == [
        (
            trouble,
            rule.sign,
            rule.reaction,
            f"{1000 * rule.within_s:.0f} ms",
            "yes" if rule.lasting else "no",
        )
        for trouble, rule in REACTIONS.items()
    ]


def test_the_page_states_the_wire_time_of_the_real_frames():
    for fast in (True, False):
        frames = cycle_bytes(20, fast=fast)
        wire_ms = 1000 * frames.wire_s(2_000_000, return_delay_code=1)
        assert f"{frames.total} bytes and {wire_ms:.2f} ms" in PAGE.replace("\n", " ")
