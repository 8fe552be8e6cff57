"""What the robot does about each trouble, and how fast: one table for code and tests.

The keys are the reasons of `robot.faults.Fault`, where a trouble stops the robot. Times
count from the moment it happens (not from when it is noticed) to the reaction on the
bus; a test injects each trouble on the virtual robot and measures.
"""

from dataclasses import dataclass
from typing import Literal

Reaction = Literal[
    "carry on",
    "derate",
    "stand",
    "freeze",
    "get up",
    "damp",
    "limp",
    "servos stop",
]
"""carry on: noted, nothing else. derate: less torque. stand: the policy goes on with
zero velocity. freeze: slowly into the stand pose, the policy waits. get up: the get-up
skill, or stillness while the game is off. damp: soft, sinking, then torque off.
limp: torque off at once.
servos stop: no computer is needed for it; they hold where they are."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the table.

    Attributes:
        sign: how the trouble shows.
        reaction: what the robot does.
        within_s: longest time until it does.
        lasting: the reaction stays; else the robot goes on when the trouble is over.
    """

    sign: str
    reaction: Reaction
    within_s: float
    lasting: bool = True


SERVO_SILENT = "servo silent"
SERVO_RESTARTED = "servo restarted"
HARDWARE_ERROR = "servo hardware error"
WATCHDOG_TRIPPED = "servo watchdog tripped"
BROWN_OUT = "brown-out"
BUS_SILENT = "bus silent"
BUS_FAILURE = "bus failure"
COMPUTER_STALLED = "computer stalled"
SERVO_HOT = "servo hot"
BATTERY_LOW = "battery low"
BOARD_SILENT = "sensor board silent"
IMU_FROZEN = "IMU frozen"
NOT_FINITE = "policy output not finite"
POLICY_LATE = "policy late"
FALL_WHILE_ARMING = "fall while arming"
STOP = "stop"
FALL = "fall"
LIFTED = "lifted"
CAMERA_STALE = "camera stale"
TRACKER_LOST = "tracker lost"
REFEREE_LOST = "referee lost"
SERVO_WARM = "servo warm"
VOLTAGE_SAG = "voltage sag"
DAMAGED_ANSWER = "damaged answer"
FAST_READ_REFUSED = "fast read refused"
BULK_READ_REFUSED = "bulk read refused"
MISSED_DEADLINE = "missed deadline"
PROGRAM_ERROR = "program error"
COMPUTER_DEAD = "computer dead"

REACTIONS: dict[str, Rule] = {
    # Torque off at once: the servos do not obey, or holding on would do harm.
    SERVO_SILENT: Rule(sign="no answer in 31 cycles", reaction="limp", within_s=0.26),
    SERVO_RESTARTED: Rule(
        sign="its torque is off in the slow items", reaction="limp", within_s=0.18
    ),
    HARDWARE_ERROR: Rule(
        sign="alert bit in 31 answers, or the servo shut itself down",
        reaction="limp",
        within_s=0.26,
    ),
    WATCHDOG_TRIPPED: Rule(
        sign="register 98 reads -1 in the slow items", reaction="limp", within_s=0.18
    ),
    BROWN_OUT: Rule(
        sign="all servos silent for 8 cycles, or half of them restarted",
        reaction="limp",
        within_s=0.08,
    ),
    BUS_SILENT: Rule(
        sign="servos and board silent for 8 cycles; then nothing is sent any more",
        reaction="servos stop",
        within_s=0.2,
    ),
    BUS_FAILURE: Rule(
        sign="the port raises an error; then nothing is sent any more",
        reaction="servos stop",
        within_s=0.2,
    ),
    COMPUTER_STALLED: Rule(
        sign="no cycle for longer than the servos' watchdog",
        reaction="limp",
        within_s=0.016,
    ),
    PROGRAM_ERROR: Rule(
        sign="an exception, Ctrl-C included", reaction="limp", within_s=0.04
    ),
    # Damped: the servos obey, but nobody knows where to go.
    SERVO_HOT: Rule(sign="75 degC or more", reaction="damp", within_s=0.18),
    BATTERY_LOW: Rule(sign="below 9.5 V for 1 s", reaction="damp", within_s=1.1),
    BOARD_SILENT: Rule(sign="no answer in 31 cycles", reaction="damp", within_s=0.26),
    IMU_FROZEN: Rule(
        sign="equal numbers for 0.2 s while joints moved 0.05 rad",
        reaction="damp",
        within_s=0.3,
    ),
    NOT_FINITE: Rule(
        sign="NaN or infinity in the targets", reaction="damp", within_s=0.04
    ),
    POLICY_LATE: Rule(
        sign="a step longer than 80 ms, or three longer than 25 ms in a second",
        reaction="damp",
        within_s=0.2,
    ),
    FALL_WHILE_ARMING: Rule(
        sign="tilt above 1 rad during the slow move", reaction="damp", within_s=0.2
    ),
    STOP: Rule(
        sign="board button, key, network message or signal",
        reaction="damp",
        within_s=0.02,
    ),
    # The robot stays in play.
    FALL: Rule(sign="tilt above 1 rad", reaction="get up", within_s=0.2, lasting=False),
    LIFTED: Rule(
        sign="leg currents, or walking the shocks, below 40 % of usual for 0.4 s",
        reaction="freeze",
        within_s=1.2,
        lasting=False,
    ),
    CAMERA_STALE: Rule(
        sign="newest frame older than 0.5 s",
        reaction="stand",
        within_s=0.55,
        lasting=False,
    ),
    TRACKER_LOST: Rule(
        sign="newest message older than 0.5 s",
        reaction="stand",
        within_s=0.55,
        lasting=False,
    ),
    REFEREE_LOST: Rule(
        sign="newest message older than 2 s",
        reaction="stand",
        within_s=2.1,
        lasting=False,
    ),
    SERVO_WARM: Rule(
        sign="above 60 degC", reaction="derate", within_s=0.5, lasting=False
    ),
    VOLTAGE_SAG: Rule(
        sign="below 10.5 V, averaged over 1 s",
        reaction="derate",
        within_s=2.0,
        lasting=False,
    ),
    DAMAGED_ANSWER: Rule(
        sign="wrong CRC or impossible number",
        reaction="carry on",
        within_s=0.016,
        lasting=False,
    ),
    FAST_READ_REFUSED: Rule(
        sign="fast reads fail where plain ones work",
        reaction="carry on",
        within_s=0.04,
        lasting=False,
    ),
    BULK_READ_REFUSED: Rule(
        sign="bulk reads fail where single ones work",
        reaction="carry on",
        within_s=0.04,
        lasting=False,
    ),
    MISSED_DEADLINE: Rule(
        sign="a cycle ends after the next one's time",
        reaction="carry on",
        within_s=0.016,
        lasting=False,
    ),
    # Nobody is left to react but the servos themselves.
    COMPUTER_DEAD: Rule(
        sign="the servos hear nothing for 0.1 s, their watchdog's time",
        reaction="servos stop",
        within_s=0.2,
    ),
}
"""All troubles. An unknown one makes the robot limp."""


def may_sink(reason: str) -> bool:
    """Whether a fault leaves time to sink; all others, unknown ones too, do not."""
    rule = REACTIONS.get(reason)
    return rule is not None and rule.reaction == "damp"
