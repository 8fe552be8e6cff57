"""Cycle records of a robot that exists only as numbers."""

from collections.abc import Iterator

import numpy as np

from firmware_bridge.slow_items import ServoStatus
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.sensors import SensorFrame
from robot.policy import Policy
from robot.record.cycle import CycleRecord, CycleTiming, PolicyStep
from robot.safety import SafetyVerdict
from robot.skills import SkillRequest

PERIOD_S = 0.008
POLICY_EVERY = 3
"""Every third cycle asks a policy: 24 ms, near enough to 25."""
NONE = np.zeros(20, dtype=np.bool_)


def sensors(time_s: float, **changes) -> SensorFrame:
    phase = np.arange(20) * 0.1 + 2 * time_s
    values = {
        "time_s": time_s,
        "position_rad": np.sin(phase),
        "velocity_rad_s": 2 * np.cos(phase),
        "current_a": 0.1 * np.sin(phase),
        "fresh": ~NONE,
        "gyro_rad_s": np.array([0.1, -0.2, 0.3]),
        "acceleration_m_s2": np.array([0.0, 0.0, 9.81]),
        "voltage_v": 11.8,
    }
    return SensorFrame(**(values | changes))


def cycles(
    seconds: float, policy: Policy | None = None, *, start_s: float = 100.0
) -> Iterator[CycleRecord]:
    """A robot that plays: its joints swing, one servo's slow items per cycle."""
    random = np.random.default_rng(7)
    state = policy.initial_state() if policy else ()
    step = 0
    for index in range(round(seconds / PERIOD_S)):
        time_s = start_s + index * PERIOD_S
        asked = None
        if policy and index % POLICY_EVERY == 0:
            size = policy.spec.observation.size
            seen = random.normal(size=size).astype(np.float32)
            action, following = policy.act(seen, state)
            asked = PolicyStep(
                skill=policy.spec.role, step=step, observation=seen, action=action,
                state=state, command=(0.1, 0.0, 0.2), took_s=0.0004,
            )  # fmt: skip
            step, state = step + 1, following
        frame = sensors(time_s)
        joint = JOINT_NAMES[index % 20]
        yield CycleRecord(
            time_s=time_s,
            mode="playing",
            sensors=frame,
            gravity=(0.0, 0.0, -1.0),
            posture="upright",
            skill="walk",
            request=SkillRequest(kind="walk"),
            verdict=SafetyVerdict(
                targets_rad=frame.position_rad + 0.01,
                position_clamped=NONE,
                velocity_clamped=NONE,
                fault=None,
            ),
            policy_step=index % POLICY_EVERY == 0,
            policy=asked,
            timing=CycleTiming(late_s=1e-4, read_s=3e-3, total_s=4e-3),
            health=(
                joint,
                ServoStatus(
                    torque_on=True, watchdog_units=5, voltage_v=11.6,
                    temperature_c=40 + index % 20,
                ),
            ),
        )  # fmt: skip
