"""Zeros, camera and lens of a virtual OP3 that nobody is told; drawn from a seed.

The truth is for whoever compares; a calibration sees bytes on the bus and pictures. The
rest of the same robot is in `sim.hidden_dynamics`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel
from robot.contracts.joints import JOINT_NAMES

FloatArray = NDArray[np.float64]
PLATES = ("l_foot", "r_foot", "l_hand", "r_hand")
_NOMINAL_FOCAL_PX = 604.0


@dataclass(frozen=True, kw_only=True)
class HiddenTruth:
    """One robot's truth; displacements are m, then rad, about the displaced frame.

    Attributes:
        seed: it was drawn from.
        zeros_rad: [20] measured minus true joint angle.
        camera: [6] of the camera from its nominal place on the head.
        lens: of the camera.
        plates: name to [6], of each plate from its nominal place on its link.
        jig_rad: [20] what a jig really holds, less what it says.
    """

    seed: int
    zeros_rad: FloatArray
    camera: FloatArray
    lens: CameraModel
    plates: dict[str, FloatArray]
    jig_rad: FloatArray


def draw_hidden(seed: int) -> HiddenTruth:
    """Draw one.

    Zeros within 3 degrees (arXiv:2304.13653 randomizes by 2.9); a camera that was
    knocked by up to 6 mm and 3 degrees; a lens as cheap webcams have them; plates and
    jigs as people mount them, sigma 0.3 mm and 0.1 degrees.
    """
    rng = np.random.default_rng([seed, 0])
    zeros = rng.uniform(-1, 1, len(JOINT_NAMES)) * np.radians(3.0)
    camera = np.concatenate(
        [rng.uniform(-0.006, 0.006, 3), rng.uniform(-1, 1, 3) * np.radians(3.0)]
    )
    focal = _NOMINAL_FOCAL_PX * rng.uniform(0.97, 1.03)
    lens = CameraModel(
        width_px=640,
        height_px=480,
        fx_px=focal,
        fy_px=focal * rng.uniform(0.998, 1.002),
        cx_px=319.5 + rng.uniform(-8, 8),
        cy_px=239.5 + rng.uniform(-8, 8),
        distortion="brown_conrady",
        coefficients=(
            rng.uniform(0.02, 0.08),
            rng.uniform(-0.18, -0.08),
            rng.uniform(-1e-3, 1e-3),
            rng.uniform(-1e-3, 1e-3),
        ),
        source=f"hidden robot {seed}",
    )
    mounted = np.repeat([3e-4, np.radians(0.1)], 3)
    plates = {name: mounted * rng.standard_normal(6) for name in PLATES}
    jig = np.radians(0.1) * rng.standard_normal(len(JOINT_NAMES))
    return HiddenTruth(
        seed=seed,
        zeros_rad=zeros,
        camera=camera,
        lens=lens,
        plates=plates,
        jig_rad=jig,
    )
