"""The pitch as MuJoCo geometry: turf, lines, goals, border ramps, walls and ball."""

import math

import mujoco

from robot.contracts.field import FieldSpec

FLOOR = "floor"
BALL = "ball"
_WALL_THICKNESS_M = 0.03
_RAMP_THICKNESS_M = 0.02
_LINE_HEIGHT_M = 0.0004
_WHITE = (0.95, 0.95, 0.95, 1.0)
_WALL_RGBA = (0.32, 0.34, 0.38, 1.0)
_NET_RGBA = (0.85, 0.85, 0.9, 0.25)
_BALL_RGBA = (1.0, 0.45, 0.05, 1.0)
# MuJoCo's pyramidal friction cone gives this share of the asked-for rolling resistance
# (measured with the ball of `FieldSpec`; a test holds the result to 10 %).
_PYRAMIDAL_SHARE = 0.87
_BALL_RAD_S = 150.0
"""Natural frequency w of the ball's contacts: a bounce takes pi / w = 21 ms, four
physics steps, where a pumped ball's takes some 10 ms. In shorter ones the speed
returned hangs on when in a step the bounce begins: 0.73 +- 0.06 of falls from 0.03 to
1.5 m here, up to 0.98 with 200 rad/s."""
_BOX = mujoco.mjtGeom.mjGEOM_BOX


def add_pitch(spec: mujoco.MjSpec, field: FieldSpec) -> None:
    """Add everything that does not move. Frame: see `robot.contracts.field`."""
    _add_turf(spec, field)
    _add_lines(spec, field)
    for side in (-1.0, 1.0):
        _add_goal(spec, field, side)
        _add_touch_line_border(spec, field, side)
        for flank in (-1.0, 1.0):
            _add_goal_line_border(spec, field, side, flank)


def add_ball(spec: mujoco.MjSpec, field: FieldSpec) -> None:
    """Add the ball as a free body named `ball`.

    A rolling shell slows by a = mu_roll g / (r (1 + 2/3)), which gives the rolling
    friction length mu_roll from `ball_roll_deceleration_m_s2`. A contact is a spring
    and a damper: of the speed it returns exp(-pi z / sqrt(1 - z^2)) for the damping
    ratio z, which gives z from `ball_restitution`.
    """
    radius = field.ball_radius_m
    rolling_m = field.ball_roll_deceleration_m_s2 * radius * (1 + 2 / 3) / 9.81
    rolling_m /= _PYRAMIDAL_SHARE
    body = spec.worldbody.add_body(name=BALL, pos=[0, 0, radius])
    body.add_freejoint(name=BALL)
    body.add_geom(
        name=BALL,
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[radius, 0, 0],
        mass=field.ball_mass_kg,
        typeinertia=mujoco.mjtGeomInertia.mjINERTIA_SHELL,
        condim=6,
        friction=[0.7, 0.001, rolling_m],
        # The ball's own contact parameters win over those of what it touches.
        priority=1,
        solref=_bounce(field.ball_restitution),
        rgba=_BALL_RGBA,
        group=0,
    )


def _bounce(restitution: float) -> list[float]:
    """MuJoCo's time constant 1 / (z w) and damping ratio z of a ball's contacts."""
    lost = -math.log(restitution)
    ratio = lost / math.hypot(math.pi, lost)
    return [1 / (ratio * _BALL_RAD_S), ratio]


def _add_turf(spec: mujoco.MjSpec, field: FieldSpec) -> None:
    spec.add_texture(
        name="turf",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.16, 0.42, 0.18],
        rgb2=[0.18, 0.46, 0.20],
        width=256,
        height=256,
    )
    turf = spec.add_material(name="turf", texrepeat=[1, 1], texuniform=True)
    turf.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "turf"
    spec.worldbody.add_geom(
        name=FLOOR,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[field.length_m, field.width_m, 0.1],
        material="turf",
        friction=[0.8, 0.005, 0.0001],
    )


def _add_lines(spec: mujoco.MjSpec, field: FieldSpec) -> None:
    length, width, line = field.half_length_m, field.half_width_m, field.line_width_m
    depth, area = field.penalty_area_depth_m, field.penalty_area_width_m / 2
    _line(spec, (0.0, 0.0), (line / 2, width))
    for side in (-1, 1):
        _line(spec, (side * (length - line / 2), 0), (line / 2, width))
        _line(spec, (0, side * (width - line / 2)), (length, line / 2))
        edge = side * (length - depth)
        _line(spec, (edge, 0), (line / 2, area))
        for flank in (-1, 1):
            centre = (side * (length - depth / 2), flank * area)
            _line(spec, centre, (depth / 2, line / 2))
    _add_circle(spec, field.centre_circle_radius_m, line)


def _add_circle(spec: mujoco.MjSpec, radius: float, line: float) -> None:
    pieces = 36
    half = math.pi * radius / pieces * 1.05
    for index in range(pieces):
        angle = 2 * math.pi * index / pieces
        centre = (radius * math.cos(angle), radius * math.sin(angle))
        _line(spec, centre, (half, line / 2), angle + math.pi / 2)


