"""An overhead camera 4 m above the pitch, and two robots with tags under it."""

import math
from functools import cache

from match.eyes.overhead import OverheadTracker
from match.eyes.squad import RobotTag, Squad
from match.eyes.tags import cells_of, tag_picture
from match.eyes.view import OverheadView, looking_down
from robot.contracts.camera import pinhole
from sim.arena import Arena
from sim.overhead_view import TagPlate, tagged_arena

HEIGHT_M = 4.0
CAMERA = pinhole(1280, 720, 2 * math.atan(2.45 / HEIGHT_M))  # 4.9 m of floor: 147 px/m
SIDES = ("home", "away")
PLATE_M = 0.16
TORSO_M = 0.236
"""Height of the torso's origin in a standing robot."""
TAGS = tuple(
    RobotTag(
        tag_id=number,
        team=number + 1,
        player=1,
        side_m=PLATE_M * cells_of("36h11") / (cells_of("36h11") + 2),
    )
    for number in range(len(SIDES))
)
SQUAD = Squad(tags=TAGS)
VIEW: OverheadView = looking_down(CAMERA, height_m=HEIGHT_M)


@cache
def arena() -> Arena:
    """The 1v1 arena with a plate on each robot, where `TAGS` says, and the camera."""
    plates = {
        side: TagPlate(
            picture=tag_picture("36h11", tag.tag_id, 16),
            side_m=PLATE_M,
            place_m=(tag.forward_m, tag.left_m, tag.height_m - TORSO_M),
        )
        for side, tag in zip(SIDES, TAGS, strict=True)
    }
    return tagged_arena(plates, CAMERA, height_m=HEIGHT_M)


def tracker() -> OverheadTracker:
    return OverheadTracker(VIEW, SQUAD)
