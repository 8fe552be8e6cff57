"""Settings that must be there before anything imports mujoco or jax; shared scenes."""

import atexit
import os
import shutil
import tempfile

import pytest

if "DISPLAY" not in os.environ:
    os.environ.setdefault("MUJOCO_GL", "egl")

if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    # Learners of one size are compiled by many tests, also in processes of their own:
    # once is enough. Saves a quarter of the processor time of tests/training.
    _compiled = tempfile.mkdtemp(prefix="compiled_")
    atexit.register(shutil.rmtree, _compiled, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

# Most of the time goes into compiling for a handful of steps: LLVM's optimization saves
# these runs nothing. What is measured for speed lives in benchmarks/.
_QUICK = "--xla_backend_optimization_level=0"
if "xla_backend_optimization_level" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_QUICK}".strip()


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
