"""What one bus cycle knew and did: the value the runtime hands to its recorder."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.slow_items import ServoStatus
from robot.contracts.camera import Image
from robot.contracts.sensors import SensorFrame
from robot.fall import Posture
from robot.faults import Fault
from robot.modes import Mode
from robot.safety import SafetyVerdict
from robot.skills import Running, SkillRequest

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class PolicyStep:
    """One question to a policy and its answer; enough to ask again later.

    Attributes:
        skill: which policy was asked.
        step: policy steps since the skill started; 0 means `state` is its initial one.
        observation: [N] as the policy saw it, normalized.
        action: [A] as it answered, before scale, filter and limits.
        state: recurrent state before this step.
        image: [H, W, 3] the policy saw; None for one that does not see.
        command: what was asked of the policy: forward and left in m/s, turn in rad/s.
        took_s: time the policy took; NaN where nobody measured.
    """

    skill: str
    step: int
    observation: Float32Array
    action: Float32Array
    state: tuple[Float32Array, ...] = ()
    image: Image | None = None
    command: tuple[float, ...] = ()
    took_s: float = math.nan


@dataclass(frozen=True, kw_only=True)
class CycleTiming:
    """Where one bus cycle's time went; NaN where nobody measured.

    Attributes:
        late_s: start after the deadline.
        read_s: bus and board in.
        decide_s: estimate, tactics, policy, safety.
        write_s: goals out.
        total_s: whole cycle.
        missed: deadlines missed since the loop began.
    """

    late_s: float = math.nan
    read_s: float = math.nan
    decide_s: float = math.nan
    write_s: float = math.nan
    total_s: float = math.nan
    missed: int = 0


@dataclass(frozen=True, kw_only=True)
class CycleRecord:
    """Everything one cycle knew and did. Its arrays are never changed afterwards.

    Attributes:
        time_s: clock time.
        mode: after the cycle.
        sensors: what came in.
        gravity: unit vector, torso frame.
        posture: of the robot.
        skill: in charge; None before playing.
        request: the tactics' wish; None before playing.
        verdict: what was wanted, clamped and sent; None while torque is off.
        policy_step: a decision was due in this cycle.
        policy: the question and answer, where a policy was asked.
        timing: of the cycle; None where nobody measured.
        fault: why the robot stopped in this cycle.
        health: joint and its slow registers, if some were read in this cycle.
        notes: what else happened, in words.
    """

    time_s: float
    mode: Mode
    sensors: SensorFrame
    gravity: tuple[float, float, float]
    posture: Posture
    skill: Running | None
    request: SkillRequest | None
    verdict: SafetyVerdict | None
    policy_step: bool
    policy: PolicyStep | None = None
    timing: CycleTiming | None = None
    fault: Fault | None = None
    health: tuple[str, ServoStatus] | None = None
    notes: tuple[str, ...] = ()
