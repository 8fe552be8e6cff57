"""Standing or lying, and on which side, from the gravity direction."""

import math
from dataclasses import dataclass
from typing import Literal

Posture = Literal["upright", "front", "back", "left", "right"]


@dataclass(frozen=True, kw_only=True)
class FallConfig:
    """Two thresholds, so that a robot in between does not flicker.

    Attributes:
        fallen_tilt_rad: torso tilt above which an upright robot counts as fallen. A
            walking or kicking OP3 stays far below (project's choice).
        upright_tilt_rad: tilt below which a fallen robot counts as upright again (the
            upright test's zero in arXiv:2304.13653, Table S3).
    """

    fallen_tilt_rad: float = 1.0
    upright_tilt_rad: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.upright_tilt_rad < self.fallen_tilt_rad < math.pi:
            raise ValueError(
                "FallConfig: expected 0 < upright_tilt_rad < fallen_tilt_rad < pi, "
                f"found {self.upright_tilt_rad} and {self.fallen_tilt_rad}"
            )


def posture_after(
    config: FallConfig, posture: Posture, gravity: tuple[float, float, float]
) -> Posture:
    """The posture now.

    Args:
        posture: the last one.
        gravity: unit vector of gravity, torso frame; (0, 0, -1) upright.

    Returns:
        "front" lies on its chest, "left" on its left side.
    """
    x, y, z = gravity
    tilt_rad = math.acos(max(-1.0, min(1.0, -z)))
    limit = config.fallen_tilt_rad if posture == "upright" else config.upright_tilt_rad
    if tilt_rad < limit:
        return "upright"
    if abs(x) >= abs(y):
        return "front" if x > 0 else "back"
    return "left" if y > 0 else "right"
