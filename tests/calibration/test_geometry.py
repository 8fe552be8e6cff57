"""Chain, fit and plan against MuJoCo and OpenCV, without bus or pictures."""

import math
from dataclasses import replace

import cv2
import mujoco
import numpy as np
import pytest

from calibration.camera.detection import Sighting
from calibration.errors import CalibrationError
from calibration.geometry.bundle import Priors
from calibration.geometry.chain import HEAD, op3_chain
from calibration.geometry.clearance import op3_clearance
from calibration.geometry.estimate import (
    Known,
    fit_robot,
    joint_part,
    weak_directions,
)
from calibration.geometry.mounts import FEET, HANDS, MOUNTS
from calibration.geometry.observations import (
    JigReading,
    JointView,
    view_of_row,
    view_row,
)
from calibration.geometry.plan import (
    PlanConfig,
    base_pose,
    head_poses,
    plan_limb_views,
)
from calibration.geometry.rigid import (
    matrix_of_quaternion,
    quaternion_of_matrix,
    rotation_angle,
    rotation_matrix,
)
from calibration.geometry.take import raw_rad
from calibration.held_robot import HIGHEST_RAD, LOWEST_RAD
from robot.camera.v4l2 import C920_NOMINAL
from robot.contracts.calibration import Provenance
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap, default_joint_map
from sim.robot_model import load_op3

MADE = Provenance(
    made="2026-11-28", robot="op3", procedure="", residual="", measurements=1
)
SMALL = PlanConfig(views=10, drawn=4000, heads=24, candidates=30)
MATRIX = np.array(
    [
        [C920_NOMINAL.fx_px, 0, C920_NOMINAL.cx_px],
        [0, C920_NOMINAL.fy_px, C920_NOMINAL.cy_px],
        [0, 0, 1],
    ]
)


class Peer:
    """MuJoCo's kinematics and OpenCV's projection of the same robot."""

    def __init__(self):
        self.model = load_op3().compile()
        self.data = mujoco.MjData(self.model)

    def pose(self, joints):
        for name, angle in zip(JOINT_NAMES, joints, strict=True):
            self.data.joint(name).qpos[:] = angle
        mujoco.mj_kinematics(self.model, self.data)

    def link(self, name):
        """[3, 3], [3] in the torso's frame."""
        torso, link = self.data.body("body_link"), self.data.body(name)
        turn = torso.xmat.reshape(3, 3).T
        return turn @ link.xmat.reshape(3, 3), turn @ (link.xpos - torso.xpos)

    def see(self, name, joints, camera, rng):
        """A plate's corners through the camera on the head, with noise, if in view."""
        self.pose(joints)
        head_r, head_p = self.link(HEAD)
        link_r, link_p = self.link(MOUNTS[name].link)
        eye_r, eye_p = head_r @ camera.rotation, head_r @ camera.position + head_p
        plate = MOUNTS[name].pose
        corners = MOUNTS[name].board.corners_m @ plate.rotation.T + plate.position
        seen = (corners @ link_r.T + link_p - eye_p) @ eye_r
        if seen[:, 2].min() < 0.05:
            return None
        pixels, _ = cv2.projectPoints(seen, np.zeros(3), np.zeros(3), MATRIX, None)
        noisy = pixels.reshape(-1, 2) + rng.normal(0, 0.05, (len(corners), 2))
        if (noisy < 0).any() or (noisy > (640, 480)).any():
            return None
        return Sighting(
            name="", ids=np.arange(len(corners)), pixels=noisy, size_px=(640, 480)
        )


@pytest.fixture(scope="module")
def peer():
    return Peer()


@pytest.fixture(scope="module")
def plans():
    chain, clearance = op3_chain(), op3_clearance(plates=True)
    return {
        group: plan_limb_views(
            group, chain.camera, C920_NOMINAL, Priors(), clearance, SMALL
        )
        for group in (FEET, HANDS)
    }


def test_the_chain_is_mujoco_s(peer):
    joints = np.random.default_rng(1).uniform(-0.3, 0.3, (3, 20))
    for link in (HEAD, "l_ank_roll_link", "r_el_link"):
        batched = op3_chain().pose(link, joints)
        for number, angles in enumerate(joints):
            peer.pose(angles)
            turn, position = peer.link(link)
            assert batched.rotation[number] == pytest.approx(turn, abs=1e-12)
            assert batched.position[number] == pytest.approx(position, abs=1e-12)


