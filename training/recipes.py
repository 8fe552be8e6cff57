"""Trainings by task, in stages, each starting from the networks of the one before."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from sim.env import EnvConfig
from sim.getup_recordings import record_getups
from sim.motion_world import BatchPolicy
from sim.randomization import RandomizationConfig
from sim.tasks.kick import KickRewards, KickTask
from sim.tasks.kick_starts import KickStarts
from sim.tasks.match import MatchTask
from sim.tasks.poses import CROUCH_RAD, FLAT_RAD, T_POSE_RAD
from sim.tasks.registry import make_task
from sim.tasks.rise import RiseTask
from sim.tasks.score import SCORE_WEIGHTS, ScoreTask
from sim.tasks.sight import SightConfig
from sim.tasks.soccer_rewards import SoccerRules
from sim.tasks.view import STAND_RAD
from sim.tasks.walk import WalkConfig
from training.clone import TACTICS, CloneConfig
from training.corrected_kick import CorrectionConfig
from training.curriculum import CurriculumConfig
from training.duel import DuelConfig
from training.kept_walk import KeptWalkConfig
from training.ppo import PpoConfig
from training.shots import ShotConfig
from training.stages import NEVER, Stage
from training.train_task import TaskRunConfig
from training.walk_recipe import walk_recipe

SHOT = "shot"
"""What is learned out of whole shots: no task of its own, and two skills."""
_BALL_LATER = KickStarts(
    ahead_m=(3.0, 3.0), beside_m=(0.0, 0.0), aim_rad=0.0, rolling_share=0.0
)
"""Far off until it is laid where it is wanted: `CorrectionConfig`, `ShotConfig`."""
Scripts = Callable[[str], BatchPolicy]
"""The scripted skill of a name, such as "getup"."""


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


def rise_recipe(seed: int, script: BatchPolicy) -> tuple[Stage, ...]:
    """How policies/getup was made: the scripted get-up cloned, made surer, then faster.

    PPO alone never found a way up from chest or back. The clone stands up from most of
    these; PPO goes on from it in small updates, the critic first. Larger updates and
    more noise in the actions then make it fast, under pushes; last most begin on a
    side, which is the longest way, and only the next second counts, and in the end it
    also counts how upright the robot is once it is up.

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
        curriculum=CurriculumConfig(push_ramp=NEVER),
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
    aside = replace(
        task.starts,
        lying_share=0.8,
        sides_share=0.65,
        tilted_share=0.1,
        side_spread_rad=0.4,
        poses=(*(STAND_RAD,) * 3, *(T_POSE_RAD,) * 2, FLAT_RAD, CROUCH_RAD),
    )
    short = replace(task, starts=aside, episode_s=3.0)
    sides = replace(
        faster,
        task=short,
        ppo=replace(faster.ppo, discount=0.96, critic_first=30),
        total_steps=12_000_000,
    )
    on_sides = replace(short, starts=replace(aside, sides_share=0.7))
    quicker = replace(
        sides,
        task=on_sides,
        ppo=replace(sides.ppo, critic_first=0),
        total_steps=7_400_000,
        warm_std=0.15,
    )
    level = replace(
        quicker,
        task=replace(on_sides, rewards=replace(task.rewards, lean=-8.0)),
        ppo=replace(sides.ppo, discount=0.97, learning_rate=1.5e-4, kl=0.01),
        total_steps=3_000_000,
        warm_std=0.12,
    )
    return (
        Stage(name="clone", run=CloneConfig(run=cloned, script="getup")),
        Stage(name="sure", run=sure),
        Stage(name="fast", run=fast),
        Stage(name="faster", run=faster),
        Stage(name="sides", run=sides),
        Stage(name="quicker", run=quicker),
        Stage(name="rise", run=level),
    )


