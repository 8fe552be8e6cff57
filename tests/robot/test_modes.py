"""Modes: torque comes only after the checks, and never back."""

from itertools import product
from typing import get_args

import pytest

from robot.modes import RUNNING, TORQUE_ON, TRANSITIONS, Event, Mode, mode_after


def test_torque_comes_only_after_the_checks_and_a_fault_is_final():
    mode: Mode = "off"
    for event in ("checked", "torque on", "standing"):
        mode = mode_after(mode, event)
    assert mode == "playing"
    assert mode_after(mode, "failed") == "fault"
    assert {mode_after("fault", e) for e in ("stopped", "failed")} == {"fault"}
    with pytest.raises(
        ValueError, match="mode off: expected one of checked, stopped, failed"
    ):
        mode_after("off", "torque on")


def test_no_way_leads_back_to_torque_once_it_was_given_up():
    reached, frontier = {"damped", "fault"}, {"damped", "fault"}
    while frontier:
        frontier = {
            following
            for (mode, event), following in TRANSITIONS.items()
            # A new start by a person is the only way out of off.
            if mode in frontier and event != "checked"
        } - reached
        reached |= frontier
    assert reached == {"damped", "fault", "off"}


def test_torque_goes_on_by_one_event_only():
    ways = [
        (mode, event)
        for (mode, event), following in TRANSITIONS.items()
        if following in TORQUE_ON and mode not in TORQUE_ON
    ]
    assert ways == [("ready", "torque on")]


def test_every_mode_can_be_stopped_and_can_fail():
    for mode, event in product(get_args(Mode), ("stopped", "failed")):
        assert mode_after(mode, event) in ("off", "fault")
    assert {event for _, event in TRANSITIONS} == set(get_args(Event))
    assert {"ready", "armed", "playing", "damped"} == RUNNING