def test_rotations_are_opencv_s():
    rng = np.random.default_rng(2)
    for vector in rng.normal(0, 1.2, (20, 3)):
        matrix = rotation_matrix(vector)
        assert matrix == pytest.approx(cv2.Rodrigues(vector)[0], abs=1e-12)
        again = matrix_of_quaternion(np.array(quaternion_of_matrix(matrix)))
        assert again == pytest.approx(matrix, abs=1e-12)
        turned = math.pi - abs(np.linalg.norm(vector) % (2 * math.pi) - math.pi)
        assert rotation_angle(matrix) == pytest.approx(turned, abs=1e-9)
    assert rotation_matrix(np.zeros(3)) == pytest.approx(np.eye(3))


@pytest.mark.parametrize("group", [FEET, HANDS])
def test_planned_motions_stay_within_limits_and_clear(plans, group):
    poses, clearance, base = plans[group], op3_clearance(plates=True), base_pose()
    assert len(poses) == SMALL.views
    moved = set()
    for pose in [*poses, *head_poses(), base]:
        assert (pose >= LOWEST_RAD).all()
        assert (pose <= HIGHEST_RAD).all()
    for pose in poses:
        assert clearance.near(pose) == []
        assert clearance.way_clear(base, pose)
        moved |= {JOINT_NAMES[i] for i in np.flatnonzero(pose != base)}
    limb = "ank_roll" if group == FEET else "el"
    assert {f"l_{limb}", f"r_{limb}", "head_pan", "head_tilt"} <= moved


def test_parts_that_meet_are_named():
    pose = base_pose()
    for name, angle in (("l_hip_roll", 0.4), ("r_hip_roll", -0.4)):
        pose[JOINT_NAMES.index(name)] = angle
    near = op3_clearance(plates=False).near(pose, apart_m=0.0)
    assert ("l_knee_link", "r_knee_link") in near


ZEROS = np.radians(np.random.default_rng(5).uniform(-3, 3, 20))
KNOCK = np.array([0.004, -0.003, 0.005, 0.03, -0.04, 0.02])
TILT = JOINT_NAMES.index("head_tilt")


@pytest.fixture(scope="module")
def measured(peer, plans):
    """Views of a robot whose zeros are 3 degrees off and whose camera was knocked."""
    rng = np.random.default_rng(6)
    camera = op3_chain().camera.moved(KNOCK)
    views = []
    for group, poses in plans.items():
        for number, pose in enumerate(poses):
            seen = {name: peer.see(name, pose, camera, rng) for name in group}
            seen = {name: s for name, s in seen.items() if s is not None}
            name = f"view {group[0]} {number}"
            views.append(JointView(name=name, servo_rad=pose + ZEROS, sightings=seen))
    return [view for view in views if len(view.sightings) == 2] + [
        view for view in views if len(view.sightings) == 1
    ]


def known():
    return Known(
        lens=C920_NOMINAL,
        camera=op3_chain().camera,
        zeros_rad=np.zeros(20),
        priors=Priors(),
    )


JIG = JigReading(
    joint=TILT, servo_rad=ZEROS[TILT], joint_rad=0.0, sigma_rad=math.radians(0.1)
)


def test_zeros_and_camera_come_back(measured):
    fit = fit_robot(measured, [JIG], known())
    error = np.degrees(fit.zeros_rad - ZEROS)
    assert np.sqrt((error**2).mean()) < 0.1
    assert (np.abs(error) < 4 * np.degrees(fit.zeros_sigma_rad)).all()
    truth = op3_chain().camera.moved(KNOCK)
    assert 1000 * fit.camera.position == pytest.approx(1000 * truth.position, abs=1.0)
    off = rotation_angle(truth.rotation.T @ fit.camera.rotation)
    assert math.degrees(off) < 0.1
    # Corner noise of 0.05 px along both axes: 0.07 px.
    assert 0.03 < fit.rms_px < 0.1
    assert weak_directions(fit) == []


