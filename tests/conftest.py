"""Drawing without a screen, chosen before anything imports mujoco (as `cli.main`)."""

import os

import pytest

if "DISPLAY" not in os.environ:
    os.environ.setdefault("MUJOCO_GL", "egl")


@pytest.fixture(scope="session")
def room_scene():
    """A small furnished room, baked: no lines, goals or walls of a pitch in it."""
    from tests.nerf_render.analytic_room import baked_room

    return baked_room()


@pytest.fixture(scope="session")
def room_file(room_scene, tmp_path_factory):
    """Its scene file."""
    from nerf_render.scene_file import write_scene

    path = tmp_path_factory.mktemp("room") / "room.npz"
    write_scene(path, room_scene)
    return path
