"""Observations that lead a scripted skill through its branches, for `golden.npz`."""

import numpy as np

from robot import observation
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import PolicySpec
from robot.scripted.frames import Float32Array

_STEPS = 240
_LIMP_RAD = 0.1
"""How far the first targets lie from the stand."""


def rehearsal(spec: PolicySpec) -> Float32Array:
    """[240, N] six seconds of made-up sensing, always the same.

    The robot starts on its chest (a get-up only), is upright later, rocks a little, and
    is asked to walk forward, aside, around and to stop.
    """
    time = np.arange(_STEPS) * spec.control_period_s
    stand = np.array([joint.stand_rad for joint in OP3_JOINTS])
    lean = np.full(_STEPS, 0.0)
    if spec.role == "getup":
        lean = np.where(time < 3.0, 1.5, 0.1)
    commands = np.array([[0.2, 0, 0], [0, 0.08, 0], [0, 0, -0.7], [0, 0, 0]])
    terms = {
        "velocity_command": commands[(time / 1.5).astype(int)],
        "kick_side": np.full((_STEPS, 1), -1.0),
        "gravity": np.stack([np.sin(lean), 0 * lean, -np.cos(lean)], axis=-1),
        "gyro": 0.3 * np.sin(np.outer(time, [5.0, 7.0, 3.0])),
        "previous_target": np.tile(
            np.clip(
                stand - _LIMP_RAD,
                [joint.min_rad for joint in OP3_JOINTS],
                [joint.max_rad for joint in OP3_JOINTS],
            ),
            (_STEPS, 1),
        ),
        "joint_position": stand + 0.1 * np.sin(np.outer(time, np.arange(20))),
        "ball_position": np.tile([0.17, -0.05], (_STEPS, 1)),
        "kick_direction": np.tile([np.cos(0.1), np.sin(0.1)], (_STEPS, 1)),
    }
    history: observation.History = ()
    rows = []
    for step in range(_STEPS):
        now = {name: values[step] for name, values in terms.items()}
        history = (
            observation.push(spec.observation, history, now)
            if history
            else observation.start(spec.observation, now)
        )
        rows.append(observation.vector(spec.observation, history))
    return np.array(rows).astype(np.float32)
