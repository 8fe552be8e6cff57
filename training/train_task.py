"""Train any task with PPO: rollouts, updates, reports, checkpoints, pictures.

A checkpoint holds the learner (networks, optimizer, learning rate, key), the key of
acting, the curriculum and the count of steps. There are no normalizers: observations
are scaled by constants of their spec. Not restored are the environments: episodes under
way are given up and new ones drawn, staggered as at the start, from a seed that follows
from the run's and the count of steps. Two resumes of one checkpoint are equal.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from robot.contracts.symmetry import action_mirror, observation_mirror
from sim.env import EnvConfig, Environment
from sim.tasks.kick import KickTask
from sim.tasks.registry import gait_clock_hz
from sim.tasks.task import Task
from training import corrected_kick, curriculum, shot_learner, shots
from training.batch_env import BatchEnv
from training.borrowed import actor_of_bundle, actor_of_correction
from training.corrected_kick import CorrectedKick, CorrectionConfig
from training.curriculum import Curriculum, CurriculumConfig
from training.duel import (
    DuelConfig,
    actor_of_teacher,
    check_teachers,
    duel_guide,
    has_shape_of_teacher,
    opposed,
)
from training.film import Film, FilmConfig
from training.guide import Guide
from training.kept_walk import KeptWalkConfig
from training.measures import Meter
from training.networks import FIRST
from training.opponents import SnapshotPool
from training.ppo import Kept, LearnerState, Ppo, PpoConfig
from training.rollouts import Collector
from training.run_folder import RunError, RunFolder, has_checkpoint, read_params
from training.shots import ShotConfig, Shots
from training.skill import COMMAND, COMMAND_MIRROR, Reach, Skill, load_skill
from training.skill_env import SkillEnvironment
from training.specialists import SpecialistsConfig
from training.teachers import ppo_policy
from training.teaching import first_weights
from training.trajectory import Trajectory

OnReport = Callable[[int, dict[str, float]], None]
OnNotice = Callable[[str], None]

_SHARED = (
    *("observation", "privileged", "action", "arena"),
    *("episode_s", "control_period_s"),
)
"""What the easy task of a curriculum must have as the run's own."""


