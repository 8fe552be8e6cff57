"""The live table of a training run."""

from rich.table import Table

from training.clone import CloneConfig
from training.train_dmpo import DmpoRunConfig
from training.train_task import TaskRunConfig

_SKILL: dict[str, tuple[tuple[str, str, str], ...]] = {
    "walk": (
        ("falls per minute", "falls_per_min", "{:.2f}"),
        ("forward reached", "share/forward", "{:.0%}"),
        ("backward reached", "share/backward", "{:.0%}"),
        ("sideways reached", "share/left", "{:.0%}"),
        ("turn reached", "share/turn", "{:.0%}"),
    ),
    "getup": (
        ("up", "mean/up", "{:.0%}"),
        ("episodes that end up", "end/up", "{:.0%}"),
        ("seconds until up", "first_s/up", "{:.2f}"),
    ),
    "kick": (
        ("ball's top speed, m/s", "max/best_m_s", "{:.2f}"),
        ("episodes that end fallen", "end/fallen", "{:.0%}"),
    ),
    "shot": (
        ("chance of a goal", "end/chance", "{:.0%}"),
        ("shots that fall walking", "end/fell_walking", "{:.0%}"),
        ("shots that fall kicking", "end/fell_kicking", "{:.0%}"),
        ("shots without a kick", "end/late", "{:.0%}"),
    ),
    "score": (
        ("goals per minute", "goals_per_min", "{:.2f}"),
        ("episodes with a goal", "episodes_with/goals", "{:.0%}"),
        ("up", "mean/up", "{:.0%}"),
        ("forward speed, m/s", "mean/forward_m_s", "{:.2f}"),
        ("ball speed, m/s", "mean/ball_m_s", "{:.2f}"),
    ),
}
_SKILL["rise"] = _SKILL["getup"]
_SKILL["match"] = (
    *_SKILL["score"],
    ("score teacher's weight", "teacher/upright_weight", "{:.2f}"),
    ("get-up teacher's weight", "teacher/fallen_weight", "{:.2f}"),
)
_REWARD = (("reward per step", "reward/total", "{:.3f}"),)
_LEARNER = (
    ("return per episode", "episode/return", "{:.2f}"),
    ("pushes", "curriculum/pushes", "{:.0%}"),
    ("KL", "kl", "{:.4f}"),
    ("learning rate", "learning_rate", "{:.1e}"),
    ("steps/s", "steps_per_s", "{:.0f}"),
)
_CLONE = (
    ("rollouts of the script", "clone/rollouts", "{:.0f}"),
    ("script's episodes that succeed", "clone/script_succeeds", "{:.0%}"),
    ("error of an action (Huber)", "clone/error", "{:.1e}"),
    ("clone's episodes that succeed", "clone/succeeds", "{:.0%}"),
)


def progress_table(
    config: TaskRunConfig | DmpoRunConfig,
    step: int,
    metrics: dict[str, float],
    notes: list[str],
) -> Table:
    """What the last report says; notes below."""
    shot = isinstance(config, TaskRunConfig) and config.shot
    name = "shot" if shot else config.task.name
    title = f"{name}: {step / 1e6:.2f} of {config.total_steps / 1e6:.4g} M actions"
    table = Table(title=title, caption="\n".join(notes) or None, min_width=44)
    table.add_column("mean since the last report")
    rows = (*_REWARD, *_SKILL.get(name, ()), *_LEARNER)
    return _filled(table, rows, metrics)


def clone_table(config: CloneConfig, step: int, metrics: dict[str, float]) -> Table:
    """How far the cloning of a script is."""
    title = (
        f"{config.task.name}: clone of the scripted {config.script}, {step} of "
        f"{config.total_steps} steps"
    )
    table = Table(title=title, min_width=44)
    table.add_column(f"{len(config.noise)} rollouts, then the regression")
    return _filled(table, _CLONE, metrics)


def _filled(
    table: Table, rows: tuple[tuple[str, str, str], ...], metrics: dict[str, float]
) -> Table:
    table.add_column("", justify="right")
    for label, key, form in rows:
        table.add_row(label, form.format(metrics[key]) if key in metrics else "-")
    return table
