"""The table of reactions, line by line, on the virtual robot in simulated time."""

import pytest

from robot.reactions import COMPUTER_DEAD, REACTIONS
from tests.fakes.bundles import write_player
from tests.fakes.fault_cases import CASES, FaultCase, try_case

MODES = {
    "limp": "fault",
    "servos stop": "fault",
    "damp": "damped",
    "carry on": "playing",
    "derate": "playing",
    "stand": "playing",
    "freeze": "playing",
    "get up": "playing",
}
"""A third of a second after each reaction."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("player")
    write_player(folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fault_has_its_reaction_in_time(bundles, case: FaultCase):
    rule = REACTIONS[case.rule]
    outcome = try_case(case, bundles)
    assert outcome.took_s is not None, f"no {rule.reaction} after {case.name}"
    assert outcome.took_s <= rule.within_s + 1e-9
    stops = rule.reaction in ("limp", "damp", "servos stop")
    expected = {"computer dead": "", "program error": ""}.get(
        case.rule, case.rule if stops else ""
    )
    assert outcome.reason == expected
    if case.rule != COMPUTER_DEAD:
        assert outcome.mode == MODES[rule.reaction]


def test_every_line_of_the_table_is_tried():
    assert {case.rule for case in CASES} == REACTIONS.keys()
    assert len({case.name for case in CASES}) == len(CASES) >= 25
