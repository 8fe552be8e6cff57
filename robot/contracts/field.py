"""Pitch geometry, shared by simulator, onboard tactics and referee.

Frame: origin at the pitch centre on the floor, x toward the goal the *home* team
attacks, y to its left, z up. Metres.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One pitch. Defaults: the 1v1 pitch of arXiv:2304.13653 (5 m x 4 m, 0.8 m goals).

    Values the paper leaves open are the project's choice and say so.

    Attributes:
        length_m: along x, between the goal lines.
        width_m: along y, between the touch lines.
        goal_width_m: inner width of the goal mouth.
        goal_height_m: underside of the crossbar (project's choice: an OP3 stands under
            it, 0.51 m tall plus some air).
        goal_depth_m: from goal line to net (project's choice).
        post_radius_m: posts and crossbar (project's choice: 50 mm tube, as RoboCup
            small-size goals of that height).
        line_width_m: all lines (project's choice, RoboCup draft 2026: 0.05 on 9 m).
        ramp_width_m: border ramp, rising at 45 deg from the pitch's edge. The paper
            has ramps that return the ball and gives no size (project's choice).
        wall_height_m: of the wall behind the ramp, measured from the floor.
        penalty_area_depth_m: along x (the paper draws one, size unknown; chosen).
        penalty_area_width_m: along y (chosen).
        centre_circle_radius_m: (chosen; scaled from RoboCup's 0.75 on 9 m).
        ball_radius_m: size-1 ball: circumference 0.44 m (sold as 18 to 20 inch).
        ball_mass_kg: size-1 ball, 0.20 kg.
        ball_roll_deceleration_m_s2: of a freely rolling ball. 0.59 m/s^2 is a roll of
            10 m off FIFA's 1 m test ramp (v^2 = 2 g h / (1 + 2/3) for a shell), the
            fast end of its turf test; no OP3 paper states one.
        ball_restitution: share of its speed that the ball keeps in a bounce. FIFA asks
            footballs for 1.35 to 1.55 m off a steel plate after a fall of 2 m (0.82 to
            0.88), and turf for 0.6 to 0.85 m (0.55 to 0.65); one number between for
            floor, walls and feet. With it the scripted kick reaches the 2.07 m/s that
            arXiv:2304.13653 measured for one on the real robot.
    """

    length_m: float = 5.0
    width_m: float = 4.0
    goal_width_m: float = 0.8
    goal_height_m: float = 0.6
    goal_depth_m: float = 0.4
    post_radius_m: float = 0.025
    line_width_m: float = 0.04
    ramp_width_m: float = 0.12
    wall_height_m: float = 0.3
    penalty_area_depth_m: float = 0.6
    penalty_area_width_m: float = 1.6
    centre_circle_radius_m: float = 0.5
    ball_radius_m: float = 0.07
    ball_mass_kg: float = 0.20
    ball_roll_deceleration_m_s2: float = 0.59
    ball_restitution: float = 0.7

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"FieldSpec.{name}: expected > 0, found {value}")
        if self.ball_restitution >= 1:
            raise ValueError(
                f"FieldSpec.ball_restitution: expected < 1, found "
                f"{self.ball_restitution}"
            )
        if self.goal_width_m >= self.width_m:
            raise ValueError(
                f"FieldSpec.goal_width_m: expected < width_m {self.width_m}, "
                f"found {self.goal_width_m}"
            )

    @property
    def half_length_m(self) -> float:
        return self.length_m / 2

    @property
    def half_width_m(self) -> float:
        return self.width_m / 2
