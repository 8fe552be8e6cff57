"""What the tactics ask for, and which skill therefore runs."""

from dataclasses import dataclass
from typing import Literal

from robot.contracts.policy import PolicySpec, Role
from robot.fall import Posture

RequestKind = Literal["stand", "walk", "kick", "getup", "score"]
Side = Literal["left", "right"]
Running = Literal["walk", "getup", "kick", "score", "hold"]
"""The skill in charge; "hold" keeps the last targets of a robot that lies and may not
get up. Standing is walking at zero velocity."""


@dataclass(frozen=True, kw_only=True)
class SkillRequest:
    """One wish of the tactics.

    Attributes:
        kind: of skill.
        forward_m_s: walking velocity, torso frame.
        left_m_s: the same, to the left.
        turn_rad_s: the same, counter-clockwise.
        kick_side: foot to kick with, for a kick that is told.
        kick_direction_rad: where the ball shall go, heading frame, positive to the
            left, for a kick that aims.
        head_pan_rad: where the head looks, positive to the left.
        head_tilt_rad: negative looks down.
    """

    kind: RequestKind = "stand"
    forward_m_s: float = 0.0
    left_m_s: float = 0.0
    turn_rad_s: float = 0.0
    kick_side: Side = "right"
    kick_direction_rad: float = 0.0
    head_pan_rad: float = 0.0
    head_tilt_rad: float = -0.4


@dataclass(frozen=True, kw_only=True)
class SkillConfig:
    """When a get-up is over.

    Attributes:
        upright_hold_s: a get-up ends when the robot has been upright this long.
        getup_retry_s: after the get-up's own time and this one on top, still lying,
            it starts over.
    """

    upright_hold_s: float = 0.1
    getup_retry_s: float = 2.0


@dataclass(frozen=True, kw_only=True)
class SkillChoice:
    """The skill of the next step; `restart` if it begins anew."""

    skill: Running
    restart: bool


def choose(
    config: SkillConfig,
    running: Running,
    spec: PolicySpec,
    elapsed_s: float,
    upright_s: float,
    request: SkillRequest,
    posture: Posture,
) -> SkillChoice:
    """Which skill runs next.

    A kick is left early only by a fall; a get-up ends when `spec.commit_s` is over and
    the robot stands, and starts over when it does not come to stand. Scoring is asked
    for in the postures its policy can play in, and left whenever it is not asked for.

    Args:
        running: skill of the step before.
        spec: of that skill's policy.
        elapsed_s: since it started.
        upright_s: since the robot became upright; 0 while it lies.
        request: of the tactics.
        posture: now.
    """
    wanted = _wanted(request, posture)
    stay = SkillChoice(skill=running, restart=False)
    if running == "kick" and posture == "upright" and elapsed_s < spec.commit_s:
        return stay
    if running == "getup":
        if elapsed_s < spec.commit_s:
            return stay
        if posture == "upright":
            over = upright_s >= config.upright_hold_s
            return SkillChoice(skill=wanted, restart=True) if over else stay
        if wanted == "getup" and elapsed_s < spec.commit_s + config.getup_retry_s:
            return stay
    restart = wanted != running or wanted in ("kick", "getup")
    return SkillChoice(skill=wanted, restart=restart)


def _wanted(request: SkillRequest, posture: Posture) -> Role | Literal["hold"]:
    if request.kind == "score":
        return "score"
    if posture != "upright":
        return "getup" if request.kind == "getup" else "hold"
    return "kick" if request.kind == "kick" else "walk"
