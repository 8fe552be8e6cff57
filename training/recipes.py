"""Trainings by task, in stages, each starting from the networks of the one before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from sim.env import EnvConfig
from sim.getup_recordings import record_getups
from sim.motion_world import BatchPolicy
from sim.tasks.kick import KickTask
from sim.tasks.match import MatchTask
from sim.tasks.registry import make_task
from sim.tasks.rise import RiseTask
from sim.tasks.score import SCORE_WEIGHTS, ScoreTask
from sim.tasks.sight import SightConfig
from sim.tasks.soccer_rewards import SoccerRules
from sim.tasks.walk import CommandMix, WalkConfig, WalkRewards
from sim.tasks.walk_task import WalkTask
from training.clone import TACTICS, CloneConfig
from training.curriculum import CurriculumConfig
from training.duel import DuelConfig
from training.ppo import PpoConfig
from training.specialists import SpecialistsConfig
from training.train_task import TaskRunConfig
from training.walk_recordings import record_walks

Scripts = Callable[[str], BatchPolicy]
"""The scripted skill of a name, such as "getup"."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of a recipe: PPO, or the cloning of a script.

    Attributes:
        name: of its folder; empty for the recipe's own folder.
        run: its configuration; `warm_start` and the folders of teachers, which are
            names of earlier stages, are filled in by `staged`.
        follows: it starts from the networks of the stage before, or of the one of that
            name; if false, and always as the first one, from nothing. A `CloneConfig`
            starts from nothing.
    """

    name: str
    run: TaskRunConfig | CloneConfig
    follows: bool | str = True


_NEVER = (2**60, 2**61)
"""A ramp that no run reaches."""


def plain_run(task: str, seed: int = 0) -> TaskRunConfig:
    """A single run of a task with its default configuration.

    Raises:
        ValueError: no such task.
    """
    return TaskRunConfig(
        task=make_task(task), ppo=_PPO.get(task, PpoConfig()), seed=seed
    )


def recipe(task: str, seed: int, scripts: Scripts) -> tuple[Stage, ...]:
    """The stages that learn a task; a single plain run where nobody wrote a recipe.

    Args:
        task: its name.
        seed: of all stages.
        scripts: asked for the skills that a recipe begins with.
    """
    if task in RECIPES:
        return RECIPES[task](seed, scripts)
    return (Stage(name="", run=plain_run(task, seed)),)


def walk_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/walk was made.

    A slow gait clock first: with a fast one, marching in place is a local optimum that
    training may not leave. The fast clock and longer legs then lift the top speed,
    smaller updates and dearer falls settle the gait, and less noise in the actions
    shows what it can do without.

    A gait turns by the hips' yaw alone, 2.3 rad/s at most. So a turn on the soles is
    learned by itself, where no gait is asked for, and one policy from both.
    """
    slow = WalkConfig(
        clock_hz=2.2,
        mix=CommandMix(stand=0.10, fast=0.12, straight=0.13, sideways=0.15, turn=0.15),
        rewards=WalkRewards(progress=1.5),
    )
    brisk = WalkRewards(
        velocity=2.0,
        progress=4.0,
        turn=1.5,
        turn_progress=1.5,
        stature=0.8,
        scale=0.06,
    )
    fast = WalkConfig(rewards=brisk)
    careful = replace(fast, rewards=replace(brisk, fall=-30.0))
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
    gait = tuple(
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
    return (*gait, *_turn_stages(seed), *_both_stages(seed, fast))


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
    alone = TaskRunConfig(
        task=WalkTask(config=turns),
        total_steps=2_000_000,
        curriculum=CurriculumConfig(push_ramp=_NEVER),
        seed=seed,
    )
    pushed = TaskRunConfig(
        task=WalkTask(config=surer),
        ppo=PpoConfig(
            learning_rate=4e-4,
            learning_rate_range=(5e-5, 1e-3),
            kl=0.012,
            entropy=0.0,
            critic_first=4,
        ),
        total_steps=600_000,
        curriculum=CurriculumConfig(push_ramp=(0, 500_000)),
        seed=seed,
        warm_std=0.2,
    )
    return (
        Stage(name="turn", run=alone, follows=False),
        Stage(name="turn_pushed", run=pushed),
    )


def _both_stages(seed: int, gait: WalkConfig) -> tuple[Stage, ...]:
    """One policy from the walk and the turn, in ever smaller steps."""
    high, low = (*gait.high[:2], 3.5), (*gait.low[:2], -3.5)
    mix = CommandMix(stand=0.08, fast=0.25, straight=0.1, sideways=0.12, turn=0.2)
    task = WalkTask(config=replace(gait, low=low, high=high, mix=mix))
    return tuple(
        Stage(
            name=name,
            run=TaskRunConfig(
                task=task,
                ppo=PpoConfig(
                    learning_rate=rate, learning_rate_range=(rate, rate), entropy=0.0
                ),
                total_steps=steps,
                curriculum=CurriculumConfig(push_ramp=(0, 1)),
                seed=seed,
                warm_std=0.15,
                specialists=SpecialistsConfig(turn="turn_pushed", walk="quiet"),
            ),
            follows=follows,
        )
        for name, follows, rate, steps in (
            ("both", "quiet", 5e-4, 600_000),
            ("settled", True, 2e-4, 800_000),
            ("exact", True, 5e-5, 600_000),
        )
    )


def rise_recipe(seed: int, script: BatchPolicy) -> tuple[Stage, ...]:
    """How policies/getup was made: the scripted get-up cloned, made surer, then faster.

    PPO alone never found a way up from chest or back. The clone stands up from most of
    these; PPO goes on from it in small updates, the critic first. Larger updates and
    more noise in the actions then make it fast, under pushes.

    Args:
        seed: of all stages.
        script: a get-up, recorded for start postures (seconds of computing).
    """
    task = RiseTask()
    lying = replace(task.starts, lying_share=0.7, tilted_share=0.3, side_spread_rad=0.5)
    cloned = TaskRunConfig(
        task=replace(task, starts=lying, episode_s=20.0),
        env=EnvConfig(num_envs=128),
        ppo=PpoConfig(init_std=0.12),
        seed=seed,
    )
    recorded = replace(
        task.starts,
        lying_share=0.65,
        tilted_share=0.10,
        recorded_share=0.20,
        recorded=record_getups(script, worlds=24, every_s=0.1, seed=5),
    )
    mixed = replace(task, starts=recorded, episode_s=6.0)
    sure = TaskRunConfig(
        task=mixed,
        ppo=PpoConfig(
            epochs=3,
            discount=0.99,
            learning_rate=1e-4,
            learning_rate_range=(1e-5, 5e-4),
            kl=0.006,
            entropy=0.0,
            critic_first=25,
        ),
        curriculum=CurriculumConfig(push_ramp=_NEVER),
        rollout_steps=48,
        total_steps=3_000_000,
        seed=seed,
    )
    fast = replace(
        sure,
        task=replace(mixed, episode_s=4.0),
        ppo=replace(sure.ppo, kl=0.012, discount=0.985, critic_first=8),
        curriculum=CurriculumConfig(push_ramp=(500_000, 2_000_000)),
        total_steps=8_000_000,
        warm_std=0.18,
    )
    faster = replace(
        fast,
        ppo=replace(fast.ppo, kl=0.02, discount=0.98, learning_rate=2.5e-4),
        curriculum=CurriculumConfig(push_ramp=(0, 1)),
        total_steps=14_000_000,
    )
    return (
        Stage(name="clone", run=CloneConfig(run=cloned, script="getup")),
        Stage(name="sure", run=sure),
        Stage(name="fast", run=fast),
        Stage(name="rise", run=faster),
    )


def kick_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """The shipped walk, told to stand, learns to kick. No kick is shipped yet.

    Standing and in mid-stride, as the walk leaves it (its moments are recorded first,
    seconds of computing). The pushes come late, after the swing is found.
    """
    task = KickTask(clock_hz=WalkConfig().clock_hz)
    walking = record_walks("walk", worlds=32, seconds=6.0, seed=seed)
    starts = replace(task.starts, walking_share=0.65, walking=walking)
    run = replace(
        plain_run("kick", seed),
        task=replace(task, starts=starts),
        begins_as="walk",
        curriculum=CurriculumConfig(push_ramp=(8_000_000, 11_000_000)),
        total_steps=12_000_000,
    )
    return (Stage(name="", run=run),)


def score_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/score was made: a policy that commands the shipped walk.

    The robot's tactics as they dribble are cloned, then made faster: alone on the
    pitch first, which halves the physics, then with the passive opponent, which mostly
    stands, and often in the way.
    The penalty areas are open, as in this project's matches, and the ways to the ball
    and of the ball to the goal pay: the paper's sparse reward needs 2e9 steps. The last
    stage goes without pushes: under them, whatever is commanded, most episodes end in a
    fall, and what is left says little of the game.
    """
    weights = replace(
        SCORE_WEIGHTS,
        scoring=120.0,
        velocity_to_ball=0.3,
        ball_to_goal=2.0,
        termination=40.0,
    )
    crowded = ScoreTask(
        sight=SightConfig(),
        rules=SoccerRules(areas_closed=False),
        weights=weights,
        episode_s=20.0,
        opponent_standing_share=0.7,
        opponent_in_way_share=0.4,
        clock_hz=WalkConfig().clock_hz,
    )
    alone = replace(crowded, alone=True, weights=replace(weights, interference=0.0))
    solo = TaskRunConfig(
        task=alone,
        ppo=PpoConfig(
            discount=0.98,
            learning_rate=3e-4,
            learning_rate_range=(3e-5, 1e-3),
            kl=0.02,
            entropy=0.0,
            init_std=0.35,
            critic_first=12,
        ),
        curriculum=CurriculumConfig(push_ramp=(300_000, 2_000_000)),
        rollout_steps=64,
        total_steps=1_400_000,
        seed=seed,
        skill="walk",
        hold=4,
    )
    pushed = replace(
        solo,
        task=crowded,
        ppo=replace(solo.ppo, critic_first=6),
        curriculum=CurriculumConfig(push_ramp=(0, 2_500_000)),
        total_steps=2_300_000,
    )
    calm = replace(
        pushed,
        ppo=replace(solo.ppo, kl=0.012, critic_first=4),
        curriculum=CurriculumConfig(push_ramp=_NEVER),
        total_steps=1_000_000,
    )
    cloned = replace(
        solo, task=replace(alone, episode_s=30.0), env=EnvConfig(num_envs=128), hold=1
    )
    clone = CloneConfig(
        run=cloned,
        script=TACTICS,
        noise=(0.0, 0.2, 0.2, 0.4, 0.4),
        seconds=15.0,
        success="scored",
        failure="foul",
        total_steps=6_000,
    )
    return (
        Stage(name="tactics", run=clone),
        Stage(name="alone", run=solo),
        Stage(name="opponent", run=pushed),
        Stage(name="calm", run=calm),
    )


def duel_task() -> MatchTask:
    """The 1v1 stage as a score teacher knows the game: see `score_recipe`."""
    return MatchTask(
        opponent_id=True,
        sight=SightConfig(),
        rules=SoccerRules(areas_closed=False),
        clock_hz=WalkConfig().clock_hz,
    )


def match_recipe(seed: int, script: BatchPolicy) -> tuple[Stage, ...]:
    """Both teachers, then 1v1 under their eyes (arXiv:2304.13653).

    The score teacher is the recipe of `score`, its last stage named so; the get-up
    teacher is the recipe of `rise`. Both are translated: the one commands a walk, the
    other sees and moves less than their pupil, which moves all joints itself.

    Args:
        seed: of all stages.
        script: a get-up, see `rise_recipe`.
    """
    clone, *ups, rise = rise_recipe(seed, script)
    duel = replace(
        plain_run("match", seed),
        task=duel_task(),
        duel=DuelConfig(
            score_teacher="score", getup_teacher=rise.name, from_score_teacher=False
        ),
        curriculum=CurriculumConfig(push_ramp=(10_000_000, 20_000_000)),
    )
    tactics, alone, opponent, score = score_recipe(seed)
    return (
        tactics,
        alone,
        opponent,
        replace(score, name="score"),
        replace(clone, follows=False),
        *ups,
        rise,
        Stage(name="duel", run=duel, follows=False),
    )


def staged(stages: tuple[Stage, ...], folder: Path) -> tuple[Stage, ...]:
    """The stages in `folder`: with what each one starts from, and its teachers."""
    ready: list[Stage] = []
    for stage in stages:
        run = stage.run
        if ready and stage.follows:
            if isinstance(run, CloneConfig):
                raise ValueError(
                    f"recipe: expected a clone that follows nothing, found "
                    f"{stage.name!r} after {ready[-1].name!r}"
                )
            before = ready[-1].name if stage.follows is True else stage.follows
            run = replace(run, warm_start=str(folder / before))
        if isinstance(run, TaskRunConfig) and run.duel is not None:
            score, getup = run.duel.score_teacher, run.duel.getup_teacher
            duel = replace(
                run.duel,
                score_teacher=str(folder / score),
                getup_teacher=str(folder / getup),
            )
            run = replace(run, duel=duel)
        if isinstance(run, TaskRunConfig) and run.specialists is not None:
            turn, walk = run.specialists.turn, run.specialists.walk
            specialists = replace(
                run.specialists, turn=str(folder / turn), walk=str(folder / walk)
            )
            run = replace(run, specialists=specialists)
        ready.append(replace(stage, run=run))
    return tuple(ready)


_SOCCER_PPO = PpoConfig(discount=0.995)
_PPO: Mapping[str, PpoConfig] = MappingProxyType(
    {
        "getup": PpoConfig(discount=0.99, init_std=0.45),
        "rise": PpoConfig(discount=0.98, kl=0.012, init_std=0.45),
        "kick": PpoConfig(
            discount=0.99,
            kl=0.02,
            entropy=0.0,
            learning_rate=2e-4,
            learning_rate_range=(3e-5, 1e-3),
            init_std=0.28,
            critic_first=10,
        ),
        "score": _SOCCER_PPO,
        "match": _SOCCER_PPO,
    }
)
"""What differs from the walk's settings: longer horizons where success comes late."""

RECIPES: Mapping[str, Callable[[int, Scripts], tuple[Stage, ...]]] = MappingProxyType(
    {
        "walk": lambda seed, scripts: walk_recipe(seed),
        "rise": lambda seed, scripts: rise_recipe(seed, scripts("getup")),
        "kick": lambda seed, scripts: kick_recipe(seed),
        "score": lambda seed, scripts: score_recipe(seed),
        "match": lambda seed, scripts: match_recipe(seed, scripts("getup")),
    }
)