def kick_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/kick was made, from a script that `op3-soccer tune kick` found.

    Its motion is played, and a policy learns to correct it: standing first, while the
    pushes grow; then out of the walk as well; then with little noise, where a miss and
    a fall cost ever more.
    """
    rewards = KickRewards(
        aim=-100.0, fall=-40.0, heading=0.0, action_rate=-0.002, action_jerk=-0.001
    )
    task = KickTask(rewards=rewards, starts=_BALL_LATER, episode_s=2.4)
    standing = TaskRunConfig(
        task=task,
        ppo=PpoConfig(
            discount=0.99,
            learning_rate=3e-4,
            learning_rate_range=(3e-5, 1e-3),
            kl=0.015,
            entropy=0.0,
            init_std=0.25,
            critic_first=10,
        ),
        curriculum=CurriculumConfig(push_ramp=(0, 2_000_000)),
        rollout_steps=48,
        total_steps=2_500_000,
        seed=seed,
        skill="walk",
        reach=_REACH,
        kick=CorrectionConfig(bundle="kick"),
    )
    moving = replace(
        standing,
        ppo=replace(standing.ppo, critic_first=0),
        curriculum=CurriculumConfig(push_ramp=(0, 1)),
        kick=CorrectionConfig(bundle="kick", moving_share=0.5),
        total_steps=3_100_000,
    )
    straight = replace(
        moving,
        task=replace(task, rewards=replace(rewards, speed=70.0, aim=-250.0)),
        ppo=replace(moving.ppo, kl=0.012),
        kick=CorrectionConfig(
            bundle="kick", moving_share=0.4, moving_left_m_s=0.15, moving_rad_s=1.0
        ),
        warm_std=0.13,
        total_steps=2_500_000,
    )
    upright = replace(
        straight,
        task=replace(
            task, rewards=replace(rewards, speed=70.0, aim=-250.0, fall=-150.0)
        ),
        kick=CorrectionConfig(bundle="kick", moving_share=0.25, moving_m_s=0.2),
        total_steps=1_850_000,
    )
    exact = replace(
        upright,
        task=replace(
            task, rewards=replace(rewards, speed=90.0, aim=-400.0, fall=-200.0)
        ),
        kick=CorrectionConfig(bundle="kick", moving_share=0.15, moving_m_s=0.2),
        rollout_steps=64,
        warm_std=0.1,
        total_steps=8_200_000,
    )
    return (
        Stage(name="standing", run=standing),
        Stage(name="moving", run=moving),
        Stage(name="straight", run=straight),
        Stage(name="upright", run=upright),
        Stage(name="exact", run=exact),
    )


def shot_recipe(seed: int = 0) -> tuple[Stage, ...]:
    """How policies/walk and policies/kick learn on together, out of whole shots.

    Pushes come harder and oftener than in a match, so that more of the steps tell of
    falls. Then the sensor board is mounted less exactly than any will be: on board the
    attitude filter errs as well, which training does not know, and half of what a walk
    and a kick lose by that they learn to do without. Last more of the shots begin near
    the ball, since most goals are lost to kicks, in larger updates whose weights are
    averaged.
    """
    ranges = RandomizationConfig(push_n=(6.0, 16.0), push_every_s=(0.7, 2.2))
    steady = TaskRunConfig(
        task=KickTask(starts=_BALL_LATER, episode_s=10.5),
        env=EnvConfig(num_envs=512, stagger=False, randomization=ranges),
        ppo=PpoConfig(
            epochs=3,
            minibatches=6,
            discount=0.985,
            learning_rate=1e-4,
            learning_rate_range=(1e-5, 6e-4),
            kl=0.01,
            entropy=0.0,
            critic_hidden=(256, 256),
            critic_rate=6.0,
            critic_first=12,
            init_std=0.12,
        ),
        curriculum=CurriculumConfig(push_ramp=(0, 1)),
        rollout_steps=48,
        total_steps=9_000_000,
        seed=seed,
        shot=ShotConfig(),
        kept=KeptWalkConfig(),
    )
    tilted = replace(
        ranges,
        push_n=(5.0, 16.0),
        push_every_s=(0.8, 2.5),
        imu_tilt_rad=(-0.06, 0.06),
    )
    surer = replace(
        steady,
        env=replace(steady.env, randomization=tilted),
        ppo=replace(steady.ppo, critic_first=0),
        kept=KeptWalkConfig(weight=0.5),
        warm_std=0.1,
        total_steps=8_000_000,
    )
    finest = replace(
        surer,
        ppo=replace(surer.ppo, epochs=4, minibatches=4, kl=0.016, average_updates=500),
        shot=ShotConfig(near_share=0.45, near_behind_m=(0.22, 0.8), near_aside_m=0.3),
        total_steps=13_000_000,
    )
    return (
        Stage(name="steady", run=steady),
        Stage(name="shot", run=surer),
        Stage(name="kicks", run=finest),
    )


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
        reach=_REACH,
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
        curriculum=CurriculumConfig(push_ramp=NEVER),
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
        ppo=HELD_PPO,
        duel=DuelConfig(
            score_teacher="score", getup_teacher=rise.name, from_score_teacher=False
        ),
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


_REACH = (-0.4, -0.3, -3.0), (0.9, 0.3, 3.0)
"""Of the walk's commands, for policies that it carries."""
_SOCCER_PPO = PpoConfig(discount=0.995)
HELD_PPO = replace(
    _SOCCER_PPO,
    hidden=(512, 256),
    entropy=0.0,
    learning_rate_range=(3e-4, 1e-3),
    init_std=0.15,
)
"""Of a pupil held to teachers that spread by 0.1: it begins nearly as sure as they are,
and in steps as large as imitation bears; it must hold both teachers and a walk."""
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
        SHOT: lambda seed, scripts: shot_recipe(seed),
        "score": lambda seed, scripts: score_recipe(seed),
        "match": lambda seed, scripts: match_recipe(seed, scripts("getup")),
    }
)
