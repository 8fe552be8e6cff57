"""Where boards are fixed: plates on feet and hands, the stand board in the room.

Feet: a stiff sheet held flat under the sole, the plate on its upper side before the
toes. Hands: a wedge of 45 degrees on the hand's upper side when the arm points
forward, facing up and back to the head.
"""

from dataclasses import dataclass

import numpy as np

from calibration.camera.boards import PLATES, STAND_BOARD, BoardSpec
from calibration.geometry.rigid import FloatArray, Pose
from sim.robot_model import TORSO

STAND = "stand"
_TOE_X_M = 0.0875
_SOLE_Z_M = -0.0305
_SOLE_Y_M = 0.013
"""Of op3.xml's sole boxes, in the ankle's frame; left, the right one mirrored."""
_GAP_M = 0.010
"""Bare sheet between toes and plate."""
_HAND_Y_M = 0.135
_HAND_X_M = 0.020
"""Lower edge of a hand's plate along the forearm and above its axis."""


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A board fixed to something.

    Attributes:
        board: which.
        link: of the robot that carries it; the torso's frame for the stand board,
            since the torso is held.
        pose: nominal, of the board on the link; None if it has to be found.
    """

    board: BoardSpec
    link: str
    pose: Pose | None


def _foot(board: BoardSpec, side: float) -> Pose:
    width, height = board.size_m
    # Seen from the head: right is -y, down the picture is back, into it is down.
    turn = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    corner = (_TOE_X_M + _GAP_M + height, side * _SOLE_Y_M + width / 2, _SOLE_Z_M)
    return Pose(turn, np.array(corner))


def _hand(board: BoardSpec, side: float) -> Pose:
    width, height = board.size_m
    half = np.sqrt(0.5)
    up = np.array([half, side * half, 0.0])
    facing = np.array([half, -side * half, 0.0])
    right = np.cross(up, facing)
    foot = np.array([_HAND_X_M, side * _HAND_Y_M, 0.0])
    corner = foot + height * up - width / 2 * right
    return Pose(np.stack([right, -up, -facing], axis=-1), corner)


MOUNTS: dict[str, Mount] = {
    STAND: Mount(board=STAND_BOARD, link=TORSO, pose=None),
    "l_foot": Mount(
        board=PLATES["l_foot"],
        link="l_ank_roll_link",
        pose=_foot(PLATES["l_foot"], 1.0),
    ),
    "r_foot": Mount(
        board=PLATES["r_foot"],
        link="r_ank_roll_link",
        pose=_foot(PLATES["r_foot"], -1.0),
    ),
    "l_hand": Mount(
        board=PLATES["l_hand"], link="l_el_link", pose=_hand(PLATES["l_hand"], 1.0)
    ),
    "r_hand": Mount(
        board=PLATES["r_hand"], link="r_el_link", pose=_hand(PLATES["r_hand"], -1.0)
    ),
}

FEET = ("l_foot", "r_foot")
HANDS = ("l_hand", "r_hand")
PLATED = FEET + HANDS


def outline_m(board: BoardSpec) -> FloatArray:
    """[4, 3] corners of the printed squares, board frame."""
    low = board.picture_origin_m
    high = low + board.size_m
    return np.array(
        [
            (low[0], low[1], 0.0),
            (high[0], low[1], 0.0),
            (high[0], high[1], 0.0),
            (low[0], high[1], 0.0),
        ]
    )
