"""The overhead camera's tracker: pictures in, positions out.

Every thing is looked for where it must be by now, in a small part of the picture; the
whole picture is searched only now and then, while something is missing.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from match.eyes.ball import BallFinder, SeenBall
from match.eyes.pursuit import Measurement, Motion, Pursuit, pursue, value_at
from match.eyes.squad import RobotTag, Squad
from match.eyes.tags import Box, SeenTag, TagReader
from match.eyes.view import OverheadView, pixels_of, pixels_per_m, points_at_height
from match.observation import RobotId
from robot.contracts.camera import Image
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackedRobot, TrackerFrame

SOURCE = "overhead camera"


@dataclass(frozen=True, kw_only=True)
class OverheadConfig:
    """The tracker's numbers; the project's choice, tried on rendered pictures.

    Attributes:
        robot_motion, yaw_motion, ball_motion: how fast they can change.
        tag_deviation_m, tag_deviation_rad: of one look at a tag.
        ball_deviation_m: of one look at a whole ball; a half hidden one counts twice.
        forget_after_s: what was not seen for so long is not reported any more.
        search_every: pictures between two searches of the whole picture, while
            something is missing.
        margin_m: beyond the touch lines where things are still looked for.
    """

    robot_motion: Motion = field(
        default_factory=lambda: Motion(noise=6.0, rate_deviation=0.5)
    )
    yaw_motion: Motion = field(
        default_factory=lambda: Motion(noise=60.0, rate_deviation=2.0, angle=True)
    )
    ball_motion: Motion = field(
        default_factory=lambda: Motion(noise=30.0, rate_deviation=2.0)
    )
    tag_deviation_m: float = 0.004
    tag_deviation_rad: float = 0.02
    ball_deviation_m: float = 0.006
    forget_after_s: float = 1.0
    search_every: int = 10
    margin_m: float = 0.4


@dataclass(frozen=True, kw_only=True)
class _Robot:
    place: Pursuit
    yaw: Pursuit


class OverheadTracker:
    """Follows the squad and the ball through one camera's pictures.

    Attributes:
        searches: how often the whole picture was searched so far.
    """

    def __init__(
        self,
        view: OverheadView,
        squad: Squad,
        field: FieldSpec | None = None,
        config: OverheadConfig | None = None,
    ):
        self.searches = 0
        self._view = view
        self._squad = squad
        self._field = field or FieldSpec()
        self._config = config or OverheadConfig()
        self._radius_m = squad.ball_radius_m or self._field.ball_radius_m
        self._reader = TagReader(squad.family)
        self._finder = BallFinder(squad.ball_colour)
        self._tags = {tag.tag_id: tag for tag in squad.tags}
        self._robots: dict[RobotId, _Robot] = {}
        self._ball: Pursuit | None = None
        self._wait = 0

    def step(self, image: Image, time_s: float) -> TrackerFrame:
        """What one picture tells.

        Args:
            image: [H, W, 3] RGB, of the view's size.
            time_s: when it was taken; later than the one before.

        Raises:
            ValueError: a picture of another size.
        """
        camera = self._view.camera
        expected = (camera.height_px, camera.width_px, 3)
        if image.shape != expected:
            raise ValueError(
                f"overhead picture: expected {expected}, found {image.shape}; set the "
                "camera to the size it was calibrated at"
            )
        self._forget(time_s)
        seen = self._look_for_robots(image, time_s)
        balls = self._look_for_ball(image, time_s)
        missing = len(seen) < len(self._tags) or not balls
        self._wait -= 1
        if missing and self._wait <= 0:
            self._wait = self._config.search_every
            self.searches += 1
            if len(seen) < len(self._tags):
                found = self._reader.search(image)
                seen |= {tag.tag_id: tag for tag in found if tag.tag_id in self._tags}
            if not balls:
                balls = self._search_ball(image)
        for tag in seen.values():
            self._note_tag(tag, time_s)
        self._note_ball(balls, time_s)
        return self._frame(time_s)

    def _forget(self, time_s: float) -> None:
        oldest_s = time_s - self._config.forget_after_s
        kept = {r: p for r, p in self._robots.items() if p.place.seen_s >= oldest_s}
        self._robots = kept
        if self._ball is not None and self._ball.seen_s < oldest_s:
            self._ball = None

    def _look_for_robots(self, image: Image, time_s: float) -> dict[int, SeenTag]:
        seen: dict[int, SeenTag] = {}
        for tag in self._squad.tags:
            known = self._robots.get(tag.robot)
            if known is None or tag.tag_id in seen:
                continue
            track = value_at(known.place, time_s, self._config.robot_motion)
            yaw_rad = value_at(known.yaw, time_s, self._config.yaw_motion).value[0]
            x_m, y_m = _tag_place(tag, track.value, yaw_rad)
            size_m = 1.1 * tag.side_m + 3 * track.deviation
            box = self._box((x_m, y_m, tag.height_m), size_m)
            for found in self._reader.look(image, box):
                if found.tag_id in self._tags:
                    seen[found.tag_id] = found
        return seen

    def _look_for_ball(self, image: Image, time_s: float) -> list[SeenBall]:
        if self._ball is None:
            return []
        track = value_at(self._ball, time_s, self._config.ball_motion)
        place = (track.value[0], track.value[1], self._radius_m)
        box = self._box(place, 2 * self._radius_m + 3 * track.deviation)
        radius_px = self._radius_m * pixels_per_m(self._view, place)
        return self._on_pitch(self._finder.look(image, box, radius_px))

    def _search_ball(self, image: Image) -> list[SeenBall]:
        centre = (0.0, 0.0, self._radius_m)
        radius_px = self._radius_m * pixels_per_m(self._view, centre)
        balls = self._on_pitch(self._finder.search(image, radius_px))
        if not balls:
            return []
        half = round(2 * radius_px)
        column, row = round(balls[0].column), round(balls[0].row)
        box = self._clipped(column - half, row - half, column + half, row + half)
        return self._on_pitch(self._finder.look(image, box, radius_px))

    def _note_tag(self, seen: SeenTag, time_s: float) -> None:
        tag = self._tags[seen.tag_id]
        corners = points_at_height(self._view, seen.corners, tag.height_m)
        if not np.isfinite(corners).all():
            return
        x_m, y_m, yaw_rad = _robot_pose(tag, corners)
        config = self._config
        known = self._robots.get(tag.robot)
        place, believed = pursue(
            None if known is None else known.place,
            _measured(time_s, (x_m, y_m), config.tag_deviation_m),
            config.robot_motion,
        )
        # A robot put elsewhere was turned as well.
        kept = known is not None and believed and place.track.rate != (0.0, 0.0)
        yaw, _ = pursue(
            known.yaw if known is not None and (kept or not believed) else None,
            _measured(time_s, (yaw_rad,), config.tag_deviation_rad),
            config.yaw_motion,
        )
        self._robots[tag.robot] = _Robot(place=place, yaw=yaw)

    def _note_ball(self, balls: list[SeenBall], time_s: float) -> None:
        if not balls:
            return
        config = self._config
        pixels = np.array([(ball.column, ball.row) for ball in balls])
        places = points_at_height(self._view, pixels, self._radius_m)
        best = 0
        if self._ball is not None:
            expected = value_at(self._ball, time_s, config.ball_motion).value
            best = int(np.argmin(np.hypot(*(places - expected).T)))
        share = min(max(balls[best].share, 0.1), 1.0)
        value = (float(places[best, 0]), float(places[best, 1]))
        measured = _measured(time_s, value, config.ball_deviation_m / share)
        self._ball, _ = pursue(self._ball, measured, config.ball_motion)

    def _on_pitch(self, balls: list[SeenBall]) -> list[SeenBall]:
        if not balls:
            return []
        pixels = np.array([(ball.column, ball.row) for ball in balls])
        x, y = np.abs(points_at_height(self._view, pixels, self._radius_m)).T
        margin_m = self._config.margin_m
        inside = (x <= self._field.half_length_m + margin_m) & (
            y <= self._field.half_width_m + margin_m
        )
        return [ball for ball, good in zip(balls, inside, strict=True) if good]

    def _box(self, place: tuple[float, float, float], half_m: float) -> Box:
        """Part of the picture around a point; even a lost thing gets no more than a
        third of it."""
        column, row = pixels_of(self._view, np.array([place]))[0]
        if not (math.isfinite(column) and math.isfinite(row)):
            return 0, 0, 0, 0
        most = self._view.camera.height_px / 6
        half = min(half_m * pixels_per_m(self._view, place) + 4, most)
        return self._clipped(
            math.floor(column - half),
            math.floor(row - half),
            math.ceil(column + half),
            math.ceil(row + half),
        )

    def _clipped(self, left: int, top: int, right: int, bottom: int) -> Box:
        camera = self._view.camera
        return (
            max(left, 0),
            max(top, 0),
            max(min(right, camera.width_px), 0),
            max(min(bottom, camera.height_px), 0),
        )

    def _frame(self, time_s: float) -> TrackerFrame:
        config = self._config
        robots = tuple(
            self._tracked(robot, known, time_s)
            for robot, known in sorted(self._robots.items())
        )
        if self._ball is None:
            return TrackerFrame(time_s=time_s, ball_xy_m=None, robots=robots)
        track = value_at(self._ball, time_s, config.ball_motion)
        return TrackerFrame(
            time_s=time_s,
            ball_xy_m=(track.value[0], track.value[1]),
            ball_velocity_m_s=(track.rate[0], track.rate[1]),
            ball_deviation_m=track.deviation,
            ball_age_s=time_s - self._ball.seen_s,
            robots=robots,
        )

    def _tracked(self, robot: RobotId, known: _Robot, time_s: float) -> TrackedRobot:
        place = value_at(known.place, time_s, self._config.robot_motion)
        yaw = value_at(known.yaw, time_s, self._config.yaw_motion)
        return TrackedRobot(
            team=robot[0],
            player=robot[1],
            x_m=place.value[0],
            y_m=place.value[1],
            yaw_rad=math.remainder(yaw.value[0], 2 * math.pi),
            velocity_m_s=(place.rate[0], place.rate[1]),
            yaw_rate_rad_s=yaw.rate[0],
            deviation_m=place.deviation,
            age_s=time_s - known.place.seen_s,
        )


def _measured(time_s: float, value: tuple[float, ...], deviation: float) -> Measurement:
    return Measurement(source=SOURCE, time_s=time_s, value=value, deviation=deviation)


def _tag_place(
    tag: RobotTag, robot_m: tuple[float, ...], yaw_rad: float
) -> tuple[float, float]:
    """Where a robot's tag is, over the floor."""
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    return (
        robot_m[0] + cosine * tag.forward_m - sine * tag.left_m,
        robot_m[1] + sine * tag.forward_m + cosine * tag.left_m,
    )


def _robot_pose(
    tag: RobotTag, corners_m: NDArray[np.float64]
) -> tuple[float, float, float]:
    """x, y, yaw of the torso from its tag's corners [4, 2] in the pitch frame."""
    upper_left, upper_right, lower_right, lower_left = corners_m
    up = upper_left + upper_right - lower_left - lower_right
    right = upper_right + lower_right - upper_left - lower_left
    # A quarter turn brings `right` onto `up`: both edges tell of the heading.
    yaw_rad = math.atan2(up[1] + right[0], up[0] - right[1]) - tag.turn_rad
    x_m, y_m = corners_m.mean(axis=0)
    ahead_x, ahead_y = _tag_place(tag, (0.0, 0.0), yaw_rad)
    return float(x_m) - ahead_x, float(y_m) - ahead_y, yaw_rad
