"""A session's pictures: where ball and robots were, one pair of maps per team."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from match.occupancy import Counts, Occupancy, grid_edges
from robot.contracts.field import FieldSpec

_BRIGHTEST = 0.98
"""Quantile of the visited cells that gets the brightest colour: robots wait long at a
few places, and the rest would be black beside them."""


def heat_figure(occupancy: Occupancy, field: FieldSpec) -> Figure:
    """Ball and own robots of one team that always attacks to the right."""
    figure = Figure(figsize=(8.6, 3.5), layout="constrained")
    both = figure.subplots(1, 2)
    for axes, counts, title in zip(
        both, (occupancy.ball, occupancy.robots), ("Ball", "Own robot"), strict=True
    ):
        _map(axes, counts, field)
        axes.set_title(f"{title}  →", fontsize=12)
    return figure


def _map(axes: Axes, counts: Counts, field: FieldSpec) -> None:
    x, y = grid_edges(field)
    visited = counts[counts > 0]
    top = float(np.quantile(visited, _BRIGHTEST)) if visited.size else 1.0
    axes.pcolormesh(x, y, counts.T, cmap="inferno", vmin=0, vmax=max(top, 1.0))
    half_x, half_y = field.half_length_m, field.half_width_m
    style = {"fill": False, "ec": "white", "lw": 1.0, "alpha": 0.7}
    axes.add_patch(
        Rectangle((-half_x, -half_y), field.length_m, field.width_m, **style)
    )
    axes.add_patch(Circle((0, 0), field.centre_circle_radius_m, **style))
    axes.plot([0, 0], [-half_y, half_y], color="white", lw=1.0, alpha=0.7)
    for sign in (-1, 1):
        corner = (sign * half_x, -field.goal_width_m / 2)
        depth_m = sign * field.goal_depth_m
        axes.add_patch(Rectangle(corner, depth_m, field.goal_width_m, **style))
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
