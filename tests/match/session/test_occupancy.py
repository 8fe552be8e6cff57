"""Where everything was, on a grid; paths in files."""

import numpy as np
import pytest

from match.errors import MatchError
from match.occupancy import add_match, empty_occupancy, grid_edges, paths_within
from match.paths import Paths
from match.paths_file import read_paths, write_paths
from robot.contracts.field import FieldSpec

FIELD = FieldSpec()
PATHS = Paths(
    ball=np.array([[0.0, 0.04, 0.04], [1.0, 0.06, 0.04], [2.0, 1.04, -0.96]]),
    robots={
        (1, 1): np.array([[0.0, -1.04, 0.02], [1.0, -1.04, 0.02]]),
        (2, 1): np.array([[0.0, 2.04, 1.0]]),
    },
)


def cell(x_m, y_m):
    x, y = grid_edges(FIELD)
    return int(np.searchsorted(x, x_m)) - 1, int(np.searchsorted(y, y_m)) - 1


def test_cells_are_a_tenth_of_a_metre():
    x, y = grid_edges(FIELD)
    # 2.5 m half pitch and 0.4 m goal; 2 m half pitch and 0.12 m ramp, in 42 cells.
    assert (x[0], x[-1], len(x)) == (-2.9, 2.9, 59)
    assert (y[0], y[-1], len(y)) == (-2.12, 2.12, 43)


def test_samples_are_counted_where_they_were():
    found = add_match(empty_occupancy(FIELD), PATHS, team=1, turn=False, field=FIELD)
    assert found.ball.sum() == 3
    assert found.ball[cell(0.05, 0.04)] == 2
    assert found.ball[cell(1.04, -0.96)] == 1
    assert found.robots.sum() == found.robots[cell(-1.04, 0.02)] == 2


def test_a_team_that_attacked_the_other_way_is_turned():
    first = add_match(empty_occupancy(FIELD), PATHS, team=1, turn=False, field=FIELD)
    found = add_match(first, PATHS, team=2, turn=True, field=FIELD)
    assert found.ball[cell(-1.04, 0.96)] == 1
    assert found.robots[cell(-2.04, -1.0)] == 1


def test_only_what_was_played():
    played = paths_within(PATHS, [(0.5, 1.5)])
    assert played.ball.tolist() == [[1.0, 0.06, 0.04]]
    assert played.robots[2, 1].shape == (0, 3)


def test_paths_in_a_file(tmp_path):
    file = tmp_path / "paths.npz"
    write_paths(file, PATHS)
    found = read_paths(file)
    assert found.ball.tolist() == PATHS.ball.tolist()
    assert set(found.robots) == {(1, 1), (2, 1)}
    assert found.robots[2, 1].tolist() == [[0.0, 2.04, 1.0]]
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(MatchError, match="play the match again"):
        read_paths(file)
    with pytest.raises(MatchError, match="play the match again"):
        read_paths(tmp_path / "none.npz")
