"""The scene in the browsers: built once per pitch and robot, then only moved."""

from dataclasses import dataclass, replace

import viser

from match.observation import RobotId
from match.page.figure import figure_shapes, shadow_shape
from match.page.pitch import pitch_shapes
from match.page.placing import RobotPlace, robot_places
from match.page.shapes import Shape, ball, shape
from match.page.view import PageView
from robot.contracts.field import FieldSpec

_BALL = (255, 122, 24)
_FADED = 0.3
_LABEL_SCALE = 1.2
_SHADOW_M = 0.15


@dataclass(frozen=True, kw_only=True)
class _Robot:
    """What the browsers have of one robot and how it looked last."""

    frame: viser.FrameHandle
    shadow: viser.MeshHandle
    label: viser.LabelHandle
    place: RobotPlace


class Scene:
    """Draws snapshots. Call it from one thread."""

    def __init__(self, server: viser.ViserServer) -> None:
        self._server = server
        self._api = server.scene
        self._api.configure_default_lights(cast_shadow=False)
        self._api.world_axes.visible = False
        self._field: FieldSpec | None = None
        self._robots: dict[RobotId, _Robot] = {}

    def draw(self, view: PageView) -> None:
        """Show where everything is; what was not seen is hidden."""
        with self._server.atomic():
            if view.field != self._field:
                self._build(view.field)
            seen = view.observation
            self._ball.visible = self._ball_shadow.visible = seen is not None
            if seen is not None:
                self._ball.position = seen.ball_xyz_m
                self._ball_shadow.position = (*seen.ball_xyz_m[:2], 0.0)
            places = {place.robot: place for place in robot_places(view)}
            for place in places.values():
                self._move(place)
            for robot, drawn in self._robots.items():
                if robot not in places and drawn.frame.visible:
                    _appear(drawn, False)

    def _build(self, field: FieldSpec) -> None:
        self._field = field
        for part in pitch_shapes(field):
            self._add("/pitch", part)
        rubber = shape("ball", _BALL, [ball(field.ball_radius_m)], flat=False)
        self._ball = self._add("/ball", rubber)
        self._ball_shadow = self._add("/ball", shadow_shape(field.ball_radius_m))

    def _move(self, place: RobotPlace) -> None:
        drawn = self._robots.get(place.robot)
        if drawn is None or _look(drawn.place) != _look(place):
            drawn = self._dress(place)
        drawn.frame.position, drawn.frame.wxyz = place.position_m, place.quat_wxyz
        drawn.label.position = place.label_m
        drawn.shadow.position = (*place.label_m[:2], 0.0)
        if drawn.label.text != place.label:
            drawn.label.text = place.label
        if not drawn.frame.visible:
            _appear(drawn, True)
        self._robots[place.robot] = replace(drawn, place=place)

    def _dress(self, place: RobotPlace) -> _Robot:
        key = f"{place.robot[0]}_{place.robot[1]}"
        name = f"/robots/{key}"
        frame = self._api.add_frame(name, show_axes=False)
        for part in figure_shapes(place.jersey, _FADED if place.faded else None):
            self._add(name, part)
        label = self._api.add_label(
            f"/labels/{key}",
            place.label,
            anchor="bottom-center",
            font_screen_scale=_LABEL_SCALE,
        )
        shadow = self._add(f"/shadows/{key}", shadow_shape(_SHADOW_M))
        return _Robot(frame=frame, shadow=shadow, label=label, place=place)

    def _add(self, parent: str, part: Shape) -> viser.MeshHandle:
        return self._api.add_mesh_simple(
            f"{parent}/{part.name}",
            part.vertices,
            part.faces,
            color=part.colour,
            opacity=part.opacity,
            flat_shading=part.flat,
            cast_shadow=False,
            receive_shadow=False,
        )


def _appear(robot: _Robot, visible: bool) -> None:
    for part in (robot.frame, robot.shadow, robot.label):
        part.visible = visible


def _look(place: RobotPlace) -> tuple[object, ...]:
    return place.jersey, place.faded
