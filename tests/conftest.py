"""Drawing without a screen, chosen before anything imports mujoco (as `cli.main`)."""

import os

if "DISPLAY" not in os.environ:
    os.environ.setdefault("MUJOCO_GL", "egl")
