"""Rows of results from trials written down by hand."""

import json
import math

import pytest

from training.paper_results import OURS, ROWS, SCRIPTED, Outcome, results

WALKER = frozenset({"walk"})


def outcome(who, protocol, number, value, **changes):
    plain = {"success": value is not None, "falls": 0} | changes
    return Outcome(who=who, protocol=protocol, number=number, value=value, **plain)


def test_speeds_are_means_with_their_standard_error_over_what_succeeded():
    trials = [
        outcome(OURS, "walk", 0, 0.5),
        outcome(OURS, "walk", 1, 0.7),
        outcome(OURS, "walk", 2, None, falls=1),
        outcome(SCRIPTED, "walk", 0, 0.2),
    ]
    row = results(trials, WALKER)["walk_m_s"]
    assert row["value"] == pytest.approx(0.6)
    # Deviation sqrt(2 x 0.1^2 / 1) = 0.1414, over sqrt(2): 0.1.
    assert row["spread"]["standard_error"] == pytest.approx(0.1)
    assert row["spread"]["quartiles"] == pytest.approx([0.55, 0.65])
    assert (row["trials"], row["failures"], row["falls"]) == (3, 1, 1)
    assert row["scripted"]["value"] == pytest.approx(0.2)
    assert row["scripted"]["spread"]["standard_error"] is None


def test_getups_have_a_median_a_share_and_both_by_posture():
    trials = [
        outcome(OURS, "getup", number, value, posture=posture)
        for number, (posture, value) in enumerate(
            [("front", 1.0), ("back", 2.0), ("front", 5.0), ("back", None)]
        )
    ]
    found = results(trials, frozenset({"getup"}))
    # Of 1, 2 and 5 s; the mean would be 2.67 s.
    assert found["getup_s"]["value"] == 2.0
    assert found["getup_success"]["value"] == 0.75
    # sqrt(0.75 x 0.25 / 4) = 0.2165.
    error = found["getup_success"]["spread"]["standard_error"]
    assert error == pytest.approx(math.sqrt(3) / 8)
    back = found["getup_s"]["postures"]["back"]
    assert (back["success"], back["value"], back["trials"]) == (0.5, 2.0, 2)


def test_rows_without_the_bundles_role_are_marked_as_the_default_players():
    trials = [outcome(OURS, name, 0, 1.0) for name in ("walk", "kick", "shoot")]
    found = results(trials, WALKER)
    players = {key: found[key]["player"] for key in found}
    assert players == {
        "walk_m_s": "bundle",
        "kick_m_s": "default",
        "getup_and_shoot": "bundle",
    }


def test_nothing_that_succeeded_is_null_and_json():
    row = results([outcome(OURS, "kick", 0, None)], WALKER)["kick_m_s"]
    assert (row["value"], row["spread"], row["failures"]) == (None, None, 1)
    assert row["scripted"] is None
    json.dumps(row, allow_nan=False)


def test_what_trials_tell_besides_is_averaged_where_it_is_told():
    trials = [
        outcome(OURS, "shoot", 0, 1.0, extra={"touch_s": 4.0}),
        outcome(OURS, "shoot", 1, 0.0, success=False, extra={"touch_s": 6.0}),
        outcome(OURS, "shoot", 2, 0.0, success=False),
    ]
    row = results(trials, WALKER)["getup_and_shoot"]
    assert row["value"] == pytest.approx(1 / 3)
    assert row["more"]["touch_s"]["value"] == 5.0
    assert row["more"]["touch_s"]["trials"] == 2


def test_the_papers_numbers_are_those_of_its_table_1():
    published = {
        row.key: (row.paper_simulation, row.paper_real)
        for row in ROWS
        if row.paper_real is not None
    }
    values = {
        key: tuple(None if side is None else side.value for side in sides)
        for key, sides in published.items()
    }
    # Table 1: simulation, real; 35 and 29 of 50 shots; avoided 10 of 10.
    assert values == {
        "walk_m_s": (0.51, 0.57),
        "turn_rad_s": (3.19, 2.85),
        "getup_s": (0.73, 0.93),
        "kick_m_s": (2.12, 2.02),
        "runup_kick_m_s": (None, 2.77),
        "getup_and_shoot": (35 / 50, 29 / 50),
        "obstacle": (None, 1.0),
    }
