"""`op3-soccer tracker ACTION`: an overhead camera that tells robots where they are."""

from cli.commands import Command, CommandGroup


def _action(name: str, summary: str) -> Command:
    return Command(module=f"cli.tracker_{name}", extra="match", summary=summary)


TRACKER = CommandGroup(
    summary="an overhead camera tells robots and referee where everything is",
    description=(
        "AprilTags on the robots and a coloured ball, seen from above: print the tags, "
        "measure where the camera hangs, then run. The datagrams are those that state "
        "policies play by in a simulated match."
    ),
    commands={
        "tags": _action("tags", "tags as pictures, to print"),
        "calibrate": _action("calibrate", "where the camera hangs, from the pitch"),
        "run": _action("run", "follow robots and ball, send their places"),
    },
)
