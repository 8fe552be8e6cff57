"""All data of a run into an archive."""

import json
from dataclasses import replace

from robot.contracts.codec import to_plain
from training.archive import ArchiveHeader, ArchiveWriter
from training.run_folder import git_commit
from training.skill import COMMAND
from training.streams import task_interface
from training.train_dmpo import DmpoRunConfig
from training.train_task import TaskRunConfig


def archive_of(
    location: str,
    config: TaskRunConfig | DmpoRunConfig,
    *,
    made_by: str,
    resume: bool,
    reused: tuple[str, ...] = (),
) -> ArchiveWriter:
    """Open the archive of a run; close it, or use it in `with`.

    Args:
        location: folder or URL.
        config: of the run.
        made_by: the command that started it.
        resume: go on with the archive there.
        reused: archives that the run's learner also sees.

    Raises:
        ArchiveError: something else is there, or another writer is at work.
    """
    interface = task_interface(config.task)
    if isinstance(config, TaskRunConfig) and config.kick is not None:
        # Observed and done in terms of the script, not of the task's joints.
        told = {"skill": config.skill, "reach": config.reach}
        over = {"corrects": to_plain(config.kick)} | told
        over = json.loads(json.dumps(over))
        interface = replace(interface, observation=over, privileged=over, action=over)
    elif isinstance(config, TaskRunConfig) and config.skill:
        # What a learner of joints would misread: commands, and rewards added up.
        over = {"commands": COMMAND, "hold": config.hold}
        told = {"skill": config.skill, "reach": config.reach}
        action = json.loads(json.dumps(over | told))
        interface = replace(interface, action=action)
    header = ArchiveHeader(
        interface=interface,
        config=json.loads(json.dumps(to_plain(config))),
        commit=git_commit(),
        learner="ppo" if isinstance(config, TaskRunConfig) else "dmpo",
        made_by=made_by,
        reused=reused,
    )
    return ArchiveWriter(location, header, resume=resume)
