"""What each install can import, and what it says of a package that it lacks."""

import os
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]
DESKTOP_ONLY = ("jax", "flax", "mujoco", "torch", "cv2")
PACKAGES = (
    "cli",
    "training",
    "calibration",
    "match",
    "sim",
    "nerf_render",
    "robot",
    "firmware_bridge",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_can_be_imported(name):
    assert Path(import_module(name).__file__).parent == ROOT / name


def test_the_robot_needs_no_desktop_library():
    files = [
        path.relative_to(ROOT).with_suffix("")
        for package in ("robot", "firmware_bridge")
        for path in sorted((ROOT / package).glob("**/*.py"))
    ]
    names = [".".join(file.parts).removesuffix(".__init__") for file in files]
    assert {"robot.runtime", "firmware_bridge.servo_bus"} <= set(names)
    program = (
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({DESKTOP_ONLY!r}))\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("play", "mujoco", "match"),
        ("play", "mcap", "match"),
        ("virtual", "mujoco", "match"),
        ("tune", "mujoco", "match"),
        ("randomization", "matplotlib", "match"),
        ("train", "jax", "train"),
        ("evaluate", "mujoco", "train"),
        ("bench", "mujoco", "train"),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    command, package, extra
):
    program = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        f"from cli.main import main\nsys.exit(main([{command!r}, '--help']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: expected the package {package}, found none; pip install '.[{extra}]'\n"
    )


def test_a_module_missing_from_an_installed_package_is_no_matter_of_extras(
    monkeypatch,
):
    monkeypatch.delitem(sys.modules, "cli.randomization", raising=False)
    monkeypatch.setitem(sys.modules, "sim.randomization", None)
    with pytest.raises(ModuleNotFoundError, match=r"sim\.randomization"):
        main(["randomization"])


def test_only_missing_system_packages_are_named(tmp_path):
    """A user who is not root, on a computer that lacks one package of the three."""
    programs = {
        "dpkg-query": 'for last; do :; done; [ "$last" = libegl1 ] || '
        "echo install ok installed",
        "id": "echo 1000",
        "python": "exit 0",
    }
    for name, body in programs.items():
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "tools/system_packages.sh"],
        cwd=ROOT,
        env=os.environ | {"PATH": path, "PYTHON": "python"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: missing system packages: libegl1; install them and run make again:\n"
        "  sudo apt-get install -y --no-install-recommends libegl1\n"
    )
