"""What soccer and get-up policies observe and do, as tables.

Observation: Table S2 of arXiv:2304.13653. Means and scales are fixed, so that no
running statistics have to be shipped or can drift; a typical value comes out near 1.

The core measures the terms `joint_position`, `linear_acceleration` (accelerometer of
the IMU), `gyro`, `gravity` and `previous_target`, with noise and delay; all others come
from the task.
"""

from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec, ObservationTerm
from robot.observation import GAME_TERM_SIZES, TERM_SIZES
from sim.tasks.view import STAND_RAD

HISTORY = 5
"""Control steps of proprioception (Table S2)."""

_JOINT_SPREAD = (0.5,) * len(JOINT_NAMES)


def full_action() -> ActionSpec:
    """All twenty joints: an action in [-1, 1] spans Table S1's range of each.

    Zero is the middle of the range, so that the box of actions and the box of targets
    are the same; targets are clipped to the range, then u_t = 0.8 u_t-1 + 0.2 a_t.
    """
    low = tuple(joint.min_rad for joint in OP3_JOINTS)
    high = tuple(joint.max_rad for joint in OP3_JOINTS)
    pairs = tuple(zip(low, high, strict=True))
    return ActionSpec(
        joints=JOINT_NAMES,
        default_rad=tuple((least + most) / 2 for least, most in pairs),
        scale_rad=tuple((most - least) / 2 for least, most in pairs),
        min_rad=low,
        max_rad=high,
        filter_keep=0.8,
    )


def proprioception() -> tuple[ObservationTerm, ...]:
    """5 x (20 + 3 + 3 + 3 + 20) = 245 numbers."""
    return (
        _term("joint_position", "rad", "joint", STAND_RAD, _JOINT_SPREAD, HISTORY),
        _term("linear_acceleration", "m/s^2", "torso", (), (9.81,) * 3, HISTORY),
        _term("gyro", "rad/s", "torso", (), (2.0,) * 3, HISTORY),
        _term("gravity", "1", "torso", (), (), HISTORY),
        _term("previous_target", "rad", "joint", STAND_RAD, _JOINT_SPREAD, HISTORY),
    )


def game_state(*, teammates: bool = False) -> tuple[ObservationTerm, ...]:
    """4 x 2 + 5 x 2 + 2 x 2 = 22 numbers; 4 more with teammates."""
    terms = (
        _place("ball_position"),
        _place("opponent_position"),
        _place("own_goal_position"),
        _place("opponent_goal_position"),
        _speed("own_velocity", 0.5, HISTORY),
        _speed("ball_velocity", 1.0),
        _speed("opponent_velocity", 0.5),
    )
    if teammates:
        terms += (_place("teammate_position"), _speed("teammate_velocity", 0.5))
    return terms


def clock() -> tuple[ObservationTerm, ...]:
    """2 numbers: sine and cosine of a gait's phase."""
    return (_term("gait_clock", "1", "none"),)


def target() -> tuple[ObservationTerm, ...]:
    """20 + 3 numbers: what the get-up is asked to reach."""
    return (
        _term("target_pose", "rad", "joint", STAND_RAD, _JOINT_SPREAD),
        _term("target_gravity", "1", "torso"),
    )


def _place(name: str) -> ObservationTerm:
    return _term(name, "m", "heading", (), (2.0, 2.0))


def _speed(name: str, typical_m_s: float, history: int = 1) -> ObservationTerm:
    return _term(name, "m/s", "heading", (), (typical_m_s,) * 2, history)


def _term(
    name: str,
    unit: str,
    frame: str,
    mean: tuple[float, ...] = (),
    std: tuple[float, ...] = (),
    history: int = 1,
) -> ObservationTerm:
    sizes = TERM_SIZES | GAME_TERM_SIZES
    return ObservationTerm(
        name=name,
        size=sizes[name],
        unit=unit,
        frame=frame,
        history=history,
        mean=mean,
        std=std,
    )
