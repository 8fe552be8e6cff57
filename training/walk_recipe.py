"""How policies/walk was made."""

from collections.abc import Iterable
from dataclasses import replace

from sim.tasks.walk import CommandMix, WalkConfig, WalkRewards
from sim.tasks.walk_task import WalkTask
from training.curriculum import CurriculumConfig
from training.ppo import PpoConfig
from training.specialists import SpecialistsConfig
from training.stages import NEVER, Stage
from training.train_task import TaskRunConfig

_WalkStage = tuple[str, WalkConfig, PpoConfig, int, tuple[int, int], float]
"""Name, task, learner, steps, ramp of the pushes, spread of the actions at the start;
with 0 that of the stage before."""

_TALL = WalkRewards(
    velocity=2.0, progress=4.0, turn=1.5, turn_progress=1.5, stature=0.8, scale=0.06
)


def walk_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/walk was made.

    A gait that keeps a clock ends at 0.65 m/s, and turns by the hips' yaw alone at 2.3
    rad/s. So a dash and a turn on the soles are learned by themselves, where no gait is
    asked for, then a gait for all commands, and last one policy from all three.
    """
    return (
        *_dash_stages(seed),
        *_turn_stages(seed),
        *_gait_stages(seed),
        *_taught_stages(seed),
    )


def _gait_stages(seed: int) -> tuple[Stage, ...]:
    """All commands, in steps that keep a clock.

    A slow one first: with a fast one, marching in place is a local optimum that
    training may not leave. The fast clock and longer legs then lift the top speed,
    smaller updates and dearer falls settle the gait, and less noise in the actions
    shows what it can do without.
    """
    slow = WalkConfig(
        clock_hz=2.2,
        mix=CommandMix(stand=0.10, fast=0.12, straight=0.13, sideways=0.15, turn=0.15),
        rewards=WalkRewards(progress=1.5),
    )
    fast = WalkConfig(rewards=_TALL)
    careful = replace(fast, rewards=replace(_TALL, fall=-30.0))
    wide = PpoConfig(learning_rate=6e-4, kl=0.012, critic_first=8)
    narrow = PpoConfig(
        learning_rate=2e-4, learning_rate_range=(3e-5, 3e-4), kl=0.005, entropy=0.0
    )
    stages = (
        ("slow_clock", slow, PpoConfig(), 6_000_000, (1_500_000, 5_000_000), 0.0),
        ("fast_clock", fast, wide, 7_000_000, (0, 1_000_000), 0.0),
        ("careful", careful, narrow, 7_000_000, (0, 1), 0.0),
        ("quiet", careful, replace(narrow, kl=0.008), 3_500_000, (0, 1), 0.15),
    )
    first, *others = _walk_stages(seed, stages)
    return replace(first, follows=False), *others


def _dash_stages(seed: int) -> tuple[Stage, ...]:
    """Going ahead as fast as it can, freely: with less and less noise, then pushed.

    Under pushes a robot that falls loses all that it would have earned, so it is slow.
    First speed is paid for itself, then being up no longer is.
    """
    free = WalkRewards(
        velocity=2.0,
        progress=4.0,
        turn=1.5,
        gait=0.3,
        clearance=0.0,
        slip=-0.05,
        hip_pose=-0.02,
        arm_pose=-0.05,
        tilt_rate=-0.02,
        bounce=-0.3,
        torque=-0.001,
        brisk=(0.5, 1.5),
    )
    straight = WalkConfig(
        low=(-0.05, -0.05, -0.3),
        high=(1.0, 0.05, 0.3),
        mix=CommandMix(stand=0.03, fast=0.92, straight=0.05, sideways=0.0, turn=0.0),
        rewards=free,
    )
    curved = replace(
        straight,
        low=(0.4, -0.1, -0.8),
        high=(1.0, 0.1, 0.8),
        mix=CommandMix(stand=0.03, fast=0.5, straight=0.07, sideways=0.0, turn=0.0),
    )
    paced = replace(
        curved,
        mix=CommandMix(stand=0.03, fast=0.6, straight=0.05, sideways=0.0, turn=0.0),
        rewards=replace(free, pace=6.0, scale=0.06),
    )
    bold = replace(
        paced,
        low=(0.5, -0.08, -0.6),
        high=(1.0, 0.08, 0.6),
        mix=CommandMix(stand=0.03, fast=0.75, straight=0.05, sideways=0.0, turn=0.0),
        rewards=replace(free, pace=14.0, alive=-8.0, scale=0.06),
    )
    narrow = PpoConfig(learning_rate=4e-4, kl=0.012, entropy=0.001, critic_first=4)
    surer = replace(
        narrow,
        learning_rate=3e-4,
        learning_rate_range=(3e-5, 1e-3),
        kl=0.01,
        entropy=0.0,
    )
    longer = replace(
        surer,
        learning_rate_range=(5e-5, 1e-3),
        kl=0.012,
        discount=0.98,
        critic_first=8,
    )
    last = replace(longer, learning_rate=2e-4)
    short = (
        ("dash", straight, PpoConfig(epochs=3), 3_000_000, NEVER, 0.0),
        ("dash_quiet", straight, narrow, 2_600_000, NEVER, 0.25),
        ("dash_pushed", curved, surer, 3_000_000, (0, 2_000_000), 0.2),
    )
    long = (
        ("dash_paced", paced, longer, 6_900_000, (0, 1), 0.2),
        ("dash_bold", bold, last, 7_800_000, (0, 1), 0.18),
    )
    return (
        *_walk_stages(seed, short),
        *(
            replace(stage, run=replace(stage.run, rollout_steps=64))
            for stage in _walk_stages(seed, long)
        ),
    )


def _turn_stages(seed: int) -> tuple[Stage, ...]:
    """Turning on the spot, freely: without pushes, then with less noise and pushes."""
    free = WalkRewards(
        velocity=1.0,
        progress=0.0,
        turn_progress=4.0,
        gait=0.0,
        clearance=0.0,
        slip=0.0,
        hip_pose=0.0,
        arm_pose=-0.02,
        tilt_rate=-0.01,
        bounce=-0.2,
        torque=-0.001,
        action_rate=-0.005,
        action_jerk=-0.002,
    )
    turns = WalkConfig(
        low=(-0.05, -0.05, -4.0),
        high=(0.05, 0.05, 4.0),
        mix=CommandMix(stand=0.05, fast=0.0, straight=0.0, sideways=0.0, turn=0.9),
        rewards=free,
    )
    surer = replace(
        turns,
        low=(-0.05, -0.05, -3.5),
        high=(0.05, 0.05, 3.5),
        rewards=replace(
            free, velocity=1.5, gait=0.3, fall=-20.0, scale=0.08, brisk=(0.6, 1.5)
        ),
    )
    surely = PpoConfig(
        learning_rate=4e-4,
        learning_rate_range=(5e-5, 1e-3),
        kl=0.012,
        entropy=0.0,
        critic_first=4,
    )
    alone, pushed = _walk_stages(
        seed,
        (
            ("turn", turns, PpoConfig(), 2_000_000, NEVER, 0.0),
            ("turn_pushed", surer, surely, 600_000, (0, 500_000), 0.2),
        ),
    )
    return replace(alone, follows=False), pushed


def _taught_stages(seed: int) -> tuple[Stage, ...]:
    """One policy from all three, in ever smaller steps, the last ones with more of what
    is hardest to copy, turns and dashes; rewards teach the critic alone, whose
    gradients are clipped together with the actor's."""
    commands = WalkConfig(low=(-0.4, -0.3, -3.5), high=(1.0, 0.3, 3.5), rewards=_TALL)
    # Told to go at 1 m/s it goes no faster than told 0.85, and falls more.
    bounded = replace(commands, high=(0.85, 0.3, 3.5))
    mix = CommandMix(stand=0.08, fast=0.32, straight=0.1, sideways=0.12, turn=0.18)
    even = CommandMix(stand=0.07, fast=0.30, straight=0.08, sideways=0.10, turn=0.30)
    turns = CommandMix(stand=0.06, fast=0.27, straight=0.06, sideways=0.08, turn=0.42)
    fast = CommandMix(stand=0.05, fast=0.46, straight=0.05, sideways=0.06, turn=0.28)
    return tuple(
        Stage(
            name=name,
            run=TaskRunConfig(
                task=WalkTask(config=config),
                ppo=PpoConfig(
                    learning_rate=rate, learning_rate_range=(rate, rate), entropy=0.0
                ),
                total_steps=steps,
                curriculum=CurriculumConfig(push_ramp=(0, 1)),
                seed=seed,
                warm_std=0.15,
                specialists=SpecialistsConfig(
                    turn="turn_pushed", dash="dash_bold", walk="quiet"
                ),
            ),
            follows=follows,
        )
        for name, follows, config, rate, steps in (
            ("taught", "quiet", replace(commands, mix=mix), 5e-4, 800_000),
            ("settled", True, replace(commands, mix=mix), 2e-4, 1_400_000),
            ("exact", True, replace(commands, mix=mix), 5e-5, 800_000),
            ("evened", True, replace(commands, mix=even), 1e-4, 1_000_000),
            ("turned", True, replace(commands, mix=turns), 4e-5, 900_000),
            ("dashed", True, replace(commands, mix=fast), 3e-5, 1_300_000),
            ("bounded", True, replace(bounded, mix=fast), 1.5e-5, 500_000),
        )
    )


def _walk_stages(seed: int, stages: Iterable[_WalkStage]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            name=name,
            run=TaskRunConfig(
                task=WalkTask(config=config),
                ppo=ppo,
                total_steps=steps,
                curriculum=CurriculumConfig(push_ramp=ramp),
                seed=seed,
                warm_std=std,
            ),
        )
        for name, config, ppo, steps, ramp, std in stages
    )