def test_without_a_jig_the_fit_says_what_pictures_cannot_tell(measured):
    fit = fit_robot(measured, [], known())
    # The prior of 5 degrees on the zero and of 10 on the camera's pitch share it.
    assert math.degrees(fit.zeros_sigma_rad[TILT]) > 3
    (told,) = weak_directions(fit)
    assert "look the same in every picture" in told
    assert "--jig head_tilt=0" in told
    knee = JOINT_NAMES.index("l_knee")
    assert math.degrees(fit.zeros_sigma_rad[knee]) < 0.7


def test_a_wrong_sighting_and_a_stray_corner_are_left_out(measured):
    spoilt = list(measured)
    wrong = measured[0].sightings["l_foot"]
    moved = Sighting(
        name="", ids=wrong.ids, pixels=wrong.pixels + 12.0, size_px=wrong.size_px
    )
    spoilt[0] = JointView(
        name=measured[0].name,
        servo_rad=measured[0].servo_rad,
        sightings={**measured[0].sightings, "l_foot": moved},
    )
    stray = measured[1].sightings["l_foot"]
    pixels = stray.pixels.copy()
    pixels[3] += 5.0
    sightings = {
        **measured[1].sightings,
        "l_foot": Sighting(name="", ids=stray.ids, pixels=pixels, size_px=(640, 480)),
    }
    spoilt[1] = JointView(
        name=measured[1].name, servo_rad=measured[1].servo_rad, sightings=sightings
    )
    fit = fit_robot(spoilt, [JIG], known())
    out = [(s.view, s.mount) for s in fit.sightings if not s.used]
    assert out == [(measured[0].name, "l_foot")]
    corners = {(s.view, s.mount): len(s.pixels) for s in fit.sightings}
    assert corners[measured[1].name, "l_foot"] == 11
    error = np.degrees(fit.zeros_rad - ZEROS)
    assert np.sqrt((error**2).mean()) < 0.1


def test_views_survive_the_store(measured):
    again = view_of_row(view_row(measured[0]))
    assert again.servo_rad == pytest.approx(measured[0].servo_rad)
    assert set(again.sightings) == set(measured[0].sightings)


def test_nothing_seen_is_no_fit():
    empty = JointView(name="a", servo_rad=np.zeros(20), sightings={})
    with pytest.raises(CalibrationError, match="expected views with boards in them"):
        fit_robot([empty], [], known())


def test_pictures_of_another_size_than_the_lens_s_are_refused(measured):
    small = replace(known(), lens=C920_NOMINAL.at_size(320, 240))
    with pytest.raises(CalibrationError) as refused:
        fit_robot(measured, [], small)
    assert refused.value.faults[0].startswith(
        "expected pictures of 320 x 240 pixels, as the camera was calibrated, found "
        "640 x 480"
    )


def test_zeros_are_servo_angles_also_where_a_horn_is_mirrored(measured):
    knee = JOINT_NAMES.index("l_knee")
    entries = default_joint_map().entries
    mirrored = JointMap(
        tuple(
            replace(entry, sign=-1, zero_rad=0.01) if entry.joint == "l_knee" else entry
            for entry in entries
        )
    )
    # joint = sign (servo - zero): joint 0.3 is servo 0.01 - 0.3, and a fit sees the
    # servo times its sign.
    joints = np.zeros(20)
    joints[knee] = 0.3
    assert raw_rad(joints, mirrored)[knee] == pytest.approx(0.29)
    fit = fit_robot(measured, [JIG], known())
    part = joint_part(fit, JOINT_NAMES, [JIG], mirrored, Priors(), MADE)
    zeros = {zero.joint: zero for zero in part.zeros}
    assert zeros["l_knee"].zero_rad.value == pytest.approx(-fit.zeros_rad[knee])
    assert zeros["r_knee"].zero_rad.value == pytest.approx(fit.zeros_rad[knee - 1])
    assert zeros["head_tilt"].source == "board views and jig"
    assert zeros["l_knee"].source == "board views"


def test_a_zero_that_was_not_measured_is_not_written(measured):
    fit = fit_robot(measured, [], known())
    part = joint_part(fit, JOINT_NAMES, [], default_joint_map(), Priors(), MADE)
    named = {zero.joint for zero in part.zeros}
    # The tilt's zero is as unknown as before: 5 degrees.
    assert named == set(JOINT_NAMES) - {"head_tilt"}