class OnBatch(Protocol):
    """Gets a rollout; `training.archive.ArchiveWriter.add` is one."""

    def __call__(self, trajectory: Trajectory, *, step: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class TaskRunConfig:
    """One training run. Steps count agents' actions: of two robots there are two, over
    a skill one for `hold` control steps.

    Attributes:
        task: what is learned.
        env: batch of environments and their randomization.
        ppo: learner.
        curriculum: what grows harder.
        mirrored: the policy is left-right symmetric by construction.
        rollout_steps: control steps per environment between updates.
        total_steps: actions of agents in all.
        seed: of environments and networks.
        warm_start: folder of an earlier run whose networks this one starts from.
        warm_std: standard deviation of the actions then; 0 keeps the earlier run's.
        begins_as: the bundle of a learned policy, shipped (by its name) or in a folder,
            as which the actor starts, or of a kick, as whose correction
            (`training.borrowed`). Empty: with fresh networks.
        duel: teachers and opponents of a 1v1 stage; None: all agents learn, and meet
            each other.
        specialists: who teach a walk; None for nobody.
        skill: the bundle of a walk, shipped (by its name) or in a folder: the policy
            commands it instead of the joints (`training.skill`). Empty: it moves the
            joints itself.
        reach: commands of the skill for actions of -1 and 1, told with every skill: a
            run then means the same whatever the walk's own bounds become.
        kick: a scripted kick that the policy corrects; the skill then walks and stands
            before and after. None: it corrects none.
        shot: whole shots, out of which a walk and the correction of a kick are learned
            together, from those of bundles on. None: something else is.
        kept: what that walk shall not forget; None: whatever it does not need.
        hold: control steps that each action of a policy over a skill lasts while it
            learns: longer ones explore farther. Afterwards it acts at every one.
        report_every, save_every: in updates.
    """

    task: Task
    env: EnvConfig = field(default_factory=EnvConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    mirrored: bool = True
    rollout_steps: int = 32
    total_steps: int = 30_000_000
    seed: int = 0
    warm_start: str = ""
    warm_std: float = 0.0
    begins_as: str = ""
    report_every: int = 10
    save_every: int = 50
    duel: DuelConfig | None = None
    specialists: SpecialistsConfig | None = None
    skill: str = ""
    reach: Reach | None = None
    kick: CorrectionConfig | None = None
    shot: ShotConfig | None = None
    kept: KeptWalkConfig | None = None
    hold: int = 1

    def __post_init__(self) -> None:
        if self.duel is not None:
            self.duel.check(self.task)
            if self.skill:
                raise ValueError("run: expected a duel or a skill, found both")
        if self.specialists is not None and (self.duel is not None or self.skill):
            raise ValueError(
                "run: expected specialists without a duel or a skill, found both"
            )
        if bool(self.skill) != (self.reach is not None):
            raise ValueError(
                f"run.reach: expected the lowest and highest command with a skill and "
                f"none without, found {self.reach} with skill {self.skill!r}"
            )
        if self.kick and not (isinstance(self.task, KickTask) and self.skill):
            raise ValueError(
                f"run.kick: expected it with a kick task and a skill that stands, "
                f"found the task {self.task.name} and skill {self.skill!r}"
            )
        if self.shot and not (isinstance(self.task, KickTask) and self.mirrored):
            raise ValueError(
                f"run.shot: expected it with a mirrored kick task, found the task "
                f"{self.task.name}, mirrored {self.mirrored}"
            )
        if self.shot and (self.skill or self.begins_as):
            raise ValueError(
                "run.shot: expected no skill and no bundle to begin as beside its own, "
                "found one"
            )
        if self.hold < 1 or (self.hold > 1 and (self.kick or not self.skill)):
            raise ValueError(
                f"run.hold: expected 1, or more with a skill, found {self.hold}"
            )
        if not 0 <= self.warm_std < math.inf:
            raise ValueError(
                f"run.warm_std: expected 0 or more, found {self.warm_std:g}"
            )
        if self.begins_as and self.warm_start:
            raise ValueError(
                f"run.begins_as: expected it or warm_start, found both, "
                f"{self.begins_as} and {self.warm_start}"
            )
        agents = len(self.task.agents) if self.duel is None else 1
        rows = self.rollout_steps * self.env.num_envs * agents
        if rows % self.ppo.minibatches:
            raise ValueError(
                f"run: expected steps of a rollout that divide into "
                f"{self.ppo.minibatches} minibatches, found {self.rollout_steps} x "
                f"{self.env.num_envs} environments x {agents} agents"
            )
        easy = self.curriculum.easy
        if easy is not None:
            curriculum.mixed(easy, self.task, 0.5)
            for name in _SHARED:
                if getattr(easy, name) != getattr(self.task, name):
                    raise ValueError(f"curriculum.easy: expected the task's own {name}")


class Progress(NamedTuple):
    """What a checkpoint holds."""

    learner: LearnerState
    key: Any
    steps: Any
    curriculum: Curriculum


def train_task(
    config: TaskRunConfig,
    folder: RunFolder,
    on_report: OnReport = lambda step, metrics: None,
    *,
    on_batch: OnBatch | None = None,
    on_notice: OnNotice = lambda text: None,
    film: FilmConfig | None = None,
) -> Progress:
    """Train until `total_steps`; Ctrl-C saves and returns what there is.

    After the last update, while a picture is drawn, it saves and goes on to the caller.

    Args:
        config: of the run.
        folder: its folder; a checkpoint in it is gone on with.
        on_report: gets the step and every report.
        on_batch: gets every rollout, [B, T], and the steps done before it, e.g. to
            archive it; row b is always the same robot of the same environment.
        on_notice: gets words for the user, such as that no pictures can be drawn.
        film: pictures of the run's own policy; None for none.
    """
    progress = load_progress(config, folder)
    folder.rewind(int(progress.steps))
    run = _Run(config, folder.path, progress)
    camera = Film(film or FilmConfig(), folder.path / "film", on_notice)
    try:
        while progress.steps < config.total_steps:
            progress = run.update(progress, on_batch)
            count, step = int(progress.learner.updates), int(progress.steps)
            if count % config.report_every == 0:
                metrics = run.report(progress)
                progress = progress._replace(
                    curriculum=curriculum.after_report(
                        config.curriculum, progress.curriculum, metrics
                    )
                )
                folder.report(step, metrics)
                on_report(step, metrics)
            if count % config.save_every == 0:
                folder.save(progress)
            if camera.is_due(step):
                acts = run.policy(progress)
                camera.shoot(step, config.task, config.env, acts, run.wrap)
    except KeyboardInterrupt:
        if progress.steps >= config.total_steps:
            raise  # not to be taken for an end that nobody interrupted
    finally:
        folder.save(progress)
        run.close()
    return progress


def make_learner(
    config: TaskRunConfig, guide: Guide | None = None, kept: Kept | None = None
) -> Ppo:
    """The learner of a run, without its state; only training needs the guide, and what
    is kept."""
    task, mirrors = config.task, None
    if config.shot:
        size = len(task.action.joints)
        actor = shot_learner.actor(config.shot, task, config.ppo)
        return Ppo(config.ppo, size, actor=actor, kept=kept)
    commands = config.skill and not config.kick
    size = len(COMMAND) if commands else len(task.action.joints)
    if config.mirrored and not config.kick:
        image = COMMAND_MIRROR if config.skill else action_mirror(task.action)
        mirrors = (observation_mirror(task.observation), image)
    return Ppo(config.ppo, size, mirrors, guide)


def skill_of(config: TaskRunConfig) -> Skill | None:
    """The skill that the policy of a run commands, if it does.

    Raises:
        RunError: it is none, or does not fit the task.
    """
    if not config.skill:
        return None
    task = config.task
    skill = load_skill(config.skill, task.observation, task.action, config.reach)
    clock_hz = gait_clock_hz(task)
    if clock_hz != skill.spec.clock_hz:
        raise RunError(
            f"expected a task with the gait clock of skill {config.skill}, "
            f"{skill.spec.clock_hz:g} Hz; found {clock_hz:g} Hz"
        )
    return skill


def initial_progress(config: TaskRunConfig) -> Progress:
    """Fresh networks, nothing done."""
    key, init_key = jax.random.split(jax.random.key(config.seed))
    task = config.task
    seen, more = task.observation.size, task.privileged.size
    if config.kick:
        seen, more = corrected_kick.sizes(task)
    if config.shot and isinstance(task, KickTask):
        seen, more = shots.sizes(config.shot.walk_spec, task)
    learner = make_learner(config).init(init_key, seen, more)
    return Progress(
        learner=learner._replace(
            key=jax.random.key_data(learner.key),
            teaching=_first_weights(config),
        ),
        key=jax.random.key_data(key),
        steps=0,
        curriculum=Curriculum(pushes=0.0, difficulty=0.0),
    )


def _first_weights(config: TaskRunConfig) -> Any:
    """Of the teachers; nothing without any."""
    if config.duel is not None:
        return first_weights(config.duel.teaching)
    if config.specialists is not None:
        return first_weights(config.specialists.teaching)
    return ()


def load_progress(config: TaskRunConfig, folder: RunFolder) -> Progress:
    """The folder's checkpoint, or a fresh start.

    Raises:
        RunError: the run to start from has none, or networks of another shape.
    """
    fresh = initial_progress(config)
    found = folder.load(fresh)
    if found is not None:
        return found
    params = fresh.learner.params
    if config.warm_start:
        check_warm_start(config.warm_start)
        params = read_params(Path(config.warm_start), params)
        if config.warm_std:
            params = params | {"actor": with_std(params["actor"], config.warm_std)}
    elif config.begins_as:
        params = params | {"actor": _begun_as_bundle(config, params["actor"])}
    elif config.shot:
        actor = shot_learner.begun_as(config.shot, config.task, params["actor"])
        params = params | {"actor": actor}
    elif config.duel is not None and config.duel.from_score_teacher:
        params = params | {"actor": actor_of_teacher(config.duel, params["actor"])}
    learner = make_learner(config).beginning_as(fresh.learner, params)
    return fresh._replace(learner=learner)


def read_policy(config: TaskRunConfig, run: Path) -> Any:
    """Parameters of the policy in a run's checkpoint, and of its critic.

    Raises:
        RunError: there is no checkpoint, or its networks are shaped otherwise.
    """
    like = initial_progress(config).learner
    params = read_params(run, like.params)
    if not config.ppo.average_updates:
        return params
    return params | {"actor": read_params(run, like.averaged, "averaged")}


def _begun_as_bundle(config: TaskRunConfig, actor: Any) -> Any:
    """`actor`'s parameters with those of the bundle that the run begins as."""
    bundle, task = config.begins_as, config.task
    if config.kick is None:
        return actor_of_bundle(bundle, task.observation, task.action, actor)
    return actor_of_correction(bundle, corrected_kick.observed(task), actor)


def with_std(actor: Any, std: float) -> Any:
    """An actor's parameters with another standard deviation of all actions."""
    inner = actor["params"]
    if FIRST in inner:
        each = {
            name: with_std({"params": inner[name]}, std)["params"] for name in inner
        }
        return actor | {"params": each}
    log_std = np.full_like(inner["log_std"], np.log(std))
    return actor | {"params": inner | {"log_std": log_std}}


def check_start(config: TaskRunConfig) -> None:
    """Ask before a run folder is made, so that a wrong start leaves none behind.

    Raises:
        RunError: the run to start from has no checkpoint or networks of another shape;
            a teacher is missing, or to be begun as but shaped otherwise; so is a policy
            or correction to be begun as; a kick to be corrected is none.
    """
    check_warm_start(config.warm_start)
    if config.warm_start:
        read_params(Path(config.warm_start), _shape_of_networks(config))
    if config.kick is not None:
        corrected_kick.load_kick(config.kick.bundle, config.task)
    if config.begins_as:
        _begun_as_bundle(config, _shape_of_networks(config)["actor"])
    if config.shot is not None:
        actor = _shape_of_networks(config)["actor"]
        shot_learner.begun_as(config.shot, config.task, actor)
    if config.specialists is not None:
        config.specialists.check()
    check_teachers(config.duel)
    if config.duel is not None and config.duel.from_score_teacher:
        actor_of_teacher(config.duel, _shape_of_networks(config)["actor"])


def fits_teacher(config: TaskRunConfig) -> bool:
    """Whether the score teacher's network has the shape of this run's."""
    if config.duel is None:
        return False
    return has_shape_of_teacher(config.duel, _shape_of_networks(config)["actor"])


def _shape_of_networks(config: TaskRunConfig) -> Any:
    return jax.eval_shape(lambda: initial_progress(config).learner.params)


def check_warm_start(run: str) -> None:
    """Ask before a run folder is made, so that a wrong name leaves none behind.

    Raises:
        RunError: the run to start from, if one is named, has no checkpoint.
    """
    if run and not has_checkpoint(Path(run)):
        raise RunError(
            f"expected checkpoint.msgpack in {run} to start from, found none; name the "
            f"folder of a run"
        )


def env_seed(seed: int, steps: int) -> int:
    """Of the environments of a run that starts or goes on at `steps`."""
    return int(np.random.SeedSequence((seed, steps)).generate_state(1)[0])


class _Run:
    """What a run needs beside its `Progress`: environments, learner, averages."""

    def __init__(self, config: TaskRunConfig, folder: Path, progress: Progress):
        self._config = config
        steps = int(progress.steps)
        seed = env_seed(config.seed, steps)
        guide, duel = None, config.duel
        if duel is not None:
            guide = duel_guide(duel, config.task.observation, config.task.action)
        elif config.specialists is not None:
            guide = config.specialists.guide(
                config.task.observation, config.task.action
            )
        kept = None
        if config.shot is not None and config.kept is not None:
            kept = shot_learner.kept(config.kept, config.shot, config.task, config.seed)
        self._ppo = make_learner(config, guide, kept)
        self._world = Environment(config.task, config.env, seed)
        self._env: BatchEnv = self._world
        self._pool: SnapshotPool | None = None
        if duel is not None:
            untrained = initial_progress(config).learner.params["actor"]
            policy = ppo_policy(self._ppo)
            self._env, self._pool = opposed(
                duel, self._world, folder, policy, untrained, steps=steps, seed=seed
            )
        self._skill = skill_of(config)
        if config.kick is not None or config.shot is not None:
            self._env = self.wrap(self._world, seed)
        elif self._skill is not None:
            self._env = SkillEnvironment(self._env, self._skill, config.hold)
        self._set_difficulty(float(progress.curriculum.difficulty))
        self._collector = Collector(self._env, self._ppo, config.rollout_steps)
        rows = self._env.action_shape[:2]
        self._meter = Meter(
            config.task, rows, whole=not config.env.stagger, steps=config.hold
        )

    def update(self, progress: Progress, on_batch: OnBatch | None) -> Progress:
        """One rollout and the learner's update on it."""
        started = time.perf_counter()
        config, steps = self._config, int(progress.steps)
        now = curriculum.at_step(config.curriculum, progress.curriculum, steps)
        self._set_difficulty(float(now.difficulty))
        if self._pool is not None:
            self._pool.offer(steps, progress.learner.params["actor"])
        wrapped = jax.random.wrap_key_data(progress.learner.key)
        key, act_key = jax.random.split(jax.random.wrap_key_data(progress.key))
        learner = progress.learner._replace(key=wrapped)
        rollout, batch = self._collector.collect(
            learner.params, act_key, float(now.pushes), self._meter
        )
        if on_batch is not None:
            on_batch(rollout.trajectory(), step=steps)
        learner, metrics = self._ppo.update(learner, batch)
        # Waits for the update: the next rollout overwrites the batch's buffers.
        self._meter.add({name: float(value) for name, value in metrics.items()})
        done = self._collector.rows
        self._meter.add({"steps_per_s": done / (time.perf_counter() - started)})
        return Progress(
            learner=learner._replace(key=jax.random.key_data(learner.key)),
            key=jax.random.key_data(key),
            steps=steps + done,
            curriculum=now,
        )

    def report(self, progress: Progress) -> dict[str, float]:
        """Averages since the last report, and where the curriculum stands."""
        now = progress.curriculum
        metrics = self._meter.take() | {"curriculum/pushes": float(now.pushes)}
        if self._config.curriculum.easy is not None:
            metrics["curriculum/difficulty"] = float(now.difficulty)
        return metrics

    def wrap(self, world: Environment, seed: int) -> BatchEnv:
        """What the policy that `policy` gives acts in."""
        if self._config.shot is not None:
            return Shots(world, self._config.shot, seed)
        if self._config.kick is None or self._skill is None:
            return world
        return CorrectedKick(world, self._config.kick, self._skill, seed)

    def policy(self, progress: Progress) -> Callable[[Any], Any]:
        """Observations [R, N] to actions [R, A] without exploration."""
        params, skill = self._ppo.policy_params(progress.learner), self._skill
        if skill is None or self._config.kick is not None:
            return lambda observation: self._ppo.mean_action(params, observation)
        return lambda seen: skill.act(seen, self._ppo.mean_action(params, seen))

    def close(self) -> None:
        self._env.close()

    def _set_difficulty(self, difficulty: float) -> None:
        config, core = self._config, self._world.core
        task = curriculum.task_at(config.curriculum, config.task, difficulty)
        if task is not core.task:
            self._world.core = replace(core, task=task)
