"""A match's pictures: paths on the pitch, speeds over time.

Every function returns a Matplotlib figure that belongs to no window system.
"""

import base64
import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from match.paths import Paths, speeds, without_jumps
from match.state import Decision, DecisionKind, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import TeamColour

_DPI = 120
_JUMP_M = 0.25  # between two samples 0.1 s apart: 2.5 m/s, no OP3's own motion
_BALL_JUMP_M = 0.8  # 8 m/s: no OP3's kick
_GRASS, _BORDER, _INK = "#3c7a4b", "#2f6039", "#1d2430"
COLOURS = {
    TeamColour.BLUE: "#4a8cff",
    TeamColour.RED: "#ff5a4d",
    TeamColour.YELLOW: "#f5c518",
    TeamColour.BLACK: "#20242b",
    TeamColour.WHITE: "#b9bfc9",
    TeamColour.GREEN: "#2fbf71",
    TeamColour.ORANGE: "#ff9330",
    TeamColour.PURPLE: "#a06bff",
    TeamColour.BROWN: "#9a6a45",
    TeamColour.GRAY: "#7c8594",
}
"""Hexadecimal colours that show on grass and on white."""


def pitch_figure(
    field: FieldSpec, teams: Teams, paths: Paths, decisions: Sequence[Decision]
) -> Figure:
    """Ball and robot paths on the pitch; every goal numbered where the ball went in."""
    figure = Figure(figsize=(7.0, 5.75), layout="constrained")
    axes = figure.add_subplot()
    _draw_pitch(axes, field)
    ball = without_jumps(paths.ball, _BALL_JUMP_M)
    axes.plot(
        ball[:, 1], ball[:, 2], color="white", lw=1.2, ls=(0, (3, 1.5)), label="ball"
    )
    for team in teams:
        for player in team.players:
            path = paths.robots.get((team.number, player))
            if path is None or not len(path):
                continue
            line = without_jumps(path, _JUMP_M)
            colour = COLOURS[team.colour]
            label = f"{team.name} {player}" if len(team.players) > 1 else team.name
            axes.plot(line[:, 1], line[:, 2], color=colour, lw=2.2, label=label)
            axes.plot(*path[0, 1:], "o", ms=9, mfc="none", mec=colour, mew=2.2)
            axes.plot(*path[-1, 1:], "o", ms=10, mfc=colour, mec="white", mew=1.5)
    _mark_goals(axes, field, teams, decisions)
    axes.set_title("Open circle: first position, filled: last", fontsize=12)
    legend = axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
        fontsize=13,
        facecolor=_BORDER,
        labelcolor="white",
        frameon=True,
    )
    legend.get_frame().set_edgecolor("none")
    return figure


def speed_figure(teams: Teams, paths: Paths, decisions: Sequence[Decision]) -> Figure:
    """Each robot's speed over the second before, with a line at every goal."""
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for team in teams:
        for player in team.players:
            path = paths.robots.get((team.number, player))
            if path is None or len(path) < 2:
                continue
            label = f"{team.name} {player}" if len(team.players) > 1 else team.name
            axes.plot(
                *speeds(path, jump_m=_JUMP_M),
                color=COLOURS[team.colour],
                lw=1.5,
                label=label,
            )
    for number, goal in enumerate(_goals(decisions), 1):
        axes.axvline(goal.time_s, color=_INK, lw=1, ls=":")
        axes.annotate(
            f"goal {number}",
            (goal.time_s, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -12),
            textcoords="offset points",
            fontsize=11,
            color=_INK,
        )
    axes.set_xlabel("time [s]", fontsize=13)
    axes.set_ylabel("speed [m/s]", fontsize=13)
    axes.tick_params(labelsize=12)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        axes.legend(
            fontsize=12, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1)
        )
    return figure


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG; equal figures give equal bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None})
    return stream.getvalue()


def data_address(png: bytes) -> str:
    """A PNG as the `src` of an HTML image, with nothing left outside the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _goals(decisions: Sequence[Decision]) -> list[Decision]:
    return [d for d in decisions if d.kind is DecisionKind.GOAL]


def _mark_goals(
    axes: Axes, field: FieldSpec, teams: Teams, decisions: Sequence[Decision]
) -> None:
    """Their numbers beside the net they ended up in, three in a row."""
    numbers: dict[int, list[str]] = {0: [], 1: []}
    for number, goal in enumerate(_goals(decisions), 1):
        numbers[0 if goal.team == teams[0].number else 1].append(str(number))
    for side, listed in numbers.items():
        if not listed:
            continue
        sign = 1 if side == 0 else -1
        rows = [", ".join(listed[i : i + 3]) for i in range(0, len(listed), 3)]
        axes.text(
            sign * (field.half_length_m + field.goal_depth_m / 2),
            field.goal_width_m / 2 + 0.08,
            "\n".join(["goal", *rows]),
            ha="center",
            fontsize=12,
            color="white",
            fontweight="bold",
        )


def _draw_pitch(axes: Axes, field: FieldSpec) -> None:
    half_x, half_y = field.half_length_m, field.half_width_m
    margin_x = field.goal_depth_m + 0.15
    margin_y = field.ramp_width_m + 0.05
    axes.set_facecolor(_BORDER)
    _box(axes, -half_x, -half_y, field.length_m, field.width_m, fill=_GRASS)
    axes.plot([0, 0], [-half_y, half_y], color="white", lw=1.5, alpha=0.8)
    axes.add_patch(
        Circle((0, 0), field.centre_circle_radius_m, fill=False, ec="white", alpha=0.8)
    )
    depth_m, width_m = field.penalty_area_depth_m, field.penalty_area_width_m
    for sign in (-1, 1):
        line_x = sign * half_x
        _box(axes, line_x, -width_m / 2, -sign * depth_m, width_m)
        goal_m = field.goal_width_m
        _box(axes, line_x, -goal_m / 2, sign * field.goal_depth_m, goal_m, width=2.5)
    axes.set_xlim(-half_x - margin_x, half_x + margin_x)
    axes.set_ylim(-half_y - margin_y, half_y + margin_y)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])


def _box(
    axes: Axes,
    x_m: float,
    y_m: float,
    length_m: float,
    width_m: float,
    *,
    fill: str = "none",
    width: float = 1.5,
) -> None:
    axes.add_patch(
        Rectangle(
            (x_m, y_m), length_m, width_m, fc=fill, ec="white", lw=width, alpha=0.9
        )
    )
