"""Key poses to joint targets."""

import numpy as np
import pytest

from robot.scripted.motion import (
    BODY_JOINTS,
    STAND_RAD,
    KeyPose,
    compile_track,
    ease,
    mirrored,
    sample,
    stack_tracks,
)

LEFT_KNEE, RIGHT_KNEE = BODY_JOINTS.index("l_knee"), BODY_JOINTS.index("r_knee")
BEND = KeyPose(name="bend", duration_s=0.4, pose_rad={"l_knee": 2.0})
BOTH = KeyPose(name="both", duration_s=0.2, pose_rad={"knee": 1.0})


def test_a_name_without_a_side_sets_the_left_joint_and_mirrors_the_right() -> None:
    pose = compile_track((BOTH,)).pose_rad[0]
    assert pose[LEFT_KNEE] == 1.0
    assert pose[RIGHT_KNEE] == -1.0


def test_joints_left_out_keep_the_pose_before_beginning_with_the_stand() -> None:
    second = KeyPose(name="arm", duration_s=0.2, pose_rad={"l_el": -1.0})
    track = compile_track((BEND, second))
    assert track.pose_rad[1, LEFT_KNEE] == 2.0
    assert track.pose_rad[1, RIGHT_KNEE] == STAND_RAD[RIGHT_KNEE]
    np.testing.assert_allclose(track.end_s, [0.4, 0.6])


def test_the_mirror_image_bends_the_other_knee_the_other_way() -> None:
    pose = mirrored(compile_track((BEND,))).pose_rad[0]
    assert pose[RIGHT_KNEE] == -2.0
    assert pose[LEFT_KNEE] == STAND_RAD[LEFT_KNEE]


def test_a_piece_is_half_way_at_half_its_time_and_holds_after_the_end() -> None:
    tracks = stack_tracks((compile_track((BEND,)),))
    start = np.zeros(18)
    for time_s, expected in ((0.0, 0.0), (0.2, 1.0), (0.4, 2.0), (9.0, 2.0)):
        target = sample(tracks, np.array(0), start, np.array(time_s))
        assert target[LEFT_KNEE] == pytest.approx(expected)


def test_a_batch_can_mix_tracks_of_different_length() -> None:
    tracks = stack_tracks((compile_track((BEND,)), compile_track((BEND, BOTH))))
    which, time = np.array([0, 1]), np.array([0.6, 0.6])
    target = sample(tracks, which, np.zeros((2, 18)), time)
    np.testing.assert_allclose(target[:, LEFT_KNEE], [2.0, 1.0])


def test_easing_is_level_at_both_ends() -> None:
    share = np.array([-1.0, 0.0, 0.001, 0.5, 0.999, 1.0, 2.0])
    eased = ease(share)
    np.testing.assert_allclose(eased[[0, 1, 3, 5, 6]], [0, 0, 0.5, 1, 1])
    assert eased[2] < 1e-5
    assert eased[4] > 1 - 1e-5


def test_an_unknown_joint_is_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown joints l_tail; expected some of"):
        KeyPose(name="wag", duration_s=0.1, pose_rad={"l_tail": 0.0})


def test_a_piece_without_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="expected duration_s > 0, found 0"):
        KeyPose(name="jump", duration_s=0.0, pose_rad={})
