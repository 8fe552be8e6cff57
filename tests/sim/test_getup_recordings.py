"""Postures along a get-up: from the floor to the stand."""

from pathlib import Path

from robot.policy import load_bundle
from sim.getup_recordings import record_getups
from sim.tasks.getup_starts import GetupStarts

SCRIPT = load_bundle(Path(__file__).parents[2] / "policies" / "scripted" / "getup")


def test_recordings_lead_from_the_floor_to_the_stand():
    found = record_getups(SCRIPT, worlds=3, every_s=1.0, seed=5)
    # 3 worlds x (1 + 5 s / 1 s)
    assert len(found) == 18
    assert max(state.height_m for state in found[:3]) < 0.15
    assert min(state.tilt_rad for state in found[:3]) > 1.0
    highest = max(found, key=lambda state: state.height_m)
    # The stand's 0.236 m, a little air added.
    assert 0.22 < highest.height_m < 0.25
    assert highest.tilt_rad < 0.3
    assert GetupStarts(recorded=found, recorded_share=0.1).recorded_rows.shape == (
        18,
        23,
    )
