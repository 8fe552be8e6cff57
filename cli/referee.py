"""`op3-soccer referee ACTION`: matches that are refereed, here or elsewhere."""

from cli.commands import Command, CommandGroup

REFEREE = CommandGroup(
    summary="lead a match on a real pitch, follow a GameController, replay a record",
    description=(
        "The RoboCup GameController protocol, versions 20 and 19, both ways: robots "
        "that listen to the official GameController listen to this referee, and this "
        "program follows the official one."
    ),
    commands={
        "lead": Command(
            module="cli.referee_lead",
            extra="match",
            summary="referee a match of real robots, by the wall clock",
        ),
        "replay": Command(
            module="cli.referee_replay",
            extra="match",
            summary="referee a recorded match again: are the decisions the same?",
        ),
        "follow": Command(
            module="cli.referee_follow",
            extra="match",
            summary="an outside GameController leads: record it, say what to obey",
        ),
    },
)
