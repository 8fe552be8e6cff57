"""`op3-soccer scene ACTION`: from a phone video of the lab to a scene file."""

from cli.commands import Command, CommandGroup

SCENE = CommandGroup(
    summary="film the lab, fit it, show it",
    description=(
        "A scene is a radiance field of a real place, lined up with the pitch, from "
        "which robots' camera images are drawn. `capture` makes poses from a video, "
        "`fit` makes the scene file; fitting needs `make scene-env` once."
    ),
    commands={
        "capture": Command(
            module="cli.scene_capture",
            extra="scene",
            summary="camera poses and the pitch frame from a video or pictures",
        ),
        "fit": Command(
            module="cli.scene_fit",
            extra="scene",
            summary="fit a radiance field to a capture, write the scene file",
        ),
        "bake": Command(
            module="cli.scene_bake",
            extra="scene",
            summary="make the fast form that robots' pictures are drawn from",
        ),
        "view": Command(
            module="cli.scene_view",
            extra="page",
            summary="fly through a scene with robots and ball, on a page",
        ),
        "show": Command(
            module="cli.scene_show",
            extra="scene",
            summary="what a scene file holds; check it",
        ),
    },
)