def _line(
    spec: mujoco.MjSpec,
    centre: tuple[float, float],
    half_size: tuple[float, float],
    yaw: float = 0.0,
) -> None:
    spec.worldbody.add_geom(
        type=_BOX,
        pos=[*centre, _LINE_HEIGHT_M],
        size=[*half_size, _LINE_HEIGHT_M],
        quat=[math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)],
        rgba=_WHITE,
        contype=0,
        conaffinity=0,
        group=1,
    )


def _add_goal(spec: mujoco.MjSpec, field: FieldSpec, side: float) -> None:
    name = "away_goal" if side > 0 else "home_goal"
    radius, depth, height = (
        field.post_radius_m,
        field.goal_depth_m,
        field.goal_height_m,
    )
    mouth = field.goal_width_m / 2
    x = side * (field.half_length_m + radius)
    capsule = mujoco.mjtGeom.mjGEOM_CAPSULE
    for flank in (-1, 1):
        y = flank * (mouth + radius)
        spec.worldbody.add_geom(
            name=f"{name}_post_{'left' if flank > 0 else 'right'}",
            type=capsule,
            fromto=[x, y, 0, x, y, height + radius],
            size=[radius, 0, 0],
            rgba=_WHITE,
        )
        side_net_x = side * (field.half_length_m + depth / 2)
        _net(spec, (side_net_x, y), (depth / 2, 0.01), height)
    bar = height + radius
    spec.worldbody.add_geom(
        name=f"{name}_bar",
        type=capsule,
        fromto=[x, -mouth - radius, bar, x, mouth + radius, bar],
        size=[radius, 0, 0],
        rgba=_WHITE,
    )
    back_x = side * (field.half_length_m + depth)
    _net(spec, (back_x, 0), (0.01, mouth + 2 * radius), height)


def _add_touch_line_border(spec: mujoco.MjSpec, field: FieldSpec, side: float) -> None:
    half_length = field.half_length_m + field.ramp_width_m
    y = side * (field.half_width_m + field.ramp_width_m)
    _ramp(spec, field, (0, side * field.half_width_m), (0, side), half_length)
    _wall(
        spec,
        (0, y + side * _WALL_THICKNESS_M / 2),
        (half_length + _WALL_THICKNESS_M, _WALL_THICKNESS_M / 2),
        field.wall_height_m,
    )


def _add_goal_line_border(
    spec: mujoco.MjSpec, field: FieldSpec, side: float, flank: float
) -> None:
    inner = field.goal_width_m / 2 + 2 * field.post_radius_m
    outer = field.half_width_m + field.ramp_width_m
    centre_y = flank * (inner + outer) / 2
    half = (outer - inner) / 2
    _ramp(spec, field, (side * field.half_length_m, centre_y), (side, 0), half)
    x = side * (field.half_length_m + field.ramp_width_m + _WALL_THICKNESS_M / 2)
    _wall(spec, (x, centre_y), (_WALL_THICKNESS_M / 2, half), field.wall_height_m)


def _ramp(
    spec: mujoco.MjSpec,
    field: FieldSpec,
    foot_xy: tuple[float, float],
    outward: tuple[float, float],
    half_length: float,
) -> None:
    """A 45 deg plank whose top surface starts at `foot_xy` and rises `outward`."""
    half_width = field.ramp_width_m / math.sqrt(2)
    half_thick = _RAMP_THICKNESS_M / 2
    # Centre of the top surface, then half the thickness along the inward normal.
    reach = field.ramp_width_m / 2 + half_thick / math.sqrt(2)
    yaw = math.atan2(outward[1], outward[0])
    pitch = -math.pi / 4
    spec.worldbody.add_geom(
        type=_BOX,
        pos=[
            foot_xy[0] + outward[0] * reach,
            foot_xy[1] + outward[1] * reach,
            field.ramp_width_m / 2 - half_thick / math.sqrt(2),
        ],
        quat=_yaw_then_pitch(yaw, pitch),
        size=[half_width, half_length, half_thick],
        rgba=(0.24, 0.26, 0.29, 1.0),
    )


def _yaw_then_pitch(yaw: float, pitch: float) -> list[float]:
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    return [cy * cp, -sy * sp, cy * sp, sy * cp]


def _net(
    spec: mujoco.MjSpec,
    centre: tuple[float, float],
    half_size: tuple[float, float],
    height: float,
) -> None:
    """A panel that swallows the ball's speed, as a hanging net does."""
    panel = _panel(spec, centre, half_size, height, _NET_RGBA)
    # Over the ball's own parameters: overdamped, no bounce.
    panel.priority = 2
    panel.solref = [0.04, 2.0]


def _wall(
    spec: mujoco.MjSpec,
    centre: tuple[float, float],
    half_size: tuple[float, float],
    height: float,
) -> None:
    _panel(spec, centre, half_size, height, _WALL_RGBA)


def _panel(
    spec: mujoco.MjSpec,
    centre: tuple[float, float],
    half_size: tuple[float, float],
    height: float,
    rgba: tuple[float, float, float, float],
) -> "mujoco.MjsGeom":
    """An upright box on the floor."""
    return spec.worldbody.add_geom(
        type=_BOX,
        pos=[*centre, height / 2],
        size=[*half_size, height / 2],
        rgba=rgba,
    )
