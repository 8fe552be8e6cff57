"""What a snapshot must be."""

import numpy as np
import pytest

from match.errors import MatchError
from match.page.panel import side_by_side
from match.teams import Team
from robot.contracts.game_control import TeamColour
from tests.match.page.views import AWAY, HOME, control, team_info, view


def test_pictures_and_teams_that_do_not_fit_are_named() -> None:
    other = Team(number=9, name="other", colour=TeamColour.GREEN)
    with pytest.raises(MatchError) as caught:
        view(
            control=control(team_info(HOME), team_info(other)),
            pictures={
                "grey": np.zeros((2, 2), dtype=np.uint8),
                "float": np.zeros((2, 2, 3)),
            },
        )
    assert caught.value.faults == (
        "control: expected teams [1, 2], found [1, 9]",
        "picture 'grey': expected uint8 [H, W, 3], found uint8 [2, 2]",
        "picture 'float': expected uint8 [H, W, 3], found float64 [2, 2, 3]",
    )


def test_names_by_number() -> None:
    assert view().team_name(2) == AWAY.name


def test_pictures_stand_side_by_side_at_one_height() -> None:
    red = np.full((30, 40, 3), (255, 0, 0), dtype=np.uint8)
    blue = np.full((450, 450, 3), (0, 0, 255), dtype=np.uint8)
    strip = side_by_side({"red": red, "blue": blue})
    # 225 px high: 40 / 30 * 225 = 300 px, a gap of 6 px, 225 px.
    assert strip.shape == (225, 300 + 6 + 225, 3)
    assert tuple(strip[100, 150]) == (255, 0, 0)
    assert tuple(strip[100, 303]) == (0, 0, 0)
    assert tuple(strip[100, 400]) == (0, 0, 255)
