"""`op3-soccer referee ACTION`: matches that are refereed, here or elsewhere."""

from cli.commands import Command, CommandGroup

REFEREE = CommandGroup(
    summary="lead a match on a real pitch, follow an outside GameController",
    description=(
        "The RoboCup GameController protocol, versions 20 and 19, both ways: robots "
        "that listen to the official GameController listen to this referee, and this "
        "program follows the official one."
    ),
    commands={
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
