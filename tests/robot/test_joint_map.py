"""The joint map: signs, zeros, and every way it can be wrong."""

from dataclasses import replace

import numpy as np
import pytest

from robot.contracts.errors import ContractError
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import (
    JointMap,
    default_joint_map,
    read_joint_map,
    write_joint_map,
)

DEFAULT = default_joint_map()


def changed(name, **changes):
    return tuple(
        replace(entry, **changes) if entry.joint == name else entry
        for entry in DEFAULT.entries
    )


def test_the_default_map_lists_servos_one_to_twenty_in_canonical_order():
    assert DEFAULT.servo_ids == tuple(range(1, 21))


def test_sign_and_zero_go_both_ways():
    joint_map = JointMap(changed("l_knee", sign=-1, zero_rad=0.1))
    knee = JOINT_NAMES.index("l_knee")
    servo = np.zeros(20)
    servo[knee] = 0.4
    # joint = -1 * (0.4 - 0.1)
    assert joint_map.joint_positions(servo)[knee] == pytest.approx(-0.3)
    assert joint_map.joint_rates(servo)[knee] == pytest.approx(-0.4)
    assert joint_map.servo_positions(joint_map.joint_positions(servo)) == pytest.approx(
        servo
    )


def test_entries_in_another_order_still_map_by_name():
    shuffled = JointMap(tuple(reversed(changed("head_tilt", servo_id=42))))
    assert shuffled.servo_ids == (*range(1, 20), 42)


def test_all_mistakes_of_a_map_come_in_one_error():
    entries = (*changed("r_el", joint="r_elbow", sign=2)[:-1], DEFAULT.entries[0])
    with pytest.raises(ContractError) as caught:
        JointMap(entries)
    known = ", ".join(JOINT_NAMES)
    assert caught.value.faults == (
        "joint r_el: expected one entry, found none",
        "joint head_tilt: expected one entry, found none",
        f"joint r_elbow: expected one of {known}",
        "joint r_sho_pitch: expected one entry, found 2",
        "servo id 1: expected one joint, found 2: r_sho_pitch, r_sho_pitch",
        "joint r_elbow: expected sign 1 or -1, found 2",
    )


def test_other_servos_than_the_map_says_are_listed():
    models = dict.fromkeys(range(1, 21), 1020)
    models[11] = 1120  # an XM540-W270, as one owner has in the hips
    del models[20]
    assert DEFAULT.model_faults(models) == [
        "r_hip_pitch: expected model 1020 at servo id 11, found model 1120",
        "head_tilt: expected servo id 20, found no answer",
    ]


def test_a_map_survives_its_file(tmp_path):
    joint_map = JointMap(changed("l_knee", sign=-1, zero_rad=0.1))
    write_joint_map(tmp_path / "map.json", joint_map)
    assert read_joint_map(tmp_path / "map.json") == joint_map


def test_a_missing_or_broken_file_is_an_error(tmp_path):
    with pytest.raises(ContractError, match="expected a joint map"):
        read_joint_map(tmp_path / "map.json")
    (tmp_path / "map.json").write_text("[{]")
    with pytest.raises(ContractError, match="expected JSON"):
        read_joint_map(tmp_path / "map.json")
